package diagnosis

import (
	"cmp"
	"slices"

	"dcae/experiments/saved"
)

// everything makes all changes at once that bring settings to what usually works. If the model learns then, changes are taken back, those of
// settings that stand out least first, as long as it still learns: what is left is needed (delta debugging; Zeller and Hildebrandt 2002,
// "Simplifying and isolating failure-inducing input").
func (s *search) everything() error { return s.fewest("all settings as usual", s.usual()) }

// wayOff is a departure, in decades, that by itself is enough to keep a model from learning.
const wayOff = 1

// allWayOff makes those changes at once that restore settings which are way off: where there are two such, neither alone may do, and more likely than any
// other change is both.
func (s *search) allWayOff(departing []change) error {
	var changes []change
	for _, c := range departing {
		if c.departure >= wayOff && !slices.ContainsFunc(changes, func(d change) bool { return contradict(c, d) }) {
			changes = append(changes, c)
		}
	}
	return s.fewest("settings that are way off, together", changes)
}

// fewest makes changes at once, and if the model learns then confirms as few of them as it takes.
func (s *search) fewest(name string, changes []change) error {
	if s.budget.exhausted() || len(changes) < 2 {
		return nil
	}
	all, ok, err := s.combined(changes)
	if err != nil || !ok || len(all.changes) < 2 {
		return err
	}
	s.say("%s: %d changes", name, len(all.changes))
	if learns, err := s.triedUpTo(all, s.budget.long); err != nil || !learns {
		return err
	}
	kept := slices.Clone(all.changes)
	order := slices.Clone(all.changes)
	slices.SortStableFunc(order, func(a, b change) int { return cmp.Compare(a.departure, b.departure) })
	found := all
	for _, c := range order {
		if len(kept) == 1 || s.budget.exhausted() {
			break
		}
		without := slices.DeleteFunc(slices.Clone(kept), func(k change) bool { return k.what == c.what })
		a, ok, err := s.combined(without)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		learns, err := s.triedUpTo(a, s.budget.long)
		if err != nil {
			return err
		}
		if learns {
			kept, found = a.changes, a
		}
	}
	slices.SortStableFunc(found.changes, func(a, b change) int { return cmp.Compare(b.departure, a.departure) })
	return s.confirm([]*attempt{found}, nil)
}

// usual are changes to what usually works, in the order in which they are made.
func (s *search) usual() []change {
	var out []change
	seen := map[Cause]bool{}
	for _, c := range s.look.restores(s.given.setup) {
		if once := c.cause != Regularization; once && seen[c.cause] {
			continue // of several forms the first
		}
		seen[c.cause] = true
		out = append(out, c)
	}
	if rate := saved.UsualRate(s.given.setup.optimizer); presentRate(s.given.setup.optimizer) != rate && !seen[LearningRateHigh] && !seen[LearningRateLow] {
		out = append(out, rateChange(s.given.setup.optimizer, rate, 0))
	}
	if !isAdam(s.given.setup.optimizer) {
		out = append(out, adamInstead(s.given.setup.optimizer, adamRate))
	}
	return out
}
