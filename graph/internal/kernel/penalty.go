package kernel

import "math"

// Penalty returns l1 * the sum of |x| + l2 * the sum of x*x, in float64.
func Penalty[T Float](p *Pool, l1, l2 float64, x []T) float64 {
	sums := make([]float64, blockCount(len(x)))
	p.forElements(len(x)).run(len(sums), each(func(i int) {
		from, to := blockRange(len(x), i)
		absolute, squares := 0.0, 0.0
		for _, v := range x[from:to] {
			absolute += math.Abs(float64(v))
			squares += float64(float64(v) * float64(v))
		}
		sums[i] = float64(l1*absolute) + float64(l2*squares)
	}))
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}

// PenaltyGradient computes dx = scale * (l1*sign(x) + 2*l2*x).
func PenaltyGradient[T Float](p *Pool, l1, l2, scale float64, dx, x []T) {
	p.forElements(len(x)).run(blockCount(len(x)), each(func(i int) {
		from, to := blockRange(len(x), i)
		dx := dx[from:to]
		for k, v := range x[from:to] {
			dx[k] = T(scale * (float64(l1*sign(float64(v))) + float64(2*l2*float64(v))))
		}
	}))
}
