package graph

import (
	"cmp"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// product is a kernel that multiplies its input by a kernel, adds a bias and applies an activation.
type product[T kernel.Float] interface {
	Forward(p *kernel.Pool, n int, y, x, kernel, bias []T)
	Backward(p *kernel.Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T)
}

// lazyReader is a product whose gradients can be computed from a lazy one.
type lazyReader[T kernel.Float] interface {
	BackwardOf(p *kernel.Pool, n int, dx, dkernel, dbias []T, x kernel.Pixels[T], kernel, y []T, dy kernel.Pixels[T])
}

// lazyFed is one whose input can be lazy, too.
type lazyFed[T kernel.Float] interface {
	lazyReader[T]
	ForwardOf(p *kernel.Pool, n int, y []T, x kernel.Pixels[T], kernel, bias []T)
}

// lazyGiver is a product whose result and whose gradient by its input can be lazy.
type lazyGiver[T kernel.Float] interface {
	ForwardLazy(p *kernel.Pool, n int, x, kernel, bias []T) kernel.Lazy[T]
	BackwardToLazy(p *kernel.Pool, n int, dkernel, dbias, x, kernel, y, dy []T) kernel.Lazy[T]
}

// weighting says what a layer with a kernel computes: product(x, kernel) + bias and, as the fusion tells, what follows.
type weighting[T kernel.Float] struct {
	label    string
	kernel   string // the variable's name; default kernel
	product  func(act kernel.Activation) product[T]
	perRow   int // values of x that make one row of the product
	out      Shape
	withBias bool
	of       productLayer // which tells what follows the product
	fusion   fusion
}

// add adds the op of the product and, for an activation that it does not compute, a second one.
func (w weighting[T]) add(b *builder, layer string, x *gorgonia.Node) (*gorgonia.Node, error) {
	act, penalty := w.of.ending()
	if err := act.Check(); err != nil {
		return nil, err
	}
	if f := &w.fusion; f.end == "" && f.after == "" { // a product that fuse does not see, such as that of a Supplied layer
		f.end, f.after = act.split()
	}
	y, err := w.multiply(b, layer, x)
	if err != nil {
		return nil, err
	}
	if after := w.fusion.after; after.suffix() != "" {
		b.readLogits(w.fusion, y)
		if y, err = applied[T](b, after, y); err != nil {
			return nil, err
		}
	}
	return y, penalizeActivity[T](b, penalty, y)
}

func (w weighting[T]) multiply(b *builder, layer string, x *gorgonia.Node) (*gorgonia.Node, error) {
	k, err := b.variable(layer, cmp.Or(w.kernel, "kernel"))
	if err != nil {
		return nil, err
	}
	in, label := []*gorgonia.Node{x, k}, w.label
	if w.withBias {
		bias, err := b.variable(layer, "bias")
		if err != nil {
			return nil, err
		}
		in = append(in, bias)
		label += "+bias"
	}
	if w.fusion.pooling != nil {
		label += "+max_pooling2d"
	}
	f, _ := w.fusion.end.fused()
	pr := w.product(f)
	forward := &op{label: label + w.fusion.end.suffix(), batched: true, item: w.out, act: f}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		x := data[T](in[0])
		pr.Forward(b.pool, len(x)/w.perRow, data[T](y), x, data[T](in[1]), optional[T](in, 2, w.withBias))
		return nil
	}
	if lazyOp(x) != nil {
		forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
			pr.(lazyFed[T]).ForwardOf(b.pool, in[0].Shape()[0], data[T](y), pixels[T](in[0], x), data[T](in[1]), optional[T](in, 2, w.withBias))
			return nil
		}
	}
	if w.fusion.lazy {
		b.makeLazy(forward)
		forward.run = func(in []gorgonia.Value, _ gorgonia.Value) error {
			x := data[T](in[0])
			forward.lazy = pr.(lazyGiver[T]).ForwardLazy(b.pool, len(x)/w.perRow, x, data[T](in[1]), optional[T](in, 2, w.withBias))
			return nil
		}
	}
	forward.derive = func(in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		return w.gradients(b, forward, pr, in, y, grad)
	}
	return b.add(forward, in...)
}

// gradients adds one op that computes the gradients by input, kernel and bias together, and nodes to pick them.
func (w weighting[T]) gradients(b *builder, forward *op, pr product[T], in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	wantInput, withBias, withOutput := forward.differentiable[0], w.withBias, w.fusion.end.suffix() != ""
	dkernel := newDense(b.precision, Shape(in[1].Shape()))
	var dbias *tensor.Dense
	if withBias {
		dbias = newDense(b.precision, Shape(in[2].Shape()))
	}
	backward := &op{label: "gradient of " + forward.label, batched: true}
	if wantInput {
		backward.item = Shape(in[0].Shape()[1:])
	}
	source, dy := in[0], lazyOp(grad)
	if dy != nil && dy.derived {
		withOutput = false
	}
	if w.fusion.lazyGradient {
		b.makeLazy(backward)
	}
	backward.run = func(in []gorgonia.Value, out gorgonia.Value) error {
		var dx, db []T
		if wantInput && !w.fusion.lazyGradient {
			dx = data[T](out)
		}
		if withBias {
			db = data[T](dbias)
		}
		x, y := data[T](in[0]), optional[T](in, 3, withOutput)
		n, k, dk := len(x)/w.perRow, data[T](in[1]), data[T](dkernel)
		switch {
		case dy != nil || lazyOp(source) != nil:
			pr.(lazyReader[T]).BackwardOf(b.pool, in[0].Shape()[0], dx, dk, db, pixels[T](in[0], source), k, y, pixels[T](in[2], grad))
		case w.fusion.lazyGradient:
			backward.lazy = pr.(lazyGiver[T]).BackwardToLazy(b.pool, n, dk, db, x, k, y, data[T](in[2]))
		default:
			pr.Backward(b.pool, n, dx, dk, db, x, k, y, data[T](in[2]))
		}
		return nil
	}
	reads := []*gorgonia.Node{in[0], in[1], grad}
	if withOutput { // the activation's derivative follows from it
		reads = append(reads, y)
	}
	core, err := b.add(backward, reads...)
	if err != nil {
		return nil, err
	}
	grads := make(gorgonia.Nodes, len(in))
	if wantInput {
		grads[0] = core
	}
	if grads[1], err = b.pick("kernel", core, dkernel); err != nil {
		return nil, err
	}
	if withBias {
		if grads[2], err = b.pick("bias", core, dbias); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

// optional is the memory of an input that is there only on a condition.
func optional[T kernel.Float](in []gorgonia.Value, i int, there bool) []T {
	if !there {
		return nil
	}
	return data[T](in[i])
}
