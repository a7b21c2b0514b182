package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// normPool runs batch normalization and max pooling as one operation and as two, in training there and back, and returns the results of each.
func normPool[T Float](p *Pool, w Window, n int, training bool, x, dy []T) (fused, separate [][]T) {
	r := generator(4)
	const epsilon = 1e-3
	channels, pixels := w.InC, n*w.InH*w.InW
	gamma, beta := random[T](r, channels), random[T](r, channels)
	both := [2][][]T{}
	for i := range both {
		y, dx := slices.Repeat([]T{T(math.NaN())}, len(dy)), slices.Repeat([]T{T(math.NaN())}, len(x))
		mean, variance := slices.Repeat([]T{0.25}, channels), slices.Repeat([]T{0.5}, channels)
		dgamma, dbeta, argmax := make([]T, channels), make([]T, channels), make([]uint8, len(dy))
		if i == 0 {
			b := NewBatchNormPool[T](w, epsilon)
			if training {
				b.Train(p, n, y, InMemory(x), gamma, beta, mean, variance, argmax)
				b.Backward(p, n, dx, dgamma, dbeta, x, gamma, mean, variance, dy, argmax)
			} else {
				b.Evaluate(p, n, y, InMemory(x), gamma, beta, mean, variance)
			}
		} else {
			b, m := NewBatchNorm[T](channels, epsilon), NewMaxPool2D[T](w)
			normal, dnormal := make([]T, len(x)), make([]T, len(x))
			if training {
				b.Train(p, pixels, normal, InMemory(x), gamma, beta, mean, variance)
			} else {
				b.Evaluate(p, pixels, normal, InMemory(x), gamma, beta, mean, variance)
			}
			m.Forward(p, n, y, normal, argmax)
			if training {
				m.Backward(p, n, dnormal, nil, dy, argmax)
				b.Backward(p, pixels, dx, dgamma, dbeta, x, gamma, mean, variance, dnormal)
			}
		}
		if !training {
			both[i] = [][]T{y}
			continue
		}
		winners := make([]T, len(argmax))
		for k, v := range argmax {
			winners[k] = T(v)
		}
		both[i] = [][]T{y, dx, mean, variance, dgamma, dbeta, winners}
	}
	return both[0], both[1]
}

// TestBatchNormPoolEqualsTheTwoOperations: gradients may differ by their last bits, since the fused operation leaves out the zeros of their
// sums.
func TestBatchNormPoolEqualsTheTwoOperations(t *testing.T) {
	t.Run("float32", func(t *testing.T) { everyFamily(t, func(t *testing.T) { testBatchNormPool[float32](t, 1e-6) }) })
	t.Run("float64", func(t *testing.T) { testBatchNormPool[float64](t, 1e-15) })
}

func testBatchNormPool[T Float](t *testing.T, tolerance float64) {
	names := []string{"y", "dx", "mean", "variance", "dgamma", "dbeta", "argmax"}
	pool := NewPool(2)
	defer pool.Close()
	for _, channels := range []int{1, 3, 8, 20, 33, 64} {
		for _, w := range []Window{
			poolWindow(4, 6, channels, 2, 2), poolWindow(7, 5, channels, 2, 2), samePoolWindow(7, 5, channels, 2, 2),
			samePoolWindow(5, 12, channels, 2, 2), poolWindow(28, 28, channels, 2, 2), poolWindow(2, 2, channels, 2, 2), samePoolWindow(1, 1, channels, 2, 2),
		} {
			for _, n := range []int{1, 5} {
				for _, training := range []bool{true, false} {
					x, dy := random[T](generator(1), n*w.inSize()), random[T](generator(2), n*w.outSize())
					for i := range x {
						x[i] = T(math.Round(float64(x[i]) * 4)) // with ties
					}
					fused, separate := normPool(pool, w, n, training, x, dy)
					terms := 0.0 // of a sum, by absolute value
					for _, v := range dy {
						terms += math.Abs(float64(v)) / float64(channels)
					}
					for i := range fused {
						name := fmt.Sprintf("%+v, %d images, training %v: %s", w, n, training, names[i])
						switch names[i] {
						case "dx":
							checkWithin(t, name, fused[i], widened(separate[i]), tolerance*largest(separate[i]))
						case "dgamma", "dbeta":
							checkWithin(t, name, fused[i], widened(separate[i]), tolerance*terms)
						default:
							checkSame(t, name, fused[i], separate[i])
						}
					}
				}
			}
		}
	}
}

