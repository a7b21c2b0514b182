package diagnosis

import "slices"

// freedGain is the share of what is attainable that freeing layers must add for frozen ones to be a fault of a model that learns with them.
const freedGain = 0.3

// lookAtFrozen sees whether a model that learns with frozen layers, but does not get far, does far better when they are trained, too. Layers that were
// frozen with good weights are left alone: freeing these adds little.
func (s *search) lookAtFrozen() error {
	all := s.look.frozenRestores()
	if len(all) == 0 || middleFVU(s.given.screened) < 1-halfLearned {
		return nil
	}
	attempts, err := s.attemptsOf(all)
	if err != nil || len(attempts) == 0 {
		return err
	}
	free := attempts[0]
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
	if c.interval.Low > freedGain*s.look.attainable.share() && count(free.confirmed) == len(free.confirmed) {
		s.verdict, s.fix = Faulty, free
		s.winners = slices.Insert(s.winners, 0, free)
	}
	return nil
}
