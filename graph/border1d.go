package graph

import "gorgonia.org/gorgonia"

// ZeroPadding1D adds places of zeros. (Keras' own default is one at each end.)
//
// Input {length, channels}, output {Before+length+After, channels}. Reference:
// https://keras.io/api/layers/reshaping_layers/zero_padding1d/
type ZeroPadding1D struct{ Padding Ends }

// Cropping1D takes places away; it fails if none are left. (Keras' own default is one at each end.)
//
// Input {length, channels}, output {length-Before-After, channels}. Reference:
// https://keras.io/api/layers/reshaping_layers/cropping1d/
type Cropping1D struct{ Cropping Ends }

// Class is "ZeroPadding1D".
func (ZeroPadding1D) Class() string { return "ZeroPadding1D" }

// Class is "Cropping1D".
func (Cropping1D) Class() string { return "Cropping1D" }

func (l ZeroPadding1D) image() Layer { return ZeroPadding2D{l.Padding.margins()} }

func (l Cropping1D) image() Layer { return Cropping2D{l.Cropping.margins()} }

// OutputShape is that of the longer sequence. It fails for an input that is no sequence, and for negative ends.
func (l ZeroPadding1D) OutputShape(in []Shape) (Shape, error) { return shapeOfSequence(l, in) }

// OutputShape is that of the shorter sequence. It fails for an input that is no sequence, for negative ends, and if nothing is left.
func (l Cropping1D) OutputShape(in []Shape) (Shape, error) { return shapeOfSequence(l, in) }

// Variables are none.
func (ZeroPadding1D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Cropping1D) Variables([]Shape) []Declaration { return nil }

func (l ZeroPadding1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, out, err := asRowAndShape(l, in)
	if err != nil {
		return nil, err
	}
	return pad(b, "zero_padding1d", l.Padding.margins(), 0, row, out, in[0])
}

func (l Cropping1D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	row, out, err := asRowAndShape(l, in)
	if err != nil {
		return nil, err
	}
	return l.image().(Cropping2D).crop(b, "cropping1d", row, out, in[0])
}
