package kernel

import "math"

// Halves reports whether windows are the common ones of pooling: 2x2, side by side from the corner on.
func (w Window) Halves() bool {
	return w.KernelH == 2 && w.KernelW == 2 && w.StrideH == 2 && w.StrideW == 2 && w.DilationH == 1 && w.DilationW == 1 && w.PadTop == 0 && w.PadLeft == 0
}

// MaxPool2D is max pooling over windows. Padding is left out, as if it were minus infinity. Of equal values the first in
// row-major order of the window wins; a NaN wins over everything. An activation may follow.
type MaxPool2D[T Float] struct {
	w        Window
	act      Activation
	backward bool
	out, in  []T // y and x, or dx and dy
	argmax   []uint8
	y, dy    []T // where an activation's gradient is to be taken into m.in
	derived  []T
	rows     int // rows of out in all
	perPiece int // rows of out in a piece
}

// NewMaxPool2D returns the operation; w.OutC must equal w.InC, and a window must not have more than 256 elements.
func NewMaxPool2D[T Float](w Window) *MaxPool2D[T] {
	return &MaxPool2D[T]{w: w}
}

// NewActivatedMaxPool2D returns max pooling and, of its result, an activation. If the activation never falls, that is the pooling of what
// it makes of x, for a part of the work. Windows must halve images.
func NewActivatedMaxPool2D[T Float](w Window, act Activation) *MaxPool2D[T] {
	return &MaxPool2D[T]{w: w, act: act}
}

// Forward computes y [n,OutH,OutW,InC] from x [n,InH,InW,InC]. argmax, of y's length, receives the winner's index i*KernelW+j in
// its window; nil: not wanted.
func (m *MaxPool2D[T]) Forward(p *Pool, n int, y, x []T, argmax []uint8) {
	m.backward, m.out, m.in, m.argmax = false, y, x, argmax
	m.run(p, n*m.w.OutH, n*m.w.InH*m.w.InW*m.w.InC)
}

// Backward computes dx [n,InH,InW,InC] from dy [n,OutH,OutW,InC] and Forward's y and argmax. Where windows overlap their gradients
// add. y is read only if there is an activation.
func (m *MaxPool2D[T]) Backward(p *Pool, n int, dx, y, dy []T, argmax []uint8) {
	m.backward, m.out, m.in, m.argmax = true, dx, dy, argmax
	if m.act.Function != Linear {
		m.derived = resize(m.derived, len(dy))
		m.in, m.y, m.dy = m.derived, y, dy
	}
	rows := n * m.w.InH
	if m.w.Halves() && m.w.OutH > 0 {
		rows = n * m.w.OutH
	}
	m.run(p, rows, n*m.w.InH*m.w.InW*m.w.InC)
}

func (m *MaxPool2D[T]) run(p *Pool, rows, elements int) {
	if rows > 0 {
		m.rows, m.perPiece = rows, max(1, rows*blockLength/max(elements, 1))
		forTraffic[T](p, elements).run((rows+m.perPiece-1)/m.perPiece, m)
	}
	m.out, m.in, m.argmax, m.y, m.dy = nil, nil, nil, nil, nil
}

func (m *MaxPool2D[T]) piece(_, i int) {
	for row := i * m.perPiece; row < min((i+1)*m.perPiece, m.rows); row++ {
		switch {
		case !m.backward:
			m.outputRow(row/m.w.OutH, row%m.w.OutH)
			if y := m.pooledRow(m.out, row); m.act.Function != Linear {
				activateTo(m.act, y, y)
			}
		case m.w.Halves() && m.w.OutH > 0:
			if m.y != nil {
				activationGradient(m.act, m.pooledRow(m.in, row), m.pooledRow(m.y, row), m.pooledRow(m.dy, row))
			}
			m.inputRows(row/m.w.OutH, row%m.w.OutH)
		default:
			m.inputRow(row/m.w.InH, row%m.w.InH, 0)
		}
	}
}

// pooledRow is a row of all images of a pooled tensor.
func (m *MaxPool2D[T]) pooledRow(of []T, row int) []T {
	length := m.w.OutW * m.w.InC
	return of[row*length:][:length]
}

// outputRow computes row oh of an image of y.
func (m *MaxPool2D[T]) outputRow(image, oh int) {
	w := &m.w
	c, width := w.InC, w.InW*w.InC
	at, end := (image*w.OutH+oh)*w.OutW*c, (image*w.OutH+oh+1)*w.OutW*c
	y, argmax := m.out[at:end], part(m.argmax, at, end)
	x := m.in[image*w.InH*width : (image+1)*w.InH*width]
	top := oh*w.StrideH - w.PadTop
	done := 0
	if w.Halves() && top+1 < w.InH {
		done = vectorMaxPool(min(w.OutW, w.InW/2), c, float32s(y), float32s(x[top*width:]), width, argmax)
	}
	if done == w.OutW {
		return
	}
	first, last := tapsInside(top, w.DilationH, w.KernelH, w.InH)
	for ow := done; ow < w.OutW; ow++ {
		j, end := tapsInside(ow*w.StrideW-w.PadLeft, w.DilationW, w.KernelW, w.InW)
		if first >= last || j >= end {
			begin(y[ow*c:][:c], nil, part(argmax, ow*c, (ow+1)*c), 0)
			continue
		}
		at := (top+first*w.DilationH)*width + (ow*w.StrideW-w.PadLeft+j*w.DilationW)*c
		begin(y[ow*c:][:c], x[at:], part(argmax, ow*c, (ow+1)*c), uint8(first*w.KernelW+j))
	}
	for i := first; i < last; i++ {
		row := x[(top+i*w.DilationH)*width:][:width]
		for j := range w.KernelW {
			from, to := m.columns(j)
			if from = max(from, done); from < to {
				left := from*w.StrideW - w.PadLeft + j*w.DilationW
				raise(to-from, c, y[from*c:], row[left*c:], w.StrideW*c, part(argmax, from*c, to*c), uint8(i*w.KernelW+j))
			}
		}
	}
}

