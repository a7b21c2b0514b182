package kernel

// GLU computes y = a * sigmoid(b), where a and b are the halves of each row of x; width is that of a row of y (Dauphin et al. 2017,
// eq. 1).
func GLU[T Float](p *Pool, width int, y, x []T) {
	forHalves(p, width, len(y), func(row int) {
		a, b := halves(x, width, row)
		y := y[row*width : (row+1)*width]
		for i, v := range a {
			y[i] = T(float64(v) * logistic(float64(b[i])))
		}
	})
}

// GLUGradient computes dx from x and dy, the gradient by GLU's result.
func GLUGradient[T Float](p *Pool, width int, dx, x, dy []T) {
	forHalves(p, width, len(dy), func(row int) {
		a, b := halves(x, width, row)
		da, db := halves(dx, width, row)
		for i, g := range dy[row*width : (row+1)*width] {
			s := logistic(float64(b[i]))
			da[i] = T(float64(g) * s)
			db[i] = T(float64(g) * float64(a[i]) * s * (1 - s))
		}
	})
}

func halves[T Float](x []T, width, row int) (a, b []T) {
	x = x[2*width*row : 2*width*(row+1)]
	return x[:width], x[width:]
}

// forHalves shares out the rows of elements values.
func forHalves(p *Pool, width, elements int, f func(row int)) {
	forRows(p, width, elements, func(from, to int, _ *sparsemax) {
		for row := from / width; row < to/width; row++ {
			f(row)
		}
	})
}
