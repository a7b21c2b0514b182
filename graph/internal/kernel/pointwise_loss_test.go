package kernel

import (
	"math"
	"testing"
)

// The faster form for float32 against the definition in float64: where the sigmoid is near 0 or 1, too, no digits are lost.
func TestLogitCrossEntropyInFloat32(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for _, smoothing := range []float64{0, 0.1} {
			d := LogitCrossEntropy(smoothing)
			for _, target := range []float32{0, 0.25, 1} {
				for v := -80.0; v <= 80; v += 0.37 {
					y, targets, dy := []float32{float32(v)}, []float32{target}, make([]float32, 1)
					z := float64(y[0])
					checkRelative(t, "value", d.sum(y, targets), crossEntropyOf(z, smooth(float64(target), smoothing)), 3e-7)
					d.slopes(dy, y, targets, 0.5)
					s := smooth(float64(target), smoothing)
					want := 0.5 * ((1-s)*logistic(z) - s*logistic(-z))
					if e := math.Abs(float64(dy[0]) - want); e > 3e-7*max(math.Abs(want), min(s, 1-s)) {
						t.Errorf("slope at %g for %g is %g, not %g", v, target, dy[0], want)
					}
				}
			}
		}
	})
}

// crossEntropyOf leaves out the difference of large numbers.
func crossEntropyOf(z, target float64) float64 {
	return target*softplus(-z) + (1-target)*softplus(z)
}

func TestMeanDistanceOfManyValues(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for _, n := range []int{1, 31, 512, 513, 40_000} {
			r := generator(uint64(n))
			y, target, dy := random[float32](r, n), random[float32](r, n), make([]float32, n)
			want, d := 0.0, LogitCrossEntropy(0)
			for i := range y {
				y[i] *= 5
				target[i] = float32(math.Abs(float64(target[i])))
				want += d.Value(float64(y[i]), float64(target[i])) / float64(n)
			}
			m := NewMeanDistance[float32](d)
			checkRelative(t, "mean", float64(m.Forward(nil, y, target)), want, 1e-6)
			m.Backward(nil, dy, y, target, 0.7)
			for i := range y {
				want := 0.7 / float64(n) * d.Slope(float64(y[i]), float64(target[i]))
				if e := math.Abs(float64(dy[i]) - want); e > 4e-7*0.7/float64(n) {
					t.Fatalf("slope %d of %d is %g, not %g", i, n, dy[i], want)
				}
			}
		}
	})
}

func TestLogitCrossEntropyPassesNaNOn(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		m := NewMeanDistance[float32](LogitCrossEntropy(0))
		y, target, dy := make([]float32, 40), make([]float32, 40), make([]float32, 40)
		for i := range y {
			y[i] = float32(math.NaN())
			if loss := m.Forward(nil, y, target); loss == loss {
				t.Errorf("loss with a NaN at %d is %g", i, loss)
			}
			if m.Backward(nil, dy, y, target, 1); dy[i] == dy[i] {
				t.Errorf("the slope of a NaN at %d is %g", i, dy[i])
			}
			y[i] = 0
		}
	})
}
