package edit

import (
	"reflect"

	"dcae/graph"
)

// RemoveDropout takes out all layers that change their input at random (Dropout, SpatialDropout2D, GaussianNoise) at a rate or
// standard deviation above 0, and returns their names.
func RemoveDropout(m *graph.Model) (*graph.Model, []string, error) {
	return removeAll(m, func(l graph.Layer) bool {
		amount, ok := graph.Noise(l)
		return ok && amount > 0
	})
}

// removeAll takes out all layers of a kind, which have one input and keep its shape.
func removeAll(m *graph.Model, kind func(graph.Layer) bool) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	var out []*node
	for _, n := range d.nodes {
		if kind(n.layer) {
			out = append(out, n)
		}
	}
	removed := names(out)
	for _, n := range out {
		d.remove(n)
	}
	return d.finish(removed)
}

// RemoveRegularizers takes the penalties of kernels, biases and outputs, and of what normalizations and PReLU learn, from all layers.
func RemoveRegularizers(m *graph.Model) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	var changed []string
	for _, n := range d.nodes {
		if free := withoutPenalties(n.layer); n.first == nil && !reflect.DeepEqual(free, n.layer) {
			d.set(n, free)
			changed = append(changed, n.name)
		}
	}
	return d.finish(changed)
}

func withoutPenalties(l graph.Layer) graph.Layer {
	none := graph.Regularizer{}
	switch l := l.(type) {
	case graph.BatchNormalization:
		l.GammaRegularizer, l.BetaRegularizer = none, none
		return l
	case graph.LayerNormalization:
		l.GammaRegularizer, l.BetaRegularizer = none, none
		return l
	case graph.GroupNormalization:
		l.GammaRegularizer, l.BetaRegularizer = none, none
		return l
	case graph.ParametricRectifier:
		l.AlphaRegularizer = none
		return l
	}
	if separable, ok := l.(graph.SeparableConv2D); ok {
		separable.DepthwiseRegularizer = none
		l = separable
	}
	w, ok := weightsOf(l)
	if !ok {
		return l
	}
	w.kernelPenalty, w.biasPenalty, w.outputPenalty = none, none, none
	return w.in(l)
}
