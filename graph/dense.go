package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Dense is a fully connected layer: activation(x kernel + bias).
//
// Input {length}, output {Units}; kernel [length, Units]. Reference: https://keras.io/api/layers/core_layers/dense/
type Dense struct {
	Units      int
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros
}

// Class is "Dense".
func (Dense) Class() string { return "Dense" }

// OutputShape is {Units}.
func (l Dense) OutputShape(in []Shape) (Shape, error) {
	if _, err := one(in, 1); err != nil {
		return nil, err
	}
	if l.Units < 1 {
		return nil, errors.Errorf("needs at least one unit, not %d", l.Units)
	}
	return Shape{l.Units}, nil
}

// Variables are kernel and bias.
func (l Dense) Variables(in []Shape) []Declaration {
	return kernelAndBias(Shape{in[0][0], l.Units}, l.Units, l.NoBias, l.KernelInit, l.BiasInit)
}

func (l Dense) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return dense[float64](b, layer, l, in[0])
	}
	return dense[float32](b, layer, l, in[0])
}

func dense[T kernel.Float](b *builder, layer string, l Dense, x *gorgonia.Node) (*gorgonia.Node, error) {
	act, err := l.Activation.kernel()
	if err != nil {
		return nil, err
	}
	length := x.Shape()[1]
	return weighted[T](b, "dense", layer, kernel.NewDense[T](length, l.Units, act), length, Shape{l.Units}, l.Activation, x, !l.NoBias)
}
