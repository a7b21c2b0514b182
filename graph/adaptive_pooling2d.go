package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// AdaptiveMaxPooling2D takes the largest value of each channel over windows of which Output.H x Output.W cover the image: row i of them is from
// floor(i*height/Output.H) to ceil((i+1)*height/Output.H). Of equal values the first passes the gradient on.
//
// Input {height, width, channels}, output {Output.H, Output.W, channels}. Reference:
// https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_max_pool2d.html
type AdaptiveMaxPooling2D struct{ Output Size }

// AdaptiveAveragePooling2D takes the mean of each channel over the windows of [AdaptiveMaxPooling2D].
//
// Input {height, width, channels}, output {Output.H, Output.W, channels}. Reference:
// https://pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html
type AdaptiveAveragePooling2D struct{ Output Size }

// Class is "AdaptiveMaxPooling2D".
func (AdaptiveMaxPooling2D) Class() string { return "AdaptiveMaxPooling2D" }

// Class is "AdaptiveAveragePooling2D".
func (AdaptiveAveragePooling2D) Class() string { return "AdaptiveAveragePooling2D" }

// OutputShape is {Output.H, Output.W, channels}; it fails if a size is below 1.
func (l AdaptiveMaxPooling2D) OutputShape(in []Shape) (Shape, error) {
	return adaptedShape(in, l.Output)
}

// OutputShape is {Output.H, Output.W, channels}; it fails if a size is below 1.
func (l AdaptiveAveragePooling2D) OutputShape(in []Shape) (Shape, error) {
	return adaptedShape(in, l.Output)
}

func adaptedShape(in []Shape, to Size) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	if to.H < 1 || to.W < 1 {
		return nil, errors.Errorf("the output must have at least 1x1 pixels, not %dx%d", to.H, to.W)
	}
	return Shape{to.H, to.W, s[2]}, nil
}

// Variables are none.
func (AdaptiveMaxPooling2D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (AdaptiveAveragePooling2D) Variables([]Shape) []Declaration { return nil }

func (l AdaptiveMaxPooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	return largestOf(b, "adaptive_max_pooling2d", image, kernel.Ranges(image[0], l.Output.H), kernel.Ranges(image[1], l.Output.W), Shape{l.Output.H, l.Output.W, image[2]}, in[0])
}

func (l AdaptiveAveragePooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	return resampled(b, "adaptive_average_pooling2d", image, kernel.MeanTaps(image[0], l.Output.H), kernel.MeanTaps(image[1], l.Output.W), Shape{l.Output.H, l.Output.W, image[2]}, in[0])
}

// largestOf adds an op that takes the largest values over windows of any size.
func largestOf(b *builder, label string, image Shape, rows, columns []kernel.Range, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return largestIn[float64](b, label, image, rows, columns, out, x)
	}
	return largestIn[float32](b, label, image, rows, columns, out, x)
}

func largestIn[T kernel.Float](b *builder, label string, image Shape, rows, columns []kernel.Range, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	k := kernel.NewWindowMax[T](image[0], image[1], image[2], rows, columns)
	op := unary[T]{
		label: label, out: out,
		forward: func(n int, y, x []T) {
			k.Find(b.pool, n, x)
			k.Take(b.pool, n, y, x)
		},
		backward: func(n int, dx, _, _, dy []T) { k.Add(b.pool, n, dx, dy) },
	}
	return op.add(b, x)
}

func (l AdaptiveMaxPooling2D) see(in []Shape, out Shape, from []sight) sight {
	return AdaptiveAveragePooling2D(l).see(in, out, from)
}

func (l AdaptiveAveragePooling2D) see(in []Shape, _ Shape, from []sight) sight {
	return throughTaps(kernel.MeanTaps(in[0][0], l.Output.H), kernel.MeanTaps(in[0][1], l.Output.W), from[0])
}
