package graph

import (
	"github.com/pkg/errors"

	"dcae/graph/internal/kernel"
)

// Size is a height and a width, in pixels.
type Size struct{ H, W int }

// Square is a size of equal height and width.
func Square(n int) Size { return Size{n, n} }

func (s Size) or(def Size) Size {
	if s == (Size{}) {
		return def
	}
	return s
}

// Padding says how a window behaves at the image's border.
type Padding uint8

// Valid keeps the window inside of the image and its margins. Same pads with zeros so that the output has ceil(input/stride) pixels; where
// the padding is odd, the extra pixel lies below and to the right. Causal, of sequences, pads before the first place alone, so that no
// output depends on later places.
const (
	Valid Padding = iota
	Same
	Causal
)

// String is Keras' name of the padding.
func (p Padding) String() string { return [...]string{"valid", "same", "causal"}[p] }

// sliding says how a window moves over an image.
type sliding struct {
	size, strides, dilation Size // of the last two the default is 1x1
	padding                 Padding
	margins                 Margins // around the image, with padding valid
	ceil                    bool    // the last window may reach beyond the margins, if it begins before the image's end
}

// maxWindow is the most that a window, strides, dilation or a margin may have along an axis; larger ones come from mistakes.
const maxWindow = 1 << 20

// over places the window on an image and computes the output's size. It fails if a setting is out of range, or if the window does not fit.
func (s sliding) over(image Shape) (kernel.Window, error) {
	strides, dilation, m := s.strides.or(Square(1)), s.dilation.or(Square(1)), s.margins
	w := kernel.Window{
		InH: image[0], InW: image[1], InC: image[2], KernelH: s.size.H, KernelW: s.size.W,
		StrideH: strides.H, StrideW: strides.W, DilationH: dilation.H, DilationW: dilation.W,
	}
	for _, v := range []int{w.KernelH, w.KernelW, w.StrideH, w.StrideW, w.DilationH, w.DilationW} {
		if v < 1 {
			return w, errors.Errorf("window, strides and dilation must be at least 1, not %d", v)
		}
	}
	if most := max(w.KernelH, w.KernelW, w.StrideH, w.StrideW, w.DilationH, w.DilationW, m.Top, m.Bottom, m.Left, m.Right); most > maxWindow {
		return w, errors.Errorf("window, strides, dilation and margins must be at most %d, not %d", maxWindow, most)
	}
	if err := m.check(); err != nil {
		return w, err
	}
	if m != (Margins{}) && s.padding != Valid {
		return w, errors.Errorf("margins go with padding valid, not with %v, which has its own", s.padding)
	}
	var err error
	if w.OutH, w.PadTop, err = s.axis(w.InH, w.KernelH, w.StrideH, w.DilationH, m.Top, m.Bottom); err != nil {
		return w, err
	}
	w.OutW, w.PadLeft, err = s.axis(w.InW, w.KernelW, w.StrideW, w.DilationW, m.Left, m.Right)
	return w, err
}

// axis is the output's length along one axis, and how many places lie before the input's first one.
func (s sliding) axis(in, size, stride, dilation, before, after int) (out, pad int, err error) {
	reach := (size-1)*dilation + 1
	switch s.padding {
	case Same:
		out = (in + stride - 1) / stride
		return out, max((out-1)*stride+reach-in, 0) / 2, nil
	case Causal:
		return (in-1)/stride + 1, reach - 1, nil
	}
	if reach > in+before+after {
		return 0, 0, errors.Errorf("a window of %d pixels does not fit into %d; use padding same or a larger image", reach, in+before+after)
	}
	out = (in+before+after-reach)/stride + 1
	if s.ceil && (out-1)*stride+reach < in+before+after && out*stride < in+before {
		out++
	}
	return out, before, nil
}

// poolable tells why a pooling cannot use the window: each must reach the image.
func (s sliding) poolable() error {
	m, dilation := s.margins, s.dilation.or(Square(1))
	rows, columns := (s.size.H-1)*dilation.H+1, (s.size.W-1)*dilation.W+1
	if 2*max(m.Top, m.Bottom) > rows || 2*max(m.Left, m.Right) > columns {
		return errors.Errorf("margins %+v are wider than half of a window of %dx%d", m, rows, columns)
	}
	return nil
}
