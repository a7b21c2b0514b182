package graph

import "gorgonia.org/gorgonia"

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

// applyPooled adds the max pooling at node j of x, together with what is left of its input, node i: a batch normalization, or
// an activation.
func (b *builder) applyPooled(m *Model, i, j int, x *gorgonia.Node) (*gorgonia.Node, error) {
	pool := m.Nodes[j].Layer.(MaxPooling2D)
	w, err := pool.window(itemShapes([]*gorgonia.Node{x}))
	if err != nil {
		return nil, err
	}
	l, ok := m.Nodes[i].Layer.(BatchNormalization)
	if !ok {
		b.layer = m.Nodes[j].Name
		_, act := withoutActivation(m.Nodes[i].Layer)
		return pool.activated(b, w, act, x)
	}
	b.layer = m.Nodes[i].Name
	if b.precision == Float64 {
		return batchNorm[float64](b, m.Nodes[i].owner(), l.withDefaults(), &w, x)
	}
	return batchNorm[float32](b, m.Nodes[i].owner(), l.withDefaults(), &w, x)
}
