package graph

import "gorgonia.org/gorgonia"

// SoftmaxLayer makes probabilities of each row along the last axis: e^x / sum of e^x. Keras calls the layer Softmax.
// Reference: https://keras.io/api/layers/activation_layers/softmax/
type SoftmaxLayer struct{}

// Class is "Softmax".
func (SoftmaxLayer) Class() string { return "Softmax" }

// OutputShape is the input's. It fails for other than one input, and for one without axes.
func (SoftmaxLayer) OutputShape(in []Shape) (Shape, error) { return oneWithAxes(in) }

// Variables are none.
func (SoftmaxLayer) Variables([]Shape) []Declaration { return nil }

func (SoftmaxLayer) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return Activate{Softmax}.apply(b, layer, in)
}
