package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"dcae/graph/arithmetic"
)

// TestNormalizationByChannels compares sums by channel in float32 with runs in float64, and different numbers of threads.
func TestNormalizationByChannels(t *testing.T) {
	for _, c := range []struct{ item, parts, weights []int }{
		{[]int{35, 4, 8}, []int{1, 4, 1}, []int{1, 4, 8}},      // groups
		{[]int{300, 1, 20}, []int{1, 1, 1}, []int{1, 1, 20}},   // one group
		{[]int{300, 1, 20}, []int{1, 1, 1}, []int{1, 1, 1}},    // and no weights
		{[]int{17, 3, 1}, []int{1, 3, 1}, []int{1, 3, 1}},      // instances, fewer values than a vector row
		{[]int{1100, 17, 1}, []int{1, 17, 1}, []int{1, 17, 1}}, // channels that fill no vector
		{[]int{16, 2, 32}, []int{1, 2, 1}, []int{1, 1, 1}},     // groups, no weights
		{[]int{900, 64}, []int{1, 64}, []int{1, 64}},
	} {
		for f := arithmetic.Portable; f <= arithmetic.Best(); f++ {
			t.Run(fmt.Sprint(c.item, c.parts, c.weights, f), func(t *testing.T) {
				setFamily(t, f)
				want := normalizeOnce[float64](nil, c.item, c.parts, c.weights)
				pool := NewPool(2)
				defer pool.Close()
				got := normalizeOnce[float32](nil, c.item, c.parts, c.weights)
				for i, again := range normalizeOnce[float32](pool, c.item, c.parts, c.weights) {
					if !slices.Equal(again, got[i]) {
						t.Errorf("result %d has other bits with more threads", i)
					}
					wide := widened(got[i])
					var off, size float64
					for k, v := range want[i] {
						off, size = off+(wide[k]-v)*(wide[k]-v), size+v*v
					}
					if off := math.Sqrt(off / max(size, 1e-30)); !(off <= 1e-5) {
						t.Errorf("result %d is off by %.2g", i, off)
					}
				}
			})
		}
	}
}

// normalizeOnce returns y, dx, and the gradients by gamma and beta, of images whose mean is well above their spread.
func normalizeOnce[T Float](p *Pool, item, parts, weights []int) [][]T {
	const n = 3
	size, weight := 1, 1
	for i, d := range item {
		size *= d
		weight *= weights[i]
	}
	r := generator(8)
	guards := newGuarded[T]()
	take := func(length int, scale, shift float64) []T {
		x := guards.slice(make([]T, length))
		for i, v := range random[float32](r, length) {
			x[i] = T(float32(float64(v)*scale + shift))
		}
		return x
	}
	x, dy := take(n*size, 0.5, 3), take(n*size, 1, 0.2)
	gamma, beta := take(weight, 0.3, 0.1), take(weight, 1, 0)
	y, dx, dgamma, dbeta := take(n*size, 1, 0), take(n*size, 1, 0), take(weight, 1, 0), take(weight, 1, 0)
	if weight == 1 { // none are there
		gamma, beta, dgamma, dbeta = nil, nil, nil, nil
	} else {
		gamma[0] = 0
	}
	m := NewNormalization[T](ByMoments, 1e-5, item, parts, weights)
	m.Forward(p, n, y, x, gamma, beta)
	m.Backward(p, n, dx, dgamma, dbeta, x, gamma, dy)
	for _, s := range guards.all {
		for i := range 40 {
			if s[i] != guards.sentinel || s[len(s)-1-i] != guards.sentinel {
				panic("written outside of the bounds")
			}
		}
	}
	return [][]T{y, dx, dgamma, dbeta}
}
