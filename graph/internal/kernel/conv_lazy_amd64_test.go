//go:build amd64 && !noasm

package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// inMemory is a lazy gradient that only looks as if it were one.
type inMemory[T Float] []T

func (m inMemory[T]) slice(_, from, to int) []T { return m[from:to] }

// checkSlices reads lazy values in stretches that begin and end anywhere, by two workers, and compares them with those in memory.
func checkSlices(t *testing.T, name string, r *rand.Rand, lazy Lazy[float32], want []float32, channels int) {
	t.Helper()
	pixels := len(want) / channels
	for i := range 60 {
		from := r.IntN(pixels)
		to := min(pixels, from+1+r.IntN(1+r.IntN(200)))
		if i == 0 {
			from, to = 0, pixels
		}
		for ; from < pixels && i < 60; i++ { // some that follow each other
			checkSame(t, fmt.Sprintf("%s, pixels %d to %d", name, from, to), lazy.slice(i%2, from*channels, to*channels), want[from*channels:to*channels])
			from, to = to, min(pixels, 2*to-from)
		}
	}
}

// lazyWindow is a random window with few channels on one side.
func lazyWindow(r *rand.Rand, transposed bool) Window {
	for {
		w := randomWindow(r, 20)
		few, many := &w.InC, w.OutC
		if transposed {
			few, many = &w.OutC, w.InC
		}
		*few = 1 + r.IntN(4)
		lazy := LazinessOf[float32](w)
		if many > lazyChannels && (!transposed && lazy.Result || transposed && lazy.Gradient) {
			return w
		}
	}
}

func TestLazyConvolutionsGiveTheSameBits(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for seed := range uint64(40) {
			r := generator(seed)
			act := activations[int(seed)%len(activations)]
			for _, p := range []*Pool{nil, pool} {
				if p == nil {
					p = NewPool(2) // two workers for the slices
					defer p.Close()
				}
				forward := newProblem[float32](lazyWindow(r, false), act, false, 1+r.IntN(9))
				forward.layer.Forward(p, forward.n, forward.y, forward.x, forward.kernel, forward.bias)
				lazy := NewConv2D[float32](forward.w, act).ForwardLazy(p, forward.n, forward.x, forward.kernel, forward.bias)
				checkSlices(t, fmt.Sprintf("%+v: y", forward.w), r, lazy, forward.y, forward.channels)

				b := newProblem[float32](lazyWindow(r, true), act, false, 1+r.IntN(9))
				b.run(p)
				dkernel, dbias := make([]float32, len(b.dkernel)), make([]float32, len(b.dbias))
				lazy = NewConv2D[float32](b.w, act).BackwardToLazy(p, b.n, dkernel, dbias, b.x, b.kernel, b.y, b.dy)
				checkSlices(t, fmt.Sprintf("%+v: dx", b.w), r, lazy, b.dx, b.w.InC)
				checkSame(t, "dkernel", dkernel, b.dkernel)
				checkSame(t, "dbias", dbias, b.dbias)
			}
		}
	})
}

// TestLazyValuesAreReadRight runs layers on lazy gradients and, where a convolution may, lazy input, whose values are in memory in truth, with and
// without an activation of their own to differentiate.
func TestLazyValuesAreReadRight(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for seed := range uint64(60) {
			r := generator(seed)
			act, transposed := activations[int(seed)%len(activations)], seed%2 == 1
			p := newProblem[float32](randomWindow(r, 24), act, transposed, 1+r.IntN(9))
			p.run(pool)
			dz := make([]float32, len(p.dy))
			activationGradient(act, dz, p.y, p.dy)
			for _, derived := range []bool{false, true} {
				for _, wantInput := range []bool{false, true} {
					var dx []float32
					if wantInput {
						dx = make([]float32, len(p.dx))
					}
					dkernel, dbias := make([]float32, len(p.dkernel)), make([]float32, len(p.dbias))
					y, dy := p.y, inMemory[float32](p.dy)
					if derived {
						y, dy = nil, inMemory[float32](dz)
					}
					if transposed {
						NewConv2DTranspose[float32](p.w, act).BackwardOf(pool, p.n, dx, dkernel, dbias, InMemory(p.x), p.kernel, y, Computed[float32](dy))
					} else {
						x := InMemory(p.x)
						if LazinessOf[float32](p.w).Input {
							x = Computed[float32](inMemory[float32](p.x))
							got := make([]float32, len(p.y))
							NewConv2D[float32](p.w, act).ForwardOf(pool, p.n, got, x, p.kernel, p.bias)
							checkSame(t, fmt.Sprintf("%+v, %+v: y", p.w, act), got, p.y)
						}
						NewConv2D[float32](p.w, act).BackwardOf(pool, p.n, dx, dkernel, dbias, x, p.kernel, y, Computed[float32](dy))
						if LazinessOf[float32](p.w).Input && !derived && wantInput { // of a gradient in memory, too
							sum, bias := make([]float32, len(dkernel)), make([]float32, len(dbias))
							NewConv2D[float32](p.w, act).BackwardOf(pool, p.n, dx, sum, bias, x, p.kernel, y, InMemory(p.dy))
							checkSame(t, "dkernel of lazy input", sum, p.dkernel)
							checkSame(t, "dbias of lazy input", bias, p.dbias)
						}
					}
					name := fmt.Sprintf("%s %+v, %+v, derived %v: ", kind(transposed), p.w, act, derived)
					if wantInput {
						checkSame(t, name+"dx", dx, p.dx)
						checkSame(t, name+"dkernel", dkernel, p.dkernel)
						checkSame(t, name+"dbias", dbias, p.dbias)
						continue
					}
					checkClose(t, name+"dkernel", dkernel, widened(p.dkernel), 1e-4) // without dx it may be computed otherwise
					checkClose(t, name+"dbias", dbias, widened(p.dbias), 1e-4)
				}
			}
		}
	})
}

