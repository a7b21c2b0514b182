package diagnosis

import (
	"cmp"
	"slices"

	"dcae/graph"
)

// train takes the best of the confirmed runs further: it is what is handed over.
func (s *search) train() error {
	best := s.best()
	to := max(s.budget.long, roundSteps(1.5*float64(best.steps)))
	least := checkEvery
	if s.twin != nil { // steps are dear
		least = 0
	}
	if left := int(s.budget.left() / s.fix.step); left < to-best.steps {
		to = best.steps + max(least, roundSteps(float64(left)))
	}
	s.say("the repaired model is trained to %d steps", to)
	return s.advance([]job{{s.fix, best, to, false}})
}

// best is the run of the fix that ended best.
func (s *search) best() *trial {
	trials := slices.Clone(s.fix.confirmed)
	slices.SortStableFunc(trials, func(a, b *trial) int { return cmp.Compare(a.fvu(), b.fvu()) })
	return trials[0]
}

// test scores a trial on the test images, which nothing was decided by.
func (s *search) test(t *trial) (float64, error) {
	threads := graph.NewThreads(s.options.Threads)
	defer threads.Close()
	scores, err := score(t.setup, t.params, s.images.test, s.images.mean(t.setup), threads)
	return scores.FVU, err
}
