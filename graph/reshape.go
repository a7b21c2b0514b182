package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Flatten makes a vector of an image, row by row, channels innermost. Reference:
// https://keras.io/api/layers/reshaping_layers/flatten/
type Flatten struct{}

// Class is "Flatten".
func (Flatten) Class() string { return "Flatten" }

// OutputShape is {height*width*channels}. It fails for other than one input.
func (Flatten) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	return Shape{s.Size()}, err
}

// Variables are none.
func (Flatten) Variables([]Shape) []Declaration { return nil }

func (l Flatten) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	return reshape(b, "flatten", Shape{itemShapes(in)[0].Size()}, in[0])
}

// Reshape gives an image's values another shape of the same size; one axis may be -1. Reference:
// https://keras.io/api/layers/reshaping_layers/reshape/
type Reshape struct{ Target Shape }

// Class is "Reshape".
func (Reshape) Class() string { return "Reshape" }

// OutputShape is Target. It fails if the sizes differ, for more than one -1, and for other lengths below 1.
func (l Reshape) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err != nil {
		return nil, err
	}
	out, unknown, known := append(Shape{}, l.Target...), -1, 1
	for i, d := range out {
		switch {
		case d == -1 && unknown < 0:
			unknown = i
		case d < 1:
			return nil, errors.Errorf("bad target shape %v", l.Target)
		default:
			known *= d
		}
	}
	if unknown >= 0 {
		out[unknown] = s.Size() / known
	}
	if out.Size() != s.Size() {
		return nil, errors.Errorf("an input of shape %v (%d values) cannot become %v", s, s.Size(), l.Target)
	}
	return out, nil
}

// Variables are none.
func (Reshape) Variables([]Shape) []Declaration { return nil }

func (l Reshape) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return reshape(b, "reshape", out, in[0])
}

// reshape gives values another shape: as the fusion has it, in the same memory or as a copy.
func reshape(b *builder, label string, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return reshaped[float64](b, label, out, b.fusion.view, b.fusion.viewGradient, x)
	}
	return reshaped[float32](b, label, out, b.fusion.view, b.fusion.viewGradient, x)
}

func reshaped[T kernel.Float](b *builder, label string, out Shape, view, viewGradient bool, x *gorgonia.Node) (*gorgonia.Node, error) {
	forward := &op{label: label, batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		copy(data[T](y), data[T](in[0]))
		return nil
	}
	if shared := viewOf[T](x); view && shared != nil {
		forward.output, forward.view = shared, true
		forward.run = func([]gorgonia.Value, gorgonia.Value) error { return nil }
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if !forward.differentiable[0] {
			return gorgonia.Nodes{nil}, nil
		}
		dx, err := reshaped[T](b, "gradient of "+label, Shape(in[0].Shape()[1:]), viewGradient, false, grad)
		return gorgonia.Nodes{dx}, err
	}
	return b.add(forward, x)
}
