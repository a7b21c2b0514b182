package graph

import "gorgonia.org/gorgonia"

// Identity passes its input on. Reference: https://keras.io/api/layers/core_layers/identity/
type Identity struct{}

// Class is "Identity".
func (Identity) Class() string { return "Identity" }

// OutputShape is the input's. It fails for other than one input.
func (Identity) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

// Variables are none.
func (Identity) Variables([]Shape) []Declaration { return nil }

func (Identity) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return identity(b, in[0])
}

func identity(b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	return reshape(b, "identity", Shape(x.Shape()[1:]), x)
}
