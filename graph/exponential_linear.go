package graph

import (
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// ExponentialLinear is x above 0 and Alpha*(e^x-1) below (Clevert et al. 2016, eq. 15); Keras calls the layer ELU. Reference:
// https://keras.io/api/layers/activation_layers/elu/
type ExponentialLinear struct {
	Alpha float64 // default 1
}

// Class is "ELU".
func (ExponentialLinear) Class() string { return "ELU" }

// OutputShape is the input's. It fails for other than one input.
func (ExponentialLinear) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

// Variables are none.
func (ExponentialLinear) Variables([]Shape) []Declaration { return nil }

func (l ExponentialLinear) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return curve(b, "elu", kernel.ELU(orOne(l.Alpha)), in[0])
}
