package graph

import (
	"github.com/pkg/errors"

	"dcae/graph/internal/kernel"
)

// Activation names an activation function as Keras does; the zero value is linear.
type Activation string

// The activation functions. LeakyReLU as a string has Keras' slope of 0.2; the layer [LeakyReLU] sets its own.
const (
	Linear    Activation = "linear"
	Sigmoid   Activation = "sigmoid"
	Tanh      Activation = "tanh"
	ReLU      Activation = "relu"
	LeakyReLU Activation = "leaky_relu"
)

func (a Activation) kernel() (kernel.Activation, error) {
	switch a {
	case "", Linear:
		return kernel.Activation{}, nil
	case Sigmoid:
		return kernel.Activation{Function: kernel.Sigmoid}, nil
	case Tanh:
		return kernel.Activation{Function: kernel.Tanh}, nil
	case ReLU:
		return kernel.Activation{Function: kernel.ReLU}, nil
	case LeakyReLU:
		return kernel.Activation{Function: kernel.LeakyReLU, Slope: 0.2}, nil
	}
	return kernel.Activation{}, errors.Errorf("unknown activation %q (there are linear, sigmoid, tanh, relu, leaky_relu)", a)
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
