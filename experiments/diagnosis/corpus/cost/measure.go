package main

import (
	"sync"
	"time"

	"dcae/experiments/diagnosis"
	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/training"
)

const (
	windows       = 5
	windowSeconds = 0.25
)

// measure is how many seconds of a processor a training step takes with its share of the looks at held-out images, where two runs with one thread
// each go on side by side, as trials do: medians of five. It is the processors' time, which on an idle machine is that of the clock, and which
// other processes disturb less.
func measure(s subject) (float64, error) {
	shapes, err := s.model.Shapes()
	if err != nil {
		return 0, err
	}
	images := newNoise(max(s.batch, diagnosis.LookImages), s.model.Input.Size(), shapes[len(shapes)-1].Size())
	var steps [2]*training.Steps
	var looks [2]*training.Evaluator
	for i := range steps {
		c := training.Config{Seed: uint64(i), Batch: s.batch, Optimizer: s.optimizer, Loss: s.loss}
		if steps[i], err = training.NewSteps(s.model, images, c); err != nil {
			return 0, err
		}
		defer steps[i].Close()
		params, err := s.model.Init(1, graph.Float32)
		if err != nil {
			return 0, err
		}
		mean := make([]float32, shapes[len(shapes)-1].Size())
		if looks[i], err = training.NewEvaluator(s.model, s.loss, params, images, diagnosis.LookImages, mean, nil, true); err != nil {
			return 0, err
		}
		defer looks[i].Close()
	}
	step, err := median(func(i, n int) error { return steps[i].Take(n) })
	if err != nil {
		return 0, err
	}
	look, err := median(func(i, n int) error {
		for range n {
			if _, err := looks[i].Scores(); err != nil {
				return err
			}
		}
		return nil
	})
	return step + look/diagnosis.LookSteps, err
}

// median is the time of one of n calls of two runs side by side, which do(run, n) makes: of one run.
func median(do func(run, n int) error) (float64, error) {
	both := func(n int) (float64, error) {
		var failures [2]error
		var done sync.WaitGroup
		start := processorTime()
		for i := range failures {
			done.Go(func() { failures[i] = do(i, n) })
		}
		done.Wait()
		took := processorTime() - start
		for _, err := range failures {
			if err != nil {
				return 0, err
			}
		}
		return took.Seconds() / float64(2*n), nil
	}
	if _, err := both(3); err != nil { // to warm up
		return 0, err
	}
	one, err := both(1)
	if err != nil {
		return 0, err
	}
	n := max(1, int(windowSeconds/max(one, 1e-6)))
	var all []float64
	for range windows {
		took, err := both(n)
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	return statistics.Median(all), nil
}

// start is when the program began, for systems that tell no time of processors.
var start = time.Now()

// noise is images of values from 0 to 1, with targets where these have another size.
type noise struct {
	images, targets  []float32
	size, targetSize int
}

func newNoise(n, size, targetSize int) *noise {
	r := graph.Random(1, "measure", "", 0)
	fill := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = r.Float32()
		}
		return out
	}
	s := &noise{images: fill(n * size), size: size}
	if size != targetSize {
		s.targets, s.targetSize = fill(n*targetSize), targetSize
	}
	return s
}

func (s *noise) Len() int { return len(s.images) / s.size }

func (s *noise) Read(dst []float32, indices []int) { gather(dst, s.images, s.size, indices) }

func (s *noise) TargetSize() int { return s.targetSize }

func (s *noise) ReadTargets(dst []float32, indices []int) {
	gather(dst, s.targets, s.targetSize, indices)
}

func gather(dst, from []float32, size int, indices []int) {
	for k, i := range indices {
		copy(dst[k*size:(k+1)*size], from[i*size:])
	}
}
