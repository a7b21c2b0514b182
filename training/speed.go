package training

import (
	"time"

	"dcae/graph"
)

// Speed is how fast a model trains.
type Speed struct {
	ImagesPerSecond []float64 // of each window
	Profiled        int       // steps that the following times are of
	Total           time.Duration
	Batches         time.Duration // shuffling and reading images
	Ops             []graph.OpTime
}

// Steps are training steps of a model that is trained for timing alone.
type Steps struct {
	stepper *stepper
	images  *batches
	config  Config
	order   []int
	next    int
	epoch   int
	batches time.Duration // shuffling and reading images
}

// NewSteps prepares a model, with values drawn from the seed, for steps on a source. It fails if the model cannot be trained with these settings.
func NewSteps(m *graph.Model, train Source, c Config) (*Steps, error) {
	c = c.withDefaults()
	params, err := m.Init(c.Seed, graph.Float32)
	if err != nil {
		return nil, err
	}
	s, err := newStepper(m, params, c, train.Len())
	if err != nil {
		return nil, err
	}
	c.Batch = min(c.Batch, train.Len())
	return &Steps{stepper: s, images: newBatches(train, c.Threads), config: c, order: make([]int, train.Len()), next: train.Len()}, nil
}

// Close ends the program.
func (s *Steps) Close() { s.stepper.program.Close() }

// Take takes so many steps. It fails where a step does.
func (s *Steps) Take(steps int) error {
	for range steps {
		start, batch := time.Now(), s.config.Batch
		if s.next+batch > len(s.order) {
			s.epoch++
			shuffle(s.order, s.config.Seed, s.epoch)
			s.next = 0
		}
		x, target := s.stepper.program.Inputs(batch)
		s.images.to(x, target, s.order[s.next:s.next+batch])
		s.next += batch
		s.batches += time.Since(start)
		if _, err := s.stepper.take(s.epoch, batch); err != nil {
			return err
		}
	}
	return nil
}

// warmUp is how many steps come before those that are timed: from the third one on nothing is allocated.
const warmUp = 4

// MeasureSpeed trains in windows of the given number of steps, after a few to warm up, and then measures the parts of the steps
// of one more window. It fails if the model cannot be trained with these settings, or if a step fails.
func MeasureSpeed(m *graph.Model, train Source, c Config, windows, steps int) (*Speed, error) {
	s, err := NewSteps(m, train, c)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := s.Take(warmUp); err != nil {
		return nil, err
	}
	out := &Speed{Profiled: steps}
	for range windows {
		start := time.Now()
		if err := s.Take(steps); err != nil {
			return nil, err
		}
		out.ImagesPerSecond = append(out.ImagesPerSecond, float64(steps*s.config.Batch)/time.Since(start).Seconds())
	}
	s.stepper.program.StartProfile()
	s.batches = 0
	start := time.Now()
	if err := s.Take(steps); err != nil {
		return nil, err
	}
	out.Total, out.Batches, out.Ops = time.Since(start), s.batches, s.stepper.program.Profile()
	return out, nil
}
