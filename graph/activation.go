package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Activation names an activation function as Keras does; the zero value is linear.
type Activation string

// The activation functions, with Keras' defaults: LeakyReLU has a slope of 0.2, ELU and CELU an alpha of 1, GELU is exact,
// the shrinking ones cut at 0.5. Softmax, LogSoftmax and Sparsemax work on the last axis. The layers [LeakyRectifier],
// [Rectifier], [ExponentialLinear] and [ParametricRectifier] have settings of their own.
const (
	Linear        Activation = "linear"
	Sigmoid       Activation = "sigmoid"
	Tanh          Activation = "tanh"
	ReLU          Activation = "relu"
	LeakyReLU     Activation = "leaky_relu"
	ReLU6         Activation = "relu6"
	ELU           Activation = "elu"
	SELU          Activation = "selu"
	CELU          Activation = "celu"
	GELU          Activation = "gelu"
	SiLU          Activation = "silu"
	Swish         Activation = "swish" // SiLU
	HardSiLU      Activation = "hard_silu"
	HardSwish     Activation = "hard_swish" // HardSiLU
	Mish          Activation = "mish"
	Softplus      Activation = "softplus"
	Softsign      Activation = "softsign"
	Squareplus    Activation = "squareplus"
	SparsePlus    Activation = "sparse_plus"
	Exponential   Activation = "exponential"
	HardSigmoid   Activation = "hard_sigmoid"
	SparseSigmoid Activation = "sparse_sigmoid"
	LogSigmoid    Activation = "log_sigmoid"
	HardTanh      Activation = "hard_tanh"
	HardShrink    Activation = "hard_shrink"
	SoftShrink    Activation = "soft_shrink"
	TanhShrink    Activation = "tanh_shrink"
	Softmax       Activation = "softmax"
	LogSoftmax    Activation = "log_softmax"
	Sparsemax     Activation = "sparsemax"
	GLU           Activation = "glu" // a*sigmoid(b) of the last axis' halves a and b; only in a layer of its own, [Activate]
)

// Check tells why there is no such activation; nil if there is.
func (a Activation) Check() error {
	if _, ok := a.fused(); ok {
		return nil
	}
	if _, ok := a.curve(); ok {
		return nil
	}
	if _, ok := a.rows(); ok {
		return nil
	}
	switch a {
	case GLU:
		return errors.New("activation glu halves the last axis: give it to a layer of its own, Activation")
	case "threshold":
		return errors.New("activation threshold has settings without defaults, so that Keras cannot call it by its name: use a ReLU layer, which has a threshold, too")
	}
	return errors.Errorf("unknown activation %q (Keras' names are known: relu, elu, gelu, sigmoid ...)", a)
}

// fused is the function as products compute it at their end; ok is false for one that is an op of its own.
func (a Activation) fused() (f kernel.Activation, ok bool) {
	switch a {
	case "", Linear:
		return kernel.Activation{}, true
	case Sigmoid:
		return kernel.Activation{Function: kernel.Sigmoid}, true
	case Tanh:
		return kernel.Activation{Function: kernel.Tanh}, true
	case ReLU:
		return kernel.Activation{Function: kernel.ReLU}, true
	case LeakyReLU:
		return kernel.Activation{Function: kernel.LeakyReLU, Slope: 0.2}, true
	}
	return f, false
}

// curve is the function of one value.
func (a Activation) curve() (f kernel.Curve, ok bool) {
	switch a {
	case ReLU6:
		return kernel.ReLU6(), true
	case ELU:
		return kernel.ELU(1), true
	case SELU:
		return kernel.SELU(), true
	case CELU:
		return kernel.CELU(), true
	case GELU:
		return kernel.GELU(), true
	case SiLU, Swish:
		return kernel.SiLU(), true
	case HardSiLU, HardSwish:
		return kernel.HardSiLU(), true
	case Mish:
		return kernel.Mish(), true
	case Softplus:
		return kernel.Softplus(), true
	case Softsign:
		return kernel.Softsign(), true
	case Squareplus:
		return kernel.Squareplus(), true
	case SparsePlus:
		return kernel.SparsePlus(), true
	case Exponential:
		return kernel.Exponential(), true
	case HardSigmoid:
		return kernel.HardSigmoid(), true
	case SparseSigmoid:
		return kernel.SparseSigmoid(), true
	case LogSigmoid:
		return kernel.LogSigmoid(), true
	case HardTanh:
		return kernel.HardTanh(), true
	case HardShrink:
		return kernel.HardShrink(0.5), true
	case SoftShrink:
		return kernel.SoftShrink(0.5), true
	case TanhShrink:
		return kernel.TanhShrink(), true
	}
	return f, false
}

// rows is the function of a row of values.
func (a Activation) rows() (f kernel.RowFunction, ok bool) {
	switch a {
	case Softmax:
		return kernel.Softmax, true
	case LogSoftmax:
		return kernel.LogSoftmax, true
	case Sparsemax:
		return kernel.Sparsemax, true
	}
	return f, false
}

// split divides an activation into what a product computes at its end and what follows as an op of its own.
func (a Activation) split() (fused, after Activation) {
	if _, ok := a.fused(); ok {
		return a, Linear
	}
	return Linear, a
}

// suffix is how a fused activation shows in an op's name.
func (a Activation) suffix() string {
	if a == "" || a == Linear {
		return ""
	}
	return "+" + string(a)
}

// limits are the values between which the function saturates; ok is false for one that does not.
func (a Activation) limits() (low, high float64, ok bool) {
	switch a {
	case Sigmoid:
		return 0, 1, true
	case Tanh:
		return -1, 1, true
	}
	return 0, 0, false
}

// applied adds the activation as an op of its own.
func applied[T kernel.Float](b *builder, a Activation, x *gorgonia.Node) (*gorgonia.Node, error) {
	if f, ok := a.fused(); ok {
		return elementwise[T](b, string(a), f, x)
	}
	if f, ok := a.curve(); ok {
		return curved[T](b, string(a), f, x)
	}
	if f, ok := a.rows(); ok {
		return rowwise[T](b, string(a), f, x)
	}
	return nil, a.Check()
}
