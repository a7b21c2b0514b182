package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Dense is a fully connected layer: activation(x kernel + bias).
//
// Input {..., length}, output {..., Units}; kernel [length, Units]. It acts on the last axis: a Dense after an image does not
// mix its pixels. Reference: https://keras.io/api/layers/core_layers/dense/
type Dense struct {
	Units      int
	Activation Activation
	NoBias     bool
	KernelInit Initializer // default Glorot uniform
	BiasInit   Initializer // default zeros

	KernelRegularizer   Regularizer `json:",omitzero"`
	BiasRegularizer     Regularizer `json:",omitzero"`
	ActivityRegularizer Regularizer `json:",omitzero"`
}

// Class is "Dense".
func (Dense) Class() string { return "Dense" }

// OutputShape is the input's with Units as its last axis. It fails for other than one input, for one without axes, and for Units below 1.
func (l Dense) OutputShape(in []Shape) (Shape, error) {
	s, err := oneWithAxes(in)
	if err != nil {
		return nil, err
	}
	if l.Units < 1 {
		return nil, errors.Errorf("needs at least one unit, not %d", l.Units)
	}
	return append(append(Shape{}, s[:len(s)-1]...), l.Units), nil
}

// Variables are kernel and bias.
func (l Dense) Variables(in []Shape) []Declaration {
	length := in[0][len(in[0])-1]
	return kernelAndBias(Shape{length, l.Units}, l.Units, l.NoBias, l.KernelInit, l.BiasInit, l.KernelRegularizer, l.BiasRegularizer)
}

func (l Dense) ending() (Activation, Regularizer) { return l.Activation, l.ActivityRegularizer }

func (l Dense) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return dense[float64](b, layer, l, in[0])
	}
	return dense[float32](b, layer, l, in[0])
}

func dense[T kernel.Float](b *builder, layer string, l Dense, x *gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes([]*gorgonia.Node{x}))
	if err != nil {
		return nil, err
	}
	length := x.Shape()[x.Dims()-1]
	return weighting[T]{
		label:   "dense",
		product: func(act kernel.Activation) product[T] { return kernel.NewDense[T](length, l.Units, act) },
		perRow:  length, out: out, withBias: !l.NoBias, of: l, fusion: b.fusion,
	}.add(b, layer, x)
}
