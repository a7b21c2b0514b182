package kernel

import (
	"fmt"
	"testing"
)

// benchmarkLayers are the layers of the models, at batch 32.
var benchmarkLayers = []struct {
	name       string
	w          Window
	act        Activation
	transposed bool
}{
	{"28x28x1-32", window(28, 28, 1, 32, 3, 1, 1, 1), Activation{}, false},
	{"14x14x32-64", window(14, 14, 32, 64, 3, 1, 1, 1), Activation{}, false},
	{"28x28x32-1-sigmoid", window(28, 28, 32, 1, 3, 1, 1, 1), Activation{Function: Sigmoid}, false},
	{"7x7x64-64-transposed", transposedWindow(7, 64, 64), Activation{}, true},
	{"14x14x64-32-transposed", transposedWindow(14, 64, 32), Activation{}, true},
	{"3136-32-dense", dense(3136, 32), Activation{}, false},
	{"32-784-dense-sigmoid", dense(32, 784), Activation{Function: Sigmoid}, false},
	{"32-3136-dense-relu", dense(32, 3136), Activation{Function: ReLU}, false},
	{"128x128x1-32", window(128, 128, 1, 32, 3, 1, 1, 1), Activation{}, false},
	{"64x64x32-64", window(64, 64, 32, 64, 3, 1, 1, 1), Activation{}, false},
	{"32x32x64-128", window(32, 32, 64, 128, 3, 1, 1, 1), Activation{}, false},
	{"16x16x128-256", window(16, 16, 128, 256, 3, 1, 1, 1), Activation{}, false},
	{"8x8x256-16-1x1", window(8, 8, 256, 16, 1, 1, 1, 0), Activation{}, false},
	{"8x8x16-256-transposed", transposedWindow(8, 16, 256), Activation{}, true},
	{"16x16x256-128-transposed", transposedWindow(16, 256, 128), Activation{}, true},
	{"32x32x128-64-transposed", transposedWindow(32, 128, 64), Activation{}, true},
	{"64x64x64-32-transposed", transposedWindow(64, 64, 32), Activation{}, true},
	{"32x32x64-128-4x4/2", strided(32, 64, 128, 4), Activation{}, false},
	{"16x16x128-256-4x4/2", strided(16, 128, 256, 4), Activation{}, false},
	{"8x8x256-128-4x4/2-transposed", strided(16, 128, 256, 4), Activation{}, true},
	{"48x48x32-64-5x5/2", strided(48, 32, 64, 5), Activation{}, false},
	{"24x24x64-128-5x5/2", strided(24, 64, 128, 5), Activation{}, false},
	{"12x12x128-64-5x5/2-transposed", strided(24, 64, 128, 5), Activation{}, true},
	{"28x28x32-64-3x3/2", strided(28, 32, 64, 3), Activation{}, false},
	{"14x14x8-16", window(14, 14, 8, 16, 3, 1, 1, 1), Activation{}, false},
	{"14x14x16-8-relu", window(14, 14, 16, 8, 3, 1, 1, 1), Activation{Function: ReLU}, false},
	{"128x128x32-1-sigmoid", window(128, 128, 32, 1, 3, 1, 1, 1), Activation{Function: Sigmoid}, false},
}

// transposedWindow is that of Keras' 3x3 transposed convolution with stride 2 and "same" padding, from size to 2*size.
func transposedWindow(size, ic, oc int) Window {
	w := window(2*size, 2*size, oc, ic, 3, 2, 1, 0)
	w.OutH, w.OutW = size, size
	return w
}

// strided is the window of a kernel of stride 2 with "same" padding, which halves a size.
func strided(size, ic, oc, kernel int) Window {
	w := window(size, size, ic, oc, kernel, 2, 1, (kernel-1)/2)
	w.OutH, w.OutW = size/2, size/2
	return w
}

func dense(in, out int) Window { return window(1, 1, in, out, 1, 1, 1, 0) }

func BenchmarkForward(b *testing.B) { benchmark(b, 32, "forward") }

func BenchmarkBackwardData(b *testing.B) { benchmark(b, 32, "data") }

func BenchmarkBackwardWeights(b *testing.B) { benchmark(b, 32, "weights") }

func benchmark(b *testing.B, n int, what string) {
	for _, l := range benchmarkLayers {
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("%s/threads%d", l.name, threads), func(b *testing.B) {
				pool := NewPool(threads)
				defer pool.Close()
				p := newProblem[float32](l.w, l.act, l.transposed, n)
				p.layer.Forward(pool, n, p.y, p.x, p.kernel, p.bias)
				run := func() { p.layer.Forward(pool, n, p.y, p.x, p.kernel, p.bias) }
				switch what {
				case "data":
					run = func() {
						p.layer.(gradients).dataGradient(pool, n, p.dx, p.kernel, gradient(l.act, p.y, InMemory(p.dy)))
					}
				case "weights":
					run = func() { p.layer.Backward(pool, n, nil, p.dkernel, p.dbias, p.x, p.kernel, p.y, p.dy) }
				}
				run()
				for b.Loop() {
					run()
				}
				products := float64(n) * float64(l.w.OutH*l.w.OutW) * float64(l.w.kernelSize())
				b.ReportMetric(2*products*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// gradients is the part of a layer that computes dx alone.
type gradients interface {
	dataGradient(p *Pool, n int, dx, kernel []float32, dz operand[float32])
}
