package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// ParametricRectifier is max(x, 0) + alpha*min(x, 0) with a learned alpha (He et al. 2015, eq. 1); Keras calls the layer PReLU.
//
// alpha has the input's shape, with 1 for the shared axes. Reference: https://keras.io/api/layers/activation_layers/prelu/
type ParametricRectifier struct {
	SharedAxes       []int       // axes along which all values have one alpha, counted from 1: {1, 2} shares it over an image's pixels
	AlphaInit        Initializer // default zeros
	AlphaRegularizer Regularizer `json:",omitzero"`
}

// Class is "PReLU".
func (ParametricRectifier) Class() string { return "PReLU" }

// OutputShape is the input's. It fails for other than one input, and for shared axes that it has not.
func (l ParametricRectifier) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	for _, a := range l.SharedAxes {
		if a < 1 || a > len(s) {
			return nil, errors.Errorf("shared axis %d is none of an input of %v, whose axes count from 1", a, s)
		}
	}
	return s, nil
}

// Variables are alpha.
func (l ParametricRectifier) Variables(in []Shape) []Declaration {
	init := l.AlphaInit
	if init == nil {
		init = Zeros{}
	}
	return []Declaration{{Name: "alpha", Shape: l.alphas(in[0]), Init: init, Trainable: true, Regularizer: l.AlphaRegularizer}}
}

func (l ParametricRectifier) alphas(item Shape) Shape {
	out := slices.Clone(item)
	for _, a := range l.SharedAxes {
		out[a-1] = 1
	}
	return out
}

func (l ParametricRectifier) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return parametric[float64](b, layer, l, in[0])
	}
	return parametric[float32](b, layer, l, in[0])
}

func parametric[T kernel.Float](b *builder, layer string, l ParametricRectifier, x *gorgonia.Node) (*gorgonia.Node, error) {
	alpha, err := b.variable(layer, "alpha")
	if err != nil {
		return nil, err
	}
	item := Shape(x.Shape()[1:])
	shape := l.alphas(item)
	k := kernel.NewPReLU[T](broadcastIndices(shape, item), shape.Size())
	forward := &op{label: "prelu", batched: true, item: item}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		k.Forward(b.pool, in[0].Shape()[0], data[T](y), data[T](in[0]), data[T](in[1]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		wantInput, dalpha := forward.differentiable[0], newDense(b.precision, shape)
		backward := &op{label: "gradient of prelu", batched: true}
		if wantInput {
			backward.item = item
		}
		backward.run = func(in []gorgonia.Value, out gorgonia.Value) error {
			var dx []T
			if wantInput {
				dx = data[T](out)
			}
			k.Backward(b.pool, in[0].Shape()[0], dx, data[T](dalpha), data[T](in[0]), data[T](in[1]), data[T](in[2]))
			return nil
		}
		core, err := b.add(backward, in[0], in[1], grad)
		if err != nil {
			return nil, err
		}
		grads := make(gorgonia.Nodes, 2)
		if wantInput {
			grads[0] = core
		}
		grads[1], err = b.pick("alpha", core, dalpha)
		return grads, err
	}
	return b.add(forward, x, alpha)
}

// broadcastIndices says for each value of a tensor of shape to which value of one of shape from it is, where from has as many
// axes, of equal length or 1.
func broadcastIndices(from, to Shape) []int32 {
	at := make([]int32, to.Size())
	for i := range at {
		rest, step, index := i, 1, 0
		for a := len(to) - 1; a >= 0; a-- {
			if from[a] > 1 {
				index += rest % to[a] * step
			}
			rest /= to[a]
			step *= from[a]
		}
		at[i] = int32(index)
	}
	return at
}
