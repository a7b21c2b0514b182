package graph

import (
	"github.com/pkg/errors"

	"dcae/graph/internal/kernel"
)

// The longest side of an image, and the longest sequence, whose places are followed one by one.
const (
	maxFollowed         = 1 << 14
	maxFollowedSequence = 1 << 16
)

// ReceptiveFields says for each node how many rows and columns of the model's input image one value of its output depends
// on: the largest number over all places in the image, whose border cuts it short. What is not an image depends on all
// that it was made of. Convolutions, pooling and resizing are followed exactly, from row to row and column to column.
func (m *Model) ReceptiveFields() ([]Size, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	for i, s := range append([]Shape{m.Input}, shapes...) {
		switch {
		case len(s) == 3 && max(s[0], s[1]) > maxFollowed:
			return nil, errors.Errorf("receptive fields: the image behind layer %d would have %v, more than %d pixels along a side", i, s, maxFollowed)
		case len(s) == 2 && s[0] > maxFollowedSequence:
			return nil, errors.Errorf("receptive fields: the sequence behind layer %d would have %v, more than %d places", i, s, maxFollowedSequence)
		}
	}
	input := newSight(m.Input)
	sights, out := make([]sight, len(m.Nodes)), make([]Size, len(m.Nodes))
	for i, n := range m.Nodes {
		in := make([]sight, len(n.Inputs))
		for k, from := range n.Inputs {
			if in[k] = input; from >= 0 {
				in[k] = sights[from]
			}
		}
		sights[i] = see(n.Layer, m.inputShapes(i, shapes), shapes[i], in)
		out[i] = Size{longest(sights[i].rows), longest(sights[i].columns)}
	}
	return out, nil
}

// span is from a first to a last row or column of the input image.
type span struct{ first, last int }

var nothing = span{1 << 60, -1}

func (s span) with(other span) span { return span{min(s.first, other.first), max(s.last, other.last)} }

// sight is what each row and each column of an output depends on. A sequence {length, channels} has one row; what is neither that nor an
// image has one of both.
type sight struct{ rows, columns []span }

func newSight(s Shape) sight {
	switch len(s) {
	case 3:
		return sight{each(s[0]), each(s[1])}
	case 2:
		return sight{[]span{{0, 0}}, each(s[0])}
	}
	return sight{[]span{{0, 0}}, []span{{0, s.Size() - 1}}}
}

// placesOf are the numbers of rows and columns that an output has.
func placesOf(s Shape) (rows, columns int) {
	switch len(s) {
	case 3:
		return s[0], s[1]
	case 2:
		return 1, s[0]
	}
	return 1, 1
}

// seer is a layer that knows which places of its inputs a place of its output depends on. Others are taken to look at the same place.
type seer interface {
	see(in []Shape, out Shape, from []sight) sight
}

// each sees itself alone.
func each(n int) []span {
	out := make([]span, n)
	for i := range out {
		out[i] = span{i, i}
	}
	return out
}

func longest(spans []span) int {
	n := 0
	for _, s := range spans {
		n = max(n, s.last-s.first+1)
	}
	return n
}

// union repeats, n times, all that some spans see together.
func union(spans []span, n int) []span {
	all := nothing
	for _, s := range spans {
		all = all.with(s)
	}
	out := make([]span, n)
	for i := range out {
		out[i] = all
	}
	return out
}

