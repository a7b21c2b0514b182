package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Margins are numbers of pixel rows and columns along an image's border.
type Margins struct{ Top, Bottom, Left, Right int }

// AllAround are equal margins on every side.
func AllAround(n int) Margins { return Margins{n, n, n, n} }

func (m Margins) check() error {
	if min(m.Top, m.Bottom, m.Left, m.Right) < 0 {
		return errors.Errorf("margins must not be negative: %+v", m)
	}
	return nil
}

// ZeroPadding2D adds rows and columns of zeros. (Keras' own default is one on each side.)
//
// Input {height, width, channels}, output {Top+height+Bottom, Left+width+Right, channels}. Reference:
// https://keras.io/api/layers/reshaping_layers/zero_padding2d/
type ZeroPadding2D struct{ Padding Margins }

// Cropping2D takes rows and columns away; it fails if none are left.
//
// Input {height, width, channels}, output {height-Top-Bottom, width-Left-Right, channels}. Reference:
// https://keras.io/api/layers/reshaping_layers/cropping2d/
type Cropping2D struct{ Cropping Margins }

// Class is "ZeroPadding2D".
func (ZeroPadding2D) Class() string { return "ZeroPadding2D" }

// Class is "Cropping2D".
func (Cropping2D) Class() string { return "Cropping2D" }

// OutputShape is that of the larger image.
func (l ZeroPadding2D) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	m := l.Padding
	return Shape{m.Top + s[0] + m.Bottom, m.Left + s[1] + m.Right, s[2]}, m.check()
}

// OutputShape is that of the smaller image.
func (l Cropping2D) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	m := l.Cropping
	out := Shape{s[0] - m.Top - m.Bottom, s[1] - m.Left - m.Right, s[2]}
	if out[0] < 1 || out[1] < 1 {
		return nil, errors.Errorf("cropping %d rows and %d columns leaves nothing of %v", m.Top+m.Bottom, m.Left+m.Right, s)
	}
	return out, m.check()
}

// Variables are none.
func (ZeroPadding2D) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (Cropping2D) Variables([]Shape) []Declaration { return nil }

func (l ZeroPadding2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	inner := itemShapes(in)[0]
	outer, err := l.OutputShape([]Shape{inner})
	if err != nil {
		return nil, err
	}
	return bordered(b, "zero_padding2d", inner, outer, l.Padding, outer, in[0])
}

func (l Cropping2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	outer := itemShapes(in)[0]
	inner, err := l.OutputShape([]Shape{outer})
	if err != nil {
		return nil, err
	}
	return bordered(b, "cropping2d", inner, outer, l.Cropping, inner, in[0])
}

func bordered(b *builder, label string, inner, outer Shape, m Margins, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	border := kernel.Border{InH: inner[0], InW: inner[1], OutH: outer[0], OutW: outer[1], Channels: inner[2], Top: m.Top, Left: m.Left}
	if b.precision == Float64 {
		return padOrCrop[float64](b, label, border, out, x)
	}
	return padOrCrop[float32](b, label, border, out, x)
}

// padOrCrop adds an op whose output is the larger or the smaller of the two images; one is the other's derivative.
func padOrCrop[T kernel.Float](b *builder, label string, border kernel.Border, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	there, back := kernel.Pad[T], kernel.Crop[T]
	if out[0] == border.InH && out[1] == border.InW {
		there, back = back, there
	}
	op := unary[T]{
		label: label, out: out,
		forward:  func(n int, y, x []T) { there(b.pool, border, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { back(b.pool, border, n, dx, dy) },
	}
	return op.add(b, x)
}
