package diagnosis

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
	"dcae/training/dataset"
)

// A run in whose layers next to nothing is left of the gradient, and which stands still, must cost no patience; one that moves may come
// back.
func TestARunThatDiesIsGivenUpEarly(t *testing.T) {
	images := newPool(smallImages(t, dataset.Treatment{}), nil)
	for _, c := range []struct {
		gradient, spread, fvu float64 // after the first step; FVU at the second look, 1.6 at the first
		dies                  bool
	}{{1e-6, 0.02, 1.605, true}, {1e-3, 0.02, 1.605, false}, {1e-6, 0.3, 1.605, false}, {1e-6, 0.02, 1.5, false}} {
		run := &trial{every: checkEvery}
		o := &observer{trial: run, window: newWindow(images.train, setup{}, 32)}
		var err error
		for step := 1; step <= 2*checkEvery && err == nil; step++ {
			layer := training.LayerStep{GradientNorm: c.gradient, UpdateRatio: 0.01}
			if step == 1 {
				layer.GradientNorm = 1
			}
			must(t, o.Step(&training.StepRecord{Step: step, Layers: []training.LayerStep{layer}}))
			switch step {
			case checkEvery:
				err = o.Epoch(&training.EpochRecord{HeldOut: training.Scores{FVU: 1.6, Spread: c.spread}})
			case 2 * checkEvery:
				err = o.Epoch(&training.EpochRecord{HeldOut: training.Scores{FVU: c.fvu, Spread: c.spread}})
			}
		}
		if got := err != nil; got != c.dies || got != (run.hopeless != "") || run.steps != 2*checkEvery {
			t.Errorf("%+v: %v, %q after %d steps", c, err, run.hopeless, run.steps)
		}
	}
}

// Slow runs have small gradients and outputs that hardly differ, too.
func TestASlowRunIsNotGivenUp(t *testing.T) {
	images := newPool(smallImages(t, dataset.Treatment{}), nil)
	slow, err := newTrial(setup{model: dense(graph.Sigmoid, graph.Sigmoid, nil), optimizer: training.SGD{LearningRate: 0.01}, batch: 32}, 1, images, 0.5, nil)
	must(t, err)
	must(t, slow.advance(context.Background(), 200, true, nil))
	if slow.hopeless != "" || slow.learned {
		t.Errorf("%q, learned: %v", slow.hopeless, slow.learned)
	}
}

func TestAnUnreliableModelsDeadRunsComeFirst(t *testing.T) {
	s := &search{verdict: Unreliable, budget: budget{total: 1}, look: &look{settings: &edit.Settings{}}, given: &attempt{setup: setup{optimizer: training.Adam{}}, screened: []*trial{
		{seed: 1, mark: 0.5, learned: true, checks: []check{{FVU: 0.3}}}, {seed: 2}, {seed: 3}, {seed: 4, hopeless: "dead"},
	}}}
	if got := s.failing(); !slices.Equal(got, []uint64{4, 2}) {
		t.Errorf("seeds %v", got)
	}
	s.budget.spent = 0.5
	if got := s.failing(); !slices.Equal(got, []uint64{4}) {
		t.Errorf("seeds %v where time is short", got)
	}
	if first := s.steadying()[0].changes; len(first) != 1 || first[0].cause != Activation {
		t.Errorf("%+v", first)
	}
	s.given.screened[3].hopeless = ""
	s.given.screened[2].deadest = 0.5 // one of a layer's two units
	if first := s.steadying()[0].changes; len(first) != 1 || first[0].cause != Activation {
		t.Errorf("half of a layer is dead: %+v", first)
	}
	s.given.screened[0].deadest, s.given.screened[2].deadest = 0.9, 0.2 // it learned all the same
	if first := s.steadying()[0].changes; !strings.Contains(first[0].what, "0.001 -> 0.0003") {
		t.Errorf("%+v", first)
	}
}

