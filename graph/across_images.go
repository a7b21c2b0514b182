package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Values that all images of a batch have in common have a batch axis of length 1: a parameter that is used as a tensor, a mean over the
// batch, a loss. The layers of this file make such values, and bring them together with those of single images.

// Parameter is an array that is trained, or a constant, used as a value by itself. It has no input.
//
// Output Shape, the same one for all images.
type Parameter struct {
	Shape    Shape
	Init     Initializer // default zeros
	Constant bool        // not trained
}

// SumOverBatch adds up the images of a batch, value by value; with Mean it divides by their number.
//
// Output of the input's shape, one for all images.
type SumOverBatch struct{ Mean bool }

// RepeatOverBatch gives each image of a batch the value that they have in common.
//
// Output of the input's shape.
type RepeatOverBatch struct{}

// BatchSize is the number of images in the batch. It has no input.
//
// Output a scalar, the same one for all images.
type BatchSize struct{}

// Class is "Parameter".
func (Parameter) Class() string { return "Parameter" }

// Class is "SumOverBatch".
func (SumOverBatch) Class() string { return "SumOverBatch" }

// Class is "RepeatOverBatch".
func (RepeatOverBatch) Class() string { return "RepeatOverBatch" }

// Class is "BatchSize".
func (BatchSize) Class() string { return "BatchSize" }

// OutputShape is Shape; it fails if there are inputs.
func (l Parameter) OutputShape(in []Shape) (Shape, error) {
	if len(in) > 0 {
		return nil, errors.Errorf("takes no input, not %d", len(in))
	}
	return slices.Clone(l.Shape), nil
}

// OutputShape is the input's. It fails for other than one input.
func (SumOverBatch) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

// OutputShape is the input's. It fails for other than one input.
func (RepeatOverBatch) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

// OutputShape is a scalar's; it fails if there are inputs.
func (BatchSize) OutputShape(in []Shape) (Shape, error) { return Parameter{}.OutputShape(in) }

// Variables is the array, named value. A number is an array of one.
func (l Parameter) Variables([]Shape) []Declaration {
	shape := l.Shape
	if len(shape) == 0 {
		shape = Shape{1}
	}
	return []Declaration{{Name: "value", Shape: shape, Init: initializerOr(l.Init, Zeros{}), Trainable: !l.Constant}}
}

// Variables are none.
func (SumOverBatch) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (RepeatOverBatch) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (BatchSize) Variables([]Shape) []Declaration { return nil }

func (l Parameter) apply(b *builder, layer string, _ []*gorgonia.Node) (*gorgonia.Node, error) {
	v, err := b.variable(layer, "value")
	if err != nil {
		return nil, err
	}
	return shaped(b, layer, l.Shape.batched(1), v)
}

// shaped adds an op that gives a value that all images have in common another shape, which holds the batch axis if there is to be one.
func shaped(b *builder, label string, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return shapedAs[float64](b, label, out, x)
	}
	return shapedAs[float32](b, label, out, x)
}

func shapedAs[T kernel.Float](b *builder, label string, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	forward := &op{label: label, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		copy(data[T](y), data[T](in[0]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if !forward.differentiable[0] {
			return gorgonia.Nodes{nil}, nil
		}
		dx, err := shapedAs[T](b, "gradient of "+label, Shape(in[0].Shape()), grad)
		return gorgonia.Nodes{dx}, err
	}
	return b.add(forward, x)
}

func (l SumOverBatch) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return summed[float64](b, l.Mean, in[0])
	}
	return summed[float32](b, l.Mean, in[0])
}

func summed[T kernel.Float](b *builder, mean bool, x *gorgonia.Node) (*gorgonia.Node, error) {
	label := "sum_over_batch"
	if mean {
		label = "mean_over_batch"
	}
	scale := func(images int) float64 {
		if mean {
			return 1 / float64(images)
		}
		return 1
	}
	item := Shape(x.Shape()[1:])
	forward := &op{label: label, item: item.batched(1)}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		n := in[0].Shape()[0]
		kernel.SumImages(b.pool, n, data[T](y), data[T](in[0]), scale(n))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if !forward.differentiable[0] {
			return gorgonia.Nodes{nil}, nil
		}
		dx, err := overBatch[T](b, "gradient of "+label, scale, grad)
		return gorgonia.Nodes{dx}, err
	}
	return b.add(forward, x)
}

