//go:build amd64 && !noasm

package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"dcae/graph/arithmetic"
)

// families are the fast families that this machine can run.
func families() []arithmetic.Family {
	return []arithmetic.Family{arithmetic.AVX2, arithmetic.AVX512}[:arithmetic.Best()]
}

// testFamilies runs a test for each fast family.
func testFamilies(t *testing.T, f func(t *testing.T)) {
	for _, i := range families() {
		t.Run(i.String(), func(t *testing.T) {
			setFamily(t, i)
			f(t)
		})
	}
}

func TestFastConvolutionAgainstDefinition(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for _, transposed := range []bool{false, true} {
			for i, w := range oddWindows {
				for _, act := range activations {
					t.Run(fmt.Sprintf("%s/%d/%d", kind(transposed), i, act.Function), func(t *testing.T) {
						p := newProblem[float32](w, act, transposed, 3)
						p.run(pool)
						p.check(t, p.reference(), tolerance)
					})
				}
			}
		}
	})
}

// tolerance of float32 against float64, relative to the largest value.
const tolerance = 5e-6

// reference is the portable form's result in float64, which is itself tested against the definition. Its gradients are behind p's
// own y: where that is almost zero, rounding decides which slope an activation has.
func (p *problem[T]) reference() naive {
	q := newProblem[float64](p.w, p.act, p.transposed, p.n)
	for i, s := range [][]T{p.x, p.kernel, p.bias, p.dy} {
		to := [][]float64{q.x, q.kernel, q.bias, q.dy}[i]
		for j, v := range s {
			to[j] = float64(v)
		}
	}
	q.layer.Forward(nil, q.n, q.y, q.x, q.kernel, q.bias)
	y := slices.Clone(q.y)
	for i, v := range p.y {
		q.y[i] = float64(v)
	}
	q.layer.Backward(nil, q.n, q.dx, q.dkernel, q.dbias, q.x, q.kernel, q.y, q.dy)
	return naive{y, q.dx, q.dkernel, q.dbias}
}

// randomWindow draws a geometry; most have kernels that minimal filtering is for.
func randomWindow(r *rand.Rand, maxSize int) Window {
	for {
		w := Window{
			InH: 1 + r.IntN(maxSize), InW: 1 + r.IntN(maxSize), InC: 1 + r.IntN(70), OutC: 1 + r.IntN(70),
			KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1,
		}
		switch r.IntN(5) {
		case 4:
			w.KernelH, w.KernelW, w.StrideH = 2+r.IntN(5), 2+r.IntN(5), 1+r.IntN(2)
			w.StrideW, w.PadTop, w.PadLeft = w.StrideH, r.IntN(4), r.IntN(4)
			w.InC, w.OutC = 16*w.StrideH+r.IntN(40), 16*w.StrideH+r.IntN(40)
		case 0:
			w.StrideH, w.StrideW, w.PadTop, w.PadLeft = 2, 2, r.IntN(2), r.IntN(2)
		case 1, 2:
			w.KernelH, w.KernelW, w.StrideH, w.StrideW = 1+r.IntN(7), 1+r.IntN(7), 1+r.IntN(3), 1+r.IntN(3)
			w.DilationH, w.DilationW = 1+r.IntN(2), 1+r.IntN(2)
			w.PadTop, w.PadLeft = r.IntN(w.KernelH+1), r.IntN(w.KernelW+1)
		}
		if w.fit(r.IntN(w.KernelH+1), r.IntN(w.KernelW+1)) {
			return w
		}
	}
}

// fit sets the size of the output for padding behind the input; false if there is no output.
func (w *Window) fit(bottom, right int) bool {
	w.OutH = (w.InH+w.PadTop+bottom-(w.KernelH-1)*w.DilationH-1)/w.StrideH + 1
	w.OutW = (w.InW+w.PadLeft+right-(w.KernelW-1)*w.DilationW-1)/w.StrideW + 1
	return w.InH+w.PadTop+bottom >= (w.KernelH-1)*w.DilationH+1 && w.InW+w.PadLeft+right >= (w.KernelW-1)*w.DilationW+1
}

func TestFastConvolutionOnRandomShapes(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		r := generator(uint64(family()))
		for i := range 80 {
			w := randomWindow(r, 14)
			transposed, n, act := r.IntN(2) == 0, 1+r.IntN(4), activations[r.IntN(len(activations))]
			t.Run(fmt.Sprintf("%d/%s/%dx%+v", i, kind(transposed), n, w), func(t *testing.T) {
				p := newProblem[float32](w, act, transposed, n)
				p.run(pool)
				p.check(t, p.reference(), tolerance)
			})
		}
	})
}

