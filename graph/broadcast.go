package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// BroadcastTo repeats its input along axes of length 1, and along new axes in front, until it has the shape Target. It fails if another
// axis differs in length. Reference: https://numpy.org/doc/stable/user/basics.broadcasting.html
type BroadcastTo struct{ Target Shape }

// RepeatVector repeats a vector N times: {length} becomes {N, length}. Reference:
// https://keras.io/api/layers/reshaping_layers/repeat_vector/
type RepeatVector struct{ N int }

// Class is "BroadcastTo".
func (BroadcastTo) Class() string { return "BroadcastTo" }

// Class is "RepeatVector".
func (RepeatVector) Class() string { return "RepeatVector" }

// OutputShape is Target. It fails if an axis of the input is neither equal nor 1.
func (l BroadcastTo) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	if len(s) <= len(l.Target) {
		if all, err := commonShape([]Shape{s, l.Target}); err == nil && slices.Equal(all, l.Target) {
			return all, nil
		}
	}
	return nil, errors.Errorf("an input of %v cannot be repeated to %v: each axis must be equal or 1", s, l.Target)
}

// OutputShape is {N, length}. It fails for an input that is no vector, and for N below 1.
func (l RepeatVector) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	if len(s) != 1 {
		return nil, errors.Errorf("takes a vector, not %v: put a Flatten before it", s)
	}
	if l.N < 1 {
		return nil, errors.Errorf("a vector can be repeated at least once, not %d times", l.N)
	}
	return Shape{l.N, s[0]}, nil
}

// Variables are none.
func (BroadcastTo) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (RepeatVector) Variables([]Shape) []Declaration { return nil }

func (l BroadcastTo) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if slices.Equal(itemShapes(in)[0], l.Target) {
		return identity(b, in[0])
	}
	return broadcast(b, l.Target, in[0])
}

func (l RepeatVector) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return BroadcastTo{out}.apply(b, "", in)
}

func (RepeatVector) see(_ []Shape, out Shape, from []sight) sight { return whole(out, from) }

// broadcast adds an op that repeats x along axes of length 1 until it has the given shape, unless it has.
func broadcast(b *builder, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return broadcasted[float64](b, out, x)
	}
	return broadcasted[float32](b, out, x)
}

func broadcasted[T kernel.Float](b *builder, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	if slices.Equal(item, out) {
		return x, nil
	}
	k := kernel.NewBroadcast[T](withAxes(item, len(out)), out)
	op := unary[T]{
		label: "broadcast", out: out,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { k.Backward(b.pool, n, dx, dy) },
	}
	return op.add(b, x)
}
