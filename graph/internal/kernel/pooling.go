package kernel

import "math"

// Halves reports whether windows are the common ones of pooling: 2x2, side by side from the corner on.
func (w Window) Halves() bool {
	return w.KernelH == 2 && w.KernelW == 2 && w.StrideH == 2 && w.StrideW == 2 && w.DilationH == 1 && w.DilationW == 1 && w.PadTop == 0 && w.PadLeft == 0
}

// MaxPool2D is max pooling over windows. Padding is left out, as if it were minus infinity. Of equal values the first in
// row-major order of the window wins; a NaN wins over everything.
type MaxPool2D[T Float] struct {
	w        Window
	backward bool
	out, in  []T // y and x, or dx and dy
	argmax   []uint8
	rows     int // rows of out in all
	perPiece int // rows of out in a piece
}

// NewMaxPool2D returns the operation; w.OutC must equal w.InC, and a window must not have more than 256 elements.
func NewMaxPool2D[T Float](w Window) *MaxPool2D[T] {
	return &MaxPool2D[T]{w: w}
}

// Forward computes y [n,OutH,OutW,InC] from x [n,InH,InW,InC]. argmax, of y's length, receives the winner's index i*KernelW+j in
// its window; nil: not wanted.
func (m *MaxPool2D[T]) Forward(p *Pool, n int, y, x []T, argmax []uint8) {
	m.backward, m.out, m.in, m.argmax = false, y, x, argmax
	m.run(p, n*m.w.OutH, n*m.w.InH*m.w.InW*m.w.InC)
}

// Backward computes dx [n,InH,InW,InC] from dy [n,OutH,OutW,InC] and Forward's argmax. Where windows overlap their gradients add.
func (m *MaxPool2D[T]) Backward(p *Pool, n int, dx, dy []T, argmax []uint8) {
	m.backward, m.out, m.in, m.argmax = true, dx, dy, argmax
	rows := n * m.w.InH
	if m.w.Halves() {
		rows = n * m.w.OutH
	}
	m.run(p, rows, n*m.w.InH*m.w.InW*m.w.InC)
}

func (m *MaxPool2D[T]) run(p *Pool, rows, elements int) {
	if rows > 0 {
		m.rows, m.perPiece = rows, max(1, rows*blockLength/max(elements, 1))
		forTraffic[T](p, elements).run((rows+m.perPiece-1)/m.perPiece, m)
	}
	m.out, m.in, m.argmax = nil, nil, nil
}

func (m *MaxPool2D[T]) piece(_, i int) {
	for row := i * m.perPiece; row < min((i+1)*m.perPiece, m.rows); row++ {
		switch {
		case !m.backward:
			m.outputRow(row/m.w.OutH, row%m.w.OutH)
		case m.w.Halves():
			m.inputRows(row/m.w.OutH, row%m.w.OutH)
		default:
			m.inputRow(row/m.w.InH, row%m.w.InH, 0)
		}
	}
}

// outputRow computes row oh of an image of y.
func (m *MaxPool2D[T]) outputRow(image, oh int) {
	w := &m.w
	top := oh*w.StrideH - w.PadTop
	x := m.in[image*w.InH*w.InW*w.InC:]
	done := 0
	if m.w.Halves() && top+1 < w.InH {
		at, width := (image*w.OutH+oh)*w.OutW*w.InC, w.InW*w.InC
		pixels := min(w.OutW, w.InW/2)
		done = vectorMaxPool(pixels, w.InC, float32s(m.out[at:]), float32s(x[top*width:]), width, part(m.argmax, at, len(m.argmax)))
	}
	for ow := done; ow < w.OutW; ow++ {
		left := ow*w.StrideW - w.PadLeft
		at := ((image*w.OutH+oh)*w.OutW + ow) * w.InC
		y := m.out[at:][:w.InC]
		argmax := part(m.argmax, at, at+w.InC)
		first := true
		for i := range w.KernelH {
			ih := top + i*w.DilationH
			if ih < 0 || ih >= w.InH {
				continue
			}
			for j := range w.KernelW {
				iw := left + j*w.DilationW
				if iw < 0 || iw >= w.InW {
					continue
				}
				pixel := x[(ih*w.InW+iw)*w.InC:][:w.InC]
				tap := uint8(i*w.KernelW + j)
				if first {
					copy(y, pixel)
					for c := range argmax {
						argmax[c] = tap
					}
					first = false
				} else {
					raise(y, pixel, argmax, tap)
				}
			}
		}
		if first { // the window lies outside of the image
			for c := range y {
				y[c] = T(math.Inf(-1))
			}
			clear(argmax)
		}
	}
}

// raise replaces what is smaller in y by pixel, and the winner by tap.
func raise[T Float](y, pixel []T, argmax []uint8, tap uint8) {
	pixel = pixel[:len(y)]
	for c, v := range pixel {
		if best := y[c]; !(v <= best) && best == best {
			y[c] = v
			if argmax != nil {
				argmax[c] = tap
			}
		}
	}
}

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
	dx := m.out[(image*w.InH+ih)*w.InW*w.InC:][:w.InW*w.InC]
	clear(dx[first*w.StrideW*w.InC:])
	for i := w.KernelH - 1; i >= 0; i-- { // from the topmost window on
		oh, ok := source(ih+w.PadTop-i*w.DilationH, w.StrideH, w.OutH)
		if !ok {
			continue
		}
		for ow := first; ow < w.OutW; ow++ {
			left := ow*w.StrideW - w.PadLeft
			at := ((image*w.OutH+oh)*w.OutW + ow) * w.InC
			dy, argmax := m.in[at:][:w.InC], m.argmax[at:][:w.InC]
			for c, tap := range argmax {
				j := int(tap) - i*w.KernelW
				if iw := left + j*w.DilationW; j >= 0 && j < w.KernelW && iw >= 0 && iw < w.InW {
					dx[iw*w.InC+c] += dy[c]
				}
			}
		}
	}
}