func TestLazyCopiesAreThoseOfForward(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for seed := range uint64(40) {
			r := generator(seed)
			h, w, channels, n := 1+r.IntN(9), 1+r.IntN(9), []int{1, 3, 8, 16, 40}[seed%5], 1+r.IntN(4)
			rows, columns := RepeatedTaps(h, 1+r.IntN(3)), RepeatedTaps(w, 1+r.IntN(3))
			up := NewResampling[float32](h, w, channels, rows, columns)
			x, y := random[float32](r, n*h*w*channels), make([]float32, n*len(rows)*len(columns)*channels)
			up.Forward(pool, n, y, x)
			name := fmt.Sprintf("%d images of %dx%dx%d as %dx%d", n, h, w, channels, len(rows), len(columns))
			checkSlices(t, name, r, up.Lazy(pool, x), y, channels)

			width := len(columns) * channels
			from, to, stride := r.IntN(n*len(rows)), n*len(rows), width+r.IntN(5)
			got := make([]float32, (to-from)*stride)
			if lazy := up.Lazy(pool, x).(rowWriter[float32]); !lazy.writeRows(got, stride, from*width, to-from, width) || lazy.writeRows(got, stride, 0, 1, width+channels) {
				t.Errorf("%s: rows are not taken for such", name)
			}
			for i := range to - from {
				checkSame(t, fmt.Sprintf("%s: row %d", name, from+i), got[i*stride:][:width], y[(from+i)*width:][:width])
			}
		}
	})
}

func TestLazyNormalizationGivesTheSameBits(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	testFamilies(t, func(t *testing.T) {
		for seed := range uint64(40) {
			r := generator(seed)
			act, channels, n := activations[int(seed)%len(activations)], 1+r.IntN(70), 1+r.IntN(9)
			w := samePoolWindow(1+r.IntN(20), 1+r.IntN(20), channels, 2, 2)
			if seed%2 == 1 {
				w = poolWindow(2+r.IntN(20), 2+r.IntN(20), channels, 2, 2)
			}
			size, pixels := n*w.inSize(), n*w.InH*w.InW
			x, gamma, beta := random[float32](r, size), random[float32](r, channels), random[float32](r, channels)
			dy := random[float32](r, size)
			y, dx, dz := make([]float32, size), make([]float32, size), make([]float32, size)
			mean, variance, dgamma, dbeta := make([]float32, channels), make([]float32, channels), make([]float32, channels), make([]float32, channels)
			name := fmt.Sprintf("%+v, %+v: ", w, act)

			k := NewBatchNorm[float32](channels, 1e-3)
			k.Train(pool, pixels, y, InMemory(x), gamma, beta, mean, variance)
			lazyY := make([]float32, size)
			k.Train(pool, pixels, lazyY, Computed[float32](inMemory[float32](x)), gamma, beta, mean, variance)
			checkSame(t, name+"y", lazyY, y)
			k.Backward(pool, pixels, dx, dgamma, dbeta, x, gamma, mean, variance, dy)
			activationGradient(act, dz, x, dx)
			lazy := k.BackwardLazy(pool, pixels, dgamma, dbeta, Computed[float32](inMemory[float32](x)), act, gamma, mean, variance, dy)
			checkSlices(t, name+"dx", r, lazy, dz, channels)

			pooled, lazyPooled := make([]float32, n*w.outSize()), make([]float32, n*w.outSize())
			argmax := make([]uint8, len(pooled))
			dy = dy[:len(pooled)]
			q := NewBatchNormPool[float32](w, 1e-3)
			q.Train(pool, n, pooled, InMemory(x), gamma, beta, mean, variance, argmax)
			q.Train(pool, n, lazyPooled, Computed[float32](inMemory[float32](x)), gamma, beta, mean, variance, argmax)
			checkSame(t, name+"pooled y", lazyPooled, pooled)
			q.Backward(pool, n, dx, dgamma, dbeta, x, gamma, mean, variance, dy, argmax)
			activationGradient(act, dz, x, dx)
			lazy = q.BackwardLazy(pool, n, dgamma, dbeta, InMemory(x), act, gamma, mean, variance, dy, argmax)
			checkSlices(t, name+"dx before the pooling", r, lazy, dz, channels)
		}
	})
}

