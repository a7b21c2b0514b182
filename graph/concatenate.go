package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Concatenate puts its inputs side by side along an axis; their other axes must be equal. Reference:
// https://keras.io/api/layers/merging_layers/concatenate/
type Concatenate struct {
	Axis int // counted from 1 (the batch is 0), or from the end: -1 is the last; default the last
}

// Class is "Concatenate".
func (Concatenate) Class() string { return "Concatenate" }

// OutputShape is the inputs' with the lengths along the axis added. It fails without inputs, for an axis that they have not, and if they
// differ in another.
func (l Concatenate) OutputShape(in []Shape) (Shape, error) {
	if len(in) == 0 {
		return nil, errors.New("takes at least one input")
	}
	axis, err := l.axis(len(in[0]))
	if err != nil {
		return nil, err
	}
	out := slices.Clone(in[0])
	for _, s := range in[1:] {
		for a := range out {
			if len(s) != len(out) || a != axis && s[a] != out[a] {
				return nil, errors.Errorf("inputs of shapes %v differ in another axis than %d (crop, pad or resize one of them)", in, axis+1)
			}
		}
		out[axis] += s[axis]
	}
	return out, nil
}

// axis is counted from 0, without the batch.
func (l Concatenate) axis(axes int) (int, error) {
	if l.Axis == 0 {
		return axisOf(-1, axes)
	}
	return axisOf(l.Axis, axes)
}

// Variables are none.
func (Concatenate) Variables([]Shape) []Declaration { return nil }

func (l Concatenate) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return concatenated[float64](b, l, in)
	}
	return concatenated[float32](b, l, in)
}

func concatenated[T kernel.Float](b *builder, l Concatenate, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	axis, err := l.axis(len(out))
	if err != nil {
		return nil, err
	}
	// an image is a number of rows, each of which holds a strip of every input
	rows, width := out[:axis].Size(), out[axis:].Size()
	starts, lengths := make([]int, len(in)), make([]int, len(in))
	at := 0
	for i, s := range itemShapes(in) {
		starts[i], lengths[i] = at, s[axis:].Size()
		at += lengths[i]
	}
	forward := &op{label: "concatenate", batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		for i, x := range in {
			kernel.CopyStrips(b.pool, x.Shape()[0]*rows, lengths[i], data[T](y), starts[i], width, data[T](x), 0, lengths[i])
		}
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, len(in))
		for i, x := range in {
			if !forward.differentiable[i] {
				continue
			}
			backward := &op{label: "gradient of concatenate", batched: true, item: Shape(x.Shape()[1:])}
			backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
				kernel.CopyStrips(b.pool, in[0].Shape()[0]*rows, lengths[i], data[T](dx), 0, lengths[i], data[T](in[0]), starts[i], width)
				return nil
			}
			var err error
			if grads[i], err = b.add(backward, grad); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.add(forward, in...)
}
