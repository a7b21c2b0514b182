package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

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

// WorkingMemory is how many bytes an examination works with, beside what its subject takes; garbage is to be collected before there is more.
const WorkingMemory = 3.2e9

// keptMemory is how many bytes the variables and optimizers' states of changed models' runs may take that have not learned.
const keptMemory = 1e9

// bytes are those of a run's variables and of its optimizer's state.
func (t *trial) bytes() float64 {
	if t.params == nil {
		return 0
	}
	values := 0
	for _, v := range t.params.All {
		values += v.Shape.Size()
	}
	return float64(values) * valueBytes * float64(1+training.StateValues(t.setup.optimizer))
}

// letGo drops variables and states of changed models' runs that have not learned: of those that cannot any more, and of those that do worst while all
// take more memory than they may. A run that goes on after that begins anew. In the real size, beside a twin, only what is out of the running goes (better).
func (s *search) letGo(most float64) {
	var kept float64
	var open []*trial
	for _, a := range append([]*attempt{s.given}, s.attempts...) {
		trials := a.trials()
		for i, t := range trials {
			if t.params != nil && !t.learned && (a != s.given || i >= len(a.screened)) {
				open = append(open, t)
				kept += t.bytes()
			}
		}
	}
	slices.SortStableFunc(open, func(a, b *trial) int { return cmp.Compare(b.fvu(), a.fvu()) })
	for _, t := range open {
		if t.hopeless != "" || s.twin == nil && t.steps > 0 && kept > most {
			kept -= t.bytes()
			t.drop()
		}
	}
}

func (t *trial) drop() { t.params, t.state = nil, nil }
