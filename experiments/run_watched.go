package experiments

import (
	"context"

	"dcae/experiments/outcome"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// Trainer trains runs of a study without a folder, for somebody who looks on: with the same images, settings and steps as [Run], so that the
// numbers are the same to the bit. It never looks at test images.
type Trainer struct{ r *runner }

// NewTrainer makes a study's images and models ready. It fails as Run does for a study that cannot run.
func NewTrainer(s Study, threads int) (*Trainer, error) {
	r, err := newRunner(s, Options{Threads: threads}, nil)
	if err != nil {
		return nil, err
	}
	return &Trainer{r}, nil
}

// Train trains one run, and tells recorders of it. before is that of [training.Config].
func (t *Trainer) Train(ctx context.Context, run RunOf, threads *graph.Threads, before func(int) ([]training.Change, error), recorders ...training.Recorder) (*training.Result, error) {
	set, config := t.r.data(run.Arm.Treatment), t.r.config(job{arm: run.Arm, seed: run.Seed}, "", threads)
	config.Before = before
	return training.Fit(ctx, run.Arm.Model, set.Train, set.Validation, config, recorders...)
}

// Validation are the images that an arm's model is looked at with, as it gets them.
func (t *Trainer) Validation(a Arm) *dataset.Images { return t.r.data(a.Treatment).Validation }

// Judge says what a run that is under way has come to, by the rule for runs that have ended, but on validation images: held are the last
// epoch's scores, and e holds what is known of the losses.
func (t *Trainer) Judge(a Arm, params *graph.Params, held training.Scores, e outcome.Evidence) (outcome.Outcome, string, error) {
	e.FVU, e.Spread, e.Mean = held.FVU, held.Spread, held.Mean
	if held.Spread >= outcome.ConstantSpread && finite(held.FVU) { // all that the rule asks for
		o, why := outcome.Judge(e)
		return o, why, nil
	}
	set := t.r.data(a.Treatment)
	scored, err := training.NewEvaluator(a.Model, a.Loss, params, set.Validation, 0, set.mean, nil, false)
	if err != nil {
		return "", "", err
	}
	defer scored.Close()
	scores, err := scored.Scores()
	if err != nil {
		return "", "", err
	}
	if err := set.weigh(a, scored, scores, &e); err != nil {
		return "", "", err
	}
	o, why := outcome.Judge(e)
	return o, why, nil
}
