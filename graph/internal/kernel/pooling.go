package kernel

import "math"

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
	m.run(p, n*m.w.InH, n*m.w.InH*m.w.InW*m.w.InC)
}

func (m *MaxPool2D[T]) run(p *Pool, rows, elements int) {
	if rows > 0 {
		m.rows, m.perPiece = rows, max(1, rows*blockLength/max(elements, 1))
		p.forElements(elements).run((rows+m.perPiece-1)/m.perPiece, m)
	}
	m.out, m.in, m.argmax = nil, nil, nil
}

func (m *MaxPool2D[T]) piece(_, i int) {
	for row := i * m.perPiece; row < min((i+1)*m.perPiece, m.rows); row++ {
		if m.backward {
			m.inputRow(row/m.w.InH, row%m.w.InH)
		} else {
			m.outputRow(row/m.w.OutH, row%m.w.OutH)
		}
	}
}

// outputRow computes row oh of an image of y, one pixel after the other.
func (m *MaxPool2D[T]) outputRow(image, oh int) {
	w := &m.w
	top := oh*w.StrideH - w.PadTop
	x := m.in[image*w.InH*w.InW*w.InC:]
	for ow := range w.OutW {
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

// inputRow computes row ih of an image of dx: it gathers from the output rows whose windows cover it.
func (m *MaxPool2D[T]) inputRow(image, ih int) {
	w := &m.w
	dx := m.out[(image*w.InH+ih)*w.InW*w.InC:][:w.InW*w.InC]
	clear(dx)
	for i := w.KernelH - 1; i >= 0; i-- { // from the topmost window on
		oh, ok := source(ih+w.PadTop-i*w.DilationH, w.StrideH, w.OutH)
		if !ok {
			continue
		}
		for ow := range w.OutW {
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
