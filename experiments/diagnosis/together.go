package diagnosis

import (
	"slices"
)

// lifelines are changes with which runs die less often: an output that begins at the mean, so that a sigmoid is not pushed to where it is flat, and a
// slope on the rectifiers' dead side.
func (l *look) lifelines() []change {
	out := []change{leakyAid()}
	if c, ok := l.outputBiasRestore(); ok {
		out = append([]change{c}, out...)
	}
	return out
}

// revive tries settings that stand out together with a lifeline, where runs die with the setting restored alone: a narrow model may go black for good,
// whatever else is wrong with it. The setting is to blame then.
func (s *search) revive(departing []change) error {
	var attempts []*attempt
	for _, c := range departing {
		if c.departure < clearDeparture || !s.dies(c) {
			continue
		}
		pairs, err := s.beside(c, s.look.lifelines())
		if err != nil {
			return err
		}
		attempts = append(attempts, pairs...)
	}
	if len(attempts) == 0 {
		return nil
	}
	s.say("settings that stand out, and what keeps runs alive: %d changes", len(attempts))
	found, err := s.halve(attempts)
	if err != nil {
		return err
	}
	if found, err = s.sortOut(found); err != nil {
		return err
	}
	return s.confirm(found, departing)
}

// dies tells whether runs of a change alone die.
func (s *search) dies(c change) bool {
	return slices.ContainsFunc(s.attempts, func(a *attempt) bool { return len(a.changes) == 1 && a.what() == c.what && a.dies() })
}

// dies tells whether runs died, or ended without having learned, with one output for all images or half of a layer's units dead.
func (a *attempt) dies() bool {
	return slices.ContainsFunc(a.trials(), func(t *trial) bool {
		return t.hopeless != "" || !t.learns() && (t.deadest >= deadLayer || t.isConstant())
	})
}

// sameOutputs is the share of the images' spread under which outputs are one image for all.
const sameOutputs = 0.01

// steady gives a repair with which some seeds die a lifeline, too, if more seeds learn then: what is handed over should learn with all.
func (s *search) steady() error {
	fix := s.fix
	if count(fix.confirmed) == len(fix.confirmed) || !fix.dies() {
		return nil
	}
	for _, lifeline := range s.look.lifelines() {
		a, ok, err := s.combined(append(slices.Clone(fix.changes), lifeline))
		if err != nil {
			return err
		}
		if !ok || len(a.changes) == len(fix.changes) {
			continue
		}
		s.say("%s: some seeds die; it is tried with what keeps them alive", fix.what())
		if ok, err = s.confirmed(a); err != nil {
			return err
		}
		if ok && len(a.confirmed) >= len(fix.confirmed) && count(a.confirmed) > count(fix.confirmed) {
			s.fix, s.winners = a, slices.Insert(s.winners, 0, a)
			return nil
		}
	}
	return nil
}

// freed are attempts that change rate or optimizer as others do, and free frozen layers, too; none where no layer is frozen.
func (s *search) freed(attempts []*attempt) ([]*attempt, error) {
	var steps []change
	for _, a := range attempts {
		if a.changes[0].isOfSteps() {
			steps = append(steps, a.changes[0])
		}
	}
	var out []*attempt
	for _, free := range s.look.frozenRestores() {
		pairs, err := s.beside(free, steps)
		if err != nil {
			return nil, err
		}
		out = append(out, pairs...)
	}
	return out, nil
}

// beside are attempts with a change and another one each, where both can be made together.
func (s *search) beside(c change, others []change) ([]*attempt, error) {
	var out []*attempt
	for _, other := range others {
		a, ok, err := s.combined([]change{c, other})
		if err != nil {
			return nil, err
		}
		if ok && len(a.changes) == 2 {
			out = append(out, a)
		}
	}
	return out, nil
}

// sortOut looks at pairs of a setting that stands out and a change beside it: the setting is to blame only where restoring it explains far more than
// the other change does alone in as many steps. Else this one takes the pair's place; where a pair stays, what it holds is left out.
func (s *search) sortOut(found []*attempt) ([]*attempt, error) {
	var out []*attempt
	kept := false
	for _, pair := range found {
		if len(pair.changes) != 2 {
			continue
		}
		alone, ok, err := s.newAttempt(pair.changes[1])
		if err != nil {
			return nil, err
		}
		needed := true
		if ok {
			if needed, err = s.adds(pair, alone); err != nil {
				return nil, err
			}
		}
		switch {
		case needed:
			out, kept = append(out, pair), true
		case !slices.Contains(out, alone):
			out = append(out, alone)
		}
	}
	for _, a := range found {
		if len(a.changes) != 2 && !kept && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out, nil
}

// adds tells whether a pair explains far more than one of its changes alone, or learns where that one does not.
func (s *search) adds(pair, alone *attempt) (bool, error) {
	var jobs []job
	for _, seed := range s.failing() {
		for _, a := range []*attempt{alone, pair} {
			t, err := s.trialOf(a, seed)
			if err != nil {
				return false, err
			}
			jobs = append(jobs, job{a, t, max(s.budget.short, pair.steps()), false})
		}
	}
	if err := s.advance(jobs); err != nil {
		return false, err
	}
	return count(alone.screened) == 0 || min(1, worst(alone))-worst(pair) > freedGain*s.look.attainable.share(), nil
}
