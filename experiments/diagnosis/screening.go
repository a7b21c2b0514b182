package diagnosis

import (
	"cmp"
	"slices"
)

// screen trains the model as given, and tells whether it learns.
func (s *search) screen() error {
	jobs, err := s.screening(1, screeningSeeds)
	if err != nil {
		return err
	}
	if s.proven() { // one run shows what is certain anyway
		if err := s.advance(jobs[:1]); err != nil {
			return err
		}
		if !s.given.screened[0].learns() {
			s.given.screened, s.verdict = s.given.screened[:1], Faulty
			return nil
		}
	}
	if s.subject.Params != nil {
		t, err := newTrial(s.given.setup, ownSeed, s.images, s.look.attainable.mark(), s.subject.Params)
		if err != nil {
			return err
		}
		s.own = t
		jobs = append(jobs, job{s.given, t, s.budget.short, true})
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	s.tell(s.given, "as given")
	more := []func() error{s.patience, s.wait, s.retention}
	if s.seedDecides() {
		more = nil
	}
	for _, more := range more {
		if err := more(); err != nil {
			return err
		}
	}
	if s.look.fewRectifiers() && countInTime(s.given.screened) == len(s.given.screened) {
		s.say("a layer of %s may die with some seeds: more of them are tried", number(s.look.settings.FewestRectified, "rectifier", "rectifiers"))
		if err := s.screenMore(); err != nil {
			return err
		}
	}
	k, n := countInTime(s.given.screened), len(s.given.screened)
	switch k {
	case n:
		s.verdict = Healthy
		s.deadFile = s.own != nil && !s.own.learnsInTime()
		return nil
	case 0:
		s.verdict = Faulty
		return nil
	}
	s.verdict = Unreliable
	if n > screeningSeeds && s.othersAreNear() {
		s.verdict = Healthy
		return nil
	}
	if n == screeningSeeds {
		if err := s.screenMore(); err != nil {
			return err
		}
	}
	return s.waitForOthers()
}

// proven tells whether it is certain that the model cannot learn, whatever its seed.
func (s *search) proven() bool {
	return slices.ContainsFunc(s.look.findings.deciding(), func(f Finding) bool { return f.Cause != DataSplit })
}

// screening are short runs of the given model with some seeds.
func (s *search) screening(first, last int) ([]job, error) {
	var jobs []job
	for seed := first; seed <= last; seed++ {
		t, err := s.trialOf(s.given, uint64(seed))
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job{s.given, t, s.budget.short, true})
	}
	return jobs, nil
}

// screenMore trains the given model with more seeds where they disagree.
func (s *search) screenMore() error {
	to := max(s.budget.short, s.given.steps())
	affordable := int(0.4 * s.budget.left() / (float64(to) * s.given.step)) // the rest is for repairs
	n := len(s.given.screened)
	jobs, err := s.screening(n+1, min(moreSeeds, n+affordable))
	if err != nil {
		return err
	}
	for i := range jobs {
		jobs[i].to = to
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	s.lastLook(to)
	if s.tell(s.given, "as given"); s.othersAreNear() || countInTime(s.given.screened) == len(s.given.screened) {
		s.verdict = Healthy
	}
	return nil
}

// fewRectifiers tells whether a layer that all paths go through has so few rectifiers that all of them may print 0 for good: what is behind it learns
// nothing then.
func (l *look) fewRectifiers() bool {
	return 0 < l.settings.FewestRectified && l.settings.FewestRectified <= 3
}

// seedDecides tells whether it is the seed that decides, and not the time: a layer has few rectifiers, and some runs of the given model have learned while
// others print no better than the mean image.
func (s *search) seedDecides() bool {
	const meanImage = 0.95
	return s.look.fewRectifiers() && count(s.given.screened) > 0 && slices.ContainsFunc(s.given.screened, func(t *trial) bool { return t.fvu() >= meanImage })
}

// lastLook takes one look at which a run had learned for enough, where its steps are used up and no second one follows.
func (s *search) lastLook(steps int) {
	for _, t := range s.given.screened {
		t.learned = t.learned || t.steps >= steps && t.fvu() < t.mark
	}
}

// othersAreNear tells whether some runs have learned, and all others have not far to go: a mark alone does not make a model unreliable.
func (s *search) othersAreNear() bool {
	return count(s.given.screened) > 0 && !slices.ContainsFunc(s.given.screened, func(t *trial) bool {
		return !t.learns() && (t.hopeless != "" || t.fvu() >= notFar*t.mark)
	})
}

// notFar is the factor of the mark under which it is not far to it any more.
const notFar = 1.2

// isNear tells whether a run that has not learned is not far from the mark, and still falls towards it.
func (t *trial) isNear() bool { return !t.learns() && t.fvu() < notFar*t.mark && t.falls() }

// retention trains runs on that have all learned early, and sees whether they keep it: outliers, say, may come late.
func (s *search) retention() error {
	s.lastLook(s.budget.long)
	n := len(s.given.screened)
	if count(s.given.screened) < n {
		return nil
	}
	var jobs []job
	for _, t := range s.given.screened {
		jobs = append(jobs, job{s.given, t, s.budget.short, false})
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	if k := count(s.given.screened); k < n {
		s.lasting = s.budget.short
		s.say("%d of %d runs lost again what they had learned", n-k, n)
	}
	return nil
}

// isShort tells whether it is the examination of a twin that has less than the usual steps.
func (s *search) isShort() bool { return s.isTwin && s.budget.short < shortSteps }

// patience trains the best and the worst of the runs further that have not learned yet: if both learn after all, the others get
// their time, too. A twin that has less than the usual steps has none for it, nor has one with a learning rate that is way too low, which a change must show
// to be enough: runs that fall are waited for all the same, and only the real size tells that a model is healthy.
func (s *search) patience() error {
	if s.isShort() || s.isTwin && rateIsWayTooLow(s.given.setup.optimizer) {
		return nil
	}
	for {
		var waiting []*trial
		for _, t := range append(slices.Clone(s.given.screened), s.own) {
			if t != nil && !t.done() && t.steps < s.budget.long {
				waiting = append(waiting, t)
			}
		}
		if len(waiting) == 0 || s.failed() {
			return nil
		}
		slices.SortStableFunc(waiting, func(a, b *trial) int { return cmp.Compare(a.fvu(), b.fvu()) })
		pair := []job{{s.given, waiting[0], s.budget.long, true}}
		if n := len(waiting); n > 1 {
			pair = append(pair, job{s.given, waiting[n-1], s.budget.long, true})
		}
		s.say("patience with %d runs that have not learned yet", len(pair))
		if err := s.advance(pair); err != nil {
			return err
		}
	}
}

// failed tells whether a run of the given model is known not to learn in all the time that it is owed, so that more patience with others
// can't make the model healthy.
func (s *search) failed() bool {
	return slices.ContainsFunc(s.given.screened, func(t *trial) bool {
		return !t.learns() && (t.hopeless != "" || t.steps >= s.budget.long)
	})
}
