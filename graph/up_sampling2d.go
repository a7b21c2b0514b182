package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Interpolation says how UpSampling2D makes pixels.
type Interpolation uint8

// Nearest repeats pixels. Bilinear weighs neighbours, where a pixel's value belongs to its centre.
const (
	Nearest Interpolation = iota
	Bilinear
)

// String is Keras' name of the interpolation.
func (i Interpolation) String() string {
	if i == Bilinear {
		return "bilinear"
	}
	return "nearest"
}

// UpSampling2D enlarges an image by whole factors.
//
// Input {height, width, channels}, output {height*Factor.H, width*Factor.W, channels}. Reference:
// https://keras.io/api/layers/reshaping_layers/up_sampling2d/
type UpSampling2D struct {
	Factor        Size // default 2x2
	Interpolation Interpolation
}

// Class is "UpSampling2D".
func (UpSampling2D) Class() string { return "UpSampling2D" }

// OutputShape is that of the enlarged image. It fails for an input that is no image, and for a factor below 1.
func (l UpSampling2D) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	f := l.Factor.or(Square(2))
	if f.H < 1 || f.W < 1 {
		return nil, errors.Errorf("factors must be at least 1, not %dx%d", f.H, f.W)
	}
	return Shape{s[0] * f.H, s[1] * f.W, s[2]}, nil
}

// Variables are none.
func (UpSampling2D) Variables([]Shape) []Declaration { return nil }

func (l UpSampling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	out, err := l.OutputShape(itemShapes(in))
	if err != nil {
		return nil, err
	}
	return l.enlarge(b, "up_sampling2d", itemShapes(in)[0], out, in[0])
}

// enlarge adds the op for images of the given shape, with an output of shape out.
func (l UpSampling2D) enlarge(b *builder, label string, image, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return upsampled[float64](b, label, l, image, out, x)
	}
	return upsampled[float32](b, label, l, image, out, x)
}

func upsampled[T kernel.Float](b *builder, label string, l UpSampling2D, image, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	how := kernel.Nearest
	if l.Interpolation == Bilinear {
		how = kernel.Bilinear
	}
	f := l.Factor.or(Square(2))
	k := kernel.NewUpsample2D[T](image[0], image[1], image[2], f.H, f.W, how)
	op := unary[T]{
		label: label, out: out,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { k.Backward(b.pool, n, dx, dy) },
	}
	return op.add(b, x)
}
