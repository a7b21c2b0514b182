package diagnosis

import (
	"fmt"
	"math"
	"strconv"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// Kind says what a change is.
type Kind string

// Restore brings one setting back to a default or to what fits the data; Aid adds something.
const (
	Restore Kind = "restore"
	Aid     Kind = "aid"
)

// change is one thing that can be changed about a setup.
type change struct {
	cause     Cause
	kind      Kind
	what      string  // "learning rate 0.1 -> 0.001"
	departure float64 // of the present setting from the default, in decades; 0 if it does not depart from it

	// apply makes the change; ok is false where there is nothing to change.
	apply func(setup) (changed setup, ok bool, err error)

	// beside is what, where other changes decide what becomes of the setting; nil: none does.
	beside func(changed setup) string
}

// in is the change's name as a part of a changed setup.
func (c change) in(changed setup) string {
	if c.beside != nil {
		return c.beside(changed)
	}
	return c.what
}

// departs tells whether the setting is one that stands out.
func (c change) departs() bool { return c.departure > 0 }

// isOfSteps tells whether the change is one of how steps are made: of the learning rate or the optimizer.
func (c change) isOfSteps() bool {
	return c.cause == LearningRateHigh || c.cause == LearningRateLow || c.cause == Optimizer
}

// edited is a change by one of package edit's functions.
func edited(f func(*graph.Model) (*graph.Model, []string, error)) func(setup) (setup, bool, error) {
	return func(s setup) (setup, bool, error) {
		m, names, err := f(s.model)
		if err != nil {
			return s, false, nil // this model has no place for it
		}
		s.model = m
		return s, len(names) > 0, nil
	}
}

func decades(ratio float64) float64 {
	if d := math.Abs(math.Log10(ratio)); !math.IsNaN(d) {
		return min(d, 9)
	}
	return 9
}

// presentRate is the learning rate that training begins with.
func presentRate(o training.Optimizer) float64 {
	if s := training.Shared(o).Schedule; s != nil {
		return s.Rate(0)
	}
	return training.LearningRate(o)
}

func rateChange(o training.Optimizer, to, departure float64) change {
	from := presentRate(o)
	cause := LearningRateHigh
	if to > from {
		cause = LearningRateLow
	}
	return change{
		cause: cause, kind: Restore, what: fmt.Sprintf("learning rate %.3g -> %.3g", from, to), departure: departure,
		apply: func(s setup) (setup, bool, error) {
			s.optimizer = training.WithLearningRate(s.optimizer, to)
			return s, true, nil
		},
	}
}

// constantRate takes a schedule away, which is looked at for so many steps.
func constantRate(o training.Optimizer, steps int) (change, bool) {
	s := training.Shared(o).Schedule
	if s == nil {
		return change{}, false
	}
	most, least := 0.0, math.Inf(1)
	for step := range steps {
		most, least = max(most, s.Rate(step)), min(least, s.Rate(step))
	}
	usual := saved.UsualRate(o)
	cause := LearningRateLow
	if most > 3*usual && decades(most/usual) > decades(max(least, 1e-12)/usual) {
		cause = LearningRateHigh
	}
	return change{
		cause: cause, kind: Restore, what: fmt.Sprintf("schedule -> constant learning rate %.3g", usual), departure: max(0.3, decades(most/max(least, 1e-12))),
		apply: func(s setup) (setup, bool, error) {
			s.optimizer = training.WithLearningRate(s.optimizer, usual)
			return s, true, nil
		},
	}, true
}

// departingRates go from a learning rate that stands out towards the usual one, by decades.
func departingRates(o training.Optimizer) []change {
	from, usual := presentRate(o), saved.UsualRate(o)
	d := decades(from / usual)
	if d < 0.5 {
		return nil
	}
	out := []change{rateChange(o, usual, d)}
	up := 10.0
	if from > usual {
		up = 0.1
	}
	for k, to := 1, from*up; k <= 3 && decades(to/usual) > 0.25 && (to < usual) == (from < usual); k, to = k+1, to*up {
		out = append(out, rateChange(o, round3(to), d))
	}
	if isSGD(o) && rateIsWayTooLow(o) {
		out = append(out, adamForRate(o, adamRate, LearningRateLow, d))
	}
	return out
}

// rateIsWayTooLow tells whether a learning rate stands out so far that it is enough to keep a model from learning.
func rateIsWayTooLow(o training.Optimizer) bool {
	from, usual := presentRate(o), saved.UsualRate(o)
	return from < usual && decades(from/usual) >= wayOff
}

// adamForRate is Adam with a learning rate instead of SGD, whose fitting rate depends on the model and on the scale of the loss. The rate is to blame all
// the same.
func adamForRate(o training.Optimizer, rate float64, cause Cause, departure float64) change {
	c := adamInstead(o, rate)
	c.cause, c.departure = cause, departure
	return c
}

// otherRates are all decades within three of the present rate, and those above up to a hundred times the usual one: those that are not too far from the
// usual one, and others.
func otherRates(o training.Optimizer) (likely, unlikely []change) {
	from, usual := presentRate(o), saved.UsualRate(o)
	most := 100 * usual
	if isSGD(o) {
		most *= 10 // it depends on the scale of the loss
	}
	for _, k := range []float64{1, -1, 2, -2, 3, -3, 4, 5} {
		to := round3(from * math.Pow(10, k))
		if k > 3 && to > 101*usual {
			break // a rate far below the usual one is taken as far above it as others are
		}
		if c := rateChange(o, to, 0); to > usual/101 && to < 1.01*most {
			likely = append(likely, c)
		} else {
			unlikely = append(unlikely, c)
		}
	}
	return likely, unlikely
}

// round3 is x to three digits.
func round3(x float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 2, 64), 64)
	return rounded
}

// blocksGradients tells whether a hidden activation is none of those that let gradients through.
func blocksGradients(a graph.Activation) bool {
	return !edit.Rectifies(a) && a != graph.SELU && a != graph.Linear && a != "prelu"
}
