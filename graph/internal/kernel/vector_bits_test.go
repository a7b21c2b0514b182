package kernel

import (
	"slices"
	"testing"

	"dcae/graph/arithmetic"
)

// elementWise lists what must give the same bits in every family, the portable one included.
func elementWise() []float64 {
	const n = 700
	r := generator(9)
	wide := append(random[float32](r, n), special[float32]()...)
	for i := range n {
		wide[i] *= 30
	}
	other := append(slices.Clone(wide[len(wide)/2:]), wide[:len(wide)/2]...)
	zeros := func() []float32 { return make([]float32, len(wide)) }
	var all [][]float32
	for _, act := range activations {
		y, dx := zeros(), zeros()
		a := NewActivate[float32](act)
		a.Forward(nil, y, wide)
		a.Backward(nil, dx, y, other)
		all = append(all, y, dx)
	}
	for _, f := range []Curve{ELU(0.7), SELU(), GELU(), SiLU(), Mish(), Softplus()} {
		y, dx := zeros(), zeros()
		Pointwise(nil, f, y, wide)
		PointwiseGradient(nil, f, dx, wide, other)
		all = append(all, y, dx)
	}
	for _, c := range stepCases[float32]() {
		w, g, m, v := withoutTiny(wide), withoutTiny(other), zeros(), zeros()
		for range 3 {
			c.take(w, g, m, v)
		}
		all = append(all, w, m, v)
	}
	for _, smoothing := range []float64{0, 0.1} {
		loss, dy := NewMeanDistance[float32](LogitCrossEntropy(smoothing)), zeros()
		loss.Backward(nil, dy, wide, other, 0.3)
		all = append(all, dy, []float32{loss.Forward(nil, wide[:n], other[:n])})
	}
	for _, channels := range []int{5, 8, 16, 24} {
		between := LinearTaps(5, 10, func(i int) float64 { return (float64(i)+0.5)/2 - 0.5 })
		fromCorners := LinearTaps(5, 10, func(i int) float64 { return float64(i) * 4 / 9 })
		for _, axis := range [][][]Tap{RepeatedTaps(5, 2), between, fromCorners} {
			r := NewResampling[float32](5, 5, channels, axis, axis)
			y, dx := make([]float32, 2*100*channels), make([]float32, 2*25*channels)
			r.Forward(nil, 2, y, random[float32](generator(4), len(dx)))
			r.Backward(nil, 2, dx, random[float32](generator(5), len(y)))
			all = append(all, y, dx)
		}
	}
	for _, w := range []Window{poolWindow(6, 8, 8, 2, 2), poolWindow(7, 5, 16, 2, 2), poolWindow(6, 6, 24, 2, 2), poolWindow(6, 6, 5, 2, 2), samePoolWindow(5, 5, 8, 2, 2), poolWindow(7, 7, 8, 3, 2)} {
		for _, counted := range []Counting{{}, {Margins: true}, {Divisor: 3}} {
			a := NewAveragePool2D[float32](w, counted)
			y, dx := make([]float32, 2*w.outSize()), random[float32](generator(6), 2*w.inSize())
			a.Forward(nil, 2, y, random[float32](generator(4), len(dx)))
			a.Backward(nil, 2, dx, append(random[float32](generator(5), len(y)-1), 0))
			all = append(all, y, dx)
		}
	}
	dy := zeros()
	NewSquaredError[float32]().Backward(nil, dy, wide, other, 0.3)
	all = append(all, dy)
	for _, channels := range []int{1, 5, 16, 64} {
		c := newNormCase[float32](333, channels, false)
		c.forward(nil)
		sums := widened(random[float32](generator(3), 2*channels))
		c.norm.prepareGradient(c.rows, c.gamma, c.mean, c.variance, sums[:channels], sums[channels:])
		c.norm.data.run(nil, c.dx, c.x, c.dy)
		all = append(all, c.y, c.dx)
		p := newPoolCase[float32](poolWindow(9, 12, channels, 2, 2), 2)
		p.run(nil)
		all = append(all, p.y, p.dx)
	}
	return widened(all...)
}

// withoutTiny makes 0 of values whose squares are subnormal, which optimizers of the portable family keep.
func withoutTiny(x []float32) []float32 {
	x = slices.Clone(x)
	for i, v := range x {
		if abs32(v) < 1e-15 {
			x[i] = 0
		}
	}
	return x
}

// reductionsToo lists sums besides, which the assembly may add in another order than the portable form.
func reductionsToo() []float64 {
	x, y := random[float32](generator(1), 5000), random[float32](generator(2), 5000)
	s := SGD(slices.Clone(x), y, nil, 0.1, 0, false)
	all := []float64{float64(NewSquaredError[float32]().Forward(nil, x, y)), s.Gradient, s.Weight, s.Step}
	for _, channels := range []int{1, 3, 32, 100} {
		c := newNormCase[float32](1111, channels, true)
		c.run(nil)
		all = append(all, widened(c.y, c.mean, c.variance, c.dx, c.dgamma, c.dbeta)...)
	}
	return all
}

func TestFamiliesGiveTheSameBits(t *testing.T) {
	var want, wantSums []float64
	for f := arithmetic.Portable; f <= arithmetic.Best(); f++ {
		setFamily(t, f)
		got, sums := elementWise(), reductionsToo()
		if f == arithmetic.Portable {
			want = got
			continue
		}
		checkSame(t, "element-wise result", got, want)
		if wantSums != nil {
			checkSame(t, "reduction", sums, wantSums)
		}
		wantSums = sums
	}
}