// TestFastConvolutionOfOneChannel: sums of nine products, whose kernel stays in registers.
func TestFastConvolutionOfOneChannel(t *testing.T) {
	testFamilies(t, func(t *testing.T) {
		for channels := 15; channels <= 70; channels++ {
			for _, width := range []int{1, 6, 9} {
				act := activations[channels%len(activations)]
				for _, p := range []*problem[float32]{
					newProblem[float32](window(5, width, 1, channels, 3, 1+channels%2, 1, 1), act, false, 3),
					newProblem[float32](window(5, width, channels, 1, 3, 1, 1, 1), act, true, 3),
				} {
					p.run(nil)
					p.check(t, p.reference(), tolerance)
				}
			}
		}
	})
}

func TestFastConvolutionOnLargeShapes(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for i, c := range []struct {
			w          Window
			transposed bool
			n          int
		}{
			{window(130, 70, 3, 16, 3, 1, 1, 1), false, 1},
			{window(61, 75, 24, 33, 3, 1, 1, 1), false, 2},
			{window(40, 90, 32, 1, 3, 1, 1, 1), false, 1},
			{window(90, 81, 16, 20, 3, 2, 1, 1), true, 1},
			{window(16, 16, 128, 256, 3, 1, 1, 1), false, 2}, // many channels: the largest errors
			{transposedWindow(4, 40, 48), true, 19},
			{strided(64, 33, 40, 4), false, 4}, // gradients in 4 chunks
			{strided(64, 32, 48, 5), true, 8},  // and in 8
			{dense(600, 33), false, 37},
			{dense(50, 300), false, 41},
			{dense(64, 512), false, 300},
		} {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				p := newProblem[float32](c.w, Activation{Function: LeakyReLU, Slope: 0.3}, c.transposed, c.n)
				p.run(pool)
				p.check(t, p.reference(), tolerance)
			})
		}
	})
}

// FuzzConvolution compares with the definition on shapes that the fuzzer chooses.
func FuzzConvolution(f *testing.F) {
	f.Add(uint64(1), false, uint8(2), uint8(0))
	f.Add(uint64(2), true, uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, transposed bool, n, act uint8) {
		for _, i := range families() {
			setFamily(t, i)
			p := newProblem[float32](randomWindow(generator(seed), 40), activations[int(act)%len(activations)], transposed, 1+int(n)%4)
			p.run(nil)
			p.check(t, p.reference(), tolerance)
		}
	})
}

// TestBatchMayChange runs a smaller batch after a larger one, as at the end of an epoch.
func TestBatchMayChange(t *testing.T) {
	testFamilies(t, func(t *testing.T) {
		for _, transposed := range []bool{false, true} {
			w := window(9, 10, 17, 20, 3, 1, 1, 1)
			layer := newProblem[float32](w, Activation{}, transposed, 1).layer
			for _, n := range []int{40, 3, 1, 9} {
				p := newProblem[float32](w, Activation{}, transposed, n)
				p.layer = layer
				p.run(nil)
				p.check(t, p.reference(), tolerance)
			}
		}
	})
}

func TestThreadsDoNotChangeBitsOfFastForms(t *testing.T) {
	windows := []Window{ // large enough to be shared, even one image
		window(14, 14, 32, 48, 3, 1, 1, 1),
		transposedWindow(16, 40, 33),
		window(20, 20, 20, 24, 5, 2, 1, 2),
		window(75, 49, 32, 1, 3, 1, 1, 1),
		window(40, 25, 3, 40, 3, 1, 1, 1),
		dense(2100, 500),
	}
	for _, w := range windows {
		if correlationPlan(w).products() < fewProducts {
			t.Errorf("%+v is too small", w)
		}
	}
	testFamilies(t, func(t *testing.T) { testThreads[float32](t, windows, 1, 3) })
}

// TestThreadsDoNotChangeBitsOfPhases: a core has chunks of a kernel's gradient to itself, or shares one where there are fewer of them.
func TestThreadsDoNotChangeBitsOfPhases(t *testing.T) {
	testFamilies(t, func(t *testing.T) {
		for _, c := range []struct{ n, chunks int }{{1, 1}, {4, 4}, {9, 8}} {
			for _, w := range []Window{strided(64, 33, 48, 4), strided(64, 32, 40, 5)} {
				for _, transposed := range []bool{false, true} {
					var want []float32
					for _, threads := range []int{1, 2, c.chunks + 1} {
						pool := NewPool(threads)
						p := newProblem[float32](w, Activation{Function: Tanh}, transposed, c.n)
						p.run(pool)
						pool.Close()
						if sum := fastKernelSum[float32](w, transposed, false).(*phaseSum); chunksOf(c.n*sum.rows*sum.cols) != c.chunks {
							t.Fatalf("%s %+v: %d images are not %d chunks", kind(transposed), w, c.n, c.chunks)
						}
						if got := p.bits(); threads == 1 {
							want = got
						} else if !slices.Equal(got, want) {
							t.Errorf("%s %+v, %d images: %d threads give other bits than one", kind(transposed), w, c.n, threads)
						}
					}
				}
			}
		}
	})
}

