package kernel

import (
	"math"
	"slices"
	"testing"
)

// TestActivate compares with the scalar definition in float64.
func TestActivate(t *testing.T) {
	t.Run("float32", func(t *testing.T) {
		everyFamily(t, func(t *testing.T) { testActivate[float32](t, 3e-7) })
	})
	t.Run("float64", func(t *testing.T) { testActivate[float64](t, 1e-15) })
}

func testActivate[T Float](t *testing.T, tolerance float64) {
	for _, act := range activations {
		a := NewActivate[T](act)
		for _, n := range vectorLengths() {
			r := generator(uint64(n))
			g := newGuarded[T]()
			x, dy := g.slice(random[T](r, n)), g.slice(random[T](r, n))
			y, dx := g.slice(make([]T, n)), g.slice(make([]T, n))
			a.Forward(nil, y, x)
			a.Backward(nil, dx, y, dy)
			for i := range x {
				want := apply(act, float64(x[i]))
				if !(math.Abs(float64(y[i])-want) <= tolerance*math.Abs(want)) {
					t.Fatalf("activation %d of %v is %v instead of %v", act.Function, x[i], y[i], want)
				}
				if got := dy[i] * derivative(act, y[i]); dx[i] != got {
					t.Fatalf("activation %d: gradient for y = %v, dy = %v is %v instead of %v", act.Function, y[i], dy[i], dx[i], got)
				}
			}
			inPlace := slices.Clone(x)
			a.Forward(nil, inPlace, inPlace)
			checkSame(t, "y in place", inPlace, y)
			copy(inPlace, dy)
			a.Backward(nil, inPlace, y, inPlace)
			checkSame(t, "dx in place", inPlace, dx)
			g.check(t)
		}
	}
}

func TestActivateSpecialValues(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for _, act := range activations {
			a := NewActivate[float32](act)
			for _, v := range special[float32]() {
				for _, n := range []int{1, 16, 33} {
					x, y := slices.Repeat([]float32{v}, n), make([]float32, n)
					a.Forward(nil, y, x)
					want := float32(apply(act, float64(v)))
					for _, got := range y {
						if got != got && want != want {
							continue
						}
						if ulps(got, want) > 2 || math.Signbit(float64(got)) != math.Signbit(float64(want)) {
							t.Errorf("activation %d of %v is %v instead of %v", act.Function, v, got, want)
						}
					}
				}
				for _, d := range special[float32]() {
					y, dy, dx := slices.Repeat([]float32{v}, 17), slices.Repeat([]float32{d}, 17), make([]float32, 17)
					a.Backward(nil, dx, y, dy)
					checkSame(t, "dx", dx, slices.Repeat([]float32{d * derivative(act, v)}, 17))
				}
			}
		}
	})
}

// ulps is how many float32 numbers lie between x and y.
func ulps(x, y float32) int64 {
	order := func(v float32) int64 {
		if b := int64(math.Float32bits(v)); b < 1<<31 {
			return b
		} else {
			return 1<<31 - b
		}
	}
	d := order(x) - order(y)
	return max(d, -d)
}

func TestActivateFiniteDifferences(t *testing.T) {
	const n, h = 60, 1e-5
	for _, act := range activations {
		a := NewActivate[float64](act)
		x, y, up, down, dx := random[float64](generator(5), n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		a.Forward(nil, y, x)
		a.Backward(nil, dx, y, slices.Repeat([]float64{1}, n))
		for i := range x {
			x[i] += h
		}
		a.Forward(nil, up, x)
		for i := range x {
			x[i] -= 2 * h
		}
		a.Forward(nil, down, x)
		for i := range x {
			if want := (up[i] - down[i]) / (2 * h); math.Abs(dx[i]-want) > 1e-6 {
				t.Errorf("activation %d: derivative at %v is %v instead of %v", act.Function, x[i]+h, dx[i], want)
			}
		}
	}
}
