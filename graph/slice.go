package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Slice is a part of its input along one axis: from Start on, each Step-th place before Stop, as Python's x[start:stop:step]. A split into
// several parts is as many Slices. It fails if nothing is left. Reference: https://pytorch.org/docs/stable/generated/torch.narrow.html
type Slice struct {
	Axis  int // counted from 1 (the batch is 0), or from the end: -1 is the last
	Start int // below 0: counted from the end
	Stop  int // below 0: counted from the end; default the end
	Step  int // at least 1; default 1
}

// Take picks places along one axis by their indices, in any order, also more than once. It fails if an index is out of range. Reference:
// https://pytorch.org/docs/stable/generated/torch.index_select.html
type Take struct {
	Axis    int   // counted from 1 (the batch is 0), or from the end: -1 is the last
	Indices []int // counted from 0; at least one
}

// Class is "Slice".
func (Slice) Class() string { return "Slice" }

// Class is "Take".
func (Take) Class() string { return "Take" }

// OutputShape is the input's with what is left of the axis. It fails for an axis that the input has not, a negative step, and if nothing is
// left.
func (l Slice) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(l.Axis, len(s))
	if err != nil {
		return nil, err
	}
	if l.Step < 0 {
		return nil, errors.Errorf("a step of %d: it must be at least 1", l.Step)
	}
	out := append(Shape{}, s...)
	if _, out[axis] = l.places(s[axis]); out[axis] < 1 {
		return nil, errors.Errorf("the slice from %d to %d leaves nothing of axis %d of %v", l.Start, l.Stop, l.Axis, s)
	}
	return out, nil
}

// places are the first one on an axis of the given length and how many there are.
func (l Slice) places(length int) (first, count int) {
	first, stop := l.Start, l.Stop
	if first < 0 {
		first += length
	}
	if stop <= 0 {
		stop += length
	}
	first, stop = max(first, 0), min(stop, length)
	return first, (stop - first + max(l.Step, 1) - 1) / max(l.Step, 1)
}

// OutputShape is the input's with as many places along the axis as there are indices. It fails for an axis that the input has not, without
// indices, and if one is out of range.
func (l Take) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(l.Axis, len(s))
	if err != nil {
		return nil, err
	}
	if len(l.Indices) == 0 {
		return nil, errors.Errorf("nothing is taken of axis %d of %v", l.Axis, s)
	}
	for _, i := range l.Indices {
		if i < 0 || i >= s[axis] {
			return nil, errors.Errorf("index %d is out of range: axis %d of %v counts from 0 to %d", i, l.Axis, s, s[axis]-1)
		}
	}
	out := append(Shape{}, s...)
	out[axis] = len(l.Indices)
	return out, nil
}

// take is a slice as a list of its places.
func (l Slice) take(in Shape) Take {
	axis, err := axisOf(l.Axis, len(in))
	if err != nil {
		return Take{Axis: l.Axis}
	}
	first, count := l.places(in[axis])
	take := Take{Axis: l.Axis, Indices: make([]int, max(count, 0))}
	for i := range take.Indices {
		take.Indices[i] = first + i*max(l.Step, 1)
	}
	return take
}

// axisOf is an axis counted from 0 without the batch, of one that counts from 1 or from the end.
func axisOf(axis, axes int) (int, error) {
	at := axis - 1
	if axis < 0 {
		at = axes + axis
	}
	if axis == 0 || at < 0 || at >= axes {
		return 0, errors.Errorf("an input of %d axes has no axis %d (0 is the batch)", axes, axis)
	}
	return at, nil
}

// Variables are none.
func (Slice) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Take) Variables([]Shape) []Declaration { return nil }

func (l Slice) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return l.take(itemShapes(in)[0]).apply(b, layer, in)
}

func (l Take) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return taken[float64](b, l, in[0])
	}
	return taken[float32](b, l, in[0])
}

func taken[T kernel.Float](b *builder, l Take, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	out, err := l.OutputShape([]Shape{item})
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(l.Axis, len(item))
	if err != nil {
		return nil, err
	}
	rows := item[:axis].Size()
	k := kernel.NewTaking[T](item[axis], item[axis+1:].Size(), l.Indices)
	op := unary[T]{
		label: "take", out: out,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n*rows, y, x) },
		backward: func(n int, dx, _, _, dy []T) { k.Backward(b.pool, n*rows, dx, dy) },
	}
	return op.add(b, x)
}

func (l Slice) see(in []Shape, out Shape, from []sight) sight {
	return l.take(in[0]).see(in, out, from)
}

func (l Take) see(in []Shape, out Shape, from []sight) sight {
	axis, err := axisOf(l.Axis, len(in[0]))
	if err != nil {
		return whole(out, from)
	}
	y := from[0]
	switch axis {
	case len(in[0]) - 3:
		y.rows = picked(y.rows, l.Indices)
	case len(in[0]) - 2:
		y.columns = picked(y.columns, l.Indices)
	}
	return y
}

// picked are the spans of some places.
func picked(from []span, places []int) []span {
	out := make([]span, len(places))
	for i, at := range places {
		out[i] = from[at]
	}
	return out
}
