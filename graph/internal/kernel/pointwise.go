package kernel

// each is a job given as a function of the piece's index.
type each func(i int)

func (f each) piece(_, i int) { f(i) }

// Curve is a function of one variable with its derivative, both of the argument.
type Curve struct {
	Value, Slope func(z float64) float64

	// The same for a slice of float32, where there is a faster way; y and z must not overlap.
	values, slopes func(y, z []float32)
}

// Pointwise computes y = f(x) for each element of x, which y must not overlap.
func Pointwise[T Float](p *Pool, f Curve, y, x []T) {
	p.forElements(len(x)).run(blockCount(len(x)), each(func(i int) {
		from, to := blockRange(len(x), i)
		x, y := x[from:to], y[from:to]
		if x32 := float32s(x); x32 != nil && f.values != nil {
			f.values(float32s(y), x32)
			return
		}
		value := f.Value
		for k, z := range x {
			y[k] = T(value(float64(z)))
		}
	}))
}

// PointwiseGradient computes dx = dy * f'(x); dx must not overlap the others.
func PointwiseGradient[T Float](p *Pool, f Curve, dx, x, dy []T) {
	p.forElements(len(x)).run(blockCount(len(x)), each(func(i int) {
		from, to := blockRange(len(x), i)
		x, dx, dy := x[from:to], dx[from:to], dy[from:to]
		if x32 := float32s(x); x32 != nil && f.slopes != nil {
			f.slopes(float32s(dx), x32)
			multiplyBy(dx, dy)
			return
		}
		slope := f.Slope
		for k, z := range x {
			dx[k] = dy[k] * T(slope(float64(z)))
		}
	}))
}

// multiplyBy computes y *= x.
func multiplyBy[T Float](y, x []T) {
	for i := vectorMultiply(float32s(y), float32s(x)); i < len(y); i++ {
		y[i] *= x[i]
	}
}

// addTo computes y += x.
func addTo[T Float](y, x []T) {
	for i := vectorAdd(float32s(y), float32s(x)); i < len(y); i++ {
		y[i] += x[i]
	}
}
