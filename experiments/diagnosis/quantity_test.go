package diagnosis

import (
	"context"
	"slices"
	"strings"
	"testing"

	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

func TestOverfitting(t *testing.T) {
	at := func(fvu, half float64) measured {
		return measured{FVU: fvu, interval: statistics.Interval{Low: fvu - half, High: fvu + half}}
	}
	for what, c := range map[string]struct {
		sides sides
		want  bool
	}{
		"fits training alone":       {sides{train: at(0.1, 0.02), held: at(0.8, 0.05)}, true},
		"fits both":                 {sides{train: at(0.1, 0.02), held: at(0.4, 0.05)}, false},
		"fits none":                 {sides{train: at(0.7, 0.02), held: at(0.8, 0.05)}, false},
		"four images prove nothing": {sides{train: at(0.1, 0.02), held: at(0.8, 0.9)}, false},
	} {
		if got := overfits(c.sides, 0.5); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// A wide code of two X-rays learns them by heart.
func TestTooFewImages(t *testing.T) {
	set := smallImages(t, dataset.Treatment{})
	few := *set
	few.Train = set.Train.Head(2)
	e, err := Diagnose(context.Background(), Subject{
		Name: "few", Optimizer: training.Adam{LearningRate: 0.005}, Images: &few,
		Model: graph.Sequential("few", graph.Shape{14, 14, 1}, graph.Flatten{}, graph.Dense{Units: 100, Activation: graph.LeakyReLU}, graph.Dense{Units: 64}, graph.Dense{Units: 100, Activation: graph.LeakyReLU}, graph.Dense{Units: 196}, graph.Reshape{Target: graph.Shape{14, 14, 1}}),
	}, Options{Seconds: 60, Guard: 1 << 50})
	must(t, err)
	if e.Verdict != Faulty || len(e.Causes) == 0 || e.Causes[0].Cause != DataQuantity {
		t.Fatalf("%s, %+v, %+v", e.Verdict, e.Causes, e.Given)
	}
	if !strings.Contains(e.Causes[0].Evidence[0], "With 2 training images the model explains nearly all of these") {
		t.Errorf("%q", e.Causes[0].Evidence)
	}
	for _, i := range e.Interventions {
		if i.Cause != DataQuantity {
			t.Errorf("%s was tried", i.Change)
		}
	}
	if f := e.Fix; f == nil || !f.Narrows || f.Likely || !strings.Contains(e.Text(""), "It takes more images; a change that helps until they are there: ") {
		t.Errorf("fix %+v", f)
	}
}

// Frozen layers keep the file's values with every seed; once freed they begin anew.
func TestFrozenLayersKeepTheirValues(t *testing.T) {
	m := dense(graph.ReLU, graph.Sigmoid, nil)
	m.Nodes[1].Frozen = true
	file, err := m.Init(77, graph.Float32)
	must(t, err)
	images := newPool(smallImages(t, dataset.Treatment{}), nil)
	images.kept = file
	kernels := func(s setup) []float64 {
		run, err := newTrial(s, 1, images, 0.5, nil)
		must(t, err)
		return run.params.All[0].Values()
	}
	given := setup{model: m, optimizer: training.Adam{}, batch: 32}
	if !slices.Equal(kernels(given), file.All[0].Values()) {
		t.Error("a frozen kernel was drawn anew")
	}
	l, err := thoroughLook(given, images)
	must(t, err)
	restores := l.frozenRestores()
	if len(restores) != 1 || !restores[0].departs() {
		t.Fatalf("%+v", restores)
	}
	freed, ok, err := restores[0].apply(given)
	must(t, err)
	if !ok || freed.model.Nodes[1].Frozen || slices.Equal(kernels(freed), file.All[0].Values()) {
		t.Error("a freed kernel is not drawn anew")
	}
}
