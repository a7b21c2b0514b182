package graph

import (
	"math"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// UpSampling2D enlarges an image by whole factors.
//
// Input {height, width, channels}, output {height*Factor.H, width*Factor.W, channels}. It fails if a factor is below 1, or for an interpolation
// that Keras has not. Reference: https://keras.io/api/layers/reshaping_layers/up_sampling2d/
type UpSampling2D struct {
	Factor        Size          // default 2x2
	Interpolation Interpolation // nearest, bilinear or bicubic; the last as Keras has it: Keys' a is -1/2, and what lies beyond the border has no share
}

// Class is "UpSampling2D".
func (UpSampling2D) Class() string { return "UpSampling2D" }

// OutputShape is that of the enlarged image.
func (l UpSampling2D) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	f := l.Factor.or(Square(2))
	if f.H < 1 || f.W < 1 {
		return nil, errors.Errorf("factors must be at least 1, not %dx%d", f.H, f.W)
	}
	if l.Interpolation > Bicubic {
		return nil, errors.Errorf("interpolation %v is not among Keras': nearest, bilinear, bicubic", l.Interpolation)
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
	rows, columns := l.taps(image)
	return resampled(b, label, image, rows, columns, out, x)
}

// taps are of what rows and columns are made.
func (l UpSampling2D) taps(image Shape) (rows, columns [][]kernel.Tap) {
	f := l.Factor.or(Square(2))
	return l.axis(image[0], f.H), l.axis(image[1], f.W)
}

func (l UpSampling2D) axis(in, factor int) [][]kernel.Tap {
	center := func(i int) float64 { return (float64(i)+0.5)/float64(factor) - 0.5 }
	switch l.Interpolation {
	case Bilinear:
		return kernel.LinearTaps(in, in*factor, center)
	case Bicubic: // TensorFlow rounds what lies between two centres to 1/1024
		return kernel.CubicTaps(in, in*factor, -0.5, true, func(i int) float64 { return math.RoundToEven(center(i)*1024) / 1024 })
	}
	return kernel.RepeatedTaps(in, factor)
}

func (l UpSampling2D) see(in []Shape, _ Shape, from []sight) sight {
	rows, columns := l.taps(in[0])
	return throughTaps(rows, columns, from[0])
}
