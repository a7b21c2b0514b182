package graph

import (
	"math"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Footprint is the memory that a program needs, in bytes.
type Footprint struct {
	Variables int // the model's, and their gradients
	Inputs    int // a batch of images, and of targets
	Values    int // outputs and gradients of layers, as memory is lent to them in a step
	Scratch   int // of compute kernels, about, for each thread
}

// Bytes is the sum for a number of threads; the largest integer where that is more than one can hold.
func (f Footprint) Bytes(threads int) int {
	return bounded(float64(f.Variables) + float64(f.Inputs) + float64(f.Values) + float64(f.Scratch)*float64(max(1, threads)))
}

func bounded(bytes float64) int {
	if bytes >= math.MaxInt {
		return math.MaxInt
	}
	return int(bytes)
}

// valueBytes are those of a float32.
const valueBytes = 4

// TrainingFootprint is the memory that a training program of a model needs for batches of so many images in float32. Nothing of that size is allocated
// to know it. It fails where NewTraining does.
func TrainingFootprint(m *Model, loss Loss, o Options) (Footprint, error) {
	batch := o.Batch
	if batch < 1 {
		return Footprint{}, errors.Errorf("batch size must be at least 1, not %d", batch)
	}
	params, err := m.Zeros(Float32)
	if err != nil {
		return Footprint{}, err
	}
	o.Batch = 1
	t, err := NewTraining(m, params, loss, o)
	if err != nil {
		return Footprint{}, err
	}
	defer t.Close()
	return t.footprint(batch)
}

// EvaluationFootprint is the memory that an evaluation program of a model needs, without its variables, as TrainingFootprint tells it.
func EvaluationFootprint(m *Model, o Options, observers ...Observer) (Footprint, error) {
	batch := o.Batch
	params, err := m.Zeros(Float32)
	if err != nil {
		return Footprint{}, err
	}
	o.Batch = 1
	e, err := NewEvaluation(m, params, o, observers...)
	if err != nil {
		return Footprint{}, err
	}
	defer e.Close()
	f, err := e.footprint(batch)
	f.Variables = 0
	return f, err
}

func (m *machine) footprint(batch int) (Footprint, error) {
	order, err := gorgonia.Sort(m.graph)
	if err != nil {
		return Footprint{}, errors.Wrap(err, "expression graph")
	}
	var out Footprint
	values, inputs := 0, 0
	for _, in := range m.inputs {
		inputs += in.item.Size()
	}
	out.Inputs = bounded(float64(inputs) * float64(batch) * valueBytes)
	for _, v := range m.params.All {
		values += v.Shape.Size()
	}
	for _, o := range m.ops {
		if own, ok := o.output.(ownOutput); ok && len(o.item) > 0 && own.value != nil {
			values += o.item.Size() // a gradient by a variable
		}
	}
	out.Variables = values * valueBytes
	l := lending{batch: batch, held: map[*op]int{}, pending: map[*op]int{}}
	for _, o := range m.ops {
		if m.training && strings.Contains(o.label, "max_pool") && !strings.HasPrefix(o.label, "gradient") {
			l.winners += float64(o.item.Size()) * float64(batch)
		}
	}
	for range 3 { // in the third step nothing is added any more
		for i := len(order) - 1; i >= 0; i-- {
			if o, ours := order[i].Op().(*op); ours {
				l.run(o)
			}
		}
	}
	out.Values = bounded(l.total*valueBytes + l.winners*(valueBytes+1))
	out.Scratch = m.scratch()
	return out, nil
}

// scratch is about what a thread's compute kernels need at a time, which goes with the largest kernel: a convolution's in six forms, as minimal
// filtering has them and their gradients, a dense layer's in order; and partial sums.
func (m *machine) scratch() int {
	values := 0
	for _, v := range m.params.All {
		switch n := v.Shape.Size(); {
		case len(v.Shape) > 2:
			values = max(values, 6*n)
		case len(v.Shape) == 2:
			values = max(values, n)
		}
	}
	return bounded(float64(values+1<<20) * valueBytes)
}

// lending follows how memory would be lent in a step with many images: see [lend], [op.Do] and the outputs' kinds.
type lending struct {
	batch   int
	free    []int // blocks
	held    map[*op]int
	pending map[*op]int
	blocks  []float64
	total   float64 // values in all blocks
	winners float64 // of poolings, whose ops keep which values won, and their places
}

func (l *lending) run(o *op) {
	if _, lent := o.output.(*lentOutput[float32]); lent {
		size := float64(o.item.Size())
		if o.batched {
			size *= float64(l.batch)
		}
		if _, held := l.held[o]; !held {
			l.held[o] = l.lend(size)
		}
	}
	l.pending[o] = o.readers
	if o.view || o.isLazy() {
		return
	}
	for _, s := range o.sources {
		l.wasRead(s)
	}
}

// lend gives the smallest free block that is large enough, or a new one.
func (l *lending) lend(size float64) int {
	best := -1
	for i, b := range l.free {
		if l.blocks[b] >= size && (best < 0 || l.blocks[b] < l.blocks[l.free[best]]) {
			best = i
		}
	}
	if best < 0 {
		l.blocks = append(l.blocks, size)
		l.total += size
		return len(l.blocks) - 1
	}
	block := l.free[best]
	l.free = append(l.free[:best], l.free[best+1:]...)
	return block
}

func (l *lending) wasRead(o *op) {
	if l.pending[o]--; l.pending[o] != 0 || o.keep {
		return
	}
	switch out := o.output.(type) {
	case *lentOutput[float32]:
		l.free = append(l.free, l.held[o])
		delete(l.held, o)
	case *viewOutput[float32]:
		l.wasRead(out.source)
	case *lazyOutput:
		for _, s := range o.sources {
			l.wasRead(s)
		}
	}
}
