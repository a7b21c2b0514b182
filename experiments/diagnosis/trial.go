package diagnosis

import (
	"context"
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
)

const (
	// checkEvery is how many steps lie between two looks at held-out images.
	checkEvery = 50
	// still is an update ratio so small that a thousand steps change nothing.
	still = 1e-6
	// vanished is the share of the first step's gradient under which nothing is left of it.
	vanished = 1e-4
	// statisticsBatches give batch normalization's statistics anew.
	statisticsBatches = 8
)

// setup is a model and how it is trained: what a change changes.
type setup struct {
	model     *graph.Model
	optimizer training.Optimizer
	loss      graph.Loss
	prepare   preparation // of images
	aim       preparation // of targets, where images are not their own
	batch     int         // images in a step
}

// of is the setup with another model.
func (s setup) of(m *graph.Model) setup {
	s.model = m
	return s
}

// check is a look at held-out images during a trial.
type check struct {
	Step        int
	TrainLoss   float64
	FVU, Spread float64
}

// norms are those of the gradients of each layer at a step.
type norms struct {
	step   int
	layers []float64
}

// trial is one training run of a setup with one seed, which can be taken further.
type trial struct {
	setup  setup
	seed   uint64
	images *pool
	mark   float64 // the FVU under which it has learned
	every  int     // steps between two looks at held-out images
	settle bool    // look what re-estimated statistics of batch normalization make of it, too, where it has not learned

	params *graph.Params
	state  *training.OptimizerState

	steps      int
	checks     []check
	layers     []string
	norms      []norms // of the layers' gradients, at the first step and at each check
	learned    bool    // at some time, twice in a row
	hopeless   string  // why it cannot learn any more; empty if it may
	normalized float64 // FVU with re-estimated statistics, where that was looked at; else NaN

	shares  training.UnitShares // at the last look, averaged over the layers
	deadest float64             // share of dead units in the layer that has most, at the last look

	firstGradient float64 // the largest norm of a layer's at the first step
}

func newTrial(s setup, seed uint64, images *pool, mark float64, first *graph.Params) (*trial, error) {
	t := &trial{setup: s, seed: seed, images: images, mark: mark, every: checkEvery, settle: true, normalized: math.NaN()}
	var err error
	if first != nil {
		t.params, err = copyOf(s.model, first)
		return t, err
	}
	return t, t.draw()
}

// draw makes the variables' first values.
func (t *trial) draw() (err error) {
	if t.params, err = t.setup.model.Init(t.seed, graph.Float32); err == nil && t.images.kept != nil {
		err = keepFrozen(t.setup.model, t.params, t.images.kept)
	}
	return err
}

// taken is how many steps a trial has taken that need not be taken again to go on.
func (t *trial) taken() int {
	if t.params == nil && t.hopeless == "" {
		return 0
	}
	return t.steps
}

