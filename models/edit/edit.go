// Package edit changes one thing about a model: its activations, its initializers, its normalization, its width, its depth. That
// is how the cause of a failure is found, by what the change does to training.
//
// Each function takes a model, leaves it as it is, and returns a new one that takes and gives images of the same shapes, and the
// names of the layers that it changed: none if there was nothing to change. A layer that is called more than once stays one
// layer. Layers keep their names, so that all others begin with the same values as before; layers that are added have names
// as Keras gives them. A function fails if the model is not sound ([graph.Model.Shapes]), and where the change cannot be made; the error names
// the layer.
package edit

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// draft is a model while it is changed: nodes know each other by pointers, so that adding one renumbers nothing.
type draft struct {
	of     *graph.Model
	nodes  []*node // each behind its inputs
	loss   []*node // of the model's own loss
	output *node
}

// node is a layer in its place.
type node struct {
	name   string
	layer  graph.Layer
	inputs []*node // nil is the model's input
	first  *node   // the first call of the same layer; nil if this is the first
	frozen bool

	untrained []string // variables that are not trained
}

// open makes a draft of a model.
func open(m *graph.Model) (*draft, error) {
	if _, err := m.Shapes(); err != nil {
		return nil, err
	}
	d := &draft{of: m}
	named := map[string]*node{}
	for i, n := range append(slices.Clip(m.Nodes), m.OwnLoss...) {
		made := &node{name: n.Name, layer: n.Layer, frozen: n.Frozen, untrained: n.Untrained}
		for _, from := range n.Inputs {
			var input *node
			if from >= 0 {
				input = d.all()[from]
			}
			made.inputs = append(made.inputs, input)
		}
		if n.SharedWith != "" {
			if made.first = named[n.SharedWith]; made.first == nil {
				return nil, errors.Errorf("layer %s cannot share variables with %s: there is none before it", n.Name, n.SharedWith)
			}
		}
		named[n.Name] = made
		if i < len(m.Nodes) {
			d.nodes = append(d.nodes, made)
		} else {
			d.loss = append(d.loss, made)
		}
	}
	d.output = d.nodes[len(d.nodes)-1]
	return d, nil
}

// all are the nodes of the model and of its own loss.
func (d *draft) all() []*node { return append(slices.Clip(d.nodes), d.loss...) }

// build numbers the nodes.
func (d *draft) build() *graph.Model {
	m := &graph.Model{Name: d.of.Name, Input: slices.Clone(d.of.Input), Batch: d.of.Batch}
	at := map[*node]int{nil: -1}
	for i, n := range d.all() {
		at[n] = i
		made := graph.Node{Name: n.name, Layer: n.layer, Frozen: n.frozen, Untrained: n.untrained}
		for _, from := range n.inputs {
			made.Inputs = append(made.Inputs, at[from])
		}
		if n.first != nil {
			made.SharedWith = n.first.name
		}
		if i < len(d.nodes) {
			m.Nodes = append(m.Nodes, made)
		} else {
			m.OwnLoss = append(m.OwnLoss, made)
		}
	}
	return m
}

// shapes are the nodes' output shapes, and the model's input's for nil.
func (d *draft) shapes() (map[*node]graph.Shape, error) {
	shapes, err := d.build().Shapes()
	if err != nil {
		return nil, err
	}
	out := map[*node]graph.Shape{nil: d.of.Input}
	for i, n := range d.nodes {
		out[n] = shapes[i]
	}
	return out, nil
}

// finish makes the model of a draft whose named layers were changed; a copy of the old one if there are none.
func (d *draft) finish(changed []string) (*graph.Model, []string, error) {
	if len(changed) == 0 {
		old, err := open(d.of)
		if err != nil {
			return nil, nil, err
		}
		return old.build(), nil, nil
	}
	if d.output == nil {
		return nil, nil, errors.Errorf("model %s would have no layers left", d.of.Name)
	}
	if last := d.nodes[len(d.nodes)-1]; last != d.output {
		return nil, nil, errors.Errorf("layer %s would not lead to the model's output", last.name)
	}
	m := d.build()
	shapes, err := m.Shapes()
	if err != nil {
		return nil, nil, err
	}
	if err := d.checkShared(shapes); err != nil {
		return nil, nil, err
	}
	if err := m.CheckOwnLoss(); err != nil {
		return nil, nil, err
	}
	before, err := d.of.Shapes()
	if err != nil {
		return nil, nil, err
	}
	if was, is := before[len(before)-1], shapes[len(shapes)-1]; !slices.Equal(was, is) {
		return nil, nil, errors.Errorf("layer %s: the model's output would be %v instead of %v", d.output.name, is, was)
	}
	return m, changed, nil
}

