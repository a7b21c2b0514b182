package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/training"
)

// deepOne is a scripted search for a model of 18 layers, trained by plain gradient descent.
func deepOne(t *testing.T, c script) *search {
	t.Helper()
	s := scripted(t, c)
	layers := []graph.Layer{graph.Flatten{}}
	for range 17 {
		layers = append(layers, graph.Dense{Units: 16, Activation: graph.Tanh})
	}
	layers = append(layers, graph.Dense{Units: 196}, graph.Reshape{Target: graph.Shape{14, 14, 1}})
	s.given.setup.model = graph.Sequential("deep", graph.Shape{14, 14, 1}, layers...)
	s.given.setup.optimizer = training.SGD{LearningRate: 0.01}
	s.look.settings.Weighted = 18
	s.givenFails(t)
	return s
}

func TestFewerLayersAndOtherSteps(t *testing.T) {
	for _, c := range []struct {
		name  string
		learn func(what string) bool
		want  []Cause
	}{
		{"neither alone", func(what string) bool {
			return strings.Contains(what, "fewer hidden layers, ") && strings.Contains(what, "adam")
		}, []Cause{Depth, Optimizer}},
		{"the optimizer alone", func(what string) bool { return strings.Contains(what, "adam") }, []Cause{Optimizer}},
		{"nothing", func(string) bool { return false }, nil},
	} {
		s := deepOne(t, func(what string, _ uint64, _ int) float64 {
			if c.learn(what) {
				return 0.2
			}
			return 1
		})
		must(t, s.shallow(nil))
		var got []Cause
		if s.fix != nil {
			for _, change := range s.fix.changes {
				got = append(got, change.cause)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	s := deepOne(t, func(string, uint64, int) float64 { return 1 })
	s.look.settings.Weighted = 8
	must(t, s.shallow(nil))
	if len(s.attempts) > 0 {
		t.Error("a model of 8 layers is not deep")
	}
}

func TestTheOptimizerIsNotToBlameWhereARateLearns(t *testing.T) {
	s := deepOne(t, func(what string, _ uint64, _ int) float64 {
		if strings.Contains(what, "adam") || what == "learning rate 0.01 -> 0.1" {
			return 0.2
		}
		return 1
	})
	s.isTwin, s.budget.short = true, shortSteps/2
	_, stages := s.stages()
	must(t, s.try(stages[1], nil))
	if s.fix == nil || !s.fix.isRate() || len(s.winners) != 1 {
		t.Errorf("fix %v, %d winners", s.fix, len(s.winners))
	}
}
