package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// window returns the geometry with "same" padding for an odd kernel, or with the given padding; its output is as large as fits.
func window(h, w, ic, oc, kernel, stride, dilation, pad int) Window {
	reach := (kernel - 1) * dilation
	return Window{
		InH: h, InW: w, InC: ic, OutC: oc,
		OutH: (h+2*pad-reach-1)/stride + 1, OutW: (w+2*pad-reach-1)/stride + 1,
		KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride, DilationH: dilation, DilationW: dilation,
		PadTop: pad, PadLeft: pad,
	}
}

func (w Window) inSize() int     { return w.InH * w.InW * w.InC }
func (w Window) outSize() int    { return w.OutH * w.OutW * w.OutC }
func (w Window) kernelSize() int { return w.KernelH * w.KernelW * w.InC * w.OutC }

var activations = []Activation{{}, {Function: ReLU}, {Function: LeakyReLU, Slope: 0.2}, {Function: Sigmoid}, {Function: Tanh}}

// oddWindows differ in everything that the code distinguishes.
var oddWindows = []Window{
	window(5, 7, 3, 4, 3, 1, 1, 1),
	window(6, 5, 1, 5, 3, 2, 1, 1),
	window(7, 8, 2, 1, 3, 1, 2, 2),
	window(9, 4, 5, 3, 2, 2, 1, 0),
	window(4, 4, 3, 2, 1, 2, 1, 0),
	window(8, 9, 2, 3, 5, 3, 1, 2),
	{InH: 6, InW: 9, InC: 2, OutH: 3, OutW: 4, OutC: 3, KernelH: 4, KernelW: 2, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 3, PadTop: 1, PadLeft: 0},
	window(6, 7, 20, 24, 3, 1, 1, 4), // margins as wide as the kernel, and wider
	window(6, 7, 24, 20, 3, 2, 1, 4),
	window(5, 4, 6, 5, 2, 1, 1, 3),
	window(5, 5, 3, 6, 4, 3, 2, 7),
	{InH: 12, InW: 11, InC: 6, OutH: 3, OutW: 4, OutC: 5, KernelH: 3, KernelW: 2, StrideH: 2, StrideW: 2, DilationH: 3, DilationW: 3, PadTop: 1, PadLeft: 2}, // fewer outputs than fit
	{InH: 17, InW: 9, InC: 20, OutH: 5, OutW: 4, OutC: 18, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 2, DilationH: 1, DilationW: 1, PadTop: 3, PadLeft: 0},
	{InH: 7, InW: 7, InC: 2, OutH: 4, OutW: 4, OutC: 3, KernelH: 3, KernelW: 3, StrideH: 2, StrideW: 2, DilationH: 1, DilationW: 1, PadTop: 0, PadLeft: 1},
}

func random[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.Float64()*2 - 1)
	}
	return x
}