// checkShared tells which layer could not be called more than once any more, since its inputs are not as wide as each other.
func (d *draft) checkShared(outputs []graph.Shape) error {
	shapes := map[*node]graph.Shape{nil: d.of.Input}
	for i, n := range d.nodes {
		shapes[n] = outputs[i]
		if n.first == nil {
			continue
		}
		other := n.first.layer.Variables([]graph.Shape{shapes[n.first.inputs[0]]})
		for i, v := range n.layer.Variables([]graph.Shape{shapes[n.inputs[0]]}) {
			if !slices.Equal(v.Shape, other[i].Shape) {
				return errors.Errorf("layer %s is called more than once: its %s would have to be %v and %v", n.first.name, v.Name, other[i].Shape, v.Shape)
			}
		}
	}
	return nil
}

// readers are the nodes that take the output of n, each once.
func (d *draft) readers(n *node) []*node {
	var out []*node
	for _, r := range d.all() {
		if slices.Contains(r.inputs, n) {
			out = append(out, r)
		}
	}
	return out
}

// calls are all nodes of the layer of n.
func (d *draft) calls(n *node) []*node {
	if n.first != nil {
		n = n.first
	}
	var out []*node
	for _, other := range d.all() {
		if other == n || other.first == n {
			out = append(out, other)
		}
	}
	return out
}

// set gives all calls of a layer other settings.
func (d *draft) set(n *node, l graph.Layer) {
	for _, call := range d.calls(n) {
		call.layer = l
	}
}

// name is one that no node has, as Keras would choose it.
func (d *draft) name(l graph.Layer) string {
	base := graph.Sequential("", nil, l).Nodes[0].Name
	name := base
	for i := 1; slices.ContainsFunc(d.all(), func(n *node) bool { return n.name == name }); i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	return name
}

// insertAfter adds a layer behind a node, between it and all that read it.
func (d *draft) insertAfter(n *node, l graph.Layer) *node {
	readers := d.readers(n)
	added := &node{name: d.name(l), layer: l, inputs: []*node{n}}
	for _, r := range readers {
		r.replaceInput(n, added)
	}
	if d.output == n {
		d.output = added
	}
	d.nodes = slices.Insert(d.nodes, slices.Index(d.nodes, n)+1, added)
	return added
}

// insertBefore adds a layer between a node and its only input.
func (d *draft) insertBefore(n *node, l graph.Layer) {
	added := &node{name: d.name(l), layer: l, inputs: slices.Clone(n.inputs)}
	n.inputs = []*node{added}
	d.nodes = slices.Insert(d.nodes, slices.Index(d.nodes, n), added)
}

// remove takes a node out; what read it reads its input. All other calls of its layer are to go, too.
func (d *draft) remove(n *node) {
	for _, r := range d.readers(n) {
		r.replaceInput(n, n.inputs[0])
	}
	if d.output == n {
		d.output = n.inputs[0]
	}
	d.nodes = slices.DeleteFunc(d.nodes, func(other *node) bool { return other == n })
}

// separate makes a layer of its own of one of a layer's calls.
func (d *draft) separate(n *node) {
	if n.first != nil {
		n.first, n.name = nil, d.name(n.layer)
		return
	}
	var heir *node
	for _, other := range d.calls(n)[1:] {
		if other.first = heir; heir == nil {
			heir, other.name = other, d.name(other.layer)
		}
	}
}

func (n *node) replaceInput(old, by *node) {
	for i, in := range n.inputs {
		if in == old {
			n.inputs[i] = by
		}
	}
}

// names are those of nodes.
func names(nodes []*node) []string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.name)
	}
	return out
}
