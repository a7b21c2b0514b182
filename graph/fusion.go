package graph

import (
	"slices"
	"strings"

	"dcae/graph/internal/kernel"
)

// fusion is how one of a model's nodes is computed: what its op computes besides the layer, and what is never in memory as a whole. The zero
// value is a node whose ops compute the layer alone, and write all that they compute to memory.
//
// [Model.fuse] decides it for all nodes before the first op is made. A layer's apply, and the derivatives of its ops, follow it.
type fusion struct {
	// end is the activation that the node's op computes at its end. That of a max pooling comes from the layer before it.
	end Activation
	// after is the activation that follows a product as an op of its own.
	after Activation
	// logits says that the loss reads what goes into the last activation, a sigmoid.
	logits bool
	// pooling is the max pooling that reads this node. The op of this node computes it, too, and is added in the pooling's place.
	pooling *kernel.Window
	// lazy says that the op that reads the output computes it ([lazyOutput]).
	lazy bool
	// lazyGradient says that the op that reads the gradient by this node's input computes it. Without such an op it is never computed.
	lazyGradient bool
	// view says that the output is the input's memory under another shape.
	view bool
	// viewGradient says that the gradient by each input is the memory of the one by the output, perhaps under another shape.
	viewGradient bool
}

// String tells what is fused: "+max_pooling2d+relu, lazy gradient". It is empty where nothing is.
func (f fusion) String() string {
	joined := f.end.suffix()
	if f.pooling != nil {
		joined = "+max_pooling2d" + joined
	}
	var out []string
	for _, part := range []struct {
		there bool
		name  string
	}{
		{joined != "", joined}, {f.after.suffix() != "", "then " + string(f.after)}, {f.logits, "logits"},
		{f.lazy, "lazy"}, {f.lazyGradient, "lazy gradient"}, {f.view, "view"}, {f.viewGradient, "view gradient"},
	} {
		if part.there {
			out = append(out, part.name)
		}
	}
	return strings.Join(out, ", ")
}

// productLayer is a layer that ends in a product, an activation of its sums, and perhaps a penalty of its output.
type productLayer interface {
	ending() (Activation, Regularizer)
}

// fuser decides how the nodes of one program are computed.
type fuser struct {
	model    *Model
	params   *Params
	training bool
	shapes   []Shape  // of the nodes' outputs
	readers  [][]int  // by node: those that read its output, once for each time
	flows    []bool   // by node: whether a gradient flows to it
	plan     []fusion // by node
}

// fuse decides how each of the model's nodes is computed. If separate is set, only activations are computed by the ops before them; if logits
// is set, the loss reads what goes into the last layer's sigmoid. It fails where shapes do not fit.
func (m *Model) fuse(params *Params, training, separate, logits bool) ([]fusion, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	f := &fuser{model: m, params: params, training: training, shapes: shapes, plan: make([]fusion, len(m.Nodes))}
	f.connect()
	f.plan[len(f.plan)-1].logits = logits
	f.endProducts()
	if separate {
		return f.plan, nil
	}
	f.joinPoolings()
	f.shareMemory()
	if training {
		f.makeLazy()
	}
	return f.plan, nil
}

// connect finds who reads whom, and where gradients flow.
func (f *fuser) connect() {
	f.readers, f.flows = make([][]int, len(f.plan)), make([]bool, len(f.plan))
	for i, n := range f.model.Nodes {
		for _, from := range n.Inputs {
			if from >= 0 {
				f.readers[from] = append(f.readers[from], i)
				f.flows[i] = f.flows[i] || f.flows[from]
			}
		}
		for _, d := range n.Layer.Variables(f.model.inputShapes(i, f.shapes)) {
			v := f.params.Lookup(n.owner() + "/" + d.Name)
			f.flows[i] = f.flows[i] || v != nil && v.Trainable
		}
	}
}

// onlyReader is the node that alone reads node i, and only once; -1 if there is none.
func (f *fuser) onlyReader(i int) int {
	if len(f.readers[i]) != 1 {
		return -1
	}
	return f.readers[i][0]
}

// endProducts gives products the activations that they can compute.
func (f *fuser) endProducts() {
	for i, n := range f.model.Nodes {
		l, ok := n.Layer.(productLayer)
		if !ok {
			continue
		}
		act, _ := l.ending()
		p := &f.plan[i]
		if p.end, p.after = act.split(); p.logits {
			p.end, p.after = Linear, act
		}
	}
}

// fewChannels of an input make a convolution cheaper than writing and reading its result.
const fewChannels = 4

// joinPoolings joins max poolings that halve an image with what comes before them: a batch normalization and a convolution of few channels as a
// whole, of other convolutions the activation, which has less to compute after the pooling.
func (f *fuser) joinPoolings() {
	for i, n := range f.model.Nodes {
		pool, w := f.halvedBy(i)
		if pool < 0 || !f.training && HasUnits(n.Layer) { // evaluations show their observers what units give
			continue
		}
		p := &f.plan[i]
		switch l := n.Layer.(type) {
		case BatchNormalization:
			if !n.Frozen {
				p.pooling = &w
			}
		case Conv2D, Conv2DTranspose:
			_, penalty := l.(productLayer).ending()
			if !p.end.rises() || penalty != (Regularizer{}) {
				continue
			}
			if c, ok := l.(Conv2D); ok && !c.grouped() && f.inputShape(i)[2] <= fewChannels {
				p.pooling = &w
			} else {
				f.plan[pool].end, p.end = p.end, Linear
			}
		}
	}
}

