package kernel

import (
	"fmt"
	"testing"

	"dcae/graph/arithmetic"
)

// benchmarkBytes times f in each family, with one thread and two, and reports the memory that it must read and write.
func benchmarkBytes(b *testing.B, bytes int, f func(p *Pool)) { benchmarkThreads(b, bytes, 2, f) }

// benchmarkThreads runs f on one to so many threads.
func benchmarkThreads(b *testing.B, bytes, most int, f func(p *Pool)) {
	for i := arithmetic.Portable; i <= arithmetic.Best(); i++ {
		setFamily(b, i)
		for threads := 1; threads <= most; threads++ {
			b.Run(fmt.Sprintf("%s/%d", i, threads), func(b *testing.B) {
				p := NewPool(threads)
				defer p.Close()
				f(p)
				for b.Loop() {
					f(p)
				}
				b.ReportMetric(float64(bytes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
			})
		}
	}
}

// Elements of a 32x28x28x32 activation, 3.2 MB.
const activationElements = 32 * 28 * 28 * 32

func BenchmarkActivate(b *testing.B) {
	x, y := random[float32](generator(1), activationElements), make([]float32, activationElements)
	for _, c := range []struct {
		name string
		act  Activation
	}{{"ReLU", activations[1]}, {"leaky", activations[2]}, {"sigmoid", activations[3]}, {"tanh", activations[4]}} {
		a := NewActivate[float32](c.act)
		b.Run(c.name, func(b *testing.B) {
			benchmarkBytes(b, 8*len(x), func(p *Pool) { a.Forward(p, y, x) })
		})
		b.Run(c.name+"Gradient", func(b *testing.B) {
			benchmarkBytes(b, 12*len(x), func(p *Pool) { a.Backward(p, y, x, x) })
		})
	}
}

// BenchmarkActivateInCache is the epilogue of a convolution.
func BenchmarkActivateInCache(b *testing.B) {
	x := random[float32](generator(1), 2048)
	for _, act := range activations[3:] {
		b.Run(fmt.Sprint(act.Function), func(b *testing.B) {
			benchmarkBytes(b, 8*len(x), func(*Pool) { activate32(act, x) })
		})
	}
}

func BenchmarkBatchNorm(b *testing.B) {
	for _, channels := range []int{1, 3, 32, 33, 256} {
		c := newNormCase[float32](activationElements/channels, channels, true)
		b.Run(fmt.Sprintf("train/%d", channels), func(b *testing.B) {
			benchmarkBytes(b, 12*activationElements, c.forward)
		})
		b.Run(fmt.Sprintf("backward/%d", channels), func(b *testing.B) {
			benchmarkBytes(b, 20*activationElements, func(p *Pool) {
				c.norm.Backward(p, c.rows, c.dx, c.dgamma, c.dbeta, c.x, c.gamma, c.mean, c.variance, c.dy)
			})
		})
	}
}

func BenchmarkMaxPool(b *testing.B) {
	for _, w := range []Window{poolWindow(28, 28, 32, 2, 2), poolWindow(28, 28, 3, 2, 2), poolWindow(28, 28, 32, 3, 2)} {
		c := newPoolCase[float32](w, 32)
		name := fmt.Sprintf("%dx%dx%d", w.KernelH, w.KernelW, w.InC)
		b.Run(name+"/forward", func(b *testing.B) {
			benchmarkBytes(b, 4*len(c.x)+5*len(c.y), func(p *Pool) { c.pool.Forward(p, c.n, c.y, c.x, c.argmax) })
		})
		b.Run(name+"/backward", func(b *testing.B) {
			benchmarkBytes(b, 4*len(c.x)+5*len(c.y), func(p *Pool) { c.pool.Backward(p, c.n, c.dx, c.y, c.dy, c.argmax) })
		})
	}
}

func BenchmarkOptimizer(b *testing.B) {
	for _, n := range []int{3136 * 32, 1 << 20} {
		w, g, m, v := random[float32](generator(1), n), random[float32](generator(2), n), make([]float32, n), make([]float32, n)
		b.Run(fmt.Sprint("Adam/", n), func(b *testing.B) {
			benchmarkThreads(b, 28*n, 1, func(*Pool) { Adam(w, g, m, v, 1e-3, 0.9, 0.999, 1e-7) })
		})
		b.Run(fmt.Sprint("SGD/", n), func(b *testing.B) {
			benchmarkThreads(b, 12*n, 1, func(*Pool) { SGD(w, g, nil, 1e-3, 0, false) })
		})
	}
}

func BenchmarkSquaredError(b *testing.B) {
	x, y, d := random[float32](generator(1), activationElements), random[float32](generator(2), activationElements), make([]float32, activationElements)
	s := NewSquaredError[float32]()
	b.Run("forward", func(b *testing.B) {
		benchmarkBytes(b, 8*len(x), func(p *Pool) { s.Forward(p, x, y) })
	})
	b.Run("backward", func(b *testing.B) {
		benchmarkBytes(b, 12*len(x), func(p *Pool) { s.Backward(p, d, x, y, 1) })
	})
}
