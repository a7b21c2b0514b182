package corpus

import (
	"context"
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis"
	"dcae/experiments/outcome"
	"dcae/training"
	"dcae/training/dataset"
)

// learned is the FVU under which a model counts as one that learns. Closer to it than margin a case is too close to call.
const (
	learned = outcome.LearnedFVU
	margin  = 0.05
)

// Trial is one training run of a case.
type Trial struct {
	Seed  uint64
	FVU   float64 // on the test images at the end
	Steps int
}

// Budget is how long a run goes on; the zero value is about 950 steps of 32 images.
type Budget struct {
	Short bool    // about 370 steps
	Until float64 // the run ends after the first epoch that brought the FVU on validation images under this; 0: never
}

// untilLearned ends runs that have clearly learned.
var untilLearned = Budget{Until: learned - 2*margin}

// Train trains the case with a seed. A run ends early, too, if its loss is not finite, or if the weights stood still for 50 steps.
func (c Case) Train(ctx context.Context, images *dataset.Set, seed uint64, b Budget) (Trial, error) {
	mean := images.Train.Mean()
	r, err := training.Fit(ctx, c.Model, images.Train, images.Validation, training.Config{
		Seed: seed, Epochs: c.Data.epochs(b), Optimizer: c.Optim, Loss: c.Loss, Mean: mean, ValidationImages: 250,
	}, &early{until: b.Until})
	if err != nil && !errors.Is(err, errEarly) {
		return Trial{}, errors.WithMessagef(err, "%s, seed %d", c.Name, seed)
	}
	held, err := training.NewEvaluator(c.Model, c.Loss, r.Params, images.Test, 0, mean, nil, false)
	if err != nil {
		return Trial{}, err
	}
	defer held.Close()
	scores, err := held.Scores()
	return Trial{Seed: seed, FVU: scores.FVU, Steps: r.Steps}, err
}

// errEarly ends a run whose end is known.
var errEarly = errors.New("the run's end is known")

// early is a recorder that ends runs whose end is known.
type early struct {
	until float64
	still int // steps in which hardly anything moved
}

func (e *early) Step(r *training.StepRecord) error {
	const hardly = 1e-6 // an update ratio with which a thousand steps change nothing
	e.still++
	for _, l := range r.Layers {
		if !(l.UpdateRatio < hardly) {
			e.still = 0
		}
	}
	if e.still >= 50 {
		return errEarly
	}
	return nil
}

func (e *early) Epoch(r *training.EpochRecord) error {
	if r.HeldOut.FVU < e.until {
		return errEarly
	}
	return nil
}

// Try goes on with trials of the case until they tell what it is. Healthy cases must learn with all seeds from 1 to the given number, of
// which 3 runs of a base go to the end, to tell how well it learns. Faulty cases must fail with 3 seeds; the first run is long, so
// that they are not merely slow. It stops at the first run that refutes the case.
func (c Case) Try(ctx context.Context, images *dataset.Set, trials []Trial, healthySeeds int) ([]Trial, error) {
	for c.Unsettled(trials, healthySeeds) {
		seed := uint64(len(trials) + 1)
		budget := untilLearned
		switch {
		case c.Change == "" && seed <= 3:
			budget = Budget{}
		case !c.Healthy() && seed > 1:
			budget = Budget{Short: true}
		}
		t, err := c.Train(ctx, images, seed, budget)
		if err != nil {
			return nil, err
		}
		trials = append(trials, t)
	}
	return trials, nil
}

// Unsettled tells whether there are too few trials to tell what the case is.
func (c Case) Unsettled(trials []Trial, healthySeeds int) bool {
	seeds := 3
	if c.Healthy() {
		seeds = healthySeeds
	}
	return len(trials) < seeds && !slices.ContainsFunc(trials, c.refuted)
}

// TryRates tells which rate, up to three decades above the case's, makes it learn: "x100"; "none" if there is none such.
func (c Case) TryRates(ctx context.Context, images *dataset.Set) (string, error) {
	for _, factor := range []float64{1000, 100, 10} {
		faster := c
		faster.Optim = training.WithLearningRate(c.Optim, factor*training.LearningRate(c.Optim))
		t, err := faster.Train(ctx, images, 1, untilLearned)
		if err != nil {
			return "", err
		}
		if t.FVU < learned {
			return fmt.Sprintf("x%g", factor), nil
		}
	}
	return "none", nil
}

// refuted tells whether a run shows that the case is not clearly what it was made for. An FVU that is no number is a failure.
func (c Case) refuted(t Trial) bool {
	if c.Healthy() {
		return !(t.FVU < learned-margin)
	}
	return t.FVU < learned+margin
}

// Judge tells whether runs, and rates where those decide, show that a case is what it was made for, and if not, why.
func Judge(c Case, trials []Trial, rates string) (kept bool, reason string) {
	for _, t := range trials {
		switch {
		case !c.refuted(t):
		case t.FVU >= learned-margin && t.FVU < learned+margin:
			return false, "too close to call"
		case c.Healthy():
			return false, "does not learn with every seed"
		default:
			return false, "learns"
		}
	}
	switch {
	case !c.Rates || rates == "":
	case rates == "none" && c.Causes[0] != diagnosis.Optimizer:
		return false, "no rate learns"
	case rates != "none" && c.Causes[0] == diagnosis.Optimizer:
		return false, "another rate learns"
	}
	return true, ""
}
