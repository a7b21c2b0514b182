package kernel

// each is a job given as a function of the piece's index.
type each func(i int)

func (f each) piece(_, i int) { f(i) }

// Curve is a function of one variable with its derivative, both of the argument.
type Curve struct{ Value, Slope func(z float64) float64 }

// Pointwise computes y = f(x) for each element of x, in float64.
func Pointwise[T Float](p *Pool, f Curve, y, x []T) {
	p.forElements(len(x)).run(blockCount(len(x)), each(func(i int) {
		from, to := blockRange(len(x), i)
		y, value := y[from:to], f.Value
		for k, z := range x[from:to] {
			y[k] = T(value(float64(z)))
		}
	}))
}

// PointwiseGradient computes dx = dy * f'(x).
func PointwiseGradient[T Float](p *Pool, f Curve, dx, x, dy []T) {
	p.forElements(len(x)).run(blockCount(len(x)), each(func(i int) {
		from, to := blockRange(len(x), i)
		dx, dy, slope := dx[from:to], dy[from:to], f.Slope
		for k, z := range x[from:to] {
			dx[k] = dy[k] * T(slope(float64(z)))
		}
	}))
}
