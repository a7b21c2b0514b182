package training

import (
	"math"
	"reflect"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training/settings"
)

// Optimizer is the settings of an optimizer. Formulas and defaults are Keras 3's, or PyTorch's of those that begin with Torch.
//
// A setting of 0 means its default. Where 0 itself is meant and is not the default, as in RMSprop without memory, say
// [Zero]: RMSprop{Rho: Zero}. Settings are known by the names in their fields' tags, see package settings.
type Optimizer interface {
	// String names the optimizer and all settings that its steps depend on.
	String() string
	// Check tells what is wrong with the settings.
	Check() error
	// defaults is an optimizer of the same kind with all defaults that are not 0.
	defaults() Optimizer
	// shared is the shared settings as they were given.
	shared() Base
	// start prepares the state for the variables that are trained.
	start(variables []*graph.Variable) rule
}

// Settings lists an optimizer's settings with their values. Where a schedule sets the learning rate, it is the value of learning_rate.
func Settings(o Optimizer) []settings.Setting {
	all := settings.Of(o, o.defaults())
	if s := o.shared().Schedule; s != nil {
		all[0].Value, all[0].IsDefault = s, false
	}
	return all
}

// WithSetting is the optimizer with another value of one setting, by name; nil stands for none. It fails where the optimizer has no such setting.
// A learning rate takes the place of a schedule.
func WithSetting(o Optimizer, name string, value any) (Optimizer, error) {
	changed, err := settings.Set(o, o.defaults(), name, value)
	if err != nil || name != rateSetting {
		return changed, err
	}
	base := o.shared()
	base.Schedule = nil
	return withBase(changed, base), nil
}

// WithLearningRate is the optimizer with another learning rate, which takes the place of a schedule, too.
func WithLearningRate(o Optimizer, rate float64) Optimizer {
	changed, err := WithSetting(o, rateSetting, rate)
	if err != nil {
		panic(err) // all optimizers have a learning rate
	}
	return changed
}

// LearningRate is the learning rate, or what it would be without a schedule.
func LearningRate(o Optimizer) float64 { return settings.Of(o, o.defaults())[0].Value.(float64) }

// Shared is the settings that all optimizers have, as they were given.
func Shared(o Optimizer) Base { return o.shared() }

// WithShared is the optimizer with other shared settings.
func WithShared(o Optimizer, base Base) Optimizer { return withBase(o, base) }

// HasSchedule tells whether a schedule sets the optimizer's learning rate.
func HasSchedule(o Optimizer) bool { return o.shared().Schedule != nil }

// rateSetting is the first setting of all optimizers.
const rateSetting = "learning_rate"

// Zero stands for 0 in a setting whose value 0 means its default.
const Zero = settings.Zero

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

// resolved is an optimizer with all defaults filled in.
func resolved[O Optimizer](o O) O { return settings.Resolved(o, o.defaults().(O)) }

// Base is the settings that all optimizers share.
type Base struct {
	Schedule Schedule // the learning rate at each step, in place of LearningRate; default none

	// WeightDecay takes learning rate * WeightDecay * value off every trainable value before each step, apart from the
	// gradient (Loshchilov and Hutter 2019); most of PyTorch's optimizers add WeightDecay * value to the gradient. Default 0, for AdamW 0.004.
	WeightDecay float64 `setting:"weight_decay,optional,quiet"`

	// At most one of these limits the gradient; default none.
	ClipNorm       float64 `setting:"clipnorm,optional,quiet"`        // L2 norm of each variable's gradient
	GlobalClipNorm float64 `setting:"global_clipnorm,optional,quiet"` // L2 norm of all variables' gradients together
	ClipValue      float64 `setting:"clipvalue,optional,quiet"`       // absolute value of each element

	Groups []Group // variables with a rate and weight decay of their own; default none
}

func (b Base) shared() Base { return b }

// withBase is an optimizer with other shared settings; all embed a Base.
func withBase(o Optimizer, base Base) Optimizer {
	to := reflect.New(reflect.TypeOf(o)).Elem()
	to.Set(reflect.ValueOf(o))
	to.FieldByName("Base").Set(reflect.ValueOf(base))
	return to.Interface().(Optimizer)
}

// checkShared tells what is wrong with the learning rate and the shared settings.
func checkShared(name string, o Optimizer) error {
	b, rate, limits := o.shared(), LearningRate(o), 0
	for _, limit := range []float64{b.ClipNorm, b.GlobalClipNorm, b.ClipValue} {
		if limit > Zero {
			limits++
		}
	}
	switch {
	case limits > 1:
		return errors.Errorf("%s: clip by one of norm (%g), global norm (%g) and value (%g), not by several", name, b.ClipNorm, b.GlobalClipNorm, b.ClipValue)
	case b.Schedule != nil:
		return errors.WithMessagef(b.Schedule.Check(), "%s: learning-rate schedule", name)
	case math.IsNaN(rate) || math.IsInf(rate, 0):
		return errors.Errorf("%s: learning rate %g is no number", name, rate)
	}
	return nil
}

func describe(name string, o Optimizer) string {
	out := settings.Describe(name, Settings(o))
	for _, g := range o.shared().Groups {
		out += " " + g.String()
	}
	return out
}

// StateValues is how many values of state an optimizer keeps for each variable.
func StateValues(o Optimizer) int {
	values := 0
	for _, s := range o.start([]*graph.Variable{{Shape: graph.Shape{1}}}).slots() {
		values += len(s.Values)
	}
	return values
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
	s.Gradient += float64(float64(g) * float64(g))
	s.Weight += float64(float64(before) * float64(before))
	s.Step += float64(step * step)
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func abs(x float32) float32 { return float32(math.Abs(float64(x))) }
