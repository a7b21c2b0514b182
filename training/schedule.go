package training

import (
	"math"
	"slices"

	"dcae/graph/arithmetic"

	"github.com/pkg/errors"

	"dcae/training/settings"
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
	// defaults is a schedule of the same kind with all defaults that are not 0.
	defaults() Schedule
}

// ScheduleSettings lists a schedule's settings with their values.
func ScheduleSettings(s Schedule) []settings.Setting { return settings.Of(s, s.defaults()) }

// WithScheduleSetting is the schedule with another value of one setting, by name; nil stands for none. It fails where there is no such setting.
func WithScheduleSetting(s Schedule, name string, value any) (Schedule, error) {
	return settings.Set(s, s.defaults(), name, value)
}

func describeSchedule(name string, s Schedule) string {
	return settings.Describe(name, ScheduleSettings(s))
}

// ExponentialDecay is InitialLearningRate * DecayRate^(step/DecaySteps); in a staircase the exponent is rounded down.
type ExponentialDecay struct {
	InitialLearningRate float64 `setting:"initial_learning_rate"`
	DecaySteps          int     `setting:"decay_steps"`
	DecayRate           float64 `setting:"decay_rate"`
	Staircase           bool    `setting:"staircase"`
}

func (ExponentialDecay) defaults() Schedule { return ExponentialDecay{} }

// Rate is the learning rate at a step, from 0.
func (e ExponentialDecay) Rate(step int) float64 {
	return e.InitialLearningRate * arithmetic.Pow(e.DecayRate, stairs(step, e.DecaySteps, e.Staircase))
}

// String names the schedule and its settings.
func (e ExponentialDecay) String() string { return describeSchedule("exponential_decay", e) }

// Check tells what is wrong with the settings; nil if nothing is.
func (e ExponentialDecay) Check() error { return positive("decay_steps", e.DecaySteps) }

// InverseTimeDecay is InitialLearningRate / (1 + DecayRate*step/DecaySteps); in a staircase step/DecaySteps is rounded down.
type InverseTimeDecay struct {
	InitialLearningRate float64 `setting:"initial_learning_rate"`
	DecaySteps          int     `setting:"decay_steps"`
	DecayRate           float64 `setting:"decay_rate"`
	Staircase           bool    `setting:"staircase"`
}

func (InverseTimeDecay) defaults() Schedule { return InverseTimeDecay{} }

// Rate is the learning rate at a step, from 0.
func (i InverseTimeDecay) Rate(step int) float64 {
	return i.InitialLearningRate / (1 + float64(i.DecayRate*stairs(step, i.DecaySteps, i.Staircase)))
}

// String names the schedule and its settings.
func (i InverseTimeDecay) String() string { return describeSchedule("inverse_time_decay", i) }

// Check tells what is wrong with the settings; nil if nothing is.
func (i InverseTimeDecay) Check() error { return positive("decay_steps", i.DecaySteps) }

// PolynomialDecay is (InitialLearningRate-EndLearningRate) * (1-step/DecaySteps)^Power + EndLearningRate, and stays there
// after DecaySteps. With Cycle, DecaySteps is replaced by its first multiple that the step does not exceed.
type PolynomialDecay struct {
	InitialLearningRate float64 `setting:"initial_learning_rate"`
	DecaySteps          int     `setting:"decay_steps"`
	EndLearningRate     float64 `setting:"end_learning_rate"` // default 0.0001; Zero for 0
	Power               float64 `setting:"power"`             // default 1
	Cycle               bool    `setting:"cycle"`
}

var polynomialDefaults = PolynomialDecay{EndLearningRate: 0.0001, Power: 1}

func (PolynomialDecay) defaults() Schedule { return polynomialDefaults }

// Rate is the learning rate at a step, from 0.
func (p PolynomialDecay) Rate(step int) float64 {
	end, power := setting(p.EndLearningRate, polynomialDefaults.EndLearningRate), setting(p.Power, polynomialDefaults.Power)
	at, length := float64(step), float64(p.DecaySteps)
	if p.Cycle {
		length *= max(1, math.Ceil(at/length))
	}
	return float64((p.InitialLearningRate-end)*arithmetic.Pow(1-min(at, length)/length, power)) + end
}

// String names the schedule and its settings.
func (p PolynomialDecay) String() string { return describeSchedule("polynomial_decay", p) }

// Check tells what is wrong with the settings; nil if nothing is.
func (p PolynomialDecay) Check() error { return positive("decay_steps", p.DecaySteps) }

// PiecewiseConstantDecay is Values[i] up to and including step Boundaries[i], and the last value after the last boundary.
type PiecewiseConstantDecay struct {
	Boundaries []int     `setting:"boundaries"` // steps, rising
	Values     []float64 `setting:"values"`     // one more than boundaries
}

func (PiecewiseConstantDecay) defaults() Schedule { return PiecewiseConstantDecay{} }

// Rate is the learning rate at a step, from 0.
func (p PiecewiseConstantDecay) Rate(step int) float64 {
	i, _ := slices.BinarySearch(p.Boundaries, step)
	return p.Values[i]
}

// String names the schedule and its settings.
func (p PiecewiseConstantDecay) String() string {
	return describeSchedule("piecewise_constant_decay", p)
}

// Check tells what is wrong with the settings; nil if nothing is.
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

// StepDecay multiplies the learning rate by DecayRate after every DecaySteps steps. Keras has it as an [ExponentialDecay] in a staircase.
type StepDecay struct {
	InitialLearningRate float64 `setting:"initial_learning_rate"`
	DecaySteps          int     `setting:"decay_steps"`
	DecayRate           float64 `setting:"decay_rate"` // default 0.1
}

var stepDefaults = StepDecay{DecayRate: 0.1}

func (StepDecay) defaults() Schedule { return stepDefaults }

// Rate is the learning rate at a step, from 0.
func (s StepDecay) Rate(step int) float64 {
	return s.InitialLearningRate * arithmetic.Pow(setting(s.DecayRate, stepDefaults.DecayRate), float64(step/s.DecaySteps))
}

// String names the schedule and its settings.
func (s StepDecay) String() string { return describeSchedule("step_decay", s) }

// Exponential is the same schedule as Keras has it.
func (s StepDecay) Exponential() ExponentialDecay {
	return ExponentialDecay{s.InitialLearningRate, s.DecaySteps, setting(s.DecayRate, stepDefaults.DecayRate), true}
}

// Check tells what is wrong with the settings; nil if nothing is.
func (s StepDecay) Check() error { return positive("decay_steps", s.DecaySteps) }

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
