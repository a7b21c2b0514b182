package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// stepCase is an optimizer's step with its own naive form, both on the same state.
type stepCase[T Float] struct {
	name  string
	take  func(w, g, m, v []T) Sums
	naive func(w, g, m, v float64) (w1, m1, v1 float64)
}

func stepCases[T Float]() []stepCase[T] {
	const lr, decay = 0.01, 0.9
	alpha := lr * math.Sqrt(1-0.999) / (1 - 0.9)
	return []stepCase[T]{
		{"Adam", func(w, g, m, v []T) Sums { return Adam(w, g, m, v, alpha, 0.9, 0.999, 1e-7) },
			func(w, g, m, v float64) (float64, float64, float64) {
				m = 0.9*m + 0.1*g
				v = 0.999*v + 0.001*g*g
				return w - alpha*m/(math.Sqrt(v)+1e-7), m, v
			}},
		{"SGD", func(w, g, m, v []T) Sums { return SGD(w, g, nil, lr, 0, false) },
			func(w, g, m, v float64) (float64, float64, float64) { return w - lr*g, m, v }},
		{"momentum", func(w, g, m, v []T) Sums { return SGD(w, g, m, lr, decay, false) },
			func(w, g, m, v float64) (float64, float64, float64) { m = decay*m - lr*g; return w + m, m, v }},
		{"Nesterov", func(w, g, m, v []T) Sums { return SGD(w, g, m, lr, decay, true) },
			func(w, g, m, v float64) (float64, float64, float64) {
				m = decay*m - lr*g
				return w + decay*m - lr*g, m, v
			}},
	}
}

func TestOptimizers(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		everyFamily(t, func(t *testing.T) { testOptimizers[float32](t, 3e-7) })
	})
	t.Run("float64", func(t *testing.T) { testOptimizers[float64](t, 1e-14) })
}

func testOptimizers[T Float](t *testing.T, tolerance float64) {
	for _, c := range stepCases[T]() {
		for _, n := range vectorLengths() {
			r := generator(uint64(n))
			guards := newGuarded[T]()
			w, g, m, v := guards.slice(random[T](r, n)), guards.slice(random[T](r, n)), guards.slice(random[T](r, n)), guards.slice(random[T](r, n))
			for i := range v {
				v[i] = v[i] * v[i]
			}
			before := slices.Clone(w)
			wantW, wantM, wantV := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range w {
				wantW[i], wantM[i], wantV[i] = c.naive(float64(w[i]), float64(g[i]), float64(m[i]), float64(v[i]))
			}
			sums := c.take(w, g, m, v)
			var want Sums
			for i := range w {
				want.add(float64(g[i]), float64(before[i]), float64(w[i]-before[i]))
			}
			name := fmt.Sprint(c.name, " of ", n)
			checkClose(t, name+": w", w, wantW, tolerance)
			checkClose(t, name+": m", m, wantM, tolerance)
			checkClose(t, name+": v", v, wantV, tolerance)
			checkRelative(t, name+": sum of g^2", sums.Gradient, want.Gradient, 1e-12)
			checkRelative(t, name+": sum of w^2", sums.Weight, want.Weight, 1e-12)
			checkRelative(t, name+": sum of step^2", sums.Step, want.Step, 1e-12)
			guards.check(t)
		}
	}
}

// TestOptimizersNotFinite: every element is on its own, so one that is not finite shows in its own weight and the sums.
func TestOptimizersNotFinite(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for _, c := range stepCases[float32]() {
			for _, at := range []int{0, 20, 36} {
				w, g, m, v := make([]float32, 37), make([]float32, 37), make([]float32, 37), make([]float32, 37)
				g[at] = float32(math.NaN())
				sums := c.take(w, g, m, v)
				for i := range w {
					if (w[i] != w[i]) != (i == at) {
						t.Errorf("%s with a NaN at %d: w[%d] is %v", c.name, at, i, w[i])
					}
				}
				if sums.Gradient == sums.Gradient || sums.Step == sums.Step || sums.Weight != 0 {
					t.Errorf("%s with a NaN at %d: sums are %v", c.name, at, sums)
				}
			}
		}
	})
}
