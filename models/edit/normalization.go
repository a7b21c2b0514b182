package edit

import (
	"slices"

	"dcae/graph"
)

// Place is where a batch normalization stands.
type Place uint8

// AfterActivation normalizes what an activation gives, BeforeActivation what it takes (as Ioffe and Szegedy 2015 have it).
const (
	AfterActivation Place = iota
	BeforeActivation
)

// AddBatchNormalization normalizes the output of each hidden convolution and dense layer that has no normalization yet before the next layer with
// a kernel, after its activation or before it; an activation within the layer is split from it for that. Gates, and layers that give
// the output in one of their calls, get none; each call of a shared layer gets one of its own, since each has statistics of its
// own. It returns the names of the layers that were added.
func AddBatchNormalization(m *graph.Model, place Place) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	outputs := d.outputWeights()
	var changed []string
	for _, n := range append([]*node{}, d.nodes...) {
		if !isWeighted(n.layer) || n.first != nil || !d.wantsNormalization(n, outputs) {
			continue
		}
		fused, _ := activationOf(n.layer)
		for _, call := range d.calls(n) {
			at := call
			if a := d.activationBehind(call); a != nil && place == AfterActivation && fused == graph.Linear {
				at = a
			}
			added := d.insertAfter(at, graph.BatchNormalization{})
			changed = append(changed, added.name)
			if place == BeforeActivation && fused != graph.Linear {
				changed = append(changed, d.insertAfter(added, graph.Activate{Function: fused}).name)
			}
		}
		if place == BeforeActivation && fused != graph.Linear {
			d.set(n, withActivation(n.layer, graph.Linear))
		}
	}
	return d.finish(changed)
}

// wantsNormalization tells whether a layer with a kernel is hidden and not normalized, in all of its calls.
func (d *draft) wantsNormalization(n *node, outputs map[*node]bool) bool {
	for _, call := range d.calls(n) {
		if outputs[call] || d.gates(call) {
			return false
		}
		behind := append(d.chain(call), d.readers(call)...)
		for _, next := range behind {
			if normalizes(next.layer) || d.gates(next) {
				return false
			}
		}
	}
	return true
}

// activationBehind is the activation layer that a linear layer's output goes to; nil if there is none before the next kernel.
func (d *draft) activationBehind(n *node) *node {
	for _, next := range d.chain(n) {
		if a, ok := activationOf(next.layer); ok && a != graph.Linear {
			return next
		}
	}
	return nil
}

// RemoveBatchNormalization takes out all batch normalizations, and returns their names.
func RemoveBatchNormalization(m *graph.Model) (*graph.Model, []string, error) {
	return removeAll(m, isNormalization)
}

// NormalizationMomentum gives all batch normalizations a momentum, and lets frozen ones take part in training.
func NormalizationMomentum(m *graph.Model, momentum float64) (*graph.Model, []string, error) {
	out := *m
	out.Nodes = slices.Clone(m.Nodes)
	var changed []string
	for i, n := range out.Nodes {
		if b, ok := n.Layer.(graph.BatchNormalization); ok && (b.Momentum != momentum || n.Frozen) {
			b.Momentum = momentum
			out.Nodes[i].Layer, out.Nodes[i].Frozen = b, false
			changed = append(changed, n.Name)
		}
	}
	return &out, changed, nil
}
