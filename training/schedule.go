package training

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Schedule sets the learning rate at each step. Formulas and defaults are Keras 3's; a schedule is a pure function, so that
// a run can be continued anywhere.
type Schedule interface {
	// Rate is the learning rate at a step, the first being step 0, as Keras counts iterations.
	Rate(step int) float64
	// String names the schedule and its settings.
	String() string
	// Check tells what is wrong with the settings.
	Check() error
}

// ExponentialDecay is InitialLearningRate * DecayRate^(step/DecaySteps); in a staircase the exponent is rounded down.
type ExponentialDecay struct {
	InitialLearningRate float64
	DecaySteps          int
	DecayRate           float64
	Staircase           bool
}

// Rate is the learning rate at a step, from 0.
func (e ExponentialDecay) Rate(step int) float64 {
	return e.InitialLearningRate * math.Pow(e.DecayRate, stairs(step, e.DecaySteps, e.Staircase))
}

// String names the schedule and its settings.
func (e ExponentialDecay) String() string {
	return fmt.Sprintf("exponential_decay(initial_learning_rate=%g, decay_steps=%d, decay_rate=%g, staircase=%t)", e.InitialLearningRate, e.DecaySteps, e.DecayRate, e.Staircase)
}

// Check tells what is wrong with the settings.
func (e ExponentialDecay) Check() error { return positive("decay_steps", e.DecaySteps) }

// InverseTimeDecay is InitialLearningRate / (1 + DecayRate*step/DecaySteps); in a staircase step/DecaySteps is rounded down.
type InverseTimeDecay struct {
	InitialLearningRate float64
	DecaySteps          int
	DecayRate           float64
	Staircase           bool
}

// Rate is the learning rate at a step, from 0.
func (i InverseTimeDecay) Rate(step int) float64 {
	return i.InitialLearningRate / (1 + i.DecayRate*stairs(step, i.DecaySteps, i.Staircase))
}

// String names the schedule and its settings.
func (i InverseTimeDecay) String() string {
	return fmt.Sprintf("inverse_time_decay(initial_learning_rate=%g, decay_steps=%d, decay_rate=%g, staircase=%t)", i.InitialLearningRate, i.DecaySteps, i.DecayRate, i.Staircase)
}

// Check tells what is wrong with the settings.
func (i InverseTimeDecay) Check() error { return positive("decay_steps", i.DecaySteps) }

// PolynomialDecay is (InitialLearningRate-EndLearningRate) * (1-step/DecaySteps)^Power + EndLearningRate, and stays there
// after DecaySteps. With Cycle, DecaySteps is replaced by its first multiple that the step does not exceed.
type PolynomialDecay struct {
	InitialLearningRate float64
	DecaySteps          int
	EndLearningRate     float64 // default 0.0001; Zero for 0
	Power               float64 // default 1
	Cycle               bool
}

// Rate is the learning rate at a step, from 0.
func (p PolynomialDecay) Rate(step int) float64 {
	end, power := setting(p.EndLearningRate, 0.0001), setting(p.Power, 1)
	at, length := float64(step), float64(p.DecaySteps)
	if p.Cycle {
		length *= max(1, math.Ceil(at/length))
	}
	return (p.InitialLearningRate-end)*math.Pow(1-min(at, length)/length, power) + end
}

// String names the schedule and its settings.
func (p PolynomialDecay) String() string {
	return fmt.Sprintf("polynomial_decay(initial_learning_rate=%g, decay_steps=%d, end_learning_rate=%g, power=%g, cycle=%t)",
		p.InitialLearningRate, p.DecaySteps, setting(p.EndLearningRate, 0.0001), setting(p.Power, 1), p.Cycle)
}

// Check tells what is wrong with the settings.
func (p PolynomialDecay) Check() error { return positive("decay_steps", p.DecaySteps) }

// PiecewiseConstantDecay is Values[i] up to and including step Boundaries[i], and the last value after the last boundary.
type PiecewiseConstantDecay struct {
	Boundaries []int     // steps, rising
	Values     []float64 // one more than boundaries
}

// Rate is the learning rate at a step, from 0.
func (p PiecewiseConstantDecay) Rate(step int) float64 {
	i, _ := slices.BinarySearch(p.Boundaries, step)
	return p.Values[i]
}

// String names the schedule and its settings.
func (p PiecewiseConstantDecay) String() string {
	return fmt.Sprintf("piecewise_constant_decay(boundaries=%v, values=%v)", p.Boundaries, p.Values)
}

// Check tells what is wrong with the settings.
func (p PiecewiseConstantDecay) Check() error {
	if len(p.Values) != len(p.Boundaries)+1 {
		return errors.Errorf("%d boundaries part %d values, not %d", len(p.Boundaries), len(p.Boundaries)+1, len(p.Values))
	}
	for i := 1; i < len(p.Boundaries); i++ {
		if p.Boundaries[i] <= p.Boundaries[i-1] {
			return errors.Errorf("boundary %d does not come after %d", p.Boundaries[i], p.Boundaries[i-1])
		}
	}
	return nil
}

// StepDecay multiplies the learning rate by Factor after every Steps steps.
type StepDecay struct {
	InitialLearningRate float64
	Steps               int
	Factor              float64 // default 0.1
}

// Rate is the learning rate at a step, from 0.
func (s StepDecay) Rate(step int) float64 {
	return s.InitialLearningRate * math.Pow(setting(s.Factor, 0.1), float64(step/s.Steps))
}

// String names the schedule and its settings.
func (s StepDecay) String() string {
	return fmt.Sprintf("step_decay(initial_learning_rate=%g, steps=%d, factor=%g)", s.InitialLearningRate, s.Steps, setting(s.Factor, 0.1))
}

// Check tells what is wrong with the settings.
func (s StepDecay) Check() error { return positive("steps", s.Steps) }

// stairs is step/length, in a staircase rounded down.
func stairs(step, length int, staircase bool) float64 {
	if staircase {
		return float64(step / length)
	}
	return float64(step) / float64(length)
}

func positive(name string, n int) error {
	if n <= 0 {
		return errors.Errorf("%s must be positive, not %d", name, n)
	}
	return nil
}
