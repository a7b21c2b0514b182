package kernel

import (
	"math"
	"slices"
	"testing"

	"dcae/graph/arithmetic"
)

// everyFamily runs a test with each family that this machine can run, the portable one included.
func everyFamily(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for i := arithmetic.Portable; i <= arithmetic.Best(); i++ {
		t.Run(i.String(), func(t *testing.T) {
			setFamily(t, i)
			f(t)
		})
	}
}

// setFamily makes kernels of another family during a test.
func setFamily(t testing.TB, f arithmetic.Family) {
	before := family
	family = func() arithmetic.Family { return f }
	t.Cleanup(func() { family = before })
}

// vectorLengths are all short ones, and some around the bounds of blocks and of parallel work.
func vectorLengths() []int {
	lengths := []int{1000, blockLength - 1, blockLength + 17, 3*blockLength + 5}
	for n := range 257 {
		lengths = append(lengths, n)
	}
	return lengths
}

// guarded makes slices between guards that show when something is written beside them. The element type may be uint8.
type guarded[T comparable] struct {
	sentinel T
	all      [][]T
}

// slice returns a slice with the given values; it starts at any element, so it is not aligned.
func (g *guarded[T]) slice(values []T) []T {
	before := 40 + len(g.all)
	s := slices.Repeat([]T{g.sentinel}, before+len(values)+40)
	copy(s[before:], values)
	g.all = append(g.all, s)
	return s[before : before+len(values) : before+len(values)]
}

func (g *guarded[T]) check(t *testing.T) {
	t.Helper()
	for i, s := range g.all {
		for j, v := range s {
			if before := 40 + i; (j < before || j >= len(s)-40) && v != g.sentinel {
				t.Fatalf("slice %d was written outside of its bounds, at %d of %d", i, j-before, len(s)-before-40)
			}
		}
	}
}

func newGuarded[T Float]() *guarded[T] { return &guarded[T]{sentinel: -12345} }

// special are values that a formula may get wrong.
func special[T Float]() []T {
	inf := T(math.Inf(1))
	return []T{0, T(math.Copysign(0, -1)), 1, -1, inf, -inf, T(math.NaN()), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
		math.MaxFloat32, -math.MaxFloat32, 1e-38, -1e-38, 88, -88, 104, -104, 0.5, -0.5, 1e-4, -1e-4}
}

// sameValues reports whether x and y have the same bits, where any NaN is like any other.
func sameValues[T Float](x, y []T) bool {
	return slices.EqualFunc(x, y, sameValue)
}

func sameValue[T Float](a, b T) bool {
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b)) || a != a && b != b
}

func checkSame[T Float](t *testing.T, name string, got, want []T) {
	t.Helper()
	for i := range want {
		if !sameValue(got[i], want[i]) {
			t.Fatalf("%s[%d of %d] is %v instead of %v", name, i, len(want), got[i], want[i])
		}
	}
}

func checkRelative(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %v instead of %v", name, got, want)
	}
}

// testThreadBits checks that 1, 2 and 3 threads give the same values.
func testThreadBits(t *testing.T, f func(p *Pool) []float64) {
	t.Helper()
	want := f(nil)
	for threads := 1; threads <= 3; threads++ {
		p := NewPool(threads)
		got := f(p)
		p.Close()
		if !sameValues(got, want) {
			t.Errorf("%d threads give other bits than none", threads)
		}
	}
}

// widened joins slices, exactly.
func widened[T Float](slices ...[]T) []float64 {
	var all []float64
	for _, s := range slices {
		for _, v := range s {
			all = append(all, float64(v))
		}
	}
	return all
}

func TestVectorThreadsDoNotChangeBits(t *testing.T) {
	t.Run("float32", func(t *testing.T) { everyFamily(t, testVectorThreads[float32]) })
	t.Run("float64", testVectorThreads[float64])
}

func testVectorThreads[T Float](t *testing.T) {
	const channels = 7
	n := sharedFromPortable + 1234
	if vectorized[T]() {
		n = sharedFrom + 1234
	}
	x, dy := random[T](generator(1), n), random[T](generator(2), n)
	testThreadBits(t, func(p *Pool) []float64 {
		w, m, v := slices.Clone(dy), make([]T, n), make([]T, n)
		s := Adam(w, x, m, v, 0.01, 0.9, 0.999, 1e-7)
		return append(widened(w, m, v), s.Gradient, s.Weight, s.Step)
	})
	testThreadBits(t, func(p *Pool) []float64 {
		w, m := slices.Clone(dy), make([]T, n)
		s := SGD(w, x, m, 0.01, 0.9, true)
		return append(widened(w, m), s.Gradient, s.Weight, s.Step)
	})
	testThreadBits(t, func(p *Pool) []float64 {
		s, d := NewSquaredError[T](), make([]T, n)
		loss := s.Forward(p, x, dy)
		s.Backward(p, d, x, dy, 1)
		return append(widened(d), float64(loss))
	})
	testThreadBits(t, func(p *Pool) []float64 {
		a, y, d := NewActivate[T](Activation{Function: Tanh}), make([]T, n), make([]T, n)
		a.Forward(p, y, x)
		a.Backward(p, d, y, dy)
		return widened(y, d)
	})
	c := newNormCase[T](n/channels, channels, true)
	testThreadBits(t, func(p *Pool) []float64 {
		c.run(p)
		return widened(c.y, c.mean, c.variance, c.dx, c.dgamma, c.dbeta)
	})
	for _, w := range []Window{poolWindow(31, 40, 48, 2, 2), poolWindow(31, 40, 48, 3, 2)} {
		c := newPoolCase[T](w, 6)
		testThreadBits(t, func(p *Pool) []float64 {
			c.run(p)
			return widened(c.y, c.dx)
		})
	}
}

func TestVectorAllocatesNothing(t *testing.T) {
	everyFamily(t, func(t *testing.T) {
		for threads := 1; threads <= 2; threads++ {
			p := NewPool(threads)
			const n = sharedFrom
			x, y := random[float32](generator(1), n), random[float32](generator(2), n)
			m, v := make([]float32, n), make([]float32, n)
			a, s, c := NewActivate[float32](Activation{Function: Sigmoid}), NewSquaredError[float32](), newNormCase[float32](n/33, 33, true)
			pooling := newPoolCase[float32](poolWindow(64, 64, 20, 2, 2), 4)
			for name, f := range map[string]func(){
				"activate":      func() { a.Forward(p, m, x); a.Backward(p, v, m, y) },
				"squared error": func() { s.Forward(p, x, y); s.Backward(p, m, x, y, 1) },
				"batch norm":    func() { c.run(p) },
				"max pooling":   func() { pooling.run(p) },
				"Adam":          func() { Adam(x, y, m, v, 0, 0.9, 0.999, 1e-7) },
				"SGD":           func() { SGD(x, y, m, 0, 0.9, false) },
				"short Adam":    func() { Adam(x[:99], y[:99], m[:99], v[:99], 0, 0.9, 0.999, 1e-7) },
			} {
				if got := testing.AllocsPerRun(5, f); got != 0 {
					t.Errorf("%s allocates %v times a call with %d threads", name, got, threads)
				}
			}
			p.Close()
		}
	})
}
