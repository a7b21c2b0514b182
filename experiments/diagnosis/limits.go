package diagnosis

import "slices"

const (
	// freedGain is the share of what is attainable that freeing layers must add for frozen ones to be a fault of a model that learns with them.
	freedGain = 0.3

	// muchOutOfReach is the share of the variance from which on an output that cannot reach it is looked at, although the model learns.
	muchOutOfReach = 0.3
)

// lookAtLimits sees whether a model that learns, but does not get far, does far better without what certainly holds it back: layers that are frozen, or
// an output that cannot reach a large share of the values. Layers that were frozen with good weights are left alone: freeing these adds little.
func (s *search) lookAtLimits() error {
	if middleFVU(s.given.screened) < 1-halfLearned {
		return nil
	}
	limits := [][]change{s.look.frozenRestores()}
	if s.look.outOfReach >= muchOutOfReach && !s.look.spoilt() {
		limits = append(limits, s.look.outputRestores(s.given.setup))
	}
	for _, l := range limits {
		attempts, err := s.attemptsOf(l)
		if err != nil {
			return err
		}
		if len(attempts) == 0 {
			continue
		}
		if err := s.lookWithout(attempts[0]); err != nil || s.fix != nil {
			return err
		}
	}
	return nil
}

// lookWithout sees whether a model that learns does far better with a change that frees it.
func (s *search) lookWithout(free *attempt) error {
	jobs := make([]job, leastPairs)
	for i := range jobs {
		t, err := s.trialOf(free, uint64(firstFreshSeed+i))
		if err != nil {
			return err
		}
		jobs[i] = job{free, t, max(s.budget.short, s.given.steps()), false}
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	c, err := s.compare(free)
	if err != nil {
		return err
	}
	free.comparison = &c
	if c.interval.Low > freedGain*max(s.look.attainable.share(), s.look.outOfReach) && count(free.confirmed) == len(free.confirmed) {
		s.verdict, s.fix = Faulty, free
		s.winners = slices.Insert(s.winners, 0, free)
	}
	return nil
}