func generator(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// taps calls f for every product that the convolution of n images sums: offsets of a pixel of x, a pixel of y and a tap's matrix.
func (w Window) taps(n int, f func(x, y, kernel int)) {
	for image := range n {
		for oh := range w.OutH {
			for ow := range w.OutW {
				for i := range w.KernelH {
					for j := range w.KernelW {
						ih, iw := oh*w.StrideH-w.PadTop+i*w.DilationH, ow*w.StrideW-w.PadLeft+j*w.DilationW
						if ih < 0 || ih >= w.InH || iw < 0 || iw >= w.InW {
							continue
						}
						f(((image*w.InH+ih)*w.InW+iw)*w.InC, ((image*w.OutH+oh)*w.OutW+ow)*w.OutC, (i*w.KernelW+j)*w.InC*w.OutC)
					}
				}
			}
		}
	}
}

// naive are the gradients of a layer in float64 from the definition, one product at a time.
type naive struct{ y, dx, dkernel, dbias []float64 }

// layer is what Conv2D and Conv2DTranspose have in common.
type layer[T Float] interface {
	Forward(p *Pool, n int, y, x, kernel, bias []T)
	Backward(p *Pool, n int, dx, dkernel, dbias, x, kernel, y, dy []T)
}

// problem is a layer with data for it.
type problem[T Float] struct {
	w                      Window
	act                    Activation
	transposed             bool
	n, channels            int // channels: of the result
	x, kernel, bias, y, dy []T
	dx, dkernel, dbias     []T
	layer                  layer[T]
	guarded                [][]T
}

func newProblem[T Float](w Window, act Activation, transposed bool, n int) *problem[T] {
	r := generator(uint64(w.InC*100 + w.OutC))
	p := &problem[T]{w: w, act: act, transposed: transposed, n: n}
	in, out := w.inSize(), w.outSize()
	p.channels = w.OutC
	p.layer = NewConv2D[T](w, act)
	if transposed {
		in, out = out, in
		p.channels = w.InC
		p.layer = NewConv2DTranspose[T](w, act)
	}
	p.x, p.kernel, p.bias, p.dy = p.input(r, n*in), p.input(r, w.kernelSize()), p.input(r, p.channels), p.input(r, n*out)
	for i := range p.kernel { // sums of about 1, so that no activation saturates
		p.kernel[i] *= T(2 / math.Sqrt(float64(w.kernelSize()/p.channels)))
	}
	p.y, p.dx, p.dkernel, p.dbias = p.result(n*out), p.result(n*in), p.result(w.kernelSize()), p.result(p.channels)
	return p
}

// guard is the number of elements before and after the i-th slice of a problem; every other slice is not aligned.
func guard(i int) int { return 64 + i%2*3 }

func (p *problem[T]) input(r *rand.Rand, n int) []T {
	s := p.result(n)
	copy(s, random[T](r, n))
	return s
}

// result is a slice of n NaNs between guards of NaNs: what is not written shows, and so does what is read or written beside.
func (p *problem[T]) result(n int) []T {
	from := guard(len(p.guarded))
	s := make([]T, n+2*from)
	for i := range s {
		s[i] = T(math.NaN())
	}
	p.guarded = append(p.guarded, s)
	return s[from : from+n : from+n]
}

func (p *problem[T]) run(pool *Pool) {
	p.layer.Forward(pool, p.n, p.y, p.x, p.kernel, p.bias)
	p.layer.Backward(pool, p.n, p.dx, p.dkernel, p.dbias, p.x, p.kernel, p.y, p.dy)
}

// checkGuards fails if something was written beside a slice.
func (p *problem[T]) checkGuards(t *testing.T) {
	t.Helper()
	for i, s := range p.guarded {
		g := guard(i)
		for j, v := range s {
			if (j < g || j >= len(s)-g) && v == v {
				t.Errorf("slice %d was written outside of its bounds, at %d of %d", i, j-g, len(s)-2*g)
				return
			}
		}
	}
}

func (p *problem[T]) naive() naive {
	w := p.w
	r := naive{make([]float64, len(p.y)), make([]float64, len(p.x)), make([]float64, len(p.kernel)), make([]float64, len(p.bias))}
	each := func(f func(x, y, k int)) {
		w.taps(p.n, func(x, y, kernel int) {
			for ic := range w.InC {
				for oc := range w.OutC {
					if p.transposed {
						f(y+oc, x+ic, kernel+ic*w.OutC+oc)
					} else {
						f(x+ic, y+oc, kernel+ic*w.OutC+oc)
					}
				}
			}
		})
	}
	for i := range r.y {
		r.y[i] = float64(p.bias[i%p.channels])
	}
	each(func(x, y, k int) { r.y[y] += float64(p.x[x]) * float64(p.kernel[k]) })
	dz := make([]float64, len(p.y))
	for i, z := range r.y {
		r.y[i] = apply(p.act, z)
		dz[i] = float64(p.dy[i]) * derivative(p.act, r.y[i])
		r.dbias[i%p.channels] += dz[i]
	}
	each(func(x, y, k int) {
		r.dx[x] += dz[y] * float64(p.kernel[k])
		r.dkernel[k] += dz[y] * float64(p.x[x])
	})
	return r
}

// checkClose compares relative to the largest value.
func checkClose[T Float](t *testing.T, name string, got []T, want []float64, tolerance float64) {
	t.Helper()
	checkScaled(t, name, got, want, tolerance, 1e-30)
}

// checkScaled is checkClose where the largest value counts as at least the given one.
func checkScaled[T Float](t *testing.T, name string, got []T, want []float64, tolerance, largest float64) {
	t.Helper()
	worst, at := 0.0, 0
	for i, v := range want {
		largest = max(largest, math.Abs(v))
		if d := math.Abs(float64(got[i]) - v); !(d <= worst) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance*largest) {
		t.Errorf("%s[%d] is %v instead of %v (largest %v, relative difference %.2g)", name, at, got[at], want[at], largest, worst/largest)
	}
}

func (p *problem[T]) check(t *testing.T, want naive, tolerance float64) {
	t.Helper()
	checkClose(t, "y", p.y, want.y, tolerance)
	checkClose(t, "dx", p.dx, want.dx, tolerance)
	checkClose(t, "dkernel", p.dkernel, want.dkernel, tolerance)
	squares := 0.0
	for _, v := range p.dy {
		squares += float64(v) * float64(v)
	}
	// Few channels' sums over all pixels may all be near zero, which is no measure of their terms' rounding errors.
	checkScaled(t, "dbias", p.dbias, want.dbias, tolerance, math.Sqrt(squares/float64(max(1, len(p.dbias)))))
	p.checkGuards(t)
}

func kind(transposed bool) string {
	if transposed {
		return "transposed"
	}
	return "conv"
}

func TestPortableConvolutionAgainstDefinition(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	for _, transposed := range []bool{false, true} {
		for i, w := range oddWindows {
			for _, act := range activations {
				t.Run(fmt.Sprintf("%s/%d/%d", kind(transposed), i, act.Function), func(t *testing.T) {
					p := newProblem[float64](w, act, transposed, 3)
					p.run(pool)
					p.check(t, p.naive(), 1e-12)
				})
			}
		}
	}
}

// TestAdjointness: <conv(x), y> = <x, convT(y)> for every kernel, since one is the adjoint of the other.
func TestAdjointness(t *testing.T) {
	r := generator(3)
	for _, w := range oddWindows {
		const n = 2
		x, y, k := random[float64](r, n*w.inSize()), random[float64](r, n*w.outSize()), random[float64](r, w.kernelSize())
		cx, ty := make([]float64, len(y)), make([]float64, len(x))
		NewConv2D[float64](w, Activation{}).Forward(nil, n, cx, x, k, nil)
		NewConv2DTranspose[float64](w, Activation{}).Forward(nil, n, ty, y, k, nil)
		if a, b := dot(cx, y), dot(x, ty); math.Abs(a-b) > 1e-12*float64(len(x)) {
			t.Errorf("%+v: %v and %v differ", w, a, b)
		}
	}
}

// TestFiniteDifferences perturbs every input of a layer and compares the change of sum(y*dy) with the gradient.
func TestFiniteDifferences(t *testing.T) {
	const h = 1e-5
	for _, transposed := range []bool{false, true} {
		for i, w := range oddWindows[:4] {
			for _, act := range activations {
				p := newProblem[float64](w, act, transposed, 2)
				p.run(nil)
				loss := func() float64 {
					y := make([]float64, len(p.y))
					p.layer.Forward(nil, p.n, y, p.x, p.kernel, p.bias)
					return dot(y, p.dy)
				}
				for name, pair := range map[string][2][]float64{"x": {p.x, p.dx}, "kernel": {p.kernel, p.dkernel}, "bias": {p.bias, p.dbias}} {
					for j := range pair[0] {
						v := pair[0][j]
						pair[0][j] = v + h
						up := loss()
						pair[0][j] = v - h
						down := loss()
						pair[0][j] = v
						if got, want := pair[1][j], (up-down)/(2*h); math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
							t.Fatalf("%s %d, activation %d: d%s[%d] is %v, the difference quotient %v", kind(transposed), i, act.Function, name, j, got, want)
						}
					}
				}
			}
		}
	}
}

