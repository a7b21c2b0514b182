package training

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"

	"dcae/graph"
)

// run is a training run. All that it is between two steps goes into a checkpoint.
type run struct {
	config    Config
	model     *graph.Model
	images    Source
	batches   *batches // of images
	recorders []Recorder
	snapshots []SnapshotRecorder // those of the recorders that want to see values
	image     graph.Shape
	least     int // images in a step: a rest of an epoch with fewer is left out
	stepper   *stepper
	held      *Evaluator
	identity  identity
	order     []int // of the images in this epoch
	at        place
	plateau   plateauState
	result    *Result
}

// place is where in the images a run is.
type place struct {
	Epoch   int   // from 1
	Images  int   // of this epoch that it was trained on
	LossSum exact // over them
}

func newRun(m *graph.Model, train, valid Source, c Config, recorders []Recorder) (*run, error) {
	c = c.withDefaults()
	if train.Len() == 0 || valid.Len() == 0 {
		return nil, errors.New("there are no images to train on or to hold out")
	}
	if c.Plateau != nil {
		if err := c.Plateau.Check(); err != nil {
			return nil, err
		}
		if HasSchedule(c.Optimizer) {
			return nil, errors.New("a plateau cannot lower the learning rate where a schedule sets it: use one of the two")
		}
	}
	if err := checkOutput(m, train); err != nil {
		return nil, err
	}
	if err := m.Batch.Check(c.Batch); err != nil {
		return nil, err
	}
	if err := CheckChanges(c.Changes, c.Optimizer, m); err != nil {
		return nil, err
	}
	if c.Before != nil && c.CheckpointPath != "" {
		return nil, errors.New("a run that is changed from outside cannot be continued from a checkpoint")
	}
	if least := m.Batch.Least; train.Len() < least {
		return nil, errors.Errorf("%d training images are too few: the model is for batches of at least %d", train.Len(), least)
	}
	params, err := firstValues(m, c)
	if err != nil {
		return nil, err
	}
	stepper, err := newStepper(m, params, c, train.Len())
	if err != nil {
		return nil, err
	}
	mean := c.Mean
	if mean == nil {
		mean = MeanTarget(train, m.Input.Size())
	}
	held, err := NewEvaluator(m, c.Loss, params, valid, c.ValidationImages, mean, c.Threads, true)
	if err != nil {
		stepper.program.Close()
		return nil, err
	}
	r := &run{
		config: c, model: m, images: train, batches: newBatches(train, c.Threads), recorders: recorders, snapshots: snapshotRecorders(recorders), image: m.Input, least: max(m.Batch.Least, 1), stepper: stepper, held: held,
		order: make([]int, train.Len()), at: place{Epoch: 1}, result: &Result{Params: params},
	}
	if c.CheckpointPath != "" {
		if r.identity, err = r.identify(m, mean); err != nil {
			r.close()
			return nil, err
		}
	}
	return r, nil
}

// firstValues are those that are given, or else those that the seed gives.
func firstValues(m *graph.Model, c Config) (*graph.Params, error) {
	if c.Params == nil {
		return m.Init(c.Seed, graph.Float32)
	}
	own, err := m.Zeros(graph.Float32)
	if err != nil {
		return nil, err
	}
	return c.Params, errors.WithMessagef(sameVariables(c.Params, own), "first values for model %s", m.Name)
}

// sameVariables tells why given values are not those of a model that has other variables.
func sameVariables(given, model *graph.Params) error {
	if given.Precision != model.Precision || len(given.All) != len(model.All) {
		return errors.Errorf("there must be %d variables in float32, not %d", len(model.All), len(given.All))
	}
	for i, v := range model.All {
		if g := given.All[i]; g.Path() != v.Path() || !slices.Equal(g.Shape, v.Shape) || g.Trainable != v.Trainable {
			return errors.Errorf("variable %d must be %s %v, not %s %v", i+1, v.Path(), v.Shape, g.Path(), g.Shape)
		}
	}
	return nil
}

