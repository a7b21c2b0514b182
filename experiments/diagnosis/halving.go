package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

// failing are screening seeds with which the given model does not learn, those first with which it dies.
func (s *search) failing() []uint64 {
	most := 1
	if s.verdict == Unreliable && s.budget.left() > 0.6*s.budget.total {
		most = 2 // a change that does nothing may learn with one
	}
	var dead, others []uint64
	for _, t := range s.given.screened {
		switch {
		case t.hopeless != "":
			dead = append(dead, t.seed)
		case !t.learns():
			others = append(others, t.seed)
		}
	}
	out := append(dead, others...)
	return out[:min(most, len(out))]
}

// halve trains attempts on screening seeds, ever longer, and drops those that do worst (successive halving; Jamieson and Talwalkar
// 2016). It returns those that learn. When some do, others go on only if the rule would put them first, or if they are other rates; a twin has no time for these.
func (s *search) halve(attempts []*attempt) ([]*attempt, error) {
	seeds := s.failing()
	var found []*attempt
	for rung, to := range []int{s.budget.short / 4, s.budget.short / 2, s.budget.short, s.budget.long} {
		if s.budget.exhausted() {
			break
		}
		to = max(checkEvery*2, roundSteps(float64(to)))
		if rung == 3 { // only for what is nearly there
			attempts = slices.DeleteFunc(attempts, func(a *attempt) bool { return worst(a) > s.nearly() })
			attempts = attempts[:min(2, len(attempts))]
		}
		var jobs []job
		for _, a := range attempts {
			for _, seed := range seeds {
				t, err := s.trialOf(a, seed)
				if err != nil {
					return nil, err
				}
				jobs = append(jobs, job{a, t, to, true})
			}
		}
		if err := s.advance(jobs); err != nil {
			return nil, err
		}
		var open []*attempt
		for _, a := range attempts {
			switch {
			case count(a.screened) == len(seeds):
				found = append(found, a)
				s.tell(a, a.what())
			case !slices.ContainsFunc(a.screened, func(t *trial) bool { return t.hopeless != "" }):
				open = append(open, a)
			}
		}
		slices.SortStableFunc(open, func(a, b *attempt) int { return cmp.Compare(worst(a), worst(b)) })
		if len(found) > 0 {
			most := 0.0
			for _, a := range found {
				most = max(most, a.departure())
			}
			open = slices.DeleteFunc(open, func(a *attempt) bool {
				same := slices.ContainsFunc(found, func(b *attempt) bool { return a.cause() == b.cause() })
				return same && (!a.isRate() || s.isTwin) || a.departure() <= most && !(same && a.departure() > 0)
			})
		} else if len(open) > 3 {
			open = open[:max(3, (len(open)+1)/2)]
		}
		if attempts = open; len(attempts) == 0 {
			break
		}
	}
	return found, nil
}

// nearly is an FVU from which it is not far to the mark any more.
func (s *search) nearly() float64 { return s.look.attainable.mark() + 0.3 }

// worst is the largest FVU that screening promises; infinite where there was none.
func worst(a *attempt) float64 {
	if len(a.screened) == 0 {
		return math.Inf(1)
	}
	most := math.Inf(-1)
	for _, t := range a.screened {
		most = max(most, t.promised())
	}
	return most
}
