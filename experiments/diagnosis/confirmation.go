package diagnosis

import (
	"cmp"
	"slices"

	"dcae/experiments/saved"
	"dcae/training"
)

// confirm tests attempts that learned on fresh seeds, in the rule's order, until one repairs.
func (s *search) confirm(found []*attempt, departing []change) error {
	if len(found) == 0 {
		return nil
	}
	if err := s.testNecessity(found, departing); err != nil {
		return err
	}
	if err := s.compareRates(found); err != nil {
		return err
	}
	byRule(found)
	for _, a := range found {
		if slices.ContainsFunc(s.winners, func(b *attempt) bool { return b.cause() == a.cause() && count(b.confirmed) == len(b.confirmed) }) {
			continue
		}
		if s.fix != nil && (s.budget.left() < 0.3*s.budget.total || count(s.fix.confirmed) == len(s.fix.confirmed)) {
			break
		}
		ok, err := s.accepts(a)
		if err != nil || s.verdict == Healthy {
			return err
		}
		if ok {
			s.winners = append(s.winners, a)
			if s.fix == nil || s.fix.cause() == a.cause() && count(a.confirmed) > count(s.fix.confirmed) {
				s.fix = a
			}
		}
	}
	for _, a := range found { // those that learned in screening alone
		if !slices.Contains(s.winners, a) && len(a.confirmed) == 0 && !a.beaten {
			s.winners = append(s.winners, a)
		}
	}
	return nil
}

// accepts tells whether an attempt that learned in screening repairs.
func (s *search) accepts(a *attempt) (bool, error) {
	if a.cause() == Capacity || a.cause() == Depth {
		if falls, err := s.fallsOn(); err != nil || falls || s.verdict == Healthy {
			a.beaten = falls
			return false, err
		}
	}
	ok, err := s.confirmed(a)
	if err != nil || !ok {
		return false, err
	}
	if !s.seedDecides() && (a.departure() < clearDeparture || a.cause() == Capacity || a.cause() == Depth) {
		if err := s.waitBeforeBlaming(); err != nil || s.verdict == Healthy {
			return false, err
		}
	}
	if s.verdict == Unreliable {
		if err := s.asLong(a); err != nil || s.verdict == Healthy {
			return false, err
		}
		return s.steadies(a) && repairs(count(a.confirmed), len(a.confirmed), count(s.given.screened), len(s.given.screened)), nil
	}
	if ok, err = s.beatsGiven(a); err != nil {
		return false, err
	}
	if !ok {
		a.beaten = true
		s.say("%s: no better than the model as given, trained as long (%.2f more is explained, %.2f to %.2f)", a.what(), a.comparison.gain, a.comparison.interval.Low, a.comparison.interval.High)
	}
	return ok, nil
}

// steadies tells whether the runs with which the given model fails do worse than with a change, by the margin that a repair must show. All are as long.
func (s *search) steadies(a *attempt) bool {
	for _, t := range s.given.screened {
		if !t.learns() && beyondMargin(min(1, t.fvu())-middleFVU(a.decisive()), s.look.attainable) {
			return true
		}
	}
	return false
}

// waitBeforeBlaming trains the given model's runs on while one of them may soon learn, as far as a part of the time allows: where no setting stands out
// clearly, a model that just takes its time is not to be accused.
func (s *search) waitBeforeBlaming() error {
	limit := s.budget.spent + 0.3*s.budget.left()
	for s.verdict != Healthy && s.budget.spent < limit && slices.ContainsFunc(s.given.screened, (*trial).maySoonLearn) {
		before := s.budget.spent
		if err := s.goOn(); err != nil || s.budget.spent == before {
			return err
		}
	}
	return s.waitForOthers()
}

// fallsOn trains the given model's runs until they fall no more, as far as a part of the time allows, and tells whether they still do. A model that
// learns then is healthy.
func (s *search) fallsOn() (bool, error) {
	limit := s.budget.spent + 0.3*s.budget.left()
	for s.stillFalling() && s.budget.spent < limit {
		if err := s.goOn(); err != nil || s.verdict == Healthy {
			return false, err
		}
	}
	return s.stillFalling(), nil
}

// goOn doubles the given model's runs, as far as time allows, and sees whether they learn.
func (s *search) goOn() error {
	var jobs []job
	for _, t := range s.given.screened {
		if t.hopeless == "" && !t.learns() {
			jobs = append(jobs, job{s.given, t, 2 * t.steps, true})
		}
	}
	affordable := roundSteps(0.5 * s.budget.left() / s.given.step / float64(max(1, len(jobs))))
	if len(jobs) == 0 || affordable < checkEvery {
		return nil
	}
	for i := range jobs {
		jobs[i].to = min(jobs[i].to, jobs[i].trial.steps+affordable)
	}
	s.say("as given: %d runs are trained to %d steps", len(jobs), jobs[0].to)
	if err := s.advance(jobs); err != nil {
		return err
	}
	s.tell(s.given, "as given")
	s.judgeGiven()
	return nil
}

