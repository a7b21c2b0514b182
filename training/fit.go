// Package training trains models: the one training loop, optimizers, and what is recorded on the way.
package training

import (
	"context"
	"math"
	"time"

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
}

// Result is how a run ended.
type Result struct {
	Params   *graph.Params // final values
	Diverged bool          // the loss was not finite: the run ended there
	Steps    int
	Epochs   int // completed
}

// Fit draws the model's first values from the seed and trains it to print its own input. Images are shuffled anew each
// epoch; the last batch of an epoch may be smaller. When ctx ends, Fit returns its error, and all that was recorded stays.
func Fit(ctx context.Context, m *graph.Model, train, valid Source, c Config, recorders ...Recorder) (*Result, error) {
	params, err := m.Init(c.Seed, graph.Float32)
	if err != nil {
		return nil, err
	}
	return fit(ctx, m, params, train, valid, c, recorders)
}

func fit(ctx context.Context, m *graph.Model, params *graph.Params, train, valid Source, c Config, recorders []Recorder) (*Result, error) {
	c = c.withDefaults()
	if train.Len() == 0 || valid.Len() == 0 {
		return nil, errors.New("there are no images to train on or to hold out")
	}
	step, err := newStepper(m, params, c, train.Len())
	if err != nil {
		return nil, err
	}
	defer step.program.Close()
	held, err := NewEvaluator(m, params, valid, c.ValidationImages, MeanImage(train, m.Input.Size()), c.Threads, true)
	if err != nil {
		return nil, err
	}
	defer held.Close()

	result := &Result{Params: params}
	order := make([]int, train.Len())
	for epoch := 1; epoch <= c.Epochs; epoch++ {
		shuffle(order, c.Seed, epoch)
		lossSum, start := 0.0, time.Now()
		for first := 0; first < len(order); first += c.Batch {
			if err := ctx.Err(); err != nil {
				return result, err
			}
			batch := order[first:min(first+c.Batch, len(order))]
			x, target := step.program.Inputs(len(batch))
			train.Read(x, batch)
			copy(target, x)
			record, err := step.take(epoch, len(batch))
			if err != nil {
				return result, errors.WithMessagef(err, "step %d", result.Steps+1)
			}
			result.Steps++
			lossSum += record.Loss * float64(len(batch))
			for _, r := range recorders {
				if err := r.Step(record); err != nil {
					return result, err
				}
			}
			if result.Diverged = math.IsNaN(record.Loss) || math.IsInf(record.Loss, 0); result.Diverged {
				return result, nil
			}
		}
		trained := time.Now()
		scores, err := held.Scores()
		if err != nil {
			return result, errors.WithMessagef(err, "evaluation after epoch %d", epoch)
		}
		record := &EpochRecord{
			Epoch: epoch, TrainLoss: lossSum / float64(len(order)), HeldOut: scores, Units: held.Units(),
			Images: len(order), Training: trained.Sub(start), Held: time.Since(trained),
		}
		for _, r := range recorders {
			if err := r.Epoch(record); err != nil {
				return result, err
			}
		}
		result.Epochs++
	}
	return result, nil
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

// MeanImage is the mean of all images of a source; size is the number of values in one.
func MeanImage(images Source, size int) []float32 {
	sum := make([]float64, size)
	buffer, index := make([]float32, size), make([]int, 1)
	for index[0] = 0; index[0] < images.Len(); index[0]++ {
		images.Read(buffer, index)
		for k, v := range buffer {
			sum[k] += float64(v)
		}
	}
	mean := make([]float32, size)
	for k, s := range sum {
		mean[k] = float32(s / float64(images.Len()))
	}
	return mean
}

// stepper takes training steps and measures them.
type stepper struct {
	program   *graph.Training
	threads   *graph.Threads
	optimizer updater
	layerOf   []int // of each trainable variable
	record    StepRecord
	sums      []graph.UpdateSums // of each layer
	sizes     []float64
}

func newStepper(m *graph.Model, params *graph.Params, c Config, images int) (*stepper, error) {
	program, err := graph.NewTraining(m, params, c.Loss, graph.Options{Batch: min(c.Batch, images), Threads: c.Threads})
	if err != nil {
		return nil, err
	}
	s := &stepper{program: program, threads: c.Threads, optimizer: c.Optimizer.start(params.Trainable())}
	for _, v := range params.Trainable() {
		n := len(s.record.Layers)
		if n == 0 || s.record.Layers[n-1].Layer != v.Layer {
			s.record.Layers = append(s.record.Layers, LayerStep{Layer: v.Layer})
			s.sizes = append(s.sizes, 0)
			n++
		}
		s.layerOf = append(s.layerOf, n-1)
		s.sizes[n-1] += float64(v.Shape.Size())
	}
	s.sums = make([]graph.UpdateSums, len(s.record.Layers))
	return s, nil
}

// take trains on the batch that lies in the program's inputs.
func (s *stepper) take(epoch, batch int) (*StepRecord, error) {
	loss, err := s.program.Step(batch)
	if err != nil {
		return nil, err
	}
	s.program.UpdateStatistics()
	s.record.Step++
	s.record.Epoch, s.record.Loss = epoch, loss
	s.record.LearningRate = s.optimizer.begin(s.record.Step)
	clear(s.sums)
	for i, layer := range s.layerOf {
		u := s.optimizer.update(s.threads, i, s.program.Gradient(i).Data().([]float32))
		sum := &s.sums[layer]
		sum.Gradient += u.Gradient
		sum.Weight += u.Weight
		sum.Step += u.Step
	}
	for i, sum := range s.sums {
		l := &s.record.Layers[i]
		l.GradientNorm = math.Sqrt(sum.Gradient)
		l.GradientRMS = math.Sqrt(sum.Gradient / s.sizes[i])
		l.WeightNorm = math.Sqrt(sum.Weight)
		l.UpdateRatio = math.Sqrt(sum.Step) / l.WeightNorm
	}
	return &s.record, nil
}
