package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Permute reorders the axes of its input: axis i of the output is axis Order[i] of the input. Axes count from 1, the batch stays the first.
// {3, 1, 2} makes an image {height, width, channels} one of {channels, height, width}. It fails if Order does not name each axis once.
// Reference: https://keras.io/api/layers/reshaping_layers/permute/
type Permute struct{ Order []int }

// Class is "Permute".
func (Permute) Class() string { return "Permute" }

// OutputShape is the input's in the new order. It fails if Order does not name each axis once.
func (l Permute) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	sorted := slices.Sorted(slices.Values(l.Order))
	for i := range sorted {
		if sorted[i] != i+1 {
			return nil, errors.Errorf("the order %v must name each axis from 1 to %d once", l.Order, len(l.Order))
		}
	}
	if len(l.Order) != len(s) {
		return nil, errors.Errorf("the order %v names %d axes, an input of %v has %d", l.Order, len(l.Order), s, len(s))
	}
	out := make(Shape, len(s))
	for i, axis := range l.Order {
		out[i] = s[axis-1]
	}
	return out, nil
}

// Variables are none.
func (Permute) Variables([]Shape) []Declaration { return nil }

func (l Permute) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	order := make([]int, len(l.Order))
	for i, axis := range l.Order {
		order[i] = axis - 1
	}
	return permute(b, "permute", itemShapes(in)[0], order, out, in[0])
}

// see is all, since a place's row and column are no row and column of the input's any more.
func (l Permute) see(_ []Shape, out Shape, from []sight) sight {
	if slices.IsSorted(l.Order) {
		return pointwise(out, from)
	}
	return whole(out, from)
}

// permute adds an op that reorders axes, which count from 0 without the batch, of values of the given shape; its output has the shape out.
func permute(b *builder, label string, shape Shape, order []int, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return permuted[float64](b, label, shape, order, out, x)
	}
	return permuted[float32](b, label, shape, order, out, x)
}

func permuted[T kernel.Float](b *builder, label string, shape Shape, order []int, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	reordered, back := make([]int, len(order)), make([]int, len(order))
	for i, axis := range order {
		reordered[i], back[axis] = shape[axis], i
	}
	forth, home := kernel.NewPermutation[T](shape, order), kernel.NewPermutation[T](reordered, back)
	op := unary[T]{
		label: label, out: out,
		forward:  func(n int, y, x []T) { forth.Run(b.pool, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { home.Run(b.pool, n, dx, dy) },
	}
	return op.add(b, x)
}
