package graph

import (
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// unary is an op of one input, and its derivative.
type unary[T kernel.Float] struct {
	label   string
	out     Shape
	forward func(n int, y, x []T)
	// backward computes dx from dy and, if it needs them (else they are nil and their memory can be lent again), x and y.
	backward       func(n int, dx, x, y, dy []T)
	needsX, needsY bool
	lazy           func(x []T) kernel.Lazy[T] // in the place of forward; default none
}

func (u *unary[T]) add(b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	forward := &op{label: u.label, batched: true, item: u.out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		u.forward(in[0].Shape()[0], data[T](y), data[T](in[0]))
		return nil
	}
	if u.lazy != nil {
		b.makeLazy(forward)
		forward.run = func(in []gorgonia.Value, _ gorgonia.Value) error {
			forward.lazy = u.lazy(data[T](in[0]))
			return nil
		}
	}
	forward.derive = func(in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if !forward.differentiable[0] {
			return gorgonia.Nodes{nil}, nil
		}
		reads, atX, atY := gorgonia.Nodes{grad}, 0, 0
		if u.needsX {
			atX, reads = len(reads), append(reads, in[0])
		}
		if u.needsY {
			atY, reads = len(reads), append(reads, y)
		}
		backward := &op{label: "gradient of " + u.label, batched: true, item: Shape(in[0].Shape()[1:])}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			u.backward(in[0].Shape()[0], data[T](dx), optional[T](in, atX, u.needsX), optional[T](in, atY, u.needsY), data[T](in[0]))
			return nil
		}
		dx, err := b.add(backward, reads...)
		return gorgonia.Nodes{dx}, err
	}
	return b.add(forward, x)
}

// curve applies a function to each value.
func curve(b *builder, label string, f kernel.Curve, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return curved[float64](b, label, f, x)
	}
	return curved[float32](b, label, f, x)
}

// curved is curve in one precision.
func curved[T kernel.Float](b *builder, label string, f kernel.Curve, x *gorgonia.Node) (*gorgonia.Node, error) {
	op := unary[T]{
		label: label, out: Shape(x.Shape()[1:]), needsX: true,
		forward:  func(_ int, y, x []T) { kernel.Pointwise(b.pool, f, y, x) },
		backward: func(_ int, dx, x, _, dy []T) { kernel.PointwiseGradient(b.pool, f, dx, x, dy) },
	}
	return op.add(b, x)
}

// rowwise applies a function to each row along the last axis.
func rowwise[T kernel.Float](b *builder, label string, f kernel.RowFunction, x *gorgonia.Node) (*gorgonia.Node, error) {
	out := Shape(x.Shape()[1:])
	width := out[len(out)-1]
	op := unary[T]{
		label: label, out: out, needsX: true, needsY: true,
		forward:  func(_ int, y, x []T) { kernel.Rowwise(b.pool, f, width, y, x) },
		backward: func(_ int, dx, x, y, dy []T) { kernel.RowwiseGradient(b.pool, f, width, dx, x, y, dy) },
	}
	return op.add(b, x)
}

// elementwise applies a function whose derivative follows from its value.
func elementwise[T kernel.Float](b *builder, label string, act kernel.Activation, x *gorgonia.Node) (*gorgonia.Node, error) {
	k := kernel.NewActivate[T](act)
	op := unary[T]{
		label: label, out: Shape(x.Shape()[1:]), needsY: true,
		forward:  func(_ int, y, x []T) { k.Forward(b.pool, y, x) },
		backward: func(_ int, dx, _, y, dy []T) { k.Backward(b.pool, dx, y, dy) },
	}
	return op.add(b, x)
}
