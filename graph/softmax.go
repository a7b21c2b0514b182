package graph

import (
	"slices"

	"gorgonia.org/gorgonia"
)

// SoftmaxLayer makes probabilities of the values along an axis: e^x / sum of e^x, or their logarithms. It fails if there is no such axis. Keras
// calls the layer Softmax. Reference: https://keras.io/api/layers/activation_layers/softmax/
type SoftmaxLayer struct {
	Axis int  `json:",omitempty"` // counted from 1, or from the end: -1 is the last; default the last
	Log  bool `json:",omitempty"` // the logarithm
}

// Class is "Softmax".
func (SoftmaxLayer) Class() string { return "Softmax" }

// OutputShape is the input's. It fails for other than one input, and for one without that axis.
func (l SoftmaxLayer) OutputShape(in []Shape) (Shape, error) {
	s, err := oneWithAxes(in)
	if err != nil {
		return nil, err
	}
	_, err = l.axis(s)
	return s, err
}

// axis is counted from 0, without the batch.
func (l SoftmaxLayer) axis(s Shape) (int, error) {
	if l.Axis == 0 {
		return len(s) - 1, nil
	}
	return axisOf(l.Axis, len(s))
}

// Variables are none.
func (SoftmaxLayer) Variables([]Shape) []Declaration { return nil }

// apply brings the axis to the end and back.
func (l SoftmaxLayer) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	item := itemShapes(in)[0]
	axis, err := l.axis(item)
	if err != nil {
		return nil, err
	}
	function := Softmax
	if l.Log {
		function = LogSoftmax
	}
	last := len(item) - 1
	if axis == last {
		return Activate{function}.apply(b, layer, in)
	}
	order, exchanged := make([]int, len(item)), slices.Clone(item)
	for i := range order {
		order[i] = i
	}
	order[axis], order[last] = last, axis
	exchanged[axis], exchanged[last] = item[last], item[axis]
	y, err := permute(b, "permute", item, order, exchanged, in[0])
	if err != nil {
		return nil, err
	}
	if y, err = (Activate{function}).apply(b, layer, []*gorgonia.Node{y}); err != nil {
		return nil, err
	}
	return permute(b, "permute", exchanged, order, item, y)
}

func (l SoftmaxLayer) see(in []Shape, out Shape, from []sight) sight {
	if axis, err := l.axis(in[0]); err == nil {
		return seenAlong([]int{axis + 1}, out, from[0])
	}
	return whole(out, from)
}
