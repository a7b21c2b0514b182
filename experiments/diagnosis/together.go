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
		for _, lifeline := range s.look.lifelines() {
			a, ok, err := s.combined([]change{c, lifeline})
			if err != nil {
				return err
			}
			if ok && len(a.changes) == 2 {
				attempts = append(attempts, a)
			}
		}
	}
	if len(attempts) == 0 {
		return nil
	}
	s.say("settings that stand out, and what keeps runs alive: %d changes", len(attempts))
	found, err := s.halve(attempts)
	if err != nil {
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
		n := len(t.checks)
		return t.hopeless != "" || !t.learns() && (t.deadest >= deadLayer || n > 0 && t.checks[n-1].Spread < sameOutputs)
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
	var out []*attempt
	for _, free := range s.look.frozenRestores() {
		for _, a := range attempts {
			if !a.changes[0].isOfSteps() {
				continue
			}
			both, ok, err := s.combined([]change{free, a.changes[0]})
			if err != nil {
				return nil, err
			}
			if ok && len(both.changes) == 2 {
				out = append(out, both)
			}
		}
	}
	return out, nil
}

// preferFreed sees whether frozen layers or another setting are to blame, where changes of this setting learn with these layers freed: frozen ones are
// if freeing them explains far more than the change alone does in as many steps. What is not to blame is left out.
func (s *search) preferFreed(found []*attempt) ([]*attempt, error) {
	isFreed := func(a *attempt) bool { return len(a.changes) == 2 && a.cause() == Frozen }
	at := slices.IndexFunc(found, isFreed)
	if at < 0 {
		return found, nil
	}
	both := found[at]
	alone, ok, err := s.newAttempt(both.changes[1])
	if err != nil || !ok {
		return found, err
	}
	var jobs []job
	for _, seed := range s.failing() {
		for _, a := range []*attempt{alone, both} {
			t, err := s.trialOf(a, seed)
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, job{a, t, max(s.budget.short, both.steps()), false})
		}
	}
	if err := s.advance(jobs); err != nil {
		return nil, err
	}
	frozen := min(1, worst(alone))-worst(both) > freedGain*s.look.attainable.share() || count(alone.screened) == 0
	if !frozen && !slices.Contains(found, alone) {
		found = append(found, alone)
	}
	return slices.DeleteFunc(found, func(a *attempt) bool { return isFreed(a) != frozen }), nil
}
