package kernel

// Rescale computes y = x*scale + offset, where scale and offset (nil: zero) repeat along x.
func Rescale[T Float](p *Pool, y, x, scale, offset []T) {
	width := len(scale)
	size := max(1, blockLength/width) * width
	p.forElements(len(x)).run((len(x)+size-1)/size, each(func(i int) {
		for from := i * size; from < min((i+1)*size, len(x)); from += width {
			x, y := x[from:][:width], y[from:][:width]
			for c, s := range scale {
				y[c] = T(x[c] * s)
				if offset != nil {
					y[c] += offset[c]
				}
			}
		}
	}))
}
