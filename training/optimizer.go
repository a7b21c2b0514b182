package training

import (
	"fmt"
	"math"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Optimizer is the settings of an optimizer. Formulas and defaults are Keras 3's.
//
// A setting of 0 means its default. Where 0 itself is meant and is not the default, as in RMSprop without memory, say
// [Zero]: RMSprop{Rho: Zero}.
type Optimizer interface {
	// String names the optimizer and all settings that its steps depend on.
	String() string
	// Check tells what is wrong with the settings.
	Check() error
	// rate is the learning rate where there is no schedule.
	rate() float64
	// with is the optimizer with another rate and other shared settings.
	with(rate float64, base Base) Optimizer
	// shared is the shared settings as they were given.
	shared() Base
	// base is the settings that all optimizers share, with defaults filled in.
	base() Base
	// start prepares the state for the variables that are trained.
	start(variables []*graph.Variable) rule
}

// WithLearningRate is the optimizer with another learning rate, which takes the place of a schedule, too.
func WithLearningRate(o Optimizer, rate float64) Optimizer {
	base := o.shared()
	base.Schedule = nil
	return o.with(rate, base)
}

// LearningRate is the learning rate, or what it would be without a schedule.
func LearningRate(o Optimizer) float64 { return o.rate() }

// Shared is the settings that all optimizers have, as they were given.
func Shared(o Optimizer) Base { return o.shared() }

// WithShared is the optimizer with other shared settings.
func WithShared(o Optimizer, base Base) Optimizer { return o.with(Exactly(o.rate()), base) }

// HasSchedule tells whether a schedule sets the optimizer's learning rate.
func HasSchedule(o Optimizer) bool { return o.base().Schedule != nil }

// Zero stands for 0 in a setting whose value 0 means its default.
const Zero = math.SmallestNonzeroFloat64

// Exactly is x as a setting that has a default: [Zero] for 0, so that it does not mean the default.
func Exactly(x float64) float64 {
	if x == 0 {
		return Zero
	}
	return x
}

// setting resolves a setting that has a default.
func setting(x, def float64) float64 {
	switch x {
	case 0:
		return def
	case Zero:
		return 0
	}
	return x
}

// Base is the settings that all optimizers share.
type Base struct {
	Schedule Schedule // the learning rate at each step, in place of LearningRate; default none

	// WeightDecay takes learning rate * WeightDecay * value off every trainable value before each step, apart from the
	// gradient (Loshchilov and Hutter 2019). Default 0, for AdamW 0.004.
	WeightDecay float64

	// At most one of these limits the gradient; default none.
	ClipNorm       float64 // L2 norm of each variable's gradient
	GlobalClipNorm float64 // L2 norm of all variables' gradients together
	ClipValue      float64 // absolute value of each element
}

func (b Base) shared() Base { return b }

// resolved has each setting's value, given the default of the weight decay.
func (b Base) resolved(weightDecay float64) Base {
	b.WeightDecay = setting(b.WeightDecay, weightDecay)
	b.ClipNorm, b.GlobalClipNorm, b.ClipValue = setting(b.ClipNorm, 0), setting(b.GlobalClipNorm, 0), setting(b.ClipValue, 0)
	return b
}

func (b Base) check(rate float64) error {
	limits := 0
	for _, limit := range []float64{b.ClipNorm, b.GlobalClipNorm, b.ClipValue} {
		if limit > 0 {
			limits++
		}
	}
	switch {
	case limits > 1:
		return errors.Errorf("clip by one of norm (%g), global norm (%g) and value (%g), not by several", b.ClipNorm, b.GlobalClipNorm, b.ClipValue)
	case b.Schedule != nil:
		return errors.WithMessage(b.Schedule.Check(), "learning-rate schedule")
	case math.IsNaN(rate) || math.IsInf(rate, 0):
		return errors.Errorf("learning rate %g is no number", rate)
	}
	return nil
}

// describe writes an optimizer's name and settings; those that change nothing are left out.
func (b Base) describe(name string, rate float64, format string, settings ...any) string {
	var s strings.Builder
	if b.Schedule != nil {
		fmt.Fprintf(&s, "%s(learning_rate=%v, ", name, b.Schedule)
	} else {
		fmt.Fprintf(&s, "%s(learning_rate=%g, ", name, rate)
	}
	fmt.Fprintf(&s, format, settings...)
	for _, extra := range []struct {
		name  string
		value float64
	}{{"weight_decay", b.WeightDecay}, {"clipnorm", b.ClipNorm}, {"global_clipnorm", b.GlobalClipNorm}, {"clipvalue", b.ClipValue}} {
		if extra.value != 0 {
			fmt.Fprintf(&s, ", %s=%g", extra.name, extra.value)
		}
	}
	return s.String() + ")"
}

// rule is an optimizer's formula at work on a model's variables.
type rule interface {
	// begin prepares step t (1, 2, ...) at a learning rate.
	begin(t int, rate float64)
	// update changes w, a run of the i-th variable's values that starts at from, by its gradient g, which stays as it is. Runs of one step
	// are updated at the same time.
	update(i, from int, w, g []float32) graph.UpdateSums
	// slots is the state, in the order in which Keras keeps it.
	slots() []Slot
}

// The updates that are written here round each product before it is added, by a conversion, so that no compiler fuses the
// two and every machine gets the same bits.

// addSquares takes one element into the sums.
func addSquares(s *graph.UpdateSums, g, before, after float32) {
	step := float64(after - before)
	s.Gradient += float64(g) * float64(g)
	s.Weight += float64(before) * float64(before)
	s.Step += step * step
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
