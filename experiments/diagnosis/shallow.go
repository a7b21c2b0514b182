package diagnosis

import (
	"cmp"
	"slices"
)

// shallow tries fewer layers together with other steps, where a model is so deep that neither learns alone: most of its layers gone, a run costs a
// fraction of what it does otherwise. The number of layers is to blame only if the other steps alone do not do nearly as well.
func (s *search) shallow(departing []change) error {
	if !s.look.deep() || s.budget.exhausted() {
		return nil
	}
	likely, _ := otherRates(s.given.setup.optimizer)
	steps := slices.DeleteFunc(slices.Concat(departing, optimizerRestores(s.given.setup), likely), func(c change) bool { return !c.isOfSteps() })
	attempts, err := s.beside(s.look.fewerLayers(), steps)
	if err != nil {
		return err
	}
	if len(attempts) == 0 {
		return nil
	}
	s.say("fewer layers and other steps: %d changes", len(attempts))
	found, err := s.halve(attempts)
	if err != nil || len(found) == 0 {
		return err
	}
	best := slices.MinFunc(found, func(a, b *attempt) int { return cmp.Compare(worst(a), worst(b)) })
	if found, err = s.sortOut([]*attempt{best}); err != nil {
		return err
	}
	return s.confirm(found, departing)
}
