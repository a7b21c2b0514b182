package graph

import (
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Activate applies an activation function to each value; Keras calls the layer Activation. Reference:
// https://keras.io/api/layers/core_layers/activation/
type Activate struct{ Function Activation }

// Class is "Activation".
func (Activate) Class() string { return "Activation" }

// OutputShape is the input's; GLU halves its last axis. It fails for other than one input, and for functions of the last axis if there is none, or if
// it has an odd length for GLU.
func (l Activate) OutputShape(in []Shape) (Shape, error) {
	if _, rows := l.Function.rows(); rows {
		return oneWithAxes(in)
	}
	s, err := one(in, 0)
	if err != nil || l.Function != GLU {
		return s, err
	}
	return halved(s)
}

// Variables are none.
func (Activate) Variables([]Shape) []Declaration { return nil }

func (l Activate) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if l.Function == GLU {
		if b.precision == Float64 {
			return gated[float64](b, in[0])
		}
		return gated[float32](b, in[0])
	}
	if err := l.Function.Check(); err != nil {
		return nil, err
	}
	b.readLogits(b.fusion, in[0])
	if b.precision == Float64 {
		return applied[float64](b, l.Function, in[0])
	}
	return applied[float32](b, l.Function, in[0])
}

// LeakyRectifier is max(x, 0) + NegativeSlope*min(x, 0) (Maas et al. 2013); Keras calls the layer LeakyReLU. Reference:
// https://keras.io/api/layers/activation_layers/leaky_relu/
type LeakyRectifier struct {
	NegativeSlope float64 // default 0.3
}

// Class is "LeakyReLU".
func (LeakyRectifier) Class() string { return "LeakyReLU" }

// OutputShape is the input's. It fails for other than one input.
func (LeakyRectifier) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

// Variables are none.
func (LeakyRectifier) Variables([]Shape) []Declaration { return nil }

func (l LeakyRectifier) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	slope := l.NegativeSlope
	if slope == 0 {
		slope = 0.3
	}
	return activate(b, "leaky_relu", kernel.Activation{Function: kernel.LeakyReLU, Slope: slope}, in[0])
}

func activate(b *builder, label string, act kernel.Activation, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return elementwise[float64](b, label, act, x)
	}
	return elementwise[float32](b, label, act, x)
}
