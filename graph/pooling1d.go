package graph

import (
	"cmp"

	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// MaxPooling1D takes the largest value of each window and channel; of equal ones the first passes the gradient on.
//
// Input {length, channels}; places outside of the sequence are left out. Reference:
// https://keras.io/api/layers/pooling_layers/max_pooling1d/
type MaxPooling1D struct {
	Pool    int     // default 2
	Stride  int     // default Pool
	Padding Padding // valid or same
}

// AveragePooling1D takes the mean of each window and channel.
//
// Input {length, channels}; places outside of the sequence are left out of sum and count. Reference:
// https://keras.io/api/layers/pooling_layers/average_pooling1d/
type AveragePooling1D struct {
	Pool    int     // default 2
	Stride  int     // default Pool
	Padding Padding // valid or same
}

// GlobalAveragePooling1D takes the mean of each channel over the whole sequence.
//
// Input {length, channels}, output {channels}. Reference: https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
type GlobalAveragePooling1D struct {
	KeepDims bool // the output is {1, channels}
}

// GlobalMaxPooling1D takes the largest value of each channel over the whole sequence; places that are equally large share the gradient.
//
// Input {length, channels}, output {channels}. Reference: https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
type GlobalMaxPooling1D struct {
	KeepDims bool // the output is {1, channels}
}

// Class is "MaxPooling1D".
func (MaxPooling1D) Class() string { return "MaxPooling1D" }

// Class is "AveragePooling1D".
func (AveragePooling1D) Class() string { return "AveragePooling1D" }

// Class is "GlobalAveragePooling1D".
func (GlobalAveragePooling1D) Class() string { return "GlobalAveragePooling1D" }

// Class is "GlobalMaxPooling1D".
func (GlobalMaxPooling1D) Class() string { return "GlobalMaxPooling1D" }

func (l MaxPooling1D) image() Layer {
	return MaxPooling2D{Pool: along(cmp.Or(l.Pool, 2)), Strides: along(l.Stride), Padding: l.Padding}
}

func (l AveragePooling1D) image() Layer {
	return AveragePooling2D{Pool: along(cmp.Or(l.Pool, 2)), Strides: along(l.Stride), Padding: l.Padding}
}

func (l GlobalAveragePooling1D) image() Layer { return GlobalAveragePooling2D{KeepDims: true} }

func (l GlobalMaxPooling1D) image() Layer { return GlobalMaxPooling2D{KeepDims: true} }

// OutputShape is that of the reduced sequence. It fails for an input that is no sequence, if a valid window is longer than it, and for windows
// of more than 256 places.
func (l MaxPooling1D) OutputShape(in []Shape) (Shape, error) { return shapeOfSequence(l, in) }

// OutputShape is that of the reduced sequence. It fails for an input that is no sequence, and if a valid window is longer than it.
func (l AveragePooling1D) OutputShape(in []Shape) (Shape, error) { return shapeOfSequence(l, in) }

// OutputShape is {channels}, with KeepDims {1, channels}. It fails for an input that is no sequence.
func (l GlobalAveragePooling1D) OutputShape(in []Shape) (Shape, error) {
	return globalShapeOfSequence(l, l.KeepDims, in)
}

// OutputShape is {channels}, with KeepDims {1, channels}. It fails for an input that is no sequence.
func (l GlobalMaxPooling1D) OutputShape(in []Shape) (Shape, error) {
	return globalShapeOfSequence(l, l.KeepDims, in)
}

func globalShapeOfSequence(l sequential, keepDims bool, in []Shape) (Shape, error) {
	out, err := shapeOfSequence(l, in)
	if err != nil || keepDims {
		return out, err
	}
	return out[1:], nil
}

// Variables are none.
func (MaxPooling1D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (AveragePooling1D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (GlobalAveragePooling1D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (GlobalMaxPooling1D) Variables([]Shape) []Declaration { return nil }

func (l MaxPooling1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, err := asRow(itemShapes(in))
	if err != nil {
		return nil, err
	}
	w, err := l.image().(MaxPooling2D).window(row)
	if err != nil {
		return nil, err
	}
	return pooledBy(b, "max_pooling1d", w, Shape{w.OutW, w.OutC}, in[0])
}

func (l AveragePooling1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, err := asRow(itemShapes(in))
	if err != nil {
		return nil, err
	}
	w, err := l.image().(AveragePooling2D).window(row)
	if err != nil {
		return nil, err
	}
	return averagePool(b, "average_pooling1d", w, kernel.Counting{}, Shape{w.OutW, w.OutC}, in[0])
}

func (l GlobalAveragePooling1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return globalAverage(b, "global_average_pooling1d", out, in[0])
}

func (l GlobalMaxPooling1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return globalMax(b, "global_max_pooling1d", out, in[0])
}
