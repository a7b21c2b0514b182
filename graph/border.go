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

// OutputShape is that of the larger image. It fails for an input that is no image, and for negative margins.
func (l ZeroPadding2D) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	m := l.Padding
	return Shape{m.Top + s[0] + m.Bottom, m.Left + s[1] + m.Right, s[2]}, m.check()
}

// OutputShape is that of the smaller image. It fails for an input that is no image, for negative margins, and if nothing is left.
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
	image := itemShapes(in)[0]
	out, err := l.OutputShape([]Shape{image})
	if err != nil {
		return nil, err
	}
	return pad(b, "zero_padding2d", l.Padding, 0, image, out, in[0])
}

func (l Cropping2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	out, err := l.OutputShape([]Shape{image})
	if err != nil {
		return nil, err
	}
	return l.crop(b, "cropping2d", image, out, in[0])
}

// pad adds an op that puts margins of a number around images of the given shape, with an output of shape out.
func pad(b *builder, label string, m Margins, value float64, image, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	border := kernel.Border{
		InH: image[0], InW: image[1], OutH: m.Top + image[0] + m.Bottom, OutW: m.Left + image[1] + m.Right, Channels: image[2], Top: m.Top, Left: m.Left, Value: value,
	}
	if b.precision == Float64 {
		return bordered(b, label, border, kernel.Pad[float64], kernel.Crop[float64], out, x)
	}
	return bordered(b, label, border, kernel.Pad[float32], kernel.Crop[float32], out, x)
}

// crop adds the op for images of the given shape, with an output of shape out.
func (l Cropping2D) crop(b *builder, label string, image, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	m := l.Cropping
	border := kernel.Border{InH: image[0] - m.Top - m.Bottom, InW: image[1] - m.Left - m.Right, OutH: image[0], OutW: image[1], Channels: image[2], Top: m.Top, Left: m.Left}
	if b.precision == Float64 {
		return bordered(b, label, border, kernel.Crop[float64], kernel.Pad[float64], out, x)
	}
	return bordered(b, label, border, kernel.Crop[float32], kernel.Pad[float32], out, x)
}

// bordered adds an op that pads or crops; one is the other's derivative.
func bordered[T kernel.Float](b *builder, label string, border kernel.Border, there, back func(*kernel.Pool, kernel.Border, int, []T, []T), out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	op := unary[T]{
		label: label, out: out,
		forward:  func(n int, y, x []T) { there(b.pool, border, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { back(b.pool, border, n, dx, dy) },
	}
	return op.add(b, x)
}
