package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

const (
	leastLeft    = 0.2 // share of the time from which on nothing is given up
	mostTogether = 3   // attempts that are taken further at a time
)

// persist gives what is left of the time to the given model and to the most promising changes, in runs twice as long each time.
func (s *search) persist(departing []change) error {
	before := -1.0
	for !s.settled() && s.budget.left() > leastLeft*s.budget.total && s.budget.spent > before {
		before = s.budget.spent
		if err := s.goOn(); err != nil || s.settled() {
			return err
		}
		open := s.promising()
		if len(open) == 0 {
			continue
		}
		var jobs []job
		cost := 0.0
		for _, a := range open {
			for _, t := range a.screened {
				jobs = append(jobs, job{a, t, 2 * t.steps, true})
				cost += float64(t.steps) * a.step
			}
		}
		if share := 0.5 * s.budget.left() / cost; share < 1 {
			for i, j := range jobs {
				jobs[i].to = j.trial.steps + max(checkEvery, roundSteps(share*float64(j.trial.steps)))
			}
		}
		s.say("more time for %d changes: up to %d steps", len(open), jobs[0].to)
		if err := s.advance(jobs); err != nil {
			return err
		}
		var found []*attempt
		for _, a := range open {
			if s.tell(a, a.what()); count(a.screened) == len(a.screened) {
				found = append(found, a)
			}
		}
		if err := s.confirm(found, departing); err != nil {
			return err
		}
	}
	return nil
}

// promising are the attempts that do best so far and have neither learned nor died.
func (s *search) promising() []*attempt {
	var open []*attempt
	for _, a := range s.attempts {
		if !a.beaten && len(a.screened) > 0 && count(a.screened) < len(a.screened) && !slices.ContainsFunc(a.screened, func(t *trial) bool { return t.hopeless != "" }) {
			open = append(open, a)
		}
	}
	const alike = 0.02 // of the FVU: then the one that had less time comes first
	slices.SortStableFunc(open, func(a, b *attempt) int {
		return cmp.Or(cmp.Compare(math.Round(worst(a)/alike), math.Round(worst(b)/alike)), cmp.Compare(a.steps(), b.steps()))
	})
	return open[:min(mostTogether, len(open))]
}
