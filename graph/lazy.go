package graph

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// An output is lazy if the ops that read it compute it, some pixels at a time, so that it is never in memory as a whole: that takes less
// time where values are cheap to compute. Its own op prepares what they need to.

// lazyOutput is the output of an op whose output is lazy: nothing but the number of images. What the op reads is not lent again before the
// last of its own readers has run.
type lazyOutput struct {
	op        *op
	precision Precision
	nothing   *tensor.Dense // [batch]
}

func (l *lazyOutput) prepare(_ *op, batch int) gorgonia.Value {
	if l.nothing == nil || l.nothing.Shape()[0] != batch {
		l.nothing = newDense(l.precision, Shape{batch})
	}
	return l.nothing
}

func (l *lazyOutput) release() {
	for _, s := range l.op.sources {
		s.wasRead()
	}
}

// makeLazy makes the op's output lazy.
func (b *builder) makeLazy(o *op) { o.output = &lazyOutput{op: o, precision: b.precision} }

func (o *op) isLazy() bool {
	_, lazy := o.output.(*lazyOutput)
	return lazy
}

// lazyOp is the op of a node whose output is lazy; nil if it is not.
func lazyOp(n *gorgonia.Node) *op {
	if o, ours := n.Op().(*op); ours && o.isLazy() {
		return o
	}
	return nil
}

// pixels is an op's input, in memory or lazy, of the given node.
func pixels[T kernel.Float](v gorgonia.Value, n *gorgonia.Node) kernel.Pixels[T] {
	if o := lazyOp(n); o != nil {
		return kernel.Computed(o.lazy.(kernel.Lazy[T]))
	}
	return kernel.InMemory(data[T](v))
}
