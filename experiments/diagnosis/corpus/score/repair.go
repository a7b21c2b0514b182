package main

import (
	"context"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis"
	"dcae/experiments/diagnosis/corpus"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
	"dcae/training/dataset"
)

const (
	newSeeds  = 3
	firstSeed = 201 // seeds that nothing was chosen by
)

// tolerance is how much worse than its healthy base a repaired model may be.
const tolerance = 1.25

// target is the FVU that a case must reach to count as repaired; real cases, which have no base, must learn.
func target(c corpus.Case) (float64, error) {
	if c.Half == corpus.Real {
		return 0.5, nil
	}
	fvu, err := corpus.BaseFVU(c.Base)
	return tolerance * fvu, err
}

// tryRepair retrains the model that was handed back, the given model with a random change, and the given model.
func tryRepair(ctx context.Context, r *result, c corpus.Case, repaired *diagnosis.Subject, library *corpus.Library) error {
	images, err := library.Open(c.Data)
	if err != nil {
		return err
	}
	if r.Target, err = target(c); err != nil {
		return err
	}
	if r.Again, err = retrain(ctx, c, images, r.Target); err != nil {
		return err
	}
	changed, what, err := randomlyChanged(c)
	if err != nil {
		return err
	}
	r.RandomChange = what
	other, err := library.Open(changed.Data)
	if err != nil {
		return err
	}
	if r.Random, err = retrain(ctx, changed, other, r.Target); err != nil {
		return err
	}
	if repaired == nil {
		return nil
	}
	fixed := c
	fixed.Model, fixed.Optim, fixed.Loss = repaired.Model, repaired.Optimizer, repaired.Loss
	r.Fixed, err = retrain(ctx, fixed, repaired.Images, r.Target)
	return err
}

// retrain trains with new seeds until the target is reached, and stops at the first seed that does not.
func retrain(ctx context.Context, c corpus.Case, images *dataset.Set, target float64) ([]float64, error) {
	var out []float64
	for seed := range newSeeds {
		t, err := c.Train(ctx, images, uint64(firstSeed+seed), corpus.Budget{Until: 0.9 * target})
		if err != nil {
			return nil, err
		}
		if out = append(out, t.FVU); !(t.FVU <= target) {
			break
		}
	}
	return out, nil
}

// randomlyChanged is the case with one change drawn from those that somebody might try who knows nothing of the cause.
func randomlyChanged(c corpus.Case) (corpus.Case, string, error) {
	rate := func(factor float64) func(*corpus.Case) error {
		return func(c *corpus.Case) error {
			c.Optim = training.WithLearningRate(c.Optim, factor*training.LearningRate(c.Optim))
			return nil
		}
	}
	model := func(f func(*graph.Model) (*graph.Model, []string, error)) func(*corpus.Case) error {
		return func(c *corpus.Case) error {
			m, _, err := f(c.Model)
			if err == nil { // else the model has no place for it
				c.Model = m
			}
			return nil
		}
	}
	changes := []struct {
		name string
		make func(*corpus.Case) error
	}{
		{"learning rate x 10", rate(10)},
		{"learning rate x 0.1", rate(0.1)},
		{"learning rate x 0.01", rate(0.01)},
		{"Adam", func(c *corpus.Case) error { c.Optim = training.Adam{}; return nil }},
		{"mse", func(c *corpus.Case) error { c.Loss = graph.MSE; return nil }},
		{"gradient norm limited to 1", func(c *corpus.Case) error {
			c.Optim = training.WithShared(c.Optim, training.Base{ClipNorm: 1})
			return nil
		}},
		{"values brought to 0..1", func(c *corpus.Case) error { c.Data.Treatment.Scale = dataset.ScaleUnit; return nil }},
		{"leaky ReLU", model(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.HiddenActivations(m, nil, graph.LeakyReLU)
		})},
		{"sigmoid output", model(func(m *graph.Model) (*graph.Model, []string, error) { return edit.OutputActivation(m, graph.Sigmoid) })},
		{"linear output", model(func(m *graph.Model) (*graph.Model, []string, error) { return edit.OutputActivation(m, graph.Linear) })},
		{"initializers that suit", model(edit.ResetInitializers)},
		{"batch normalization", model(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.AddBatchNormalization(m, edit.AfterActivation)
		})},
		{"no dropout", model(edit.RemoveDropout)},
		{"no regularization", model(edit.RemoveRegularizers)},
		{"code of 32", model(func(m *graph.Model) (*graph.Model, []string, error) { return edit.Bottleneck(m, 32) })},
		{"twice as wide", model(func(m *graph.Model) (*graph.Model, []string, error) { return edit.Width(m, 2) })},
		{"4 layers fewer", model(func(m *graph.Model) (*graph.Model, []string, error) { return edit.FewerLayers(m, 4) })},
	}
	given, err := c.Describe()
	if err != nil {
		return c, "", err
	}
	draw := graph.Random(1, "random change", c.Name, 0)
	for range 1000 {
		change := changes[draw.IntN(len(changes))]
		changed := c
		if err := change.make(&changed); err != nil {
			return c, "", err
		}
		now, err := changed.Describe()
		if err != nil {
			return c, "", err
		}
		if now.Fingerprint != given.Fingerprint { // it changes something
			return changed, change.name, nil
		}
	}
	return c, "", errors.Errorf("%s: no change changes anything", c.Name)
}
