package diagnosis

import (
	"fmt"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
)

// mostMemory is how many bytes runs take at most at a time, on machines that have more, too: so that the answer is the same everywhere. Runs that
// need more are examined in smaller batches.
const mostMemory = 2.5e9

// fitMemory makes batches so small that a run fits into so many bytes, and finds how many runs do side by side. It fails if not even batches of one image
// fit.
func (s *search) fitMemory(limit float64) error {
	m, n := s.given.setup.model, s.images.train.n()
	c := training.Config{Batch: min(s.given.setup.batch, n), Optimizer: s.given.setup.optimizer, Loss: s.given.setup.loss}
	need, err := training.Memory(m, c, n, 1)
	if err != nil {
		return nil // training says why
	}
	if float64(need) > limit {
		batch := training.FittingBatch(m, c, n, 1, limit)
		if batch == 0 {
			return errors.WithMessage(training.CheckMemory(m, c, n, 1, limit), "to be examined")
		}
		s.look.findings.add("memory", "", fmt.Sprintf("A run with batches of %d images takes %s of memory; batches of %d are examined, which take less.", c.Batch, training.Gigabytes(float64(need)), batch),
			"Nothing, if there is as much where you train it.")
		s.given.setup.batch = batch
		if c.Batch = batch; s.given.reckon() != nil {
			return nil
		}
		if need, err = training.Memory(m, c, n, 1); err != nil {
			return nil
		}
	}
	s.together = max(1, int(limit/float64(need)))
	return nil
}

// keptBatch is the largest batch, halved as often as need be, with which a program that keeps all that layers compute fits into the memory.
func (s *search) keptBatch(batch int) int {
	for ; batch > 1; batch /= 2 {
		f, err := graph.TrainingFootprint(s.given.setup.model, s.given.setup.loss, graph.Options{Batch: batch, KeepActivations: true, NoPenalties: true})
		if err != nil || float64(f.Bytes(1)) <= mostMemory {
			return batch
		}
	}
	return 1
}
