package training

import (
	"math"

	"dcae/graph"
)

// stepper takes training steps and measures them.
type stepper struct {
	program *graph.Training
	threads *graph.Threads
	updates *updates
	layerOf []int // of each trainable variable
	record  StepRecord
	sums    []graph.UpdateSums // of each layer
	sizes   []float64
	taken   bool // a step, since the program was started
}

func newStepper(m *graph.Model, params *graph.Params, c Config, images int) (*stepper, error) {
	program, err := graph.NewTraining(m, params, c.Loss, graph.Options{Batch: min(c.Batch, images), Threads: c.Threads, Seed: c.Seed})
	if err != nil {
		return nil, err
	}
	updates, err := newUpdates(c.Optimizer, params.Trainable(), c.State)
	if err != nil {
		program.Close()
		return nil, err
	}
	s := &stepper{program: program, threads: c.Threads, updates: updates}
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

// rebuild makes the program anew for another number of images in a step, after so many steps.
func (s *stepper) rebuild(m *graph.Model, params *graph.Params, c Config, images, steps int) error {
	program, err := graph.NewTraining(m, params, c.Loss, graph.Options{Batch: min(c.Batch, images), Threads: c.Threads, Seed: c.Seed})
	if err != nil {
		return err
	}
	s.program.Close()
	program.SetSteps(steps)
	s.program, s.taken = program, false
	return nil
}

// take trains on the batch that lies in the program's inputs.
func (s *stepper) take(epoch, batch int) (*StepRecord, error) {
	loss, err := s.program.Step(batch)
	if err != nil {
		return nil, err
	}
	s.taken = true
	s.program.UpdateStatistics()
	s.record.Step++
	s.record.Epoch, s.record.Loss = epoch, loss
	rate, sums := s.updates.step(s.threads, s.gradient)
	s.record.LearningRate = rate
	clear(s.sums)
	for i, u := range sums {
		sum := &s.sums[s.layerOf[i]]
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

func (s *stepper) gradient(i int) []float32 { return s.program.Gradient(i).Data().([]float32) }

// gradients are those of the last step by each trainable variable; nil if there was none since the program was started.
func (s *stepper) gradients() [][]float32 {
	if !s.taken {
		return nil
	}
	out := make([][]float32, len(s.layerOf))
	for i := range out {
		out[i] = s.gradient(i)
	}
	return out
}

// resume goes on after a number of steps, of which the optimizer may have taken more in an earlier run.
func (s *stepper) resume(steps, iterations int, rate float64) {
	s.record.Step = steps
	s.program.SetSteps(steps)
	s.updates.iterations, s.updates.rate = iterations, rate
}