func TestDenseAgainstDefinition(t *testing.T) {
	for _, rows := range []int{1, 5, 40} {
		const in, out = 37, 19
		r := generator(uint64(rows))
		x, k, b, dy := random[float64](r, rows*in), random[float64](r, in*out), random[float64](r, out), random[float64](r, rows*out)
		y, dx, dk, db := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(k)), make([]float64, len(b))
		d := NewDense[float64](in, out, Activation{Function: Tanh})
		d.Forward(nil, rows, y, x, k, b)
		d.Backward(nil, rows, dx, dk, db, x, k, y, dy)
		wantY, wantX, wantK, wantB := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(k)), make([]float64, len(b))
		for i := range rows {
			for o := range out {
				z := b[o]
				for j := range in {
					z += x[i*in+j] * k[j*out+o]
				}
				wantY[i*out+o] = math.Tanh(z)
				dz := dy[i*out+o] * (1 - math.Tanh(z)*math.Tanh(z))
				wantB[o] += dz
				for j := range in {
					wantX[i*in+j] += dz * k[j*out+o]
					wantK[j*out+o] += dz * x[i*in+j]
				}
			}
		}
		checkClose(t, "y", y, wantY, 1e-12)
		checkClose(t, "dx", dx, wantX, 1e-12)
		checkClose(t, "dkernel", dk, wantK, 1e-12)
		checkClose(t, "dbias", db, wantB, 1e-12)
	}
}

// bits joins all results of a run.
func (p *problem[T]) bits() []T { return slices.Concat(p.y, p.dx, p.dkernel, p.dbias) }

func TestThreadsDoNotChangeBits(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testThreads[float64](t, oddWindows, 1, 5, 19) })
	t.Run("float32", func(t *testing.T) { testThreads[float32](t, oddWindows, 1, 5, 19) })
}

func testThreads[T Float](t *testing.T, windows []Window, batches ...int) {
	for _, transposed := range []bool{false, true} {
		for i, w := range windows {
			for _, n := range batches {
				var want []T
				for threads := 1; threads <= 3; threads++ {
					pool := NewPool(threads)
					p := newProblem[T](w, Activation{Function: Tanh}, transposed, n)
					p.run(pool)
					pool.Close()
					if got := p.bits(); threads == 1 {
						want = got
					} else if !slices.Equal(got, want) {
						t.Errorf("%s %d, %d images: %d threads give other bits than one", kind(transposed), i, n, threads)
					}
				}
			}
		}
	}
}
