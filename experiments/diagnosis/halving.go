package diagnosis

import (
	"cmp"
	"slices"
)

// failing are screening seeds with which the given model does not learn, those first with which it dies.
func (s *search) failing() []uint64 {
	most := 1
	if s.verdict == Unreliable {
		most = 2
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

// halve trains arms on screening seeds, ever longer, and drops those that do worst (successive halving; Jamieson and Talwalkar
// 2016). It returns those that learn. When some do, others go on only if the rule would put them first.
func (s *search) halve(arms []*arm) ([]*arm, error) {
	seeds := s.failing()
	var found []*arm
	for rung, to := range []int{s.budget.short / 4, s.budget.short / 2, s.budget.short, s.budget.long} {
		if s.budget.exhausted() {
			break
		}
		to = max(checkEvery*2, roundSteps(float64(to)))
		if rung == 3 { // only for what is nearly there
			arms = slices.DeleteFunc(arms, func(a *arm) bool { return worst(a) > nearly })
			arms = arms[:min(2, len(arms))]
		}
		var jobs []job
		for _, a := range arms {
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
		var open []*arm
		for _, a := range arms {
			switch {
			case count(a.screened) == len(seeds):
				found = append(found, a)
				s.tell(a, a.what())
			case !slices.ContainsFunc(a.screened, func(t *trial) bool { return t.hopeless != "" }):
				open = append(open, a)
			}
		}
		slices.SortStableFunc(open, func(a, b *arm) int { return cmp.Compare(worst(a), worst(b)) })
		if len(found) > 0 {
			most := 0.0
			for _, a := range found {
				most = max(most, a.departure())
			}
			open = slices.DeleteFunc(open, func(a *arm) bool {
				same := slices.ContainsFunc(found, func(b *arm) bool { return a.cause() == b.cause() })
				return same && !a.isRate() || a.departure() <= most && !(same && a.departure() > 0)
			})
		} else if len(open) > 3 {
			open = open[:max(3, (len(open)+1)/2)]
		}
		if arms = open; len(arms) == 0 {
			break
		}
	}
	return found, nil
}

// nearly is an FVU from which it is not far any more.
const nearly = 0.8

func worst(a *arm) float64 { return slices.Max(fvus(a.screened)) }
