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

// MeasureSpeed trains in windows of the given number of steps, after a few to warm up, and then measures the parts of the steps
// of one more window. It fails if the model cannot be trained with these settings, or if a step fails.
func MeasureSpeed(m *graph.Model, train Source, c Config, windows, steps int) (*Speed, error) {
	c = c.withDefaults()
	params, err := m.Init(c.Seed, graph.Float32)
	if err != nil {
		return nil, err
	}
	s, err := newStepper(m, params, c, train.Len())
	if err != nil {
		return nil, err
	}
	defer s.program.Close()
	order := make([]int, train.Len())
	batch := min(c.Batch, train.Len())
	next := train.Len()
	epoch := 0
	var batches time.Duration
	step := func() error {
		start := time.Now()
		if next+batch > len(order) {
			epoch++
			shuffle(order, c.Seed, epoch)
			next = 0
		}
		x, target := s.program.Inputs(batch)
		train.Read(x, order[next:next+batch])
		readTargets(train, target, x, order[next:next+batch])
		next += batch
		batches += time.Since(start)
		_, err := s.take(epoch, batch)
		return err
	}
	for range 4 {
		if err := step(); err != nil {
			return nil, err
		}
	}
	out := &Speed{Profiled: steps}
	for range windows {
		start := time.Now()
		for range steps {
			if err := step(); err != nil {
				return nil, err
			}
		}
		out.ImagesPerSecond = append(out.ImagesPerSecond, float64(steps*batch)/time.Since(start).Seconds())
	}
	s.program.StartProfile()
	batches = 0
	start := time.Now()
	for range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	out.Total, out.Batches, out.Ops = time.Since(start), batches, s.program.Profile()
	return out, nil
}
