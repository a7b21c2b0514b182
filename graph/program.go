package graph

import (
	"runtime"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// Threads runs the ops of one program at a time on a fixed number of goroutines. Results do not depend on their number.
type Threads struct{ pool *kernel.Pool }

// NewThreads starts n goroutines (at least one); Close ends them.
func NewThreads(n int) *Threads { return &Threads{kernel.NewPool(n)} }

// Close ends the goroutines.
func (t *Threads) Close() { t.pool.Close() }

// Halt makes the programs that run on the threads end with an error as soon as they can, within an op; later runs fail at once. It may be called at any
// time from any goroutine. What goes through Run is done to its end.
func (t *Threads) Halt() { t.pool.Halt() }

// Run calls f for 0 <= piece < pieces, in any order and on all threads, and returns when all are done. Without threads (t is nil) it runs
// them on the caller's.
func (t *Threads) Run(pieces int, f func(piece int)) { t.kernelPool().Run(pieces, f) }

func (t *Threads) kernelPool() *kernel.Pool {
	if t == nil {
		return nil
	}
	return t.pool
}

// Options say how a program is compiled.
type Options struct {
	Batch           int      // largest number of images in a run
	Threads         *Threads // default: one thread
	KeepActivations bool     // layers' outputs, and the gradients by them, can be read after a run
	Seed            uint64   // of what dropout and noise layers draw in training, and [Sample] in evaluation, too
	MeanSamples     bool     // layers that draw samples give their distribution's mean
	NoPenalties     bool     // regularizers take no part: gradients are those of the loss alone
}

// machine is a compiled expression graph with its inputs.
type machine struct {
	*builder
	options Options
	inputs  []*batchInput
	vm      interface {
		RunAll() error
		Reset()
		Close() error
	}
}

// batchInput is an input node and the tensor bound to it, whose header changes with the number of images.
type batchInput struct {
	node  *gorgonia.Node
	value *tensor.Dense
	item  Shape
	all   *tensor.Dense
	batch int
}

func newMachine(params *Params, o Options, training bool) (*machine, error) {
	if o.Batch < 1 {
		return nil, errors.Errorf("batch size must be at least 1, not %d", o.Batch)
	}
	m := &machine{builder: newBuilder(params, o.Threads.kernelPool(), training), options: o}
	m.separate = o.KeepActivations
	m.random.seed, m.random.mean = o.Seed, o.MeanSamples
	return m, nil
}

func (m *machine) addInput(name string, item Shape) *batchInput {
	all := newDense(m.precision, item.batched(m.options.Batch))
	in := &batchInput{node: m.input(name, m.options.Batch, item), value: all.ShallowClone(), item: item, all: all, batch: m.options.Batch}
	m.inputs = append(m.inputs, in)
	return in
}

// resize makes the input hold n images.
func (in *batchInput) resize(n int) {
	if n == in.batch {
		return
	}
	size := n * in.item.Size()
	switch all := in.all.Data().(type) {
	case []float32:
		*in.value = *tensor.New(tensor.WithShape(in.item.batched(n)...), tensor.WithBacking(all[:size:size]))
	case []float64:
		*in.value = *tensor.New(tensor.WithShape(in.item.batched(n)...), tensor.WithBacking(all[:size:size]))
	}
	in.batch = n
}

func (m *machine) compile(keep ...*gorgonia.Node) error {
	if m.options.KeepActivations {
		for _, y := range m.outputs {
			keep = append(keep, y)
			if g := derivative(y); g != nil {
				keep = append(keep, g)
			}
		}
	}
	if err := m.finish(keep...); err != nil {
		return err
	}
	for _, in := range m.inputs {
		if err := gorgonia.Let(in.node, in.value); err != nil {
			return errors.Wrap(err, in.node.Name())
		}
	}
	var adding tensor.Engine = engine[float32]{pool: m.pool}
	if m.precision == Float64 {
		adding = engine[float64]{pool: m.pool}
	}
	m.vm = gorgonia.NewTapeMachine(m.graph, gorgonia.WithEngine(adding))
	return nil
}

func (m *machine) run(batch int) error {
	if batch < 1 || batch > m.options.Batch {
		return errors.Errorf("a batch of %d images does not fit a program compiled for %d", batch, m.options.Batch)
	}
	for _, in := range m.inputs {
		in.resize(batch)
	}
	m.vm.Reset() // without it a second RunAll does nothing
	return errors.Wrap(m.vm.RunAll(), "expression graph")
}

// Close ends the program.
func (m *machine) Close() {
	_ = m.vm.Close() // there is nothing that could fail
	// Closed, the machine has no need of its finalizer, with which all of the program's memory would outlive one garbage collection.
	runtime.SetFinalizer(m.vm, nil)
}

// Nodes is the number of nodes in the expression graph.
func (m *machine) Nodes() int { return len(m.graph.AllNodes()) }

// derivative is the node of the gradient by n; nil if there is none.
func derivative(n *gorgonia.Node) *gorgonia.Node { return n.Deriv() }

func setInputs(inputs []*batchInput, values ...[]float64) error {
	for i, in := range inputs {
		if len(values[i])%in.item.Size() != 0 || len(values[i]) == 0 {
			return errors.Errorf("%d values are no batch of %v", len(values[i]), in.item)
		}
		n := len(values[i]) / in.item.Size()
		if n > in.all.Shape()[0] {
			return errors.Errorf("a batch of %d images does not fit a program compiled for %d", n, in.all.Shape()[0])
		}
		in.resize(n)
		switch own := in.value.Data().(type) {
		case []float32:
			for k, v := range values[i] {
				own[k] = float32(v)
			}
		case []float64:
			copy(own, values[i])
		}
	}
	return nil
}
