package graph

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Function names a function of one value, z in the formulas.
type Function string

// The functions. What stands behind a formula are the settings, in the order of [Elementwise.Settings], with their defaults where they have
// any.
const (
	Exp        Function = "exp"
	Expm1      Function = "expm1" // e^z - 1
	Log        Function = "log"
	Log1p      Function = "log1p" // log(1+z)
	Log2       Function = "log2"
	Log10      Function = "log10"
	Sqrt       Function = "sqrt"
	Rsqrt      Function = "rsqrt" // 1/sqrt(z)
	Abs        Function = "abs"
	Neg        Function = "neg"
	Reciprocal Function = "reciprocal"
	Squared    Function = "square"
	Pow        Function = "pow" // z^a: a
	Sin        Function = "sin"
	Cos        Function = "cos"
	Sinh       Function = "sinh"
	Cosh       Function = "cosh"
	Erf        Function = "erf"
	Sign       Function = "sign"
	Floor      Function = "floor"
	Ceil       Function = "ceil"
	Round      Function = "round" // to even at a half
	Trunc      Function = "trunc"
	Clamp      Function = "clamp"     // min(max(z, a), b): a, b
	ClampMin   Function = "clamp_min" // max(z, a): a
	ClampMax   Function = "clamp_max" // min(z, a): a

	// Comparisons with a number are 1 where they hold, else 0.
	Greater      Function = "greater"       // z > a: a
	GreaterEqual Function = "greater_equal" // z >= a: a
	Less         Function = "less"          // z < a: a
	LessEqual    Function = "less_equal"    // z <= a: a
	Equal        Function = "equal"         // z == a: a
	NotEqual     Function = "not_equal"     // z != a: a

	// Activation functions with settings, or with another derivative at a kink than Keras' has.
	HardTanhOf   Function = "hardtanh"   // min(max(z, a), b): a (-1), b (1)
	CELUOf       Function = "celu"       // max(z, 0) + min(a*(e^(z/a)-1), 0): a (1)
	SELUOf       Function = "selu"       // SELU, whose derivative at 0 is that from below
	SoftplusOf   Function = "softplus"   // log(1+e^(a*z))/a, but z where a*z > b: a (1), b (20)
	HardShrinkOf Function = "hardshrink" // z, but 0 from -a to a: a (0.5)
	SoftShrinkOf Function = "softshrink" // z less a in magnitude, or 0: a (0.5)
	Threshold    Function = "threshold"  // z where z > a, else b: a, b
	GELUTanh     Function = "gelu_tanh"  // GELU by tanh
)

// Elementwise applies a function to each value. Where a function has a kink, its derivative is PyTorch's. It fails if there is no such
// function, or if settings are missing or too many. Reference: https://pytorch.org/docs/stable/torch.html#pointwise-ops
type Elementwise struct {
	Function Function
	Settings []float64 `json:",omitempty"` // of the function; default those that it has
}

// Class is "Elementwise".
func (Elementwise) Class() string { return "Elementwise" }

// OutputShape is the input's.
func (l Elementwise) OutputShape(in []Shape) (Shape, error) {
	if _, _, err := l.function(); err != nil {
		return nil, err
	}
	return one(in, 0)
}

// Variables are none.
func (Elementwise) Variables([]Shape) []Declaration { return nil }

func (l Elementwise) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	f, settings, err := l.function()
	if err != nil {
		return nil, err
	}
	return curve(b, string(l.Function), f.curve(settings), in[0])
}

// Activation is the activation function that the function resembles most; ok is false for one of arithmetic.
func (l Elementwise) Activation() (a Activation, ok bool) {
	a = functions[l.Function].like
	return a, a != ""
}

// Range is what the function gives for values from low to high; both may be infinite.
func (l Elementwise) Range(low, high float64) (least, most float64) {
	f, settings, err := l.function()
	if err != nil {
		return math.Inf(-1), math.Inf(1)
	}
	value := f.curve(settings).Value
	a, b := value(low), value(high)
	if low <= 0 && high >= 0 && f.shape == even {
		zero := value(0)
		return min(a, b, zero), max(a, b, zero)
	}
	if f.shape == anywhere || f.shape == positive && low < 0 || a != a || b != b {
		return f.least, f.most
	}
	return min(a, b), max(a, b)
}

// course is how a function goes over all numbers.
type course uint8

const (
	monotone course = iota // it only rises, or only falls
	even                   // it is monotone on either side of 0
	positive               // it is monotone from 0 on; with negative numbers it lies between the least and the most that it can be
	anywhere               // it lies between these
)

// function is what is known of one.
type function struct {
	curve       func(settings []float64) kernel.Curve
	defaults    []float64 // NaN for a setting that has none
	shape       course
	least, most float64
	like        Activation // of an activation function
}

// function finds the function and its settings.
func (l Elementwise) function() (f function, settings []float64, err error) {
	f, ok := functions[l.Function]
	if !ok {
		return f, nil, errors.Errorf("unknown function %q", l.Function)
	}
	if len(l.Settings) > len(f.defaults) {
		return f, nil, errors.Errorf("function %s has %d settings, not %d", l.Function, len(f.defaults), len(l.Settings))
	}
	settings = append(slices.Clone(l.Settings), f.defaults[len(l.Settings):]...)
	for _, s := range settings {
		if s != s {
			return f, nil, errors.Errorf("function %s needs %d settings, not %v", l.Function, len(f.defaults), l.Settings)
		}
	}
	return f, settings, nil
}
