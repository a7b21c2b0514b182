package kernel

// AveragePool2D is the mean over windows; pixels outside of the image are left out of sum and count, unless they are to be counted.
type AveragePool2D[T Float] struct {
	w       Window
	counted Counting
}

// Counting says what sums of windows are divided by. The zero value is the number of their pixels within the image.
type Counting struct {
	Margins       bool // pixels in the margins count, too: those before the image, and after it as many as follow
	Bottom, Right int
	Divisor       int // instead, if it is not 0
}

// NewAveragePool2D returns the operation; w.OutC must equal w.InC, and every window must reach the image.
func NewAveragePool2D[T Float](w Window, counted Counting) *AveragePool2D[T] {
	return &AveragePool2D[T]{w, counted}
}

// Forward computes y [n,OutH,OutW,InC] from x [n,InH,InW,InC].
func (a *AveragePool2D[T]) Forward(p *Pool, n int, y, x []T) {
	in, out := a.w.InH*a.w.InW*a.w.InC, a.w.OutH*a.w.OutW*a.w.InC
	p.forElements(n*in).run(n, each(func(image int) {
		x, y := x[image*in:][:in], y[image*out:][:out]
		if a.inPairs() {
			a.halve(y, x)
			return
		}
		a.windows(func(at int, share T, pixels []int) {
			mean := y[at:][:a.w.InC]
			clear(mean)
			for _, from := range pixels {
				for c, v := range x[from:][:len(mean)] {
					mean[c] += v
				}
			}
			for c := range mean {
				mean[c] *= share
			}
		})
	}))
}

// Backward computes dx [n,InH,InW,InC] from dy [n,OutH,OutW,InC]. Where windows overlap their gradients add.
func (a *AveragePool2D[T]) Backward(p *Pool, n int, dx, dy []T) {
	in, out := a.w.InH*a.w.InW*a.w.InC, a.w.OutH*a.w.OutW*a.w.InC
	p.forElements(n*in).run(n, each(func(image int) {
		dx, dy := dx[image*in:][:in], dy[image*out:][:out]
		if a.inPairs() {
			a.double(dx, dy)
			return
		}
		clear(dx)
		a.windows(func(at int, share T, pixels []int) {
			dy := dy[at:][:a.w.InC]
			for _, to := range pixels {
				dx := dx[to:][:len(dy)]
				for c, g := range dy {
					dx[c] += T(g * share)
				}
			}
		})
	}))
}

// inPairs tells whether halve and double can be used: all windows are 2x2 pixels of the image, side by side, and their channels fill vectors.
func (a *AveragePool2D[T]) inPairs() bool {
	w := &a.w
	return w.Halves() && 2*w.OutH <= w.InH && 2*w.OutW <= w.InW && w.InC%8 == 0 && vectorized[T]()
}

// halve is Forward for an image, two input rows after the other: the same sums in the same order.
func (a *AveragePool2D[T]) halve(y, x []T) {
	w := &a.w
	width, share := w.OutW*w.InC, a.share(4)
	clear(y)
	for oh := range w.OutH {
		mean := y[oh*width:][:width]
		for row := 2 * oh; row < 2*oh+2; row++ {
			vectorAddPairs(w.OutW, w.InC, float32s(mean), float32s(x[row*w.InW*w.InC:]))
		}
		for i := range mean {
			mean[i] *= share
		}
	}
}

// double is Backward for an image.
func (a *AveragePool2D[T]) double(dx, dy []T) {
	w := &a.w
	width, share := w.OutW*w.InC, a.share(4)
	if 2*w.OutH < w.InH || 2*w.OutW < w.InW {
		clear(dx) // what no window reaches
	}
	for oh := range w.OutH {
		top := dx[2*oh*w.InW*w.InC:]
		bottom := top[w.InW*w.InC:][:2*width]
		scaled := bottom[:width] // room that is written last
		for i, g := range dy[oh*width:][:width] {
			scaled[i] = T(g*share) + 0 // no negative zeros, as sums have none
		}
		vectorTwice(w.InC, float32s(top), float32s(scaled))
		copy(bottom, top)
	}
}

// share is what the sum of a window of so many pixels is multiplied by.
func (a *AveragePool2D[T]) share(count int) T {
	if a.counted.Divisor > 0 {
		count = a.counted.Divisor
	}
	return T(1 / float64(count))
}

// windows calls f for each window of an image in turn: at is where its output pixel starts, pixels are where its input
// pixels do, and share is what their sum is to be multiplied by.
func (a *AveragePool2D[T]) windows(f func(at int, share T, pixels []int)) {
	w := &a.w
	pixels := make([]int, 0, w.KernelH*w.KernelW)
	for oh := range w.OutH {
		top := oh*w.StrideH - w.PadTop
		for ow := range w.OutW {
			left := ow*w.StrideW - w.PadLeft
			pixels = pixels[:0]
			for ih := max(top, 0); ih < min(top+w.KernelH, w.InH); ih++ {
				for iw := max(left, 0); iw < min(left+w.KernelW, w.InW); iw++ {
					pixels = append(pixels, (ih*w.InW+iw)*w.InC)
				}
			}
			count := len(pixels)
			if c := &a.counted; c.Margins {
				count = (min(top+w.KernelH, w.InH+c.Bottom) - top) * (min(left+w.KernelW, w.InW+c.Right) - left)
			}
			f((oh*w.OutW+ow)*w.InC, a.share(count), pixels)
		}
	}
}
