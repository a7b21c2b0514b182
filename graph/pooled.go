package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// pooledBy finds, for a layer at node i that can be computed together with a max pooling that halves its output, the node of that pooling;
// -1 if the layer is no such one, or if anything else reads it.
func (m *Model) pooledBy(i int, shapes []Shape) int {
	if len(shapes[i]) != 3 || !m.poolable(i) {
		return -1
	}
	reader := m.onlyReader(i)
	if reader < 0 {
		return -1
	}
	pool, ok := m.Nodes[reader].Layer.(MaxPooling2D)
	if !ok {
		return -1
	}
	if w, err := pool.window([]Shape{shapes[i]}); err != nil || !w.Halves() {
		return -1
	}
	return reader
}

// poolable tells whether node i is a batch normalization, or ends in an activation that may as well follow the pooling.
func (m *Model) poolable(i int) bool {
	if _, ok := m.Nodes[i].Layer.(BatchNormalization); ok {
		return !m.Nodes[i].Frozen
	}
	_, act := withoutActivation(m.Nodes[i].Layer)
	return act != Linear
}

// fewChannels of an input make a convolution cheaper than writing and reading its result.
const fewChannels = 4

// pooledWhole tells whether all of node i is computed together with its pooling, so that its own output exists in parts only.
func (m *Model) pooledWhole(i int, shapes []Shape) bool {
	switch m.Nodes[i].Layer.(type) {
	case BatchNormalization:
		return true
	case Conv2D:
		return m.inputShapes(i, shapes)[0][2] <= fewChannels
	}
	return false
}

// onlyReader is the node that alone reads node i, and only once; -1 if there is none.
func (m *Model) onlyReader(i int) int {
	reader := -1
	for j, n := range m.Nodes {
		for _, from := range n.Inputs {
			if from == i && reader >= 0 {
				return -1
			} else if from == i {
				reader = j
			}
		}
	}
	return reader
}

// withoutActivation takes an activation from a convolution that never falls, so that the largest value is the same before and after it; of
// other layers it returns linear.
func withoutActivation(l Layer) (Layer, Activation) {
	switch l := l.(type) {
	case Conv2D:
		if act := l.Activation; act.rises() && l.ActivityRegularizer == (Regularizer{}) {
			l.Activation = Linear
			return l, act
		}
	case Conv2DTranspose:
		if act := l.Activation; act.rises() && l.ActivityRegularizer == (Regularizer{}) {
			l.Activation = Linear
			return l, act
		}
	}
	return l, Linear
}

// rises tells whether the function is one that a pooling can compute at its end: it never falls, and is not linear.
func (a Activation) rises() bool {
	_, ok := a.fused()
	return ok && a.suffix() != ""
}

// mayPool tells whether a layer may be computed together with a pooling: not where its own output is wanted, as that of layers with
// units is in evaluations.
func (b *builder) mayPool(l Layer) bool {
	return !b.separate && (b.training || !HasUnits(l))
}

// applyPooled adds the max pooling at node j together with node i before it, of which x is the input, or together with what is left of
// it, its activation, of x.
func (b *builder) applyPooled(m *Model, i, j int, x *gorgonia.Node, whole bool) (*gorgonia.Node, error) {
	in := itemShapes([]*gorgonia.Node{x})
	image := in
	if whole {
		out, err := m.Nodes[i].Layer.OutputShape(in)
		if err != nil {
			return nil, err
		}
		image = []Shape{out}
	}
	pool := m.Nodes[j].Layer.(MaxPooling2D)
	w, err := pool.window(image)
	if err != nil {
		return nil, err
	}
	if !whole {
		b.layer = m.Nodes[j].Name
		_, act := withoutActivation(m.Nodes[i].Layer)
		return pool.activated(b, w, act, x)
	}
	b.layer, b.frozen = m.Nodes[i].Name, m.Nodes[i].Frozen
	owner := m.Nodes[i].owner()
	switch l := m.Nodes[i].Layer.(type) {
	case Conv2D:
		conv, err := l.window(in)
		if err != nil {
			return nil, err
		}
		if b.precision == Float64 {
			return pooledConv2D[float64](b, owner, l, conv, w, x)
		}
		return pooledConv2D[float32](b, owner, l, conv, w, x)
	case BatchNormalization:
		if b.precision == Float64 {
			return batchNorm[float64](b, owner, l.withDefaults(), &w, x)
		}
		return batchNorm[float32](b, owner, l.withDefaults(), &w, x)
	}
	return nil, errors.Errorf("%s is not computed with its pooling", m.Nodes[i].Name)
}

func pooledConv2D[T kernel.Float](b *builder, layer string, l Conv2D, w, pool kernel.Window, x *gorgonia.Node) (*gorgonia.Node, error) {
	return weighting[T]{
		label: "conv2d", pooling: "+max_pooling2d",
		product: func(act kernel.Activation) product[T] { return kernel.NewConvMaxPool2D[T](w, pool, act, b.training) },
		perRow:  w.InH * w.InW * w.InC, out: Shape{pool.OutH, pool.OutW, pool.OutC},
		act: l.Activation, withBias: !l.NoBias,
	}.add(b, layer, x)
}
