package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// builder adds a model's ops to one expression graph.
type builder struct {
	graph      *gorgonia.ExprGraph
	precision  Precision
	pool       *kernel.Pool
	training   bool // batch statistics and gradients
	separate   bool // nothing is fused but activations into products
	memory     memory
	ops        []*op
	params     *Params
	variables  map[*Variable]*gorgonia.Node
	supplied   map[string]*gorgonia.Node // values in the place of variables of the layer that is being added
	flows      map[*gorgonia.Node]bool   // whether a gradient flows to a node
	statistics []statistic
	x, target  *gorgonia.Node   // the model's input, and what it is trained towards
	outputs    []*gorgonia.Node // of the model's nodes
	penalties  []*gorgonia.Node // scalars to add to the loss
	random     randomness
	layer      string         // whose ops are being added; empty for the loss
	frozen     bool           // that layer is not trained
	fusion     fusion         // how it is computed
	logits     *gorgonia.Node // what goes into the model's last activation, where the loss reads that
}

// randomness addresses what layers draw in a training step.
type randomness struct {
	seed  uint64
	step  int            // counted from 1
	first int            // in evaluation: the number of the batch's first image
	mean  bool           // samples are their distribution's mean
	uses  map[string]int // how many layers of a name draw
}

// statistic is a moving average and the value of the current batch that it is to take in.
type statistic struct {
	moving   *Variable
	batch    *tensor.Dense
	momentum float64

	// unbiased is, for a variance to be multiplied by n/(n-1), how many of its n values come from an image; 0 for others.
	unbiased int
}

func newBuilder(params *Params, pool *kernel.Pool, training bool) *builder {
	return &builder{
		graph: gorgonia.NewGraph(), precision: params.Precision, pool: pool, training: training, params: params,
		variables: map[*Variable]*gorgonia.Node{}, flows: map[*gorgonia.Node]bool{},
		random: randomness{uses: map[string]int{}},
	}
}

// input adds a named input node for batches of the given shape.
func (b *builder) input(name string, batch int, item Shape) *gorgonia.Node {
	return gorgonia.NewTensor(b.graph, b.precision.dtype(), 1+len(item), gorgonia.WithShape(item.batched(batch)...), gorgonia.WithName(name))
}

// variable is the node of a layer's variable.
func (b *builder) variable(layer, name string) (*gorgonia.Node, error) {
	if n := b.supplied[layer+"/"+name]; n != nil {
		return n, nil
	}
	v := b.params.Lookup(layer + "/" + name)
	if v == nil {
		return nil, errors.Errorf("variable %s/%s is missing", layer, name)
	}
	if n := b.variables[v]; n != nil {
		return n, nil
	}
	n := gorgonia.NewTensor(b.graph, b.precision.dtype(), len(v.Shape), gorgonia.WithShape(v.Shape...), gorgonia.WithName(v.Path()), gorgonia.WithValue(v.Value))
	b.variables[v] = n
	b.flows[n] = b.training && v.Trainable
	return n, b.penalizeVariable(v, n)
}

// add makes a node of an op whose label, batched, item, run and derive are set.
func (b *builder) add(o *op, in ...*gorgonia.Node) (*gorgonia.Node, error) {
	o.id = uint64(len(b.ops) + 1)
	o.dtype = b.precision.dtype()
	o.layer = b.layer
	o.pool = b.pool
	o.inputs = in
	flows := false
	o.differentiable = make([]bool, len(in))
	for i, n := range in {
		o.axes = append(o.axes, n.Dims())
		if o.derive != nil {
			o.differentiable[i] = b.flows[n]
			flows = flows || b.flows[n]
		}
	}
	if o.output == nil {
		if b.precision == Float64 {
			o.output = &lentOutput[float64]{memory: &b.memory}
		} else {
			o.output = &lentOutput[float32]{memory: &b.memory}
		}
	}
	if derive := o.derive; derive != nil {
		o.derive = func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
			b.layer = o.layer
			return derive(in, out, grad)
		}
	}
	n, err := gorgonia.ApplyOp(o, in...)
	if err != nil {
		return nil, errors.Wrap(err, o.label)
	}
	b.ops = append(b.ops, o)
	b.flows[n] = flows
	return n, nil
}

// pick adds a node for a tensor that the op of core writes beside its own output.
func (b *builder) pick(label string, core *gorgonia.Node, side *tensor.Dense) (*gorgonia.Node, error) {
	return b.add(&op{
		label: label, item: Shape(side.Shape().Clone()), output: ownOutput{side},
		run: func([]gorgonia.Value, gorgonia.Value) error { return nil },
	}, core)
}

// apply adds all layers of the model and returns its output. With logits, what goes into the last layer's sigmoid stays.
func (b *builder) apply(m *Model, logits bool) (*gorgonia.Node, error) {
	if _, err := m.Common(); err != nil {
		return nil, err
	}
	plan, err := m.fuse(b.params, b.training, b.separate, logits)
	if err != nil {
		return nil, err
	}
	for i, n := range m.Nodes {
		if plan[i].pooling != nil { // its op is added in the pooling's place
			b.outputs = append(b.outputs, nil)
			continue
		}
		b.fusion = plan[i]
		if len(n.Inputs) > 0 && n.Inputs[0] >= 0 && plan[n.Inputs[0]].pooling != nil {
			n, b.fusion = m.Nodes[n.Inputs[0]], plan[n.Inputs[0]]
		}
		in := make([]*gorgonia.Node, len(n.Inputs))
		for k, from := range n.Inputs {
			if in[k] = b.x; from >= 0 {
				in[k] = b.outputs[from]
			}
		}
		b.layer, b.frozen = n.Name, n.Frozen
		out, err := n.Layer.apply(b, n.owner(), in)
		if err != nil {
			return nil, errors.WithMessagef(err, "layer %s (%s)", n.Name, n.Layer.Class())
		}
		b.outputs = append(b.outputs, out)
	}
	b.layer = ""
	return b.outputs[len(b.outputs)-1], nil
}

// readLogits lets the loss read x, what goes into an activation, if the fusion says so.
func (b *builder) readLogits(f fusion, x *gorgonia.Node) {
	if f.logits {
		b.logits = x
	}
}

// finish is called when all nodes are there: it counts who reads whose output, and makes sure that Gorgonia, which
// merges nodes by 32 bits of hash, will merge none.
func (b *builder) finish(keep ...*gorgonia.Node) error {
	hashes := map[uint32]*gorgonia.Node{}
	for _, n := range b.graph.AllNodes() {
		if other := hashes[n.Hashcode()]; other != nil {
			return errors.Errorf("nodes %s and %s have the same hash: rename a layer", n.Name(), other.Name())
		}
		hashes[n.Hashcode()] = n
		o, ours := n.Op().(*op)
		if !ours {
			continue
		}
		o.readers = b.graph.To(n.ID()).Len()
		o.sources = nil
		for children := b.graph.From(n.ID()); children.Next(); {
			source, ours := children.Node().(*gorgonia.Node).Op().(*op)
			if ours && !slices.Contains(o.sources, source) { // an op may read one output twice
				o.sources = append(o.sources, source)
			}
		}
	}
	for _, n := range keep {
		if o, ours := n.Op().(*op); ours {
			o.keep = true
		}
	}
	return nil
}