func (RepeatOverBatch) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	same := func(int) float64 { return 1 }
	if b.precision == Float64 {
		return overBatch[float64](b, "repeat_over_batch", same, in[0])
	}
	return overBatch[float32](b, "repeat_over_batch", same, in[0])
}

// overBatch gives each image what all have in common, times what scale gives for their number.
func overBatch[T kernel.Float](b *builder, label string, scale func(images int) float64, common *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(common.Shape()[1:])
	forward := &op{label: label, batched: true, item: item}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		n := in[0].Shape()[0]
		kernel.RepeatImage(b.pool, n, data[T](y), data[T](in[1]), scale(n))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, 2)
		if !forward.differentiable[1] {
			return grads, nil
		}
		backward := &op{label: "gradient of " + label, item: item.batched(1)}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			n := in[0].Shape()[0]
			kernel.SumImages(b.pool, n, data[T](dx), data[T](in[0]), scale(n))
			return nil
		}
		var err error
		grads[1], err = b.add(backward, grad)
		return grads, err
	}
	return b.addWithoutFirst(forward, b.x, common)
}

// addWithoutFirst is add for an op through which no gradient flows to its first input.
func (b *builder) addWithoutFirst(o *op, in ...*gorgonia.Node) (*gorgonia.Node, error) {
	n, err := b.add(o, in...)
	if err == nil {
		o.differentiable[0] = false
		b.flows[n] = slices.Contains(o.differentiable, true)
	}
	return n, err
}

func (BatchSize) apply(b *builder, _ string, _ []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return counted[float64](b)
	}
	return counted[float32](b)
}

func counted[T kernel.Float](b *builder) (*gorgonia.Node, error) {
	return b.addWithoutFirst(&op{label: "batch_size", item: Shape{1}, run: func(in []gorgonia.Value, y gorgonia.Value) error {
		data[T](y)[0] = T(in[0].Shape()[0])
		return nil
	}}, b.x)
}

// see is nothing of the image.
func (Parameter) see(_ []Shape, out Shape, _ []sight) sight { return pointwise(out, nil) }

// see is all, since values of all images come together.
func (SumOverBatch) see(_ []Shape, out Shape, from []sight) sight { return whole(out, from) }

// Common tells for each node whether its output is common to all images. It fails where a layer reads both such values and single images'.
func (m *Model) Common() ([]bool, error) {
	out := make([]bool, len(m.Nodes))
	for i, n := range m.Nodes {
		inputs, supplied := n.Inputs, []int(nil)
		if l, ok := n.Layer.(Supplied); ok {
			inputs, supplied = inputs[:len(inputs)-len(l.Names)], inputs[len(inputs)-len(l.Names):]
		}
		for _, from := range supplied {
			if from < 0 || !out[from] {
				return nil, errors.Errorf("layer %s (%s): its variables must be common to all images", n.Name, n.Layer.Class())
			}
		}
		commons := 0
		for _, from := range inputs {
			if from >= 0 && out[from] {
				commons++
			}
		}
		switch n.Layer.(type) {
		case Parameter, BatchSize, SumOverBatch:
			out[i] = true
		case RepeatOverBatch:
			if commons == 0 {
				return nil, errors.Errorf("layer %s (%s): its input is not common to all images", n.Name, n.Layer.Class())
			}
		case Target:
		default:
			if out[i] = commons > 0; commons > 0 && commons < len(inputs) {
				return nil, errors.Errorf("layer %s (%s) reads values that all images have in common and such of single images: repeat the first (RepeatOverBatch)", n.Name, n.Layer.Class())
			}
		}
	}
	return out, nil
}
