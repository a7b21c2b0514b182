package graph

import (
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// GlobalAveragePooling2D takes the mean of each channel over the whole image.
//
// Input {height, width, channels}, output {channels}. Reference:
// https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
type GlobalAveragePooling2D struct {
	KeepDims bool // the output is {1, 1, channels}
}

// GlobalMaxPooling2D takes the largest value of each channel over the whole image; pixels that are equally large share the
// gradient.
//
// Input {height, width, channels}, output {channels}. Reference:
// https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
type GlobalMaxPooling2D struct {
	KeepDims bool // the output is {1, 1, channels}
}

// Class is "GlobalAveragePooling2D".
func (GlobalAveragePooling2D) Class() string { return "GlobalAveragePooling2D" }

// Class is "GlobalMaxPooling2D".
func (GlobalMaxPooling2D) Class() string { return "GlobalMaxPooling2D" }

// OutputShape is {channels}, with KeepDims {1, 1, channels}. It fails for an input that is no image.
func (l GlobalAveragePooling2D) OutputShape(in []Shape) (Shape, error) {
	return globalShape(in, l.KeepDims)
}

// OutputShape is {channels}, with KeepDims {1, 1, channels}. It fails for an input that is no image.
func (l GlobalMaxPooling2D) OutputShape(in []Shape) (Shape, error) {
	return globalShape(in, l.KeepDims)
}

func globalShape(in []Shape, keepDims bool) (Shape, error) {
	s, err := one(in, 3)
	switch {
	case err != nil:
		return nil, err
	case keepDims:
		return Shape{1, 1, s[2]}, nil
	}
	return Shape{s[2]}, nil
}

// Variables are none.
func (GlobalAveragePooling2D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (GlobalMaxPooling2D) Variables([]Shape) []Declaration { return nil }

func (l GlobalAveragePooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return globalAverage(b, "global_average_pooling2d", out, in[0])
}

func (l GlobalMaxPooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return globalMax(b, "global_max_pooling2d", out, in[0])
}

// globalAverage adds the mean over all axes but the last.
func globalAverage(b *builder, label string, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	channels := item[len(item)-1]
	pixels := item.Size() / channels
	w := kernel.Window{InH: 1, InW: pixels, InC: channels, OutH: 1, OutW: 1, OutC: channels, KernelH: 1, KernelW: pixels, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1}
	return averagePool(b, label, w, kernel.Counting{}, out, x)
}

// globalMax adds the largest value over all axes but the last.
func globalMax(b *builder, label string, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return largest[float64](b, label, out, x)
	}
	return largest[float32](b, label, out, x)
}

func largest[T kernel.Float](b *builder, label string, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	channels := item[len(item)-1]
	pixels := item.Size() / channels
	op := unary[T]{
		label: label, out: out, needsX: true, needsY: true,
		forward:  func(n int, y, x []T) { kernel.GlobalMax(b.pool, n, pixels, channels, y, x) },
		backward: func(n int, dx, x, y, dy []T) { kernel.GlobalMaxGradient(b.pool, n, pixels, channels, dx, x, y, dy) },
	}
	return op.add(b, x)
}
