package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// PixelShuffle makes a block of Factor x Factor pixels of the channels of one: those of place (i, j) in it are the channels c*Factor*Factor +
// i*Factor + j (Shi et al. 2016, eq. 4).
//
// Input {height, width, channels*Factor*Factor}, output {height*Factor, width*Factor, channels}. It fails if the channels are no multiple of
// Factor*Factor. Reference: https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html
type PixelShuffle struct{ Factor int }

// PixelUnshuffle is the inverse of [PixelShuffle]. It fails if height and width are no multiples of Factor. Reference:
// https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html
type PixelUnshuffle struct{ Factor int }

// Class is "PixelShuffle".
func (PixelShuffle) Class() string { return "PixelShuffle" }

// Class is "PixelUnshuffle".
func (PixelUnshuffle) Class() string { return "PixelUnshuffle" }

// OutputShape is that of the larger image.
func (l PixelShuffle) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	f := l.Factor
	if f < 1 || f > maxWindow || s[2]%(f*f) != 0 {
		return nil, errors.Errorf("%d channels are no multiple of %d*%d", s[2], f, f)
	}
	return Shape{s[0] * f, s[1] * f, s[2] / (f * f)}, nil
}

// OutputShape is that of the smaller image.
func (l PixelUnshuffle) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	f := l.Factor
	if f < 1 || s[0]%f != 0 || s[1]%f != 0 {
		return nil, errors.Errorf("height and width of %v are no multiples of %d", s, f)
	}
	return Shape{s[0] / f, s[1] / f, s[2] * f * f}, nil
}

// Variables are none.
func (PixelShuffle) Variables([]Shape) []Declaration { return nil }

// Variables are none.
func (PixelUnshuffle) Variables([]Shape) []Declaration { return nil }

func (l PixelShuffle) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	out, err := l.OutputShape([]Shape{image})
	if err != nil {
		return nil, err
	}
	return permute(b, "pixel_shuffle", Shape{image[0], image[1], out[2], l.Factor, l.Factor}, []int{0, 3, 1, 4, 2}, out, in[0])
}

func (l PixelUnshuffle) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	out, err := l.OutputShape([]Shape{image})
	if err != nil {
		return nil, err
	}
	return permute(b, "pixel_unshuffle", Shape{out[0], l.Factor, out[1], l.Factor, image[2]}, []int{0, 2, 4, 1, 3}, out, in[0])
}

func (l PixelShuffle) see(_ []Shape, out Shape, from []sight) sight {
	y := sight{union(nil, out[0]), union(nil, out[1])}
	for i := range y.rows {
		y.rows[i] = from[0].rows[i/l.Factor]
	}
	for i := range y.columns {
		y.columns[i] = from[0].columns[i/l.Factor]
	}
	return y
}

func (l PixelUnshuffle) see(_ []Shape, out Shape, from []sight) sight {
	y := sight{union(nil, out[0]), union(nil, out[1])}
	for i, s := range from[0].rows {
		y.rows[i/l.Factor] = y.rows[i/l.Factor].with(s)
	}
	for i, s := range from[0].columns {
		y.columns[i/l.Factor] = y.columns[i/l.Factor].with(s)
	}
	return y
}
