package kernel

// GlobalMax computes y [n,channels], the largest value of each channel over all pixels of x [n,pixels,channels].
func GlobalMax[T Float](p *Pool, n, pixels, channels int, y, x []T) {
	p.forElements(len(x)).run(n, each(func(image int) {
		x, y := x[image*pixels*channels:][:pixels*channels], y[image*channels:][:channels]
		copy(y, x)
		for from := channels; from < len(x); from += channels {
			for c, v := range x[from:][:channels] {
				y[c] = max(y[c], v)
			}
		}
	}))
}

// GlobalMaxGradient computes dx from x, GlobalMax's result y and dy. Pixels that are equally large share the gradient.
func GlobalMaxGradient[T Float](p *Pool, n, pixels, channels int, dx, x, y, dy []T) {
	p.forElements(len(x)).run(n, each(func(image int) {
		x, dx := x[image*pixels*channels:][:pixels*channels], dx[image*pixels*channels:][:pixels*channels]
		y, dy := y[image*channels:][:channels], dy[image*channels:][:channels]
		winners := make([]T, channels)
		for from := 0; from < len(x); from += channels {
			for c, v := range x[from:][:channels] {
				if v == y[c] {
					winners[c]++
				}
			}
		}
		for from := 0; from < len(x); from += channels {
			dx := dx[from:][:channels]
			for c, v := range x[from:][:channels] {
				dx[c] = 0
				if v == y[c] {
					dx[c] = dy[c] / winners[c]
				}
			}
		}
	}))
}