// judgeGiven is the verdict anew, after runs of the given model went on.
func (s *search) judgeGiven() {
	switch k := countInTime(s.given.screened); {
	case k == 0:
	case k == len(s.given.screened), s.othersAreNear():
		s.verdict = Healthy
	default:
		s.verdict = Unreliable
	}
}

// asLong trains the given model's runs as long as an attempt's, so that what they do differs by the change alone.
func (s *search) asLong(a *attempt) error {
	var jobs []job
	for _, t := range s.given.screened {
		if !t.done() && t.steps < a.steps() {
			jobs = append(jobs, job{s.given, t, a.steps(), true})
		}
	}
	err := s.advance(jobs)
	s.judgeGiven()
	return err
}

// confirmed trains an attempt with fresh seeds, as many as there is time for, and tells whether it repairs.
func (s *search) confirmed(a *attempt) (bool, error) {
	n := s.options.Seeds
	to, expected := s.budget.short, 0
	for _, t := range a.screened { // those that needed long get long
		expected = max(expected, t.steps)
		to = max(to, roundSteps(1.5*float64(t.steps)))
	}
	given, seeds := count(s.given.screened), len(s.given.screened)
	affordable := int(s.budget.left() / (float64(max(checkEvery, expected)) * a.step))
	for first := 0; first < min(n, affordable); first += 2 {
		var jobs []job
		for i := first; i < min(first+2, n, affordable); i++ {
			t, err := s.trialOf(a, uint64(firstFreshSeed+i))
			if err != nil {
				return false, err
			}
			jobs = append(jobs, job{a, t, to, true})
		}
		if err := s.advanceFresh(jobs...); err != nil {
			return false, err
		}
		if lost := len(a.confirmed) - count(a.confirmed); !repairs(n-lost, n, given, seeds) {
			break // it can't any more
		}
	}
	if len(a.confirmed) == 0 {
		s.say("%s: what is left of the time is not enough for a fresh seed (%d steps)", a.what(), expected)
		return false, nil
	}
	s.say("%s: %d of %d fresh seeds learn", a.what(), count(a.confirmed), len(a.confirmed))
	k, least := count(a.confirmed), (2*n+2)/3
	if k == len(a.confirmed) { // all that there was time for
		least = leastPairs
	}
	return k >= least && repairs(k, len(a.confirmed), given, seeds), nil
}

// testNecessity puts old values back, one at a time, into the model in which everything that stands out is restored. It is needed
// only where several causes are left.
func (s *search) testNecessity(found []*attempt, departing []change) error {
	causes := map[Cause]bool{}
	for _, a := range found {
		if a.departure() > 0 {
			causes[a.cause()] = true
		}
	}
	if len(causes) < 2 {
		return nil
	}
	without := func(cause Cause) (*attempt, bool, error) {
		var all []change
		rated := false
		for _, c := range departing {
			rate := c.cause == LearningRateHigh || c.cause == LearningRateLow
			if c.cause == cause || rate && rated {
				continue
			}
			rated = rated || rate
			all = append(all, c)
		}
		return s.combined(all)
	}
	everything, ok, err := without("")
	if err != nil || !ok {
		return err
	}
	if learns, err := s.tried(everything); err != nil || !learns {
		return err
	}
	for cause := range causes {
		a, ok, err := without(cause)
		if err != nil {
			return err
		}
		learns := false
		if ok {
			if learns, err = s.tried(a); err != nil {
				return err
			}
		}
		for _, f := range found {
			if f.cause() == cause {
				f.tested, f.necessary = true, !learns
			}
		}
	}
	return nil
}

// tried tells whether an attempt learns on the first screening seed in a short run.
func (s *search) tried(a *attempt) (bool, error) { return s.triedUpTo(a, s.budget.short) }

func (s *search) triedUpTo(a *attempt, steps int) (bool, error) {
	t, err := s.trialOf(a, s.failing()[0])
	if err != nil {
		return false, err
	}
	if err := s.advance([]job{{a, t, steps, true}}); err != nil {
		return false, err
	}
	s.tell(a, "together: "+a.what())
	return t.learns(), nil
}

// compareRates trains those of the attempts that differ in the learning rate alone equally long, so that the best rate comes first; the usual
// one does if it is not much worse.
func (s *search) compareRates(found []*attempt) error {
	var rates []*attempt
	for _, a := range found {
		if a.isRate() {
			rates = append(rates, a)
		}
	}
	if len(rates) < 2 {
		return nil
	}
	var jobs []job
	for _, a := range rates {
		for _, t := range a.screened {
			jobs = append(jobs, job{a, t, s.budget.short, false})
		}
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	slices.SortStableFunc(rates, func(a, b *attempt) int { return cmp.Compare(merit(a), merit(b)) })
	for i, a := range rates {
		a.lesser = i
	}
	return nil
}

// merit is what attempts are ordered by of which some are learning rates, the least first: the worst FVU, which may be larger for a usual rate.
func merit(a *attempt) float64 {
	const lenience = 1.25
	if a.isRate() && training.LearningRate(a.setup.optimizer) == saved.UsualRate(a.setup.optimizer) {
		return worst(a) / lenience
	}
	return worst(a)
}
