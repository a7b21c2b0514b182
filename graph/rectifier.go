package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Rectifier is x from Threshold to Max, Max above, and NegativeSlope*(x-Threshold) below; the zero value is max(x, 0). Keras
// calls the layer ReLU. Reference: https://keras.io/api/layers/activation_layers/relu/
type Rectifier struct {
	Max           float64 // default 0: no maximum
	NegativeSlope float64
	Threshold     float64
}

// Class is "ReLU".
func (Rectifier) Class() string { return "ReLU" }

// OutputShape is the input's. It fails for other than one input, and for settings that are negative.
func (l Rectifier) OutputShape(in []Shape) (Shape, error) {
	if !(min(l.Max, l.NegativeSlope, l.Threshold) >= 0) {
		return nil, errors.Errorf("maximum, slope and threshold must not be negative: %+v", l)
	}
	return one(in, 0)
}

// Variables are none.
func (Rectifier) Variables([]Shape) []Declaration { return nil }

func (l Rectifier) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	switch {
	case l == Rectifier{}:
		return activate(b, "relu", kernel.Activation{Function: kernel.ReLU}, in[0])
	case l.Max == 0 && l.Threshold == 0:
		return activate(b, "relu", kernel.Activation{Function: kernel.LeakyReLU, Slope: l.NegativeSlope}, in[0])
	case l == Rectifier{Max: 6}:
		return curve(b, "relu", kernel.ReLU6(), in[0])
	}
	return curve(b, "relu", kernel.Rectifier{Threshold: l.Threshold, Slope: l.NegativeSlope, Max: l.Max}.Curve(), in[0])
}
