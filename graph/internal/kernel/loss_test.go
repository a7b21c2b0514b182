package kernel

import (
	"math"
	"testing"
)

func TestSquaredError(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		everyFamily(t, func(t *testing.T) { testSquaredError[float32](t, 1e-6) })
	})
	t.Run("float64", func(t *testing.T) { testSquaredError[float64](t, 1e-12) })
}

func testSquaredError[T Float](t *testing.T, tolerance float64) {
	s := NewSquaredError[T]()
	for _, n := range vectorLengths() {
		r := generator(uint64(n))
		g := newGuarded[T]()
		y, target, dy := g.slice(random[T](r, n)), g.slice(random[T](r, n)), g.slice(make([]T, n))
		want := 0.0
		for i := range y {
			want += math.Pow(float64(y[i])-float64(target[i]), 2) / float64(n)
		}
		checkRelative(t, "loss", float64(s.Forward(nil, y, target)), want, tolerance)
		s.Backward(nil, dy, y, target, 0.7)
		for i := range y {
			checkRelative(t, "gradient", float64(dy[i]), 0.7*2/float64(n)*(float64(y[i]-target[i])), tolerance)
		}
		g.check(t)
	}
}

func TestSquaredErrorFiniteDifferences(t *testing.T) {
	const n, h = 20, 1e-5
	y, target, dy := random[float64](generator(1), n), random[float64](generator(2), n), make([]float64, n)
	s := NewSquaredError[float64]()
	s.Backward(nil, dy, y, target, 3)
	for i, v := range y {
		y[i] = v + h
		up := s.Forward(nil, y, target)
		y[i] = v - h
		down := s.Forward(nil, y, target)
		y[i] = v
		if want := 3 * (up - down) / (2 * h); math.Abs(dy[i]-want) > 1e-6 {
			t.Errorf("gradient is %v, the difference quotient %v", dy[i], want)
		}
	}
}

func TestSquaredErrorNotFinite(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		s := NewSquaredError[float32]()
		for i := range 40 {
			y := make([]float32, 40)
			y[i] = float32(math.NaN())
			if loss := s.Forward(nil, y, make([]float32, 40)); loss == loss {
				t.Errorf("loss with a NaN at %d is %v", i, loss)
			}
			y[i] = float32(math.Inf(-1))
			if loss := s.Forward(nil, y, make([]float32, 40)); !math.IsInf(float64(loss), 1) {
				t.Errorf("loss with an infinite value at %d is %v", i, loss)
			}
		}
	})
}