func (r *run) close() {
	r.stepper.program.Close()
	r.held.Close()
}

// train trains on to the last epoch.
func (r *run) train(ctx context.Context) error {
	for r.at.Epoch <= r.config.Epochs {
		shuffle(r.order, r.config.Seed, r.at.Epoch)
		first, start := r.at.Images, time.Now()
		if err := r.steps(ctx); err != nil || r.result.Diverged {
			return err
		}
		record := &EpochRecord{Images: r.at.Images - first, Training: time.Since(start)}
		if err := r.endEpoch(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

// steps takes the steps that are left of the epoch.
func (r *run) steps(ctx context.Context) error {
	for len(r.order)-r.at.Images >= r.least {
		if ctx.Err() != nil {
			return r.interrupted(ctx)
		}
		if err := r.changeBefore(r.result.Steps + 1); err != nil {
			return err
		}
		batch := r.nextBatch(r.at.Images)
		x, target := r.stepper.program.Inputs(len(batch))
		r.batches.to(x, target, batch)
		if p, ok := r.images.(prefetcher); ok {
			p.Prefetch(r.nextBatch(r.at.Images + len(batch)))
		}
		record, err := r.stepper.take(r.at.Epoch, len(batch))
		if err != nil {
			return errors.WithMessagef(err, "step %d", r.result.Steps+1)
		}
		r.result.Steps++
		r.at.Images += len(batch)
		r.at.LossSum += exact(exact(record.Loss) * exact(len(batch)))
		for _, recorder := range r.recorders {
			if err := recorder.Step(record); err != nil {
				return err
			}
		}
		r.result.Diverged = math.IsNaN(record.Loss) || math.IsInf(record.Loss, 0)
		if err := r.snapshot(false); err != nil || r.result.Diverged {
			return err
		}
		if every := r.config.CheckpointEvery; every > 0 && r.result.Steps%every == 0 {
			if err := r.checkpoint(); err != nil {
				return err
			}
		}
	}
	return nil
}

// interrupted keeps what was done until ctx ended, and returns ctx's error.
func (r *run) interrupted(ctx context.Context) error {
	if err := r.checkpoint(); err != nil {
		return err
	}
	return ctx.Err()
}

// nextBatch are the epoch's images from the given place on that make one step.
func (r *run) nextBatch(from int) []int {
	return r.order[from : from+min(r.config.Batch, len(r.order)-from)]
}

// endEpoch scores the model after an epoch. Where ctx ends meanwhile the run is left as it was after the epoch's last step.
func (r *run) endEpoch(ctx context.Context, record *EpochRecord) error {
	if err := readError(r.images); err != nil {
		return errors.WithMessage(err, "training images")
	}
	start := time.Now()
	scores, err := r.held.ScoresUntil(ctx)
	if err != nil && ctx.Err() != nil {
		return r.interrupted(ctx)
	}
	if err != nil {
		return errors.WithMessagef(err, "evaluation after epoch %d", r.at.Epoch)
	}
	record.Epoch, record.Step, record.TrainLoss = r.at.Epoch, r.result.Steps, float64(r.at.LossSum)/float64(r.at.Images)
	record.HeldOut, record.Units, record.Held = scores, r.held.Units(), time.Since(start)
	for _, recorder := range r.recorders {
		if err := recorder.Epoch(record); err != nil {
			return err
		}
	}
	if err := r.snapshot(true); err != nil {
		return err
	}
	if r.config.KeepBest && !math.IsNaN(scores.MSE) && (r.result.Best == nil || scores.MSE < r.result.Best.HeldOut.MSE) {
		r.result.Best = &Best{Epoch: r.at.Epoch, HeldOut: scores, Values: r.result.Params.Snapshot()}
	}
	if r.config.Plateau != nil {
		u := r.stepper.updates
		u.rate = r.plateau.next(*r.config.Plateau, scores.MSE, u.rate)
	}
	r.result.Epochs++
	r.at = place{Epoch: r.at.Epoch + 1}
	return r.checkpoint()
}
