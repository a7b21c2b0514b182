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

// TestLazyGradientsAreReadRight runs layers on lazy gradients, whose values are in memory in truth, with and without an activation of
// their own to differentiate.
func TestLazyGradientsAreReadRight(t *testing.T) {
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
						NewConv2DTranspose[float32](p.w, act).BackwardLazy(pool, p.n, dx, dkernel, dbias, p.x, p.kernel, y, dy)
					} else {
						NewConv2D[float32](p.w, act).BackwardLazy(pool, p.n, dx, dkernel, dbias, p.x, p.kernel, y, dy)
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
		conv.BackwardLazy(pool, n, nil, c.dkernel, c.dbias, c.x, c.kernel, nil, dx)
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
