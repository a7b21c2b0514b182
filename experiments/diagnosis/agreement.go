package diagnosis

import (
	"cmp"
	"slices"

	"dcae/experiments/statistics"
)

// A twin's time may be up before a repair was seen to learn with three fresh seeds. What is believed of it then is in this file: settings that stand out
// clearly, with which runs explain far more than those of the model as given.

// believe makes the changes that agree the repair of a twin that fails, where there is no other one.
func (s *search) believe() {
	if agreeing := s.agreeing(); s.fix == nil && s.verdict == Faulty && len(agreeing) > 0 {
		s.fix, s.winners = agreeing[0], agreeing
	}
}

// agreeing are changes of a twin that restore what stands out clearly, the best first, with whose runs far more is explained than by any failing run of the
// given model, where there was no time to see three seeds learn: two runs at least, or one where the given model's cannot learn any more, and none of another
// cause. (What stands out a little may just learn sooner than a model that stands still for a while.) Less will do where three pairs of runs with the same
// seeds show it. A run of settings together that are way off, each enough to keep a model from learning, counts for each of them. What they show is looked at
// in the real size.
func (s *search) agreeing() []*attempt {
	var out []*attempt
	runs := 0
	for _, a := range s.attempts {
		least := clearDeparture
		if len(a.changes) > 1 {
			least = wayOff
		}
		if slices.ContainsFunc(a.changes, func(c change) bool { return c.departure < least }) || a.beaten || len(a.trials()) == 0 {
			continue
		}
		if s.isBetterInPairs(a) || !slices.ContainsFunc(a.trials(), func(t *trial) bool { return !s.isFarBetter(t) }) {
			out, runs = append(out, a), runs+len(a.trials())*len(a.changes)
		}
	}
	if !slices.ContainsFunc(s.given.screened, func(t *trial) bool { return t.hopeless == "" }) {
		runs++
	}
	if !s.isTwin || runs < 2 || len(out) == 0 || slices.ContainsFunc(out, func(a *attempt) bool { return a.cause() != out[0].cause() }) {
		return nil
	}
	slices.SortStableFunc(out, func(a, b *attempt) int { return cmp.Compare(worst(a), worst(b)) })
	return out
}

// isBetterInPairs tells whether a change beats the given model over pairs of screening runs with the same seed, after as many steps, while none of the given
// model's gets better any more.
func (s *search) isBetterInPairs(a *attempt) bool {
	var given, changed []float64
	for _, t := range a.screened {
		for _, g := range s.given.screened {
			if g.seed != t.seed || g.learns() || g.improves() || g.hopeless == "" && g.steps < t.steps {
				continue
			}
			given, changed = append(given, min(1, g.fvuAt(t.steps))), append(changed, min(1, t.fvu()))
		}
	}
	if len(given) < leastPairs || len(given) < len(a.screened) {
		return false
	}
	_, interval := statistics.MeanDifference(given, changed)
	return beyondMargin(interval.Low, s.look.attainable)
}

// isFarBetter tells whether a changed model's run explains far more than those runs of the given model that failed; unless it has learned, none of them may
// get better any more.
func (s *search) isFarBetter(t *trial) bool {
	return !slices.ContainsFunc(s.given.screened, func(g *trial) bool {
		return !g.learns() && (min(1, g.promised())-min(1, t.promised()) <= freedGain*s.look.attainable.share() || !t.learns() && g.improves())
	})
}

// secondSeed trains a change that explains far more than the given model with a second seed, and the given model as long with that one, as far as the time
// goes: a twin's runs that agree are believed, and what is left of its time goes to the real size.
func (s *search) secondSeed(attempts []*attempt) error {
	if !s.isTwin || s.verdict != Faulty {
		return nil
	}
	far := slices.DeleteFunc(slices.Clone(attempts), func(a *attempt) bool {
		return len(a.changes) > 1 || a.departure() < clearDeparture || len(a.trials()) != 1 || !s.isFarBetter(a.screened[0])
	})
	if len(s.agreeing()) == 0 && len(far) == 1 {
		if err := s.trainPair(far[0], far[0].screened[0].seed%screeningSeeds+1); err != nil {
			return err
		}
	}
	s.believe()
	return nil
}

// trainPair trains a change and the given model with a seed as long as the change was trained, or as long as there is time for.
func (s *search) trainPair(a *attempt, seed uint64) error {
	given, err := s.trialOf(s.given, seed)
	if err != nil {
		return err
	}
	cost := func(to int) float64 {
		if given.hopeless != "" {
			to = 0
		}
		return float64(max(0, to-given.steps)) * s.given.step
	}
	to := a.steps()
	for float64(to)*a.step+cost(to) > s.budget.left() {
		to -= checkEvery
	}
	if to < 2*checkEvery {
		return nil
	}
	run, err := s.trialOf(a, seed)
	if err != nil {
		return err
	}
	if err := s.advance([]job{{a, run, to, true}, {s.given, given, to, true}}); err != nil {
		return err
	}
	s.tell(a, a.what())
	s.judgeGiven()
	return nil
}