func TestNoAllocationInSteadyState(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	for _, transposed := range []bool{false, true} {
		for _, w := range []Window{window(14, 14, 32, 48, 3, 1, 1, 1), window(8, 8, 5, 3, 3, 2, 1, 1), strided(48, 32, 40, 4), dense(300, 40)} {
			p := newProblem[float32](w, Activation{Function: ReLU}, transposed, 8)
			p.run(pool)
			if n := testing.AllocsPerRun(5, func() { p.run(pool) }); n > 0 {
				t.Errorf("%s %+v: %v allocations", kind(transposed), w, n)
			}
		}
	}
}

// TestFamiliesAgree: all sums run in the same order in both families, except along the source's channels (few columns).
func TestFamiliesAgree(t *testing.T) {
	if len(families()) < 2 {
		t.Skip("this machine has one family")
	}
	r := generator(7)
	for i := range 60 {
		w := randomWindow(r, 14)
		transposed, n, act := r.IntN(2) == 0, 1+r.IntN(4), activations[r.IntN(len(activations))]
		if min(w.InC, w.OutC) <= maxColumns {
			continue
		}
		var bits [2][]float32
		for j, f := range families() {
			setFamily(t, f)
			p := newProblem[float32](w, act, transposed, n)
			p.run(nil)
			bits[j] = p.bits()
		}
		if !slices.Equal(bits[0], bits[1]) {
			t.Errorf("%d: %s %+v differs", i, kind(transposed), w)
		}
	}
}

// TestStreamedResults: results too large for the cache are written past it if they are aligned, with the same bits.
func TestStreamedResults(t *testing.T) {
	testFamilies(t, func(t *testing.T) {
		for _, c := range []struct {
			w          Window
			transposed bool
		}{
			{window(256, 256, 1, 32, 3, 1, 1, 1), false},
			{transposedWindow(128, 32, 32), true},
		} {
			p := newProblem[float32](c.w, Activation{Function: ReLU}, c.transposed, 3)
			if streamed(p.y, 32) == 0 {
				t.Fatal("the results are not streamed")
			}
			p.layer.Forward(nil, p.n, p.y, p.x, p.kernel, p.bias)
			y := make([]float32, len(p.y)+1)[1:]
			if streamed(y, 32) == 1 {
				t.Fatal("the results are streamed, though not aligned")
			}
			p.layer.Forward(nil, p.n, y, p.x, p.kernel, p.bias)
			if !slices.Equal(y, p.y) {
				t.Errorf("%s %+v differs", kind(c.transposed), c.w)
			}
			p.checkGuards(t)
		}
	})
}

// TestFilteredPhases: kernels whose phases are filtered, with margins, sizes and channels that do not divide evenly.
func TestFilteredPhases(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	filtered := map[string]int{}
	testFamilies(t, func(t *testing.T) {
		r := generator(9)
		for _, kernel := range []int{2, 3, 4, 5, 6} {
			for stride := 1; stride <= 2; stride++ {
				for pad := range kernel {
					w := window(8+r.IntN(9), 8+r.IntN(9), 16*stride+r.IntN(20), 16*stride+r.IntN(20), kernel, stride, 1, pad)
					act, n := activations[r.IntN(len(activations))], 1+r.IntN(4)
					for _, transposed := range []bool{false, true} {
						t.Run(fmt.Sprintf("%s/%dx%+v", kind(transposed), n, w), func(t *testing.T) {
							p := newProblem[float32](w, act, transposed, n)
							p.run(pool)
							p.check(t, p.reference(), tolerance)
						})
						for _, gradient := range []bool{false, true} {
							if f := filterOf(w, transposed, gradient); f != nil && f.tapPhases != nil {
								filtered[fmt.Sprint(f.taps, f.size/f.step, f.step/f.size)]++
							}
						}
					}
				}
			}
		}
	})
	if len(filtered) < 5 { // of two taps without a stride, and of two and three as a convolution and as a transposed one
		t.Errorf("phases of too few kinds are filtered: %v", filtered)
	}
}
