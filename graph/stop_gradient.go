package graph

import (
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// StopGradient passes its input on, and no gradient back. Reference: https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html
type StopGradient struct{}

// Class is "StopGradient".
func (StopGradient) Class() string { return "StopGradient" }

// OutputShape is the input's.
func (StopGradient) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

// Variables are none.
func (StopGradient) Variables([]Shape) []Declaration { return nil }

func (StopGradient) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return stopped[float64](b, in[0])
	}
	return stopped[float32](b, in[0])
}

func stopped[T kernel.Float](b *builder, x *gorgonia.Node) (*gorgonia.Node, error) {
	return b.add(&op{label: "stop_gradient", batched: true, item: Shape(x.Shape()[1:]), run: func(in []gorgonia.Value, y gorgonia.Value) error {
		copy(data[T](y), data[T](in[0]))
		return nil
	}}, x)
}
