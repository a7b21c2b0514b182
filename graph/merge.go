package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Layers that make one output of several inputs, value by value. Inputs may differ in shape where one has length 1, or
// fewer axes: it is repeated. Reference: https://keras.io/api/layers/merging_layers/

// Add is the sum of its inputs.
type Add struct{}

// Subtract is the first input less the second.
type Subtract struct{}

// Multiply is the product of its inputs.
type Multiply struct{}

// Average is the mean of its inputs.
type Average struct{}

// Maximum is the largest of its inputs; of equal ones the first passes the gradient on.
type Maximum struct{}

// Minimum is the smallest of its inputs; of equal ones the first passes the gradient on.
type Minimum struct{}

// Class is "Add".
func (Add) Class() string { return "Add" }

// Class is "Subtract".
func (Subtract) Class() string { return "Subtract" }

// Class is "Multiply".
func (Multiply) Class() string { return "Multiply" }

// Class is "Average".
func (Average) Class() string { return "Average" }

// Class is "Maximum".
func (Maximum) Class() string { return "Maximum" }

// Class is "Minimum".
func (Minimum) Class() string { return "Minimum" }

// OutputShape is the inputs' common shape. It fails without inputs, and where an axis is neither equal nor 1.
func (Add) OutputShape(in []Shape) (Shape, error) { return commonShape(in) }

// OutputShape is the inputs' common shape. It fails for other than two inputs, and where an axis is neither equal nor 1.
func (Subtract) OutputShape(in []Shape) (Shape, error) {
	if len(in) != 2 {
		return nil, errors.Errorf("takes two inputs, not %d", len(in))
	}
	return commonShape(in)
}

// OutputShape is the inputs' common shape. It fails without inputs, and where an axis is neither equal nor 1.
func (Multiply) OutputShape(in []Shape) (Shape, error) { return commonShape(in) }

// OutputShape is the inputs' common shape. It fails without inputs, and where an axis is neither equal nor 1.
func (Average) OutputShape(in []Shape) (Shape, error) { return commonShape(in) }

// OutputShape is the inputs' common shape. It fails without inputs, and where an axis is neither equal nor 1.
func (Maximum) OutputShape(in []Shape) (Shape, error) { return commonShape(in) }

// OutputShape is the inputs' common shape. It fails without inputs, and where an axis is neither equal nor 1.
func (Minimum) OutputShape(in []Shape) (Shape, error) { return commonShape(in) }

// Variables are none.
func (Add) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Subtract) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Multiply) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Average) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Maximum) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Minimum) Variables([]Shape) []Declaration { return nil }

func (Add) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "add", kernel.Sum, in)
}

func (Subtract) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "subtract", kernel.Difference, in)
}

func (Multiply) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "multiply", kernel.Product, in)
}

func (Average) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "average", kernel.Mean, in)
}

func (Maximum) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "maximum", kernel.Largest, in)
}

func (Minimum) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return merge(b, "minimum", kernel.Smallest, in)
}

// commonShape is the shape that all inputs can be repeated to.
func commonShape(in []Shape) (Shape, error) {
	if len(in) == 0 {
		return nil, errors.New("takes at least one input")
	}
	axes := 0
	for _, s := range in {
		axes = max(axes, len(s))
	}
	out := withAxes(nil, axes)
	for _, s := range in {
		for a, d := range withAxes(s, axes) {
			if out[a] != d && out[a] != 1 && d != 1 {
				return nil, errors.Errorf("inputs of shapes %v do not fit together: each axis must be equal or 1 (crop, pad or resize one of them)", in)
			}
			out[a] = max(out[a], d)
		}
	}
	return out, nil
}

// withAxes puts axes of length 1 in front until there are so many.
func withAxes(s Shape, axes int) Shape {
	out := slices.Repeat(Shape{1}, axes)
	copy(out[axes-len(s):], s)
	return out
}

func merge(b *builder, label string, how kernel.Merging, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return merged[float64](b, label, how, in)
	}
	return merged[float32](b, label, how, in)
}

func merged[T kernel.Float](b *builder, label string, how kernel.Merging, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := commonShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	terms := make([]*gorgonia.Node, len(in))
	for i, x := range in {
		if terms[i], err = broadcasted[T](b, out, x); err != nil {
			return nil, err
		}
	}
	views := b.fusion.viewGradient
	forward := &op{label: label, batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		kernel.Merge(b.pool, how, data[T](y), slicesOf[T](in))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, len(in))
		for i := range in {
			if !forward.differentiable[i] {
				continue
			}
			if views && viewOf[T](grad) != nil {
				var err error
				if grads[i], err = reshaped[T](b, "gradient of "+label, out, true, false, grad); err != nil {
					return nil, err
				}
				continue
			}
			backward := &op{label: "gradient of " + label, batched: true, item: out}
			reads := gorgonia.Nodes{grad}
			byInputs := how != kernel.Sum && how != kernel.Difference && how != kernel.Mean
			if byInputs { // else their memory can be lent again
				reads = append(append(reads, y), in...)
			}
			backward.run = func(values []gorgonia.Value, dx gorgonia.Value) error {
				inputs := make([][]T, len(in))
				var y []T
				if byInputs {
					y, inputs = data[T](values[1]), slicesOf[T](values[2:])
				}
				kernel.MergeGradient(b.pool, how, i, data[T](dx), y, data[T](values[0]), inputs)
				return nil
			}
			var err error
			if grads[i], err = b.add(backward, reads...); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	if how.IsFlat() {
		forward.derive = nil
	}
	return b.add(forward, terms...)
}

func slicesOf[T kernel.Float](in []gorgonia.Value) [][]T {
	out := make([][]T, len(in))
	for i, v := range in {
		out[i] = data[T](v)
	}
	return out
}