func TestLazyAllocatesNothing(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	w, n := window(20, 20, 1, 24, 3, 1, 1, 1), 8
	half := poolWindow(20, 20, 24, 2, 2)
	c, b := newProblem[float32](w, Activation{Function: ReLU}, false, n), NewBatchNormPool[float32](half, 1e-3)
	conv := NewConv2D[float32](w, c.act)
	y, argmax, dy := make([]float32, n*half.outSize()), make([]uint8, n*half.outSize()), random[float32](generator(1), n*half.outSize())
	mean, variance, dgamma, dbeta := make([]float32, 24), make([]float32, 24), make([]float32, 24), make([]float32, 24)
	step := func() {
		x := Computed(conv.ForwardLazy(pool, n, c.x, c.kernel, c.bias))
		b.Train(pool, n, y, x, nil, nil, mean, variance, argmax)
		dx := b.BackwardLazy(pool, n, dgamma, dbeta, x, c.act, nil, mean, variance, dy, argmax)
		conv.BackwardOf(pool, n, nil, c.dkernel, c.dbias, InMemory(c.x), c.kernel, nil, Computed(dx))
	}
	for range 4 {
		step()
	}
	if got := testing.AllocsPerRun(5, step); got != 0 {
		t.Errorf("%v allocations a step", got)
	}
}

// TestNormalizePoolStaysInside runs the functions for windows of a row between guards, against their definition.
func TestNormalizePoolStaysInside(t *testing.T) {
	testFamilies(t, func(t *testing.T) {
		for channels := 8; channels <= 256; channels++ {
			for pixels := 1; pixels <= 4; pixels++ {
				r, g := generator(uint64(channels)), newGuarded[float32]()
				n := pixels * channels
				x, dy := g.slice(random[float32](r, 4*n)), g.slice(random[float32](r, n))
				if pixels == 2 {
					copy(x[r.IntN(3*n):], special[float32]())
				}
				numbers := make([][]float32, 4)
				for i := range numbers {
					numbers[i] = g.slice(random[float32](r, channels))
				}
				mean, scale, third, slope := numbers[0], numbers[1], numbers[2], numbers[3]
				y, winners, dx := g.slice(make([]float32, n)), g.slice(make([]float32, n)), g.slice(make([]float32, 4*n))
				bytes := &guarded[uint8]{sentinel: 77}
				argmax := bytes.slice(make([]uint8, n))
				if !vectorNormalizePool(pixels, channels, y, x, argmax, winners, mean, scale, third) || !vectorNormalizePoolGradient(pixels, channels, dx, x, dy, argmax, mean, scale, third, slope, 0.25) {
					t.Fatal("not computed")
				}
				g.check(t)
				bytes.check(t)
				for i := range n {
					pixel, c := i/channels, i%channels
					best, winner := float32(0), 0
					for tap := range 4 {
						v := float32((x[(tap/2*2*pixels+2*pixel+tap%2)*channels+c]-mean[c])*scale[c]) + third[c]
						if tap == 0 || larger(v, best) {
							best, winner = v, tap
						}
					}
					at := func(tap int) int { return (tap/2*2*pixels+2*pixel+tap%2)*channels + c }
					if !sameValue(y[i], best) || int(argmax[i]) != winner || !sameValue(winners[i], x[at(winner)]) {
						t.Fatalf("%d channels, pixel %d, channel %d: %v (%v) at %d instead of %v at %d", channels, pixel, c, y[i], winners[i], argmax[i], best, winner)
					}
					for tap := range 4 {
						d := float32(0)
						if tap == winner {
							d = dy[i]
						}
						want := float32((d-third[c])*scale[c]) - float32((x[at(tap)]-mean[c])*slope[c])
						if x[at(tap)] <= 0 {
							want *= 0.25
						}
						if !sameValue(dx[at(tap)], want) {
							t.Fatalf("%d channels, pixel %d, channel %d, tap %d: gradient %v instead of %v", channels, pixel, c, tap, dx[at(tap)], want)
						}
					}
				}
			}
		}
	})
}
