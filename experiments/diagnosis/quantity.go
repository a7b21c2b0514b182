package diagnosis

import (
	"fmt"

	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// quantity is what was found where a model fits its training images and no others.
type quantity struct {
	attempt *attempt // whose runs show it; the given model, as a rule
	sides   sides
	best    *attempt // the change that narrows the gap most, beyond its interval; nil: there is none
}

// overfits tells whether a run fits its training images and not the held-out ones, beyond both intervals. A handful of held-out images proves
// nothing: their interval is wide.
func overfits(both sides, mark float64) bool {
	return both.train.interval.High < mark && both.held.FVU >= mark && both.held.worse(both.train)
}

// lookAtQuantity tells whether too few images are to blame, and tries what makes a model remember less.
func (s *search) lookAtQuantity() error {
	if s.verdict != Faulty || s.sides == nil || !overfits(*s.sides, s.look.attainable.mark()) || s.stillFalling() {
		return nil
	}
	s.quantity = &quantity{attempt: s.given, sides: *s.sides}
	s.say("it fits its training images and not the held-out ones")
	attempts, err := s.attemptsOf(s.remedies())
	if err != nil {
		return err
	}
	var jobs []job
	for _, a := range attempts {
		for i := range leastPairs {
			t, err := s.trialOf(a, uint64(firstFreshSeed+i))
			if err != nil {
				return err
			}
			jobs = append(jobs, job{a, t, min(s.given.steps(), s.budget.short), false})
		}
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	for _, a := range attempts {
		c, err := s.compare(a)
		if err != nil {
			return err
		}
		a.comparison = &c
		s.tell(a, a.what())
		if best := s.quantity.best; c.interval.Low > 0 && (best == nil || c.gain > best.comparison.gain) {
			s.quantity.best = a
		}
	}
	best := s.quantity.best
	if best == nil || count(best.confirmed) < len(best.confirmed) {
		return nil
	}
	if ok, err := s.confirmed(best); err != nil || !ok {
		return err
	}
	s.winners, s.fix = []*attempt{best}, best
	return nil
}

// narrows is the change that does best with too few images, though not well enough to have learned; nil: there is none.
func (s *search) narrows() *attempt {
	if s.quantity == nil {
		return nil
	}
	return s.quantity.best
}

// lookAtBest tells, where nothing helped, whether the change that fits the training images best fits these alone.
func (s *search) lookAtBest() error {
	if s.verdict == Healthy {
		return nil
	}
	var best *trial
	var of *attempt
	for _, a := range s.attempts {
		for _, t := range a.trials() {
			if n := len(t.checks); n > 0 && t.params != nil && t.hopeless == "" && t.setup.loss == s.given.setup.loss && t.setup.prepare == s.given.setup.prepare && (best == nil || t.checks[n-1].TrainLoss < best.checks[len(best.checks)-1].TrainLoss) {
				best, of = t, a
			}
		}
	}
	if best == nil {
		return nil
	}
	both, err := s.sidesOf(best)
	if err == nil && overfits(both, best.mark) {
		s.quantity = &quantity{attempt: of, sides: both}
	}
	return err
}

// remedies are changes that make a model remember less, or see more.
func (s *search) remedies() []change {
	remedy := func(what string, apply func(setup) (setup, bool, error)) change {
		return change{cause: DataQuantity, kind: Aid, what: what, apply: apply}
	}
	deviation := 0.3 * (s.look.values.High - s.look.values.Low)
	out := []change{
		remedy(fmt.Sprintf("noise of deviation %.3g added to the images in training", deviation), edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.AddInputNoise(m, deviation)
		})),
		remedy("weight decay 0.1", func(s setup) (setup, bool, error) {
			base := training.Shared(s.optimizer)
			base.WeightDecay = 0.1
			s.optimizer = training.WithShared(s.optimizer, base)
			return s, true, nil
		}),
	}
	if n := s.look.settings.BottleneckValues; n >= 8 {
		out = append(out, remedy(fmt.Sprintf("bottleneck %d -> %d values", n, n/4), edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.WidenBottleneck(m, 0.25)
		})))
	}
	return out
}

// blame is the cause with what speaks for it.
func (q *quantity) blame(s *search) Blame {
	b := q.sides
	evidence := []string{
		fmt.Sprintf("With %d training images %s explains nearly all of these, FVU %.2f (%.2f to %.2f), but not the %d held-out ones: %.2f (%.2f to %.2f).",
			s.images.train.n(), q.who(), b.train.FVU, b.train.interval.Low, b.train.interval.High, b.held.images, b.held.FVU, b.held.interval.Low, b.held.interval.High),
	}
	if most := s.subject.Images.Train.Len(); most > s.images.train.n() {
		evidence = append(evidence, fmt.Sprintf("There are %d training images, of which %d were used here.", most, s.images.train.n()))
	}
	if q.best != nil {
		c := q.best.comparison
		evidence = append(evidence, fmt.Sprintf("With %s the held-out images are explained better by %.2f of their variance (%.2f to %.2f, %d pairs of seeds).", q.best.named(), c.gain, c.interval.Low, c.interval.High, c.pairs))
	} else if q.attempt == s.given {
		evidence = append(evidence, "Noise in the images, weight decay and a smaller code do not help beyond chance: it takes more images.")
	}
	return Blame{DataQuantity, 0.9, evidence}
}

func (q *quantity) who() string {
	if len(q.attempt.changes) == 0 {
		return "the model"
	}
	return "the model with " + q.attempt.named()
}
