package diagnosis

import (
	"dcae/graph"
)

// train takes the best of the confirmed runs further: it is what is handed over.
func (s *search) train() error {
	if s.isTwin { // what is handed over is of the real size
		return nil
	}
	best := s.fix.best()
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

// test scores a trial on the test images, which nothing was decided by.
func (s *search) test(t *trial) (float64, error) {
	threads := graph.NewThreads(s.options.Threads) // not halted: it is a part of the answer
	defer threads.Close()
	scores, err := score(t.setup, t.params, s.images.test, s.images.mean(t.setup), threads)
	return scores.FVU, err
}
