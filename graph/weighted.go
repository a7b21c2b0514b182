package graph

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// product is a kernel that multiplies its input by a kernel, adds a bias and applies an activation.
type product[T kernel.Float] interface {
	Forward(p *kernel.Pool, n int, y, x, kernel, bias []T)
	Backward(p *kernel.Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T)
}

// weighting says what a layer with a kernel computes: activation(product(x, kernel) + bias).
type weighting[T kernel.Float] struct {
	label     string
	pooling   string // what comes between bias and activation in the op's name
	product   func(act kernel.Activation) product[T]
	perRow    int // values of x that make one row of the product
	out       Shape
	act       Activation
	withBias  bool
	penalized Regularizer // of the output
}

// add adds the op of the product and, for an activation that products do not compute, a second one.
func (w weighting[T]) add(b *builder, layer string, x *gorgonia.Node) (*gorgonia.Node, error) {
	if err := w.act.Check(); err != nil {
		return nil, err
	}
	fused, after := w.act.split()
	if w.act == Sigmoid && b.wantLogits {
		fused, after = Linear, Sigmoid
	}
	y, err := w.multiply(b, layer, fused, x)
	if err != nil {
		return nil, err
	}
	if after != Linear {
		b.logits = y
		if y, err = applied[T](b, after, y); err != nil {
			return nil, err
		}
	}
	return y, penalizeActivity[T](b, w.penalized, y)
}

func (w weighting[T]) multiply(b *builder, layer string, act Activation, x *gorgonia.Node) (*gorgonia.Node, error) {
	k, err := b.variable(layer, "kernel")
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
	label += w.pooling
	f, _ := act.fused()
	pr := w.product(f)
	forward := &op{label: label + act.suffix(), batched: true, item: w.out, act: f}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		x := data[T](in[0])
		pr.Forward(b.pool, len(x)/w.perRow, data[T](y), x, data[T](in[1]), optional[T](in, 2, w.withBias))
		return nil
	}
	if reader, ok := pr.(lazyReader[T]); ok {
		forward.readsLazy = reader.ReadsLazy()
	}
	if giver, ok := pr.(lazyGiver[T]); ok && b.normalized && act == w.act && w.penalized == (Regularizer{}) && giver.GivesLazy() {
		b.makeLazy(forward)
		forward.run = func(in []gorgonia.Value, _ gorgonia.Value) error {
			x := data[T](in[0])
			forward.lazy = giver.ForwardLazy(b.pool, len(x)/w.perRow, x, data[T](in[1]), optional[T](in, 2, w.withBias))
			return nil
		}
	}
	forward.derive = func(in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		return weightedGradients(b, forward, pr, w.perRow, act, in, y, grad)
	}
	return b.add(forward, in...)
}

// weightedGradients adds one op that computes the gradients by input, kernel and bias together, and nodes to pick them.
func weightedGradients[T kernel.Float](b *builder, forward *op, pr product[T], perRow int, act Activation, in gorgonia.Nodes, y, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	wantInput, withBias, withOutput := forward.differentiable[0], len(in) == 3, act.suffix() != ""
	dkernel := newDense(b.precision, Shape(in[1].Shape()))
	var dbias *tensor.Dense
	if withBias {
		dbias = newDense(b.precision, Shape(in[2].Shape()))
	}
	backward := &op{label: "gradient of " + forward.label, batched: true}
	if wantInput {
		backward.item = Shape(in[0].Shape()[1:])
	}
	dy := lazyOp(grad)
	if dy != nil && dy.derived {
		withOutput = false
	}
	giver, gives := pr.(lazyGiver[T])
	if gives = gives && dy == nil && wantInput && giver.GivesLazyGradient() && b.mayGradientBeLazy(in[0]); gives {
		b.makeLazy(backward)
	}
	backward.run = func(in []gorgonia.Value, out gorgonia.Value) error {
		var dx, db []T
		if wantInput && !gives {
			dx = data[T](out)
		}
		if withBias {
			db = data[T](dbias)
		}
		x, y := data[T](in[0]), optional[T](in, 3, withOutput)
		n, k, dk := len(x)/perRow, data[T](in[1]), data[T](dkernel)
		switch {
		case dy != nil:
			pr.(lazyReader[T]).BackwardLazy(b.pool, n, dx, dk, db, x, k, y, dy.lazy.(kernel.Lazy[T]))
		case gives:
			backward.lazy = giver.BackwardToLazy(b.pool, n, dk, db, x, k, y, data[T](in[2]))
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
