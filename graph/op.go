package graph

import (
	"fmt"
	"hash"
	"hash/fnv"
	"time"
	"unsafe"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// op is the operation of one node of ours in an expression graph. It computes by run and differentiates symbolically by
// derive.
type op struct {
	label   string // what the node shows: conv2d+bias+relu
	layer   string // whose op it is; empty for the loss
	id      uint64 // makes the node's hash its own: Gorgonia merges nodes of equal hash
	dtype   tensor.Dtype
	inputs  []*gorgonia.Node
	axes    []int // number of axes of each input
	batched bool  // the output's shape is {batch, item...}, otherwise item
	item    Shape
	run     func(in []gorgonia.Value, out gorgonia.Value) error

	// differentiable says for each input whether a gradient flows to it. derive returns the gradients' nodes, nil where none
	// flows; it never returns grad itself, because Gorgonia adds gradients in place where a node has several readers.
	differentiable []bool
	derive         func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error)

	output  output
	view    bool         // the output is a viewOutput
	sources []*op        // whose outputs it reads
	readers int          // how many nodes read its output
	pending int          // how many of them have not run yet in this step
	keep    bool         // the output is read after the step, too
	pool    *kernel.Pool // that it runs on
	clock   *clock       // of runs; nil: nobody wants to know

	lazy    any               // kernel.Lazy: the output, where it is lazy
	act     kernel.Activation // at its end
	derived bool              // a lazy gradient: times the derivative of the activation at the end of the op that reads it
}

// Arity is part of gorgonia.Op.
func (o *op) Arity() int { return len(o.axes) }

// ReturnsPtr is part of gorgonia.Op.
func (o *op) ReturnsPtr() bool { return true }

// CallsExtern is part of gorgonia.Op; true would make the machine allocate in every step.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput is part of gorgonia.Op.
func (o *op) OverwritesInput() int { return -1 }

// String is part of gorgonia.Op.
func (o *op) String() string { return o.label }

// WriteHash is part of gorgonia.Op.
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s#%d", o.label, o.id) }

// Hashcode is part of gorgonia.Op.
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// Type is part of gorgonia.Op. It is made anew on each call, since type inference writes into it.
func (o *op) Type() hm.Type {
	axes := append(append([]int{}, o.axes...), o.outputAxes())
	types := make([]hm.Type, len(axes))
	for i, a := range axes {
		if a == 0 {
			types[i] = o.dtype
		} else {
			types[i] = gorgonia.TensorType{Dims: a, Of: o.dtype}
		}
	}
	return hm.NewFnType(types...)
}

func (o *op) outputAxes() int {
	if o.batched {
		return 1 + len(o.item)
	}
	return len(o.item)
}

// InferShape is part of gorgonia.Op.
func (o *op) InferShape(in ...gorgonia.DimSizer) (tensor.Shape, error) {
	if !o.batched {
		return tensor.Shape(o.item).Clone(), nil
	}
	s, ok := in[0].(tensor.Shape)
	if !ok || len(s) == 0 {
		return nil, errors.Errorf("%s: its first input has no batch axis", o.label)
	}
	return o.item.batched(s[0]), nil
}

// DiffWRT is part of gorgonia.SDOp.
func (o *op) DiffWRT(inputs int) []bool {
	if o.differentiable == nil {
		return make([]bool, inputs)
	}
	return o.differentiable
}

// SymDiff is part of gorgonia.SDOp.
func (o *op) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.derive == nil {
		return nil, errors.Errorf("%s has no derivative", o.label)
	}
	return o.derive(in, out, grad)
}

// Do runs the op. It recovers panics because the machine runs it on a goroutine where nobody else could.
func (o *op) Do(in ...gorgonia.Value) (out gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.Errorf("%s: %v", o.label, r)
		}
	}()
	if o.pool.Halted() {
		return nil, errHalted
	}
	batch := 0
	if o.batched {
		batch = in[0].Shape()[0]
	}
	out = o.output.prepare(o, batch)
	if o.clock != nil {
		defer o.clock.add(o, in, out, time.Now())
	}
	if err := o.run(in, out); err != nil {
		return nil, errors.WithMessage(err, o.label)
	}
	if o.pool.Halted() { // pieces may be missing
		return nil, errHalted
	}
	o.pending = o.readers
	if o.view || o.isLazy() {
		return out, nil // its sources are read as long as it is
	}
	for _, s := range o.sources {
		s.wasRead()
	}
	return out, nil
}