// tapsInside is the range of a window's taps in one dimension that lie inside of the image.
func tapsInside(start, dilation, taps, size int) (first, last int) {
	for first < taps && start+first*dilation < 0 {
		first++
	}
	last = taps
	for last > first && start+(last-1)*dilation >= size {
		last--
	}
	return first, last
}

// columns is the range of output columns whose tap j lies inside of the image.
func (m *MaxPool2D[T]) columns(j int) (from, to int) {
	w := &m.w
	before := w.PadLeft - j*w.DilationW // what is left of the image for column 0
	from = (max(before, 0) + w.StrideW - 1) / w.StrideW
	to = 0
	if last := w.InW - 1 + before; last >= 0 {
		to = min(w.OutW, last/w.StrideW+1)
	}
	return from, to
}

// begin sets a pixel of y to its window's first tap; pixel is nil for a window outside of the image.
func begin[T Float](y, pixel []T, argmax []uint8, tap uint8) {
	if pixel == nil {
		for c := range y {
			y[c] = T(math.Inf(-1))
		}
	} else {
		copy(y, pixel)
	}
	for c := range argmax {
		argmax[c] = tap
	}
}

// raise replaces what is smaller in pixels of y by those of x, which are stride elements apart, and the winner by tap.
func raise[T Float](pixels, channels int, y, x []T, stride int, argmax []uint8, tap uint8) {
	if vectorRaise(pixels, channels, float32s(y), float32s(x), stride, argmax, tap) {
		return
	}
	for i := range pixels {
		y, x := y[i*channels:][:channels], x[i*stride:][:channels]
		if argmax == nil {
			for c, v := range x {
				if larger(v, y[c]) {
					y[c] = v
				}
			}
			continue
		}
		argmax := argmax[i*channels:][:channels]
		for c, v := range x {
			if larger(v, y[c]) {
				y[c], argmax[c] = v, tap
			}
		}
	}
}

// larger reports whether v wins over best, which came before.
func larger[T Float](v, best T) bool { return !(v <= best) && best == best }

// inputRows computes the rows of dx that belong to row oh of dy, where every input pixel is in one window.
func (m *MaxPool2D[T]) inputRows(image, oh int) {
	w := &m.w
	top, bottom := 2*oh, min(2*oh+2, w.InH)
	done := 0
	if bottom == top+2 {
		at, width := (image*w.OutH+oh)*w.OutW*w.InC, w.InW*w.InC
		pixels := min(w.OutW, w.InW/2)
		done = vectorMaxPoolGradient(pixels, w.InC, float32s(m.out[(image*w.InH+top)*width:]), float32s(m.in[at:]), width, m.argmax[at:])
	}
	for ih := top; ih < bottom; ih++ {
		m.inputRow(image, ih, done)
	}
	if oh == w.OutH-1 { // rows that no window covers
		for ih := bottom; ih < w.InH; ih++ {
			m.inputRow(image, ih, 0)
		}
	}
}

// inputRow computes row ih of an image of dx, but for the windows before column first: it gathers from the output rows whose
// windows cover it.
func (m *MaxPool2D[T]) inputRow(image, ih, first int) {
	w := &m.w
	c := w.InC
	dx := m.out[(image*w.InH+ih)*w.InW*c:][:w.InW*c]
	clear(dx[first*w.StrideW*c:])
	for i := w.KernelH - 1; i >= 0; i-- { // from the topmost window on
		oh, ok := source(ih+w.PadTop-i*w.DilationH, w.StrideH, w.OutH)
		if !ok {
			continue
		}
		for j := w.KernelW - 1; j >= 0; j-- {
			from, to := m.columns(j)
			if from = max(from, first); from < to {
				left, at := from*w.StrideW-w.PadLeft+j*w.DilationW, ((image*w.OutH+oh)*w.OutW+from)*c
				addWinners(to-from, c, dx[left*c:], m.in[at:], w.StrideW*c, m.argmax[at:], uint8(i*w.KernelW+j))
			}
		}
	}
}

// addWinners adds dy to pixels of dx, which are stride elements apart, where argmax is tap.
func addWinners[T Float](pixels, channels int, dx, dy []T, stride int, argmax []uint8, tap uint8) {
	if vectorAddWinners(pixels, channels, float32s(dx), float32s(dy), stride, argmax, tap) {
		return
	}
	for i := range pixels {
		dx, dy := dx[i*stride:][:channels], dy[i*channels:][:channels]
		for c, winner := range argmax[i*channels:][:channels] {
			if winner == tap {
				dx[c] += dy[c]
			}
		}
	}
}