func TestTheOutputsBiasGivesTheMean(t *testing.T) {
	mean := 0.13
	settings, err := edit.Inspect(dense(graph.ReLU, graph.Sigmoid, nil))
	must(t, err)
	l := &look{settings: settings, goals: values{Mean: mean}}
	c, ok := l.outputBiasRestore()
	if !ok {
		t.Fatal("none for a sigmoid")
	}
	changed, ok, err := c.apply(setup{model: dense(graph.ReLU, graph.Sigmoid, nil)})
	must(t, err)
	last := changed.model.Nodes[4].Layer.(graph.Dense)
	if start, is := last.BiasInit.(graph.Constant); !ok || !is || math.Abs(1/(1+math.Exp(-start.Value))-mean) > 1e-12 {
		t.Errorf("%v", last.BiasInit)
	}
	l.goals.Mean = -1
	if _, ok := l.outputBiasRestore(); ok {
		t.Error("a sigmoid can't give a mean of -1")
	}
}

func TestNoThreadIsIdleOrSharedAmongJobs(t *testing.T) {
	for threads := 1; threads <= 7; threads++ {
		s := &search{options: Options{Threads: threads}, together: threads}
		for n := 1; n <= 20; n++ {
			for first := 0; first < n; first += threads { // those that go at a time
				sum := 0
				for i := first; i < min(n, first+threads); i++ {
					sum += s.threadsOf(i, n)
				}
				if sum != threads {
					t.Errorf("%d threads, %d jobs: from job %d on %d threads are used", threads, n, first, sum)
				}
			}
		}
	}
}

// Where time is up after three fresh seeds, a change that learned with all of them repairs; what learned in screening alone is likely to, and its code
// is handed over as that.
func TestFewSeedsAndLikelyRepairs(t *testing.T) {
	for seeds, sure := range map[float64]bool{1.2: false, 3.2: true} {
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			if what == "change" {
				return 0.2
			}
			return 0.95
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		s.givenFails(t)
		found := s.madeOf(t, named("change", Loss, 1))
		run, err := s.trialOf(found[0], 1)
		must(t, err)
		must(t, s.advance([]job{{found[0], run, 500, true}}))
		s.budget.total = s.budget.spent + seeds*float64(run.steps)*s.given.step
		must(t, s.confirm(found, nil))
		d, repaired, err := s.conclude()
		must(t, err)
		if (s.fix != nil) != sure || d.Fix == nil || d.Fix.Likely == sure || repaired == nil || strings.Contains(d.Text(""), "probably") == sure {
			t.Errorf("time for %v seeds: %+v", seeds, d.Fix)
		}
	}
}

// A change that learned with all of its fresh seeds repairs even where time is up before the given model was trained as long, if it is clearly better.
func TestTimeIsUpBeforeTheComparison(t *testing.T) {
	for fvu, verdict := range map[float64]Verdict{0.2: Faulty, 0.45: Inconclusive} { // of the change; the given model ends at 0.52
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			if what == "change" {
				return fvu
			}
			return 0.52
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		s.givenFails(t)
		found := s.madeOf(t, named("change", Loss, 1))
		run, err := s.trialOf(found[0], 1)
		must(t, err)
		must(t, s.advance([]job{{found[0], run, 500, true}}))
		train := s.run
		s.run = func(ctx context.Context, j job, threads *graph.Threads) error {
			if j.attempt == s.given {
				return context.DeadlineExceeded
			}
			return train(ctx, j, threads)
		}
		if err := s.confirm(found, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the given model was not trained on: %v", err)
		}
		d, _, err := s.conclude()
		must(t, err)
		if d.Verdict != verdict || verdict == Faulty && (len(d.Causes) == 0 || d.Causes[0].Cause != Loss || d.Fix == nil || d.Fix.Likely) {
			t.Errorf("FVU %v: %s, %+v, %+v", fvu, d.Verdict, d.Causes, d.Fix)
		}
	}
}
