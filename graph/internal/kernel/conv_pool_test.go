package kernel

import (
	"fmt"
	"testing"
)

// Computed together, convolution and pooling give the images and winners of one after the other, to the bit, and the same gradients.
func TestConvMaxPool(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		everyFamily(t, func(t *testing.T) { testConvMaxPool[float32](t, 2e-6) })
	})
	t.Run("float64", func(t *testing.T) { testConvMaxPool[float64](t, 1e-14) })
}

func testConvMaxPool[T Float](t *testing.T, tolerance float64) {
	threads := NewPool(3)
	defer threads.Close()
	for _, w := range []Window{window(28, 28, 1, 32, 3, 1, 1, 1), window(9, 7, 3, 5, 3, 1, 1, 1), window(12, 12, 2, 16, 5, 2, 1, 2), window(90, 80, 1, 17, 3, 1, 1, 1)} { // the last one, image by image
		pool := Window{InH: w.OutH, InW: w.OutW, InC: w.OutC, OutH: w.OutH / 2, OutW: w.OutW / 2, OutC: w.OutC, KernelH: 2, KernelW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1}
		for _, act := range activations {
			for _, n := range []int{1, 19} {
				t.Run(fmt.Sprintf("%dx%dx%d/%d/%d", w.InH, w.InW, w.InC, act.Function, n), func(t *testing.T) {
					p := newProblem[T](w, Activation{}, false, n)
					r := generator(5)
					dy := random[T](r, n*pool.OutH*pool.OutW*pool.OutC)
					together, alone := make([]T, len(dy)), make([]T, len(dy))
					argmax := make([]uint8, len(dy))
					one := NewActivatedMaxPool2D[T](pool, act)
					p.layer.Forward(nil, n, p.y, p.x, p.kernel, p.bias)
					one.Forward(nil, n, alone, p.y, argmax)
					conv := make([]T, len(p.y))
					one.Backward(nil, n, conv, alone, dy, argmax)
					p.layer.Backward(nil, n, p.dx, p.dkernel, p.dbias, p.x, p.kernel, nil, conv)

					both := NewConvMaxPool2D[T](w, pool, act, true)
					dx, dkernel, dbias := make([]T, len(p.dx)), make([]T, len(p.dkernel)), make([]T, len(p.dbias))
					var first []T
					for _, threads := range []*Pool{nil, threads} {
						both.Forward(threads, n, together, p.x, p.kernel, p.bias)
						checkSame(t, "images", together, alone)
						for i, v := range both.argmax {
							if v != argmax[i] {
								t.Fatalf("winner %d is %d, not %d", i, v, argmax[i])
							}
						}
						both.Backward(threads, n, dx, dkernel, dbias, p.x, p.kernel, together, dy)
						checkSame(t, "gradient by x", dx, p.dx)
						checkClose(t, "gradient by the kernel", dkernel, widened(p.dkernel), tolerance)
						checkClose(t, "gradient by the bias", dbias, widened(p.dbias), tolerance)
						gradients := append(append([]T{}, dkernel...), dbias...)
						if first == nil {
							first = gradients
						}
						checkSame(t, "gradients on threads", gradients, first)
						both.Backward(threads, n, nil, dkernel, nil, p.x, p.kernel, together, dy)
						checkClose(t, "gradient by the kernel alone", dkernel, widened(p.dkernel), tolerance)
					}
				})
			}
		}
	}
}
