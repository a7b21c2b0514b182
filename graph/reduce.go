package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Reduction names what becomes of several values.
type Reduction string

// The reductions of n values x. Of equal largest or smallest values each gets an equal share of the gradient; at a norm or a standard deviation
// of 0 the gradient is 0.
const (
	ReduceSum      Reduction = "sum"
	ReduceMean     Reduction = "mean"
	ReduceMax      Reduction = "max"
	ReduceMin      Reduction = "min"
	ReduceVariance Reduction = "var"  // sum of (x-mean)^2 / (n-Correction)
	ReduceStdDev   Reduction = "std"  // the root of the variance
	ReduceNorm     Reduction = "norm" // the root of the sum of squares
)

// Reduce makes one value of all those along some axes of each item.
//
// Output the input's shape without these axes, or with length 1 along them. It fails if there is no such axis or reduction. Reference:
// https://pytorch.org/docs/stable/torch.html#reduction-ops
type Reduce struct {
	How        Reduction
	Axes       []int   // counted from 1, or from the end: -1 is the last; default all
	KeepDims   bool    // the axes stay, with length 1
	Correction float64 // of var and std; PyTorch's own default is 1
}

// Class is "Reduce".
func (Reduce) Class() string { return "Reduce" }

var reductions = map[Reduction]kernel.Reduction{
	ReduceSum: kernel.ReduceSum, ReduceMean: kernel.ReduceMean, ReduceMax: kernel.ReduceMax, ReduceMin: kernel.ReduceMin,
	ReduceVariance: kernel.ReduceVariance, ReduceStdDev: kernel.ReduceStdDev, ReduceNorm: kernel.ReduceNorm,
}

// OutputShape is the input's without the axes.
func (l Reduce) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	if _, ok := reductions[l.How]; !ok {
		return nil, errors.Errorf("unknown reduction %q", l.How)
	}
	kept, err := l.kept(s)
	if err != nil || l.KeepDims {
		return kept, err
	}
	axes, err := l.axes(s)
	out := Shape{}
	for a, d := range s {
		if !slices.Contains(axes, a) {
			out = append(out, d)
		}
	}
	return out, err
}

// kept is the input's shape with length 1 along the axes.
func (l Reduce) kept(s Shape) (Shape, error) {
	axes, err := l.axes(s)
	out := slices.Clone(s)
	for _, a := range axes {
		out[a] = 1
	}
	return out, err
}

func (l Reduce) axes(s Shape) ([]int, error) {
	if len(l.Axes) > 0 {
		return axesOf(l.Axes, len(s))
	}
	all := make([]int, len(s))
	for i := range all {
		all[i] = i
	}
	return all, nil
}

// Variables are none.
func (Reduce) Variables([]Shape) []Declaration { return nil }

func (l Reduce) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return reduced[float64](b, l, in[0])
	}
	return reduced[float32](b, l, in[0])
}

func reduced[T kernel.Float](b *builder, l Reduce, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	out, err := l.OutputShape([]Shape{item})
	if err != nil {
		return nil, err
	}
	kept, err := l.kept(item)
	if err != nil {
		return nil, err
	}
	k := kernel.NewReduce[T](reductions[l.How], l.Correction, item, kept)
	reads := l.How != ReduceSum && l.How != ReduceMean
	op := unary[T]{
		label: string(l.How), out: out, needsX: reads, needsY: reads,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n, y, x) },
		backward: func(n int, dx, x, y, dy []T) { k.Backward(b.pool, n, dx, x, y, dy) },
	}
	return op.add(b, x)
}

func (l Reduce) see(in []Shape, out Shape, from []sight) sight {
	axes, err := l.axes(in[0])
	if err != nil || !l.KeepDims {
		return whole(out, from)
	}
	y := from[0]
	if slices.Contains(axes, len(in[0])-3) {
		y.rows = union(y.rows, 1)
	}
	if slices.Contains(axes, len(in[0])-2) {
		y.columns = union(y.columns, 1)
	}
	return y
}
