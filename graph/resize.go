package graph

import (
	"math"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Interpolation says how pixels between pixels are made.
type Interpolation uint8

// Nearest repeats pixels. Bilinear weighs the two neighbours along each axis, Bicubic four. NearestExact is nearest where a pixel's value belongs
// to its centre.
const (
	Nearest Interpolation = iota
	Bilinear
	Bicubic
	NearestExact
)

// String is Keras' or PyTorch's name of the interpolation.
func (i Interpolation) String() string {
	return [...]string{"nearest", "bilinear", "bicubic", "nearest-exact"}[i]
}

// Resize makes an image of another size, as PyTorch's interpolate does: bicubic has Keys' a of -3/4, and repeats the border.
//
// Input {height, width, channels}, output {Size.H, Size.W, channels}, or {floor(height*Scale.H), floor(width*Scale.W), channels}. Where there is a
// Scale, coordinates follow it, else the ratio of the sizes. It fails if neither or a negative one is given, or if nothing would be left.
// Reference: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html
type Resize struct {
	Size          Size  `json:",omitzero"`
	Scale         Scale `json:",omitzero"`
	Interpolation Interpolation
	AlignCorners  bool // of bilinear and bicubic: the centres of the corner pixels stay where they are, else the image's corners do
}

// Scale is by how much height and width are multiplied.
type Scale struct{ H, W float64 }

// Class is "Resize".
func (Resize) Class() string { return "Resize" }

// OutputShape is that of the resized image.
func (l Resize) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	if !(l.Scale.H >= 0 && l.Scale.W >= 0) || l.Size.H < 0 || l.Size.W < 0 || (l.Size.H == 0) != (l.Size.W == 0) || (l.Scale.H == 0) != (l.Scale.W == 0) {
		return nil, errors.Errorf("sizes and scales must be above 0, not %dx%d and %gx%g", l.Size.H, l.Size.W, l.Scale.H, l.Scale.W)
	}
	out := Shape{l.Size.H, l.Size.W, s[2]}
	if l.Size == (Size{}) {
		h, w := math.Floor(float64(s[0])*l.Scale.H), math.Floor(float64(s[1])*l.Scale.W)
		if !(h >= 1 && w >= 1 && h <= maxSize && w <= maxSize) {
			return nil, errors.Errorf("an image of %v would have %gx%g pixels", s, h, w)
		}
		out[0], out[1] = int(h), int(w)
	}
	return out, nil
}

// Variables are none.
func (Resize) Variables([]Shape) []Declaration { return nil }

func (l Resize) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	out, err := l.OutputShape([]Shape{image})
	if err != nil {
		return nil, err
	}
	rows, columns := l.taps(image, out)
	return resampled(b, "resize", image, rows, columns, out, in[0])
}

// taps are of what rows and columns are made.
func (l Resize) taps(image, out Shape) (rows, columns [][]kernel.Tap) {
	return l.axis(image[0], out[0], l.Scale.H), l.axis(image[1], out[1], l.Scale.W)
}

func (l Resize) axis(in, out int, factor float64) [][]kernel.Tap {
	step := float64(in) / float64(out)
	if factor > 0 {
		step = 1 / factor
	}
	switch l.Interpolation {
	case Nearest, NearestExact:
		return kernel.NearestTaps(in, out, step, l.Interpolation == NearestExact)
	}
	source := func(i int) float64 { return float64(step*(float64(i)+0.5)) - 0.5 }
	if l.AlignCorners {
		step = 0
		if out > 1 {
			step = float64(in-1) / float64(out-1)
		}
		source = func(i int) float64 { return step * float64(i) }
	}
	if l.Interpolation == Bilinear {
		return kernel.LinearTaps(in, out, source)
	}
	return kernel.CubicTaps(in, out, -0.75, false, source)
}

func (l Resize) see(in []Shape, out Shape, from []sight) sight {
	rows, columns := l.taps(in[0], out)
	return throughTaps(rows, columns, from[0])
}

// resampled adds an op that makes images of shape out of others, by taps of rows and columns.
func resampled(b *builder, label string, image Shape, rows, columns [][]kernel.Tap, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return resampledIn[float64](b, label, image, rows, columns, out, x)
	}
	return resampledIn[float32](b, label, image, rows, columns, out, x)
}

func resampledIn[T kernel.Float](b *builder, label string, image Shape, rows, columns [][]kernel.Tap, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	k := kernel.NewResampling[T](image[0], image[1], image[2], rows, columns)
	op := unary[T]{
		label: label, out: out,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { k.Backward(b.pool, n, dx, dy) },
	}
	if b.fusion.lazy {
		op.lazy = func(x []T) kernel.Lazy[T] { return k.Lazy(b.pool, x) }
	}
	return op.add(b, x)
}

// throughTaps sees what the taps of rows and columns do.
func throughTaps(rows, columns [][]kernel.Tap, from sight) sight {
	along := func(axis [][]kernel.Tap, in []span) []span {
		y := union(nil, len(axis))
		for i, taps := range axis {
			for _, t := range taps {
				if t.Share != 0 {
					y[i] = y[i].with(in[t.At])
				}
			}
		}
		return y
	}
	return sight{along(rows, from.rows), along(columns, from.columns)}
}
