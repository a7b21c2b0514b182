package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// better is by how much another form of a fix must improve the FVU to be taken.
const better = 0.9

// refine tries other forms of the fix that has the same cause, where there is time: neighbouring learning rates, Adam for SGD, other activations. The
// cause stays; what is handed over learns better.
func (s *search) refine() error {
	if err := s.steady(); err != nil || len(s.fix.changes) != 1 {
		return err
	}
	attempts, err := s.attemptsOf(s.forms(s.fix))
	if err != nil || len(attempts) == 0 {
		return err
	}
	attempts = append([]*attempt{s.fix}, attempts...)
	const seeds = 2
	if cost := float64(len(attempts)*seeds*s.budget.long+s.options.Seeds*s.budget.long) * s.fix.step; cost > s.budget.left() {
		return nil
	}
	fvu := func(a *attempt) float64 { return middleFVU(a.confirmed[:seeds]) }
	var jobs []job
	for _, a := range attempts {
		for i := range uint64(seeds) {
			t, err := s.trialOf(a, firstFreshSeed+i)
			if err != nil {
				return err
			}
			jobs = append(jobs, job{a, t, s.budget.long, false})
		}
	}
	s.say("%d other forms of the repair", len(attempts)-1)
	if err := s.advance(jobs); err != nil {
		return err
	}
	given := s.fix
	slices.SortStableFunc(attempts, func(a, b *attempt) int { return cmp.Compare(fvu(a), fvu(b)) })
	for _, a := range attempts {
		if a == given || fvu(a) > better*fvu(given) {
			break
		}
		ok, err := s.confirmed(a)
		if err != nil {
			return err
		}
		if ok && count(a.confirmed) >= count(given.confirmed) {
			s.fix = a
			break
		}
	}
	return nil
}

// forms are other changes of the same cause.
func (s *search) forms(a *attempt) []change {
	switch a.cause() {
	case LearningRateHigh, LearningRateLow:
		o, sgd := s.given.setup.optimizer, isSGD(a.setup.optimizer)
		var out []change
		rate := training.LearningRate(a.setup.optimizer)
		for _, factor := range []float64{math.Sqrt(10), 1 / math.Sqrt(10)} {
			to := oneDigit(rate * factor)
			c := rateChange(o, to, a.departure())
			if isSGD(o) && !sgd {
				c = adamForRate(o, to, a.cause(), a.departure())
			}
			if c.cause == a.cause() {
				out = append(out, c)
			}
		}
		if sgd {
			out = append(out, adamForRate(o, adamRate, a.cause(), a.departure()))
		}
		return out
	case Activation:
		if a.changes[0].kind == Aid {
			return nil
		}
		form := func(to graph.Activation, linearCode bool) change {
			c := a.changes[0]
			c.what = fmt.Sprintf("hidden activations -> %s", to)
			if linearCode {
				c.what += ", bottleneck -> linear"
			}
			c.apply = edited(func(m *graph.Model) (*graph.Model, []string, error) {
				out, changed, err := edit.HiddenActivations(m, blocksGradients, to)
				if err != nil || !linearCode {
					return out, changed, err
				}
				linear, also, err := edit.LinearBottleneck(out)
				if err != nil {
					return out, changed, nil // it has none
				}
				return linear, append(changed, also...), nil
			})
			return c
		}
		return []change{form(graph.LeakyReLU, true), form(graph.ELU, true)}
	}
	return nil
}

// oneDigit is the number of 1, 3, 10, 30 ... that is nearest to x.
func oneDigit(x float64) float64 {
	halves := int(math.Round(2 * math.Log10(x)))
	power := math.Pow(10, math.Floor(float64(halves)/2))
	if halves%2 != 0 {
		power *= 3
	}
	return round3(power)
}
