//go:build amd64 && !noasm

package kernel

import (
	"math"
	"testing"
)

func TestConvolutionFlushesSubnormals(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for _, p := range []*Pool{nil, pool} {
			w := window(14, 14, 16, 16, 3, 1, 1, 1)
			c := NewConv2D[float32](w, Activation{})
			x, kernel, y := make([]float32, 8*14*14*16), make([]float32, 9*16*16), make([]float32, 8*14*14*16)
			for i := range x {
				x[i] = 1e-39
			}
			for i := range kernel {
				kernel[i] = 1
			}
			c.Forward(p, 8, y, x, kernel, nil)
			for i, v := range y {
				if v != 0 {
					t.Fatalf("value %d is %g", i, v)
				}
			}
			small := math.Float32frombits(1 << 22)
			if half := small * y[0]; half != 0 || small/2 == 0 {
				t.Fatal("subnormal numbers are zero afterwards, too")
			}
		}
	})
}

func TestOptimizersFlushSubnormals(t *testing.T) {
	testFamilies(t, func(t *testing.T) {
		for _, n := range []int{5, 100_000} { // without and with vectors
			w, g, m, v := make([]float32, n), make([]float32, n), make([]float32, n), make([]float32, n)
			for i := range m {
				m[i], v[i] = 1e-39, 1e-39
			}
			Adam(w, g, m, v, 0.1, 0.9, 0.999, 1e-7)
			for i := range m {
				if m[i] != 0 || v[i] != 0 || w[i] != 0 {
					t.Fatalf("element %d of %d: moments %g, %g, weight %g", i, n, m[i], v[i], w[i])
				}
			}
		}
	})
}
