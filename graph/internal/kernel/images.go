package kernel

// SumImages adds up n images: y[i] is scale times the sum of x[k,i] over the images k. Sums are taken in float64, in the order of the images.
func SumImages[T Float](p *Pool, n int, y, x []T, scale float64) {
	p.forElements(len(x)).run(blockCount(len(y)), each(func(block int) {
		from, to := blockRange(len(y), block)
		sums := make([]float64, to-from)
		for k := range n {
			for i, v := range x[k*len(y):][from:to] {
				sums[i] += float64(v)
			}
		}
		for i, s := range sums {
			y[from+i] = T(scale * s)
		}
	}))
}

// RepeatImage writes an image n times: y[k,i] = scale * x[i].
func RepeatImage[T Float](p *Pool, n int, y, x []T, scale float64) {
	p.forElements(len(y)).run(n, each(func(k int) {
		y := y[k*len(x):][:len(x)]
		for i, v := range x {
			y[i] = T(scale * float64(v))
		}
	}))
}
