// Package training trains models: the one training loop, optimizers, and what is recorded on the way.
package training

import (
	"context"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Config is how a model is trained. The zero value of a field means its default.
type Config struct {
	Seed             uint64
	Epochs           int            // default 1
	Batch            int            // images in a step; default 32
	Optimizer        Optimizer      // default Adam
	Loss             graph.Loss     // default mse
	Threads          *graph.Threads // default one thread
	ValidationImages int            // how many of the held-out images are looked at after each epoch; default all
	Mean             []float32      // the mean training target, which FVU compares with; default computed

	Params  *graph.Params   // the model's first values, which are trained in place; default drawn from the seed
	State   *OptimizerState // the optimizer's first state; default none
	Plateau *Plateau        // lowers the learning rate where nothing improves; default never
	Changes []Change        // by their steps, rising

	// Before is called before each step, and may wait: with it somebody pauses a run, and changes what [Change] says. An error ends the run.
	// Such a run has no checkpoints. Default none.
	Before func(step int) ([]Change, error)

	KeepBest        bool   // keep the values after the epoch with the smallest held-out error
	CheckpointPath  string // file from which Resume continues; default none
	CheckpointEvery int    // steps between checkpoints; there is one after each epoch in any case, and when ctx ends
}

// Result is how a run ended.
type Result struct {
	Params    *graph.Params  // final values
	Optimizer OptimizerState // after the last step
	Best      *Best          // with Config.KeepBest; nil if no epoch's held-out error was a number
	Diverged  bool           // the loss was not finite: the run ended there
	Steps     int
	Epochs    int // completed
}

// Best is a model after its best epoch.
type Best struct {
	Epoch   int // the first with the smallest held-out squared error
	HeldOut Scores
	Values  [][]float64 // of all variables; see graph.Params.Restore
}

// Fit draws the model's first values from the seed and trains it to print the targets of images, or the images themselves where they have
// none. Images are shuffled anew each epoch; the last batch of an epoch may be smaller, and is left out where the model takes none that is so
// small. When ctx ends, Fit returns its error, and all that was recorded stays.
func Fit(ctx context.Context, m *graph.Model, train, valid Source, c Config, recorders ...Recorder) (*Result, error) {
	return fit(ctx, m, train, valid, c, recorders, false)
}

// Resume continues, from its last checkpoint, a run that Fit or Resume was called for with the same arguments and that
// ended in any way whatever; only Epochs, Threads and CheckpointEvery may be others. What [Resumable] recorders got after the
// checkpoint is forgotten, so that in the end all is the same, to the byte, as if nothing had happened. A run that did not
// come to its first checkpoint starts over. A checkpoint that is damaged, of another run, or past Epochs is an error.
func Resume(ctx context.Context, m *graph.Model, train, valid Source, c Config, recorders ...Recorder) (*Result, error) {
	if c.CheckpointPath == "" {
		return nil, errors.New("there is no checkpoint to continue from: set its path")
	}
	return fit(ctx, m, train, valid, c, recorders, true)
}

// CheckResume tells why Resume would refuse to go on, and changes nothing; nil if it would not. That there is no checkpoint is no
// reason, and recorders are not asked.
func CheckResume(m *graph.Model, train, valid Source, c Config) error {
	r, err := newRun(m, train, valid, c, nil)
	if err != nil {
		return err
	}
	defer r.close()
	var there checkpoint
	values, found, err := readCheckpoint(c.CheckpointPath, &there)
	if err != nil || !found {
		return err
	}
	return errors.WithMessage(r.check(&there, values), c.CheckpointPath)
}

func fit(ctx context.Context, m *graph.Model, train, valid Source, c Config, recorders []Recorder, resume bool) (*Result, error) {
	r, err := newRun(m, train, valid, c, recorders)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if c.CheckpointPath != "" {
		if err := r.begin(resume); err != nil {
			return nil, err
		}
	}
	err = r.train(ctx)
	r.result.Optimizer = r.stepper.updates.state().clone()
	return r.result, err
}

func (c Config) withDefaults() Config {
	if c.Epochs == 0 {
		c.Epochs = 1
	}
	if c.Batch == 0 {
		c.Batch = 32
	}
	if c.Optimizer == nil {
		c.Optimizer = Adam{}
	}
	return c
}

// shuffle puts 0, 1, 2 ... into an epoch's random order (Fisher-Yates).
func shuffle(order []int, seed uint64, epoch int) {
	for i := range order {
		order[i] = i
	}
	graph.Random(seed, "shuffle", "", epoch).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}

// MeanTarget is the mean of what the images of a source are to become; size is the number of values in an image.
func MeanTarget(images Source, size int) []float32 {
	sum := make([]float64, targetSize(images, size))
	x, buffer, index := make([]float32, size), make([]float32, len(sum)), make([]int, 1)
	for index[0] = 0; index[0] < images.Len(); index[0]++ {
		images.Read(x, index)
		readTargets(images, buffer, x, index)
		for k, v := range buffer {
			sum[k] += float64(v)
		}
	}
	mean := make([]float32, len(sum))
	for k, s := range sum {
		mean[k] = float32(s / float64(images.Len()))
	}
	return mean
}