// keepFrozen gives variables of frozen layers the file's values, which training would leave as they are. Layers that are freed begin anew.
func keepFrozen(m *graph.Model, params, file *graph.Params) error {
	for _, n := range m.Nodes {
		for _, v := range params.All {
			if v.Layer != n.Name || !n.Frozen && !slices.Contains(n.Untrained, v.Name) {
				continue
			}
			for _, kept := range file.All {
				if kept.Path() == v.Path() && slices.Equal(kept.Shape, v.Shape) {
					if err := v.Set(kept.Values()); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func copyOf(m *graph.Model, params *graph.Params) (*graph.Params, error) {
	own, err := m.Zeros(graph.Float32)
	if err != nil {
		return nil, err
	}
	return own, own.Restore(params.Snapshot())
}

// fvu is the last one; infinite before the first and where it is no number.
func (t *trial) fvu() float64 {
	if len(t.checks) == 0 {
		return math.Inf(1)
	}
	if f := t.checks[len(t.checks)-1].FVU; !math.IsNaN(f) {
		return f
	}
	return math.Inf(1)
}

// promised is the FVU by which runs are ranked: moving statistics of batch normalization lag for hundreds of steps, so that of a run that has not learned
// yet it is the one with re-estimated statistics, where that is better.
func (t *trial) promised() float64 {
	if f := t.fvu(); t.done() || !(t.normalized < f) {
		return f
	}
	return t.normalized
}

// see adds a look at held-out images, and tells whether the last two in a row are under the mark: then the trial has learned.
func (t *trial) see(c check) bool {
	t.checks = append(t.checks, c)
	n := len(t.checks)
	learns := n > 1 && t.checks[n-1].FVU < t.mark && t.checks[n-2].FVU < t.mark
	t.learned = t.learned || learns
	return learns
}

func (t *trial) done() bool { return t.learned || t.hopeless != "" }

// learns tells whether the trial has learned and did not lose it again, as three looks in a row say, or the last one
// where it cannot learn any more.
func (t *trial) learns() bool {
	looks := 3
	if t.hopeless != "" {
		looks = 1
	}
	last := t.checks[max(0, len(t.checks)-looks):]
	return t.learned && slices.ContainsFunc(last, func(c check) bool { return c.FVU < t.mark })
}

var errEnough = errors.New("the trial's end is known")

// advance trains on to a number of steps; with stop only until the model has learned. Trials that are hopeless stay where
// they are.
func (t *trial) advance(ctx context.Context, to int, stop bool, threads *graph.Threads) error {
	if t.hopeless != "" || stop && t.learned || t.steps >= to {
		return nil
	}
	if t.params == nil { // it was let go
		*t = trial{setup: t.setup, seed: t.seed, images: t.images, mark: t.mark, every: t.every, settle: t.settle, normalized: math.NaN()}
		if err := t.draw(); err != nil {
			return err
		}
	}
	w := newWindow(t.images.train, t.setup, 1)
	w.n = t.every * t.setup.batch // few images come several times, so that looks at held-out ones are as far apart
	w.first = t.steps * t.setup.batch % t.images.train.n()
	held := newWindow(t.images.held, t.setup, scoredImages)
	mean := t.images.mean(t.setup)
	o := &observer{trial: t, window: w, stop: stop, scheduled: training.HasSchedule(t.setup.optimizer), before: t.steps}
	result, err := training.Fit(ctx, t.setup.model, w, held, training.Config{
		Seed: t.seed, Epochs: (to - t.steps + t.every - 1) / t.every, Batch: t.setup.batch, Optimizer: t.setup.optimizer, Loss: t.setup.loss,
		Threads: threads, Mean: mean, Params: t.params, State: t.state,
	}, o)
	if result != nil {
		t.params, t.state = result.Params, &result.Optimizer
		if result.Diverged {
			t.hopeless = "the loss is no longer finite"
			t.checks = append(t.checks, check{Step: t.steps, TrainLoss: math.Inf(1), FVU: math.Inf(1)})
		}
	}
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if !t.learned && t.hopeless == "" && t.settle && training.HasStatistics(t.params) {
		return t.renormalize(mean, threads)
	}
	return nil
}

// renormalize looks how well the model would do with batch normalization's statistics estimated anew, and leaves it as it was.
func (t *trial) renormalize(mean []float32, threads *graph.Threads) error {
	before := t.params.Snapshot()
	few := newWindow(t.images.train, t.setup, statisticsBatches*t.setup.batch)
	err := training.ReestimateStatistics(t.setup.model, t.params, few, training.Config{Batch: t.setup.batch, Loss: t.setup.loss, Threads: threads})
	if err == nil {
		var scores training.Scores
		if scores, err = score(t.setup, t.params, t.images.held, mean, threads); err == nil {
			t.normalized = scores.FVU
		}
	}
	if failed := t.params.Restore(before); failed != nil {
		return failed
	}
	return err
}

func score(s setup, params *graph.Params, images samples, mean []float32, threads *graph.Threads) (training.Scores, error) {
	e, err := training.NewEvaluator(s.model, s.loss, params, newWindow(images, s, math.MaxInt), 0, mean, threads, false)
	if err != nil {
		return training.Scores{}, err
	}
	defer e.Close()
	return e.Scores()
}

// observer watches a trial as it goes.
type observer struct {
	trial     *trial
	window    *window
	stop      bool
	scheduled bool
	before    int // steps taken when it began

	dead, faded, motionless int // steps in a row
}

func (o *observer) Step(r *training.StepRecord) error {
	t := o.trial
	t.steps++
	silent, moved, largest := false, false, 0.0
	for _, l := range r.Layers {
		silent = silent || l.GradientNorm == 0
		largest = max(largest, l.GradientNorm)
		moved = moved || l.UpdateRatio > still || math.IsNaN(l.UpdateRatio)
	}
	if t.steps == 1 {
		t.firstGradient = largest
	}
	count := func(n *int, yes bool) {
		*n++
		if !yes {
			*n = 0
		}
	}
	count(&o.dead, silent)
	count(&o.faded, largest < vanished*t.firstGradient)
	count(&o.motionless, !moved && !o.scheduled)
	if t.steps == 1 || t.steps%t.every == 0 {
		n := norms{step: t.steps}
		t.layers = t.layers[:0]
		for _, l := range r.Layers {
			t.layers = append(t.layers, l.Layer)
			n.layers = append(n.layers, l.GradientNorm)
		}
		t.norms = append(t.norms, n)
	}
	return nil
}

func (o *observer) Epoch(r *training.EpochRecord) error {
	t := o.trial
	o.window.move()
	t.shares, t.deadest = meanShares(r.Units), 0
	for _, u := range r.Units {
		if u.Dead > t.deadest { // not where it is not a number
			t.deadest = u.Dead
		}
	}
	learns := t.see(check{t.steps, r.TrainLoss, r.HeldOut.FVU, r.HeldOut.Spread})
	n := len(t.checks)
	switch {
	case learns:
	case o.dead >= t.every-1 && !(r.HeldOut.Spread > 1e-4):
		t.hopeless = "no gradient reaches some layers any more, and the output does not depend on the input"
	case o.faded >= t.every-1 && r.HeldOut.Spread < 0.1 && n > 1 && math.Abs(t.checks[n-1].FVU-t.checks[n-2].FVU) < 0.01*t.checks[n-2].FVU:
		t.hopeless = "the gradients of all layers have vanished, and the output hardly depends on the input"
	case o.motionless >= t.every-1:
		t.hopeless = "the weights do not move"
	}
	if t.hopeless != "" || o.stop && t.learned {
		return errEnough
	}
	return nil
}
