package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

// pairs tries two changes at a time, where no single one repairs: all that stands out at once, and the most promising changes
// together.
func (s *search) pairs(departing []change) error {
	if s.budget.exhausted() {
		return nil
	}
	var single []*attempt
	for _, a := range s.attempts {
		if len(a.changes) == 1 && len(a.screened) > 0 && !slices.ContainsFunc(a.screened, func(t *trial) bool { return math.IsInf(t.fvu(), 1) }) {
			single = append(single, a)
		}
	}
	slices.SortStableFunc(single, func(a, b *attempt) int { return cmp.Compare(worst(a), worst(b)) })
	single = single[:min(3, len(single))]
	var attempts []*attempt
	add := func(changes ...change) error {
		known := len(s.attempts)
		a, ok, err := s.combined(changes)
		if ok && len(s.attempts) > known {
			attempts = append(attempts, a)
		}
		return err
	}
	for i, c := range departing {
		for _, d := range departing[i+1:] {
			if c.cause != d.cause && len(attempts) < 6 {
				if err := add(c, d); err != nil {
					return err
				}
			}
		}
	}
	for i, a := range single {
		for _, b := range single[i+1:] {
			if a.cause() != b.cause() {
				if err := add(a.changes[0], b.changes[0]); err != nil {
					return err
				}
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
