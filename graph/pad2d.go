package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"

	"dcae/graph/internal/kernel"
)

// Border says what lies beyond an image's border.
type Border uint8

// WithConstant puts a number there; Reflected the image mirrored at its outermost pixels, Replicated its outermost pixels, Circular the opposite
// side.
const (
	WithConstant Border = iota
	Reflected
	Replicated
	Circular
)

// String is PyTorch's name of the mode.
func (m Border) String() string {
	return [...]string{"constant", "reflect", "replicate", "circular"}[m]
}

// Pad2D adds rows and columns around an image.
//
// Input {height, width, channels}, output {Top+height+Bottom, Left+width+Right, channels}. It fails if margins are negative, as large as the
// image where that is reflected, or larger where it is circular. Reference: https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
type Pad2D struct {
	Padding Margins
	Mode    Border
	Value   float64 `json:",omitempty"` // of WithConstant
}

// Class is "Pad2D".
func (Pad2D) Class() string { return "Pad2D" }

// OutputShape is that of the larger image.
func (l Pad2D) OutputShape(in []Shape) (Shape, error) {
	s, err := one(in, 3)
	if err != nil {
		return nil, err
	}
	m := l.Padding
	if err := m.check(); err != nil {
		return nil, err
	}
	rows, columns := max(m.Top, m.Bottom), max(m.Left, m.Right)
	switch {
	case l.Mode == Reflected && (rows >= s[0] || columns >= s[1]):
		return nil, errors.Errorf("margins %+v are too wide to reflect an image of %v", m, s)
	case l.Mode == Circular && (rows > s[0] || columns > s[1]):
		return nil, errors.Errorf("margins %+v are wider than an image of %v", m, s)
	}
	return Shape{m.Top + s[0] + m.Bottom, m.Left + s[1] + m.Right, s[2]}, nil
}

// Variables are none.
func (Pad2D) Variables([]Shape) []Declaration { return nil }

func (l Pad2D) apply(b *builder, _ string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	image := itemShapes(in)[0]
	out, err := l.OutputShape([]Shape{image})
	if err != nil {
		return nil, err
	}
	if l.Mode == WithConstant {
		return pad(b, "pad2d", l.Padding, l.Value, image, out, in[0])
	}
	rows, columns := l.taps(image)
	return resampled(b, "pad2d", image, rows, columns, out, in[0])
}

// taps are the places of which rows and columns are copies; those of a border that is none are left out.
func (l Pad2D) taps(image Shape) (rows, columns [][]kernel.Tap) {
	m := l.Padding
	return kernel.TapsAt(l.places(image[0], m.Top, m.Bottom)), kernel.TapsAt(l.places(image[1], m.Left, m.Right))
}

func (l Pad2D) places(length, before, after int) []int {
	out := make([]int, before+length+after)
	for i := range out {
		at := i - before
		switch l.Mode {
		case Reflected:
			at = max(at, -at)
			at = min(at, 2*(length-1)-at)
		case Circular:
			at = (at + length) % length
		}
		out[i] = min(max(at, 0), length-1)
	}
	return out
}

func (l Pad2D) see(in []Shape, out Shape, from []sight) sight {
	if l.Mode == WithConstant {
		return see(ZeroPadding2D{l.Padding}, in, out, from)
	}
	rows, columns := l.taps(in[0])
	return throughTaps(rows, columns, from[0])
}
