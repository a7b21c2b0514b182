package diagnosis

import (
	"cmp"
	"slices"

	"dcae/experiments/saved"
	"dcae/training"
)

// everything makes all changes at once that bring settings to what usually works. If the model learns then, changes are taken back, those of
// settings that stand out least first, as long as it still learns: what is left is needed (delta debugging; Zeller and Hildebrandt 2002,
// "Simplifying and isolating failure-inducing input").
func (s *search) everything() error {
	if s.budget.exhausted() {
		return nil
	}
	changes := s.usual()
	all, ok, err := s.combined(changes)
	if err != nil || !ok || len(all.changes) < 2 {
		return err
	}
	s.say("all settings as usual: %d changes", len(all.changes))
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
	if _, adam := s.given.setup.optimizer.(training.Adam); !adam {
		out = append(out, adamInstead(s.given.setup))
	}
	return out
}