// largest is the largest of x by absolute value.
func largest[T Float](x []T) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}

func TestBatchNormPoolThreadsDoNotChangeBits(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		w, n := samePoolWindow(31, 29, 24, 2, 2), 14
		x, dy := random[float32](generator(1), n*w.inSize()), random[float32](generator(2), n*w.outSize())
		testThreadBits(t, func(p *Pool) []float64 {
			fused, _ := normPool(p, w, n, true, x, dy)
			return widened(fused...)
		})
	})
}

func TestBatchNormPoolAllocatesNothing(t *testing.T) {
	w, n := poolWindow(64, 64, 20, 2, 2), 4
	x, dy := random[float32](generator(1), n*w.inSize()), random[float32](generator(2), n*w.outSize())
	y, dx, argmax := make([]float32, len(dy)), make([]float32, len(x)), make([]uint8, len(dy))
	mean, variance, dgamma, dbeta := make([]float32, 20), make([]float32, 20), make([]float32, 20), make([]float32, 20)
	p := NewPool(2)
	defer p.Close()
	b := NewBatchNormPool[float32](w, 1e-3)
	if got := testing.AllocsPerRun(5, func() {
		b.Train(p, n, y, InMemory(x), nil, nil, mean, variance, argmax)
		b.Backward(p, n, dx, dgamma, dbeta, x, nil, mean, variance, dy, argmax)
	}); got != 0 {
		t.Errorf("%v allocations a call", got)
	}
}

func BenchmarkBatchNormPool(b *testing.B) {
	for _, w := range []Window{poolWindow(28, 28, 32, 2, 2), poolWindow(128, 128, 32, 2, 2)} {
		const n = 32
		x, dy := random[float32](generator(1), n*w.inSize()), random[float32](generator(2), n*w.outSize())
		y, dx, argmax := make([]float32, len(dy)), make([]float32, len(x)), make([]uint8, len(dy))
		normal, dnormal := make([]float32, len(x)), make([]float32, len(x))
		channels, pixels := w.InC, n*w.InH*w.InW
		mean, variance, dgamma, dbeta := make([]float32, channels), make([]float32, channels), make([]float32, channels), make([]float32, channels)
		bytes := 12*len(x) + 20*len(x) + 2*(4*len(x)+5*len(y)) // of the two operations
		b.Run(fmt.Sprintf("%dx%d/fused", w.InH, w.InW), func(b *testing.B) {
			f := NewBatchNormPool[float32](w, 1e-3)
			benchmarkBytes(b, bytes, func(p *Pool) {
				f.Train(p, n, y, InMemory(x), nil, nil, mean, variance, argmax)
				f.Backward(p, n, dx, dgamma, dbeta, x, nil, mean, variance, dy, argmax)
			})
		})
		b.Run(fmt.Sprintf("%dx%d/separate", w.InH, w.InW), func(b *testing.B) {
			f, m := NewBatchNorm[float32](channels, 1e-3), NewMaxPool2D[float32](w)
			benchmarkBytes(b, bytes, func(p *Pool) {
				f.Train(p, pixels, normal, InMemory(x), nil, nil, mean, variance)
				m.Forward(p, n, y, normal, argmax)
				m.Backward(p, n, dnormal, nil, dy, argmax)
				f.Backward(p, pixels, dx, dgamma, dbeta, x, nil, mean, variance, dnormal)
			})
		})
	}
}