// see is what a layer's output depends on.
func see(l Layer, in []Shape, out Shape, from []sight) sight {
	switch l := l.(type) {
	case seer:
		return l.see(in, out, from)
	case sequential:
		if row, err := asRow(in); err == nil && len(out) == 2 {
			return see(l.image(), row, Shape{1, out[0], out[1]}, from)
		}
		return whole(out, from)
	case Conv2D:
		w, _ := l.window(in) // the shapes were found to fit
		return throughWindow(w, from[0])
	case MaxPooling2D:
		w, _ := l.window(in)
		return throughWindow(w, from[0])
	case AveragePooling2D:
		w, _ := l.window(in)
		return throughWindow(w, from[0])
	case Conv2DTranspose:
		w, _ := l.window(in)
		return sight{
			spread(from[0].rows, w.InH, w.StrideH, w.PadTop, w.KernelH, w.DilationH),
			spread(from[0].columns, w.InW, w.StrideW, w.PadLeft, w.KernelW, w.DilationW),
		}
	case ZeroPadding2D:
		return sight{shifted(from[0].rows, out[0], -l.Padding.Top), shifted(from[0].columns, out[1], -l.Padding.Left)}
	case Cropping2D:
		return sight{shifted(from[0].rows, out[0], l.Cropping.Top), shifted(from[0].columns, out[1], l.Cropping.Left)}
	case Concatenate:
		if axis, err := l.axis(len(in[0])); err == nil && axis < len(out)-1 && len(out) > 1 && len(out) < 4 {
			return joined(from, axis+3-len(out))
		}
	case Flatten, Reshape, GlobalAveragePooling2D, GlobalMaxPooling2D:
		return whole(out, from)
	}
	return pointwise(out, from)
}

// whole sees all that the inputs see.
func whole(out Shape, from []sight) sight {
	var all sight
	for _, s := range from {
		all.rows, all.columns = append(all.rows, s.rows...), append(all.columns, s.columns...)
	}
	rows, columns := placesOf(out)
	return sight{union(all.rows, rows), union(all.columns, columns)}
}

// pointwise sees in each place what the inputs see there; an input of length 1 is repeated.
func pointwise(out Shape, from []sight) sight {
	rows, columns := placesOf(out)
	y := sight{union(nil, rows), union(nil, columns)}
	for _, s := range from {
		if len(s.rows) > rows || len(s.columns) > columns {
			return whole(out, from)
		}
		for i := range y.rows {
			y.rows[i] = y.rows[i].with(s.rows[min(i, len(s.rows)-1)])
		}
		for i := range y.columns {
			y.columns[i] = y.columns[i].with(s.columns[min(i, len(s.columns)-1)])
		}
	}
	return y
}

func throughWindow(w kernel.Window, from sight) sight {
	return sight{
		slid(from.rows, w.OutH, w.StrideH, w.PadTop, w.KernelH, max(w.DilationH, 1)),
		slid(from.columns, w.OutW, w.StrideW, w.PadLeft, w.KernelW, max(w.DilationW, 1)),
	}
}

// slid sees through a window that slides over an axis.
func slid(in []span, out, stride, before, size, dilation int) []span {
	y := union(nil, out)
	for i := range y {
		at, end := i*stride-before, min(i*stride-before+(size-1)*dilation, len(in)-1)
		if at < 0 {
			at += (-at + dilation - 1) / dilation * dilation
		}
		for ; at <= end; at += dilation {
			y[i] = y[i].with(in[at])
		}
	}
	return y
}

// spread sees through the adjoint of slid.
func spread(in []span, out, stride, before, size, dilation int) []span {
	y := union(nil, out)
	for at := range in {
		first := at*stride - before
		if first < 0 {
			first += (-first + dilation - 1) / dilation * dilation
		}
		for i := first; i < min(at*stride-before+(size-1)*dilation+1, out); i += dilation {
			y[i] = y[i].with(in[at])
		}
	}
	return y
}

// shifted begins at a later place, or with places that see nothing.
func shifted(in []span, out, by int) []span {
	y := union(nil, out)
	for i := range y {
		if at := i + by; at >= 0 && at < len(in) {
			y[i] = in[at]
		}
	}
	return y
}

// joined puts rows (axis 0) or columns side by side.
func joined(from []sight, axis int) sight {
	y := from[0]
	for _, s := range from[1:] {
		along, across := [2][]span{y.rows, y.columns}, [2][]span{s.rows, s.columns}
		along[axis] = append(append([]span{}, along[axis]...), across[axis]...)
		other := append([]span{}, along[1-axis]...)
		for i := range other {
			other[i] = other[i].with(across[1-axis][i])
		}
		along[1-axis] = other
		y = sight{along[0], along[1]}
	}
	return y
}
