package diagnosis

import (
	"math"

	"dcae/experiments/statistics"
)

const (
	leastPairs = 3
	pairsShare = 0.25 // of the time that is left, for more pairs than these
)

// comparison is a change beside the given model, trained as long with the same seeds.
type comparison struct {
	pairs    int
	gain     float64 // share of the variance that the change explains more, mean over the pairs
	interval statistics.Interval
}

// compare trains the given model with the fresh seeds of an attempt, as long, and compares them pair by pair. A model that sees more images
// in a step is compared after as many steps.
func (s *search) compare(a *attempt) (comparison, error) {
	longest := 0
	for _, t := range a.confirmed {
		longest = max(longest, t.steps)
	}
	affordable := int(pairsShare * s.budget.left() / (float64(max(1, longest)) * s.given.step))
	pairs := a.confirmed[:min(len(a.confirmed), max(leastPairs, affordable))]
	var jobs []job
	var rivals []*trial
	for _, t := range pairs {
		rival, err := s.trialOf(s.given, t.seed)
		if err != nil {
			return comparison{}, err
		}
		rivals = append(rivals, rival)
		jobs = append(jobs, job{s.given, rival, t.steps, false})
	}
	if err := s.advance(jobs); err != nil {
		return comparison{}, err
	}
	var given, changed []float64
	for i, t := range pairs {
		given = append(given, min(1, rivals[i].fvuAt(t.steps))) // worse than the mean image is no better than it
		changed = append(changed, min(1, t.fvu()))
	}
	c := comparison{pairs: len(pairs)}
	c.gain, c.interval = statistics.MeanDifference(given, changed)
	return c, nil
}

// fvuAt is the FVU at a step, or at the last one before.
func (t *trial) fvuAt(step int) float64 {
	fvu := math.Inf(1)
	for _, c := range t.checks {
		if c.Step > step {
			break
		}
		fvu = c.FVU
	}
	if math.IsNaN(fvu) {
		return math.Inf(1)
	}
	return fvu
}

// beatsGiven tells whether a change repairs a model that fails: it must beat the given model, trained as long, by more than chance and a
// margin. Where it was stopped as soon as it had learned, both get their whole time before that is denied.
func (s *search) beatsGiven(a *attempt) (bool, error) {
	c, err := s.compare(a)
	if err == nil && !beats(c, s.look.attainable) {
		var jobs []job
		for _, t := range a.confirmed[:min(leastPairs, len(a.confirmed))] {
			jobs = append(jobs, job{a, t, max(s.budget.short, a.steps()), false})
		}
		if err := s.advance(jobs); err != nil {
			return false, err
		}
		c, err = s.compare(a)
	}
	if err != nil {
		return false, err
	}
	a.comparison = &c
	return beats(c, s.look.attainable), nil
}