var errHalted = errors.New("halted")

// wasRead is called when one of the op's readers has run.
func (o *op) wasRead() {
	if o.pending--; o.pending == 0 && !o.keep {
		o.output.release()
	}
}

// output is where an op's result lies.
type output interface {
	prepare(o *op, batch int) gorgonia.Value
	release()
}

// lentOutput lies in memory that is lent from the moment the op runs until its last reader has run.
type lentOutput[T kernel.Float] struct {
	memory *memory
	block  *block[T]
	header header[T]
}

// header describes an output in the beginning of a block.
type header[T kernel.Float] struct {
	tensor *tensor.Dense
	block  *block[T]
	batch  int
}

// of makes a new header only where the block or the batch is another one.
func (h *header[T]) of(o *op, b *block[T], batch int) *tensor.Dense {
	if h.tensor == nil || h.block != b || h.batch != batch {
		shape := []int(o.item)
		if o.batched {
			shape = o.item.batched(batch)
		}
		size := Shape(shape).Size()
		h.tensor = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(b.data[:size:size]))
		h.block, h.batch = b, batch
	}
	return h.tensor
}

func (l *lentOutput[T]) prepare(o *op, batch int) gorgonia.Value {
	size := o.item.Size()
	if o.batched {
		size *= batch
	}
	if l.block != nil && len(l.block.data) < size {
		l.release()
	}
	if l.block == nil {
		l.block = lend[T](l.memory, size)
	}
	return l.header.of(o, l.block, batch)
}

func (l *lentOutput[T]) release() {
	l.memory.takeBack(l.block)
	l.block = nil
}

// viewOutput is the memory of the op's only source, under another shape. That is not lent again before the view's last reader has run.
type viewOutput[T kernel.Float] struct {
	source *op
	lent   *lentOutput[T]
	header header[T]
}

// viewOf is a view of the output of x; nil if that does not lie in memory that is lent.
func viewOf[T kernel.Float](x *gorgonia.Node) *viewOutput[T] {
	if source, ours := x.Op().(*op); ours {
		if lent, ok := source.output.(*lentOutput[T]); ok {
			return &viewOutput[T]{source: source, lent: lent}
		}
	}
	return nil
}

func (v *viewOutput[T]) prepare(o *op, batch int) gorgonia.Value {
	return v.header.of(o, v.lent.block, batch)
}

func (v *viewOutput[T]) release() { v.source.wasRead() }

// ownOutput is a value of the op's own: a scalar, or a tensor that another op has written beside its output.
type ownOutput struct{ value gorgonia.Value }

func (o ownOutput) prepare(*op, int) gorgonia.Value { return o.value }
func (o ownOutput) release()                        {}

func newScalar(p Precision) gorgonia.Value {
	if p == Float64 {
		return new(gorgonia.F64)
	}
	return new(gorgonia.F32)
}

func setScalar[T kernel.Float](v gorgonia.Value, x T) {
	switch v := v.(type) {
	case *gorgonia.F32:
		*v = gorgonia.F32(x)
	case *gorgonia.F64:
		*v = gorgonia.F64(x)
	}
}

func scalar[T kernel.Float](v gorgonia.Value) T {
	switch v := v.(type) {
	case *gorgonia.F32:
		return T(*v)
	case *gorgonia.F64:
		return T(*v)
	}
	return 0
}

// data is a tensor's memory; nil for a tensor that is not there. (Dense.Data makes two allocations.)
func data[T kernel.Float](v gorgonia.Value) []T {
	d, ok := v.(*tensor.Dense)
	if !ok || d == nil {
		return nil
	}
	var zero T
	if _, is64 := any(zero).(float64); is64 {
		s := d.Float64s()
		return *(*[]T)(unsafe.Pointer(&s))
	}
	s := d.Float32s()
	return *(*[]T)(unsafe.Pointer(&s))
}
