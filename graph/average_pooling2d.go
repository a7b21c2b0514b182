package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// AveragePooling2D takes the mean of each window and channel.
//
// Input {height, width, channels}; pixels outside of the image are left out of sum and count. It fails if a valid window is larger than the image
// with its margins, or if margins are wider than half of the window. Reference:
// https://keras.io/api/layers/pooling_layers/average_pooling2d/
type AveragePooling2D struct {
	Pool    Size // default 2x2
	Strides Size // default Pool
	Padding Padding
	Margins Margins `json:",omitzero"`  // around the image, with padding valid
	Ceil    bool    `json:",omitempty"` // the last window may reach beyond the margins, if it begins before the image's end

	// CountMargins says that a window's pixels in the margins count, as zeros; those beyond them do not.
	CountMargins bool `json:",omitempty"`
	Divisor      int  `json:",omitempty"` // what the sum is divided by; default the number of pixels that count
}

// Class is "AveragePooling2D".
func (AveragePooling2D) Class() string { return "AveragePooling2D" }

// OutputShape is that of the reduced image. It fails for an input that is no image, and if a valid window is larger than it.
func (l AveragePooling2D) OutputShape(in []Shape) (Shape, error) {
	w, err := l.window(in)
	return Shape{w.OutH, w.OutW, w.OutC}, err
}

// Variables are none.
func (AveragePooling2D) Variables([]Shape) []Declaration { return nil }

func (l AveragePooling2D) window(in []Shape) (kernel.Window, error) {
	s, err := one(in, 3)
	if err != nil {
		return kernel.Window{}, err
	}
	if l.Divisor < 0 {
		return kernel.Window{}, errors.Errorf("the divisor must be above 0, not %d", l.Divisor)
	}
	pool := l.Pool.or(Square(2))
	slide := sliding{size: pool, strides: l.Strides.or(pool), padding: l.Padding, margins: l.Margins, ceil: l.Ceil}
	if err := slide.poolable(); err != nil {
		return kernel.Window{}, err
	}
	w, err := slide.over(s)
	w.OutC = s[2]
	return w, err
}

func (l AveragePooling2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	w, err := l.window(itemShapes(in))
	if err != nil {
		return nil, err
	}
	counted := kernel.Counting{Divisor: l.Divisor}
	if l.CountMargins {
		counted.Margins, counted.Bottom, counted.Right = true, l.Margins.Bottom, l.Margins.Right
	}
	return averagePool(b, "average_pooling2d", w, counted, Shape{w.OutH, w.OutW, w.OutC}, in[0])
}

func averagePool(b *builder, label string, w kernel.Window, counted kernel.Counting, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return averaged[float64](b, label, w, counted, out, x)
	}
	return averaged[float32](b, label, w, counted, out, x)
}

func averaged[T kernel.Float](b *builder, label string, w kernel.Window, counted kernel.Counting, out Shape, x *gorgonia.Node) (*gorgonia.Node, error) {
	k := kernel.NewAveragePool2D[T](w, counted)
	op := unary[T]{
		label: label, out: out,
		forward:  func(n int, y, x []T) { k.Forward(b.pool, n, y, x) },
		backward: func(n int, dx, _, _, dy []T) { k.Backward(b.pool, n, dx, dy) },
	}
	return op.add(b, x)
}
