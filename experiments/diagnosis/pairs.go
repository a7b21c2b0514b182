package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

const mostPairs = 8

// pairs tries two changes at a time, where no single one repairs: of settings that stand out, and of what did best alone.
func (s *search) pairs(departing []change) error {
	if s.budget.exhausted() {
		return nil
	}
	var single []*attempt
	for _, a := range s.attempts {
		if len(a.changes) == 1 && len(a.screened) > 0 && !math.IsInf(worst(a), 1) {
			single = append(single, a)
		}
	}
	slices.SortStableFunc(single, func(a, b *attempt) int { return cmp.Compare(worst(a), worst(b)) })
	likely := slices.Clone(departing)
	for _, a := range single {
		if !slices.ContainsFunc(likely, func(c change) bool { return c.cause == a.cause() }) { // the best of each cause
			likely = append(likely, a.changes[0])
		}
	}
	var attempts []*attempt
	for i, c := range likely {
		for _, d := range likely[:i] { // those that did best alone come first
			if contradict(c, d) || len(attempts) == mostPairs {
				continue
			}
			known := len(s.attempts)
			a, ok, err := s.combined([]change{d, c})
			if err != nil {
				return err
			}
			if ok && len(a.changes) == 2 && len(s.attempts) > known {
				attempts = append(attempts, a)
			}
		}
	}
	if len(attempts) == 0 {
		return nil
	}
	s.say("pairs: %d", len(attempts))
	found, err := s.halve(attempts)
	if err != nil {
		return err
	}
	return s.confirm(found, nil)
}

// contradict tells whether two changes set the same thing.
func contradict(a, b change) bool {
	return a.cause == b.cause || a.isOfSteps() && b.isOfSteps()
}

// combined applies those of the changes that change something after the others.
func (s *search) combined(changes []change) (*attempt, bool, error) {
	now := s.given.setup
	var effective []change
	for _, c := range changes {
		next, ok, err := c.apply(now)
		if err != nil {
			return nil, false, err
		}
		if ok {
			now, effective = next, append(effective, c)
		}
	}
	if len(effective) == 0 {
		return nil, false, nil
	}
	return s.newAttempt(effective...)
}