// halvedBy is the max pooling that alone reads node i and halves its image, and its window; -1 if there is none.
func (f *fuser) halvedBy(i int) (pool int, w kernel.Window) {
	reader := f.onlyReader(i)
	if reader < 0 {
		return -1, w
	}
	l, ok := f.model.Nodes[reader].Layer.(MaxPooling2D)
	if !ok {
		return -1, w
	}
	w, err := l.window([]Shape{f.shapes[i]})
	if err != nil || !w.Halves() {
		return -1, w
	}
	return reader, w
}

// inputShape is the shape of the only input of node i.
func (f *fuser) inputShape(i int) Shape { return f.model.inputShapes(i, f.shapes)[0] }

// rises tells whether a pooling can compute the function at its end: it never falls, so that the largest value is the same before and after
// it, and is not linear.
func (a Activation) rises() bool {
	_, ok := a.fused()
	return ok && a.suffix() != ""
}

// shareMemory makes views of outputs and gradients that only change their shape, and of the gradients by terms of a sum. Of a view, of the model's input and of a target, copies are made,
// and so are they of the gradient by an output that several nodes read: Gorgonia adds those in place.
func (f *fuser) shareMemory() {
	for i, n := range f.model.Nodes {
		if f.reshapes(n.Layer) {
			f.plan[i].view = f.lends(n.Inputs[0])
		}
	}
	if !f.training {
		return
	}
	last := len(f.plan) - 1
	for i := last; i >= 0; i-- {
		if n := f.model.Nodes[i]; f.reshapes(n.Layer) && f.flowsTo(n.Inputs[0]) || f.addsAlone(i) {
			reader := f.onlyReader(i)
			f.plan[i].viewGradient = i == last || reader >= 0 && !f.plan[reader].viewGradient
		}
	}
}

// addsAlone tells whether node i is a sum of outputs that nothing else reads: then the gradient by each is the one by the sum, and nothing is added to it.
func (f *fuser) addsAlone(i int) bool {
	n := f.model.Nodes[i]
	if _, ok := n.Layer.(Add); !ok {
		return false
	}
	return !slices.ContainsFunc(n.Inputs, func(in int) bool { return in < 0 || f.onlyReader(in) < 0 })
}

// lends tells whether the output of node i, or the model's input, -1, lies in memory that a view can share.
func (f *fuser) lends(i int) bool {
	if i < 0 || f.plan[i].view {
		return false
	}
	_, target := f.model.Nodes[i].Layer.(Target)
	return !target
}

// reshapes tells whether the layer's output has the values of its input.
func (f *fuser) reshapes(l Layer) bool {
	switch l.(type) {
	case Flatten, Reshape, Identity:
		return true
	}
	amount, noise := Noise(l)
	return noise && (!f.training || amount == 0)
}

// makeLazy makes lazy what is cheaper to compute than to write and read: the output of a convolution that a batch normalization reads, repeated
// pixels that convolutions read, and gradients that a convolution before the node reads. The last node comes first, since a gradient is lazy only if the one that it follows from
// is in memory.
func (f *fuser) makeLazy() {
	for i := len(f.plan) - 1; i >= 0; i-- {
		n, p := f.model.Nodes[i], &f.plan[i]
		switch l := n.Layer.(type) {
		case UpSampling2D:
			p.lazy = l.Interpolation == Nearest && f.convolved(i)
		case BatchNormalization:
			p.lazyGradient = !n.Frozen && (!f.flowsTo(n.Inputs[0]) || f.readsLazy(n.Inputs[0]))
		case Conv2D:
			reader := f.onlyReader(i)
			follows := reader >= 0 && f.plan[reader].lazyGradient
			p.lazyGradient = !follows && p.pooling == nil && f.laziness(i).Gradient && f.flowsTo(n.Inputs[0]) && f.readsLazy(n.Inputs[0])
			p.lazy = f.readsLazy(i) && f.laziness(i).Result && f.normalizes(reader)
		}
	}
}

// convolved tells whether convolutions alone read the output of node i, all of which can read a lazy one.
func (f *fuser) convolved(i int) bool {
	for _, reader := range f.readers[i] {
		if p := &f.plan[reader]; p.pooling != nil || p.lazy || p.lazyGradient || !f.laziness(reader).Input {
			return false
		}
	}
	return len(f.readers[i]) > 0
}

// flowsTo tells whether a gradient flows to node i, or to the model's input, -1.
func (f *fuser) flowsTo(i int) bool { return i >= 0 && f.flows[i] }

// normalizes tells whether node i is a batch normalization that computes statistics of the batch.
func (f *fuser) normalizes(i int) bool {
	_, ok := f.model.Nodes[i].Layer.(BatchNormalization)
	return ok && !f.model.Nodes[i].Frozen
}

// readsLazy tells whether the gradient by the output of node i, or of the model's input, -1, may be lazy: one op alone reads the output, and so
// gives the whole gradient, and the op of a convolution reads it.
func (f *fuser) readsLazy(i int) bool {
	if i < 0 || f.onlyReader(i) < 0 || f.plan[i].after.suffix() != "" || f.plan[i].pooling != nil || !f.laziness(i).Reads {
		return false
	}
	_, penalty := f.model.Nodes[i].Layer.(productLayer).ending()
	return penalty == (Regularizer{})
}

// laziness is what may be lazy of the convolution at node i; nothing of another layer.
func (f *fuser) laziness(i int) kernel.Laziness {
	lazy := kernel.LazinessOf[float32]
	if f.params.Precision == Float64 {
		lazy = kernel.LazinessOf[float64]
	}
	in := f.model.inputShapes(i, f.shapes)
	switch l := f.model.Nodes[i].Layer.(type) {
	case Conv2D:
		if w, _ := l.window(in); !l.grouped() { // the shapes were found to fit
			return lazy(w)
		}
	case Conv2DTranspose:
		if w, _ := l.window(in); !l.grouped() {
			return kernel.Laziness{Reads: lazy(w).Reads}
		}
	}
	return kernel.Laziness{}
}
