package kernel

import (
	"math"
	"math/rand/v2"

	"dcae/graph/arithmetic"
)

// Dropout keeps a share of an image's values (or, with spatial, of its channels as a whole), scaled so that their expected
// sum stays, and drops the others.
type Dropout[T Float] struct {
	rate             float64
	pixels, channels int
	spatial          bool
	factors          []T // [n,pixels,channels], or [n,channels]: 0 or 1/(1-rate)
}

// NewDropout returns the operation for images of the given size; rate is the share that is dropped, 0 to 1.
func NewDropout[T Float](rate float64, pixels, channels int, spatial bool) *Dropout[T] {
	return &Dropout[T]{rate: rate, pixels: pixels, channels: channels, spatial: spatial}
}

// Forward draws what is kept from r, and computes y.
func (d *Dropout[T]) Forward(p *Pool, n int, y, x []T, r *rand.Rand) {
	size := d.pixels * d.channels / d.shared()
	d.factors = resize(d.factors, n*size)
	sources := imageSources(n, r)
	limit := uint64(math.Ldexp(d.rate, 32))
	choice := [2]T{T(1 / (1 - d.rate)), 0}
	p.forElements(len(x)).run(n, each(func(image int) {
		source, factors := &sources[image], d.factors[image*size:][:size]
		for i := 0; i < len(factors); i += 2 {
			bits := source.Uint64()
			factors[i] = choice[(bits>>32-limit)>>63] // without a branch: is it below the limit?
			if i+1 < len(factors) {
				factors[i+1] = choice[(bits&math.MaxUint32-limit)>>63]
			}
		}
		d.scale(image, y, x)
	}))
}

// Backward computes dx from dy; what Forward dropped has none.
func (d *Dropout[T]) Backward(p *Pool, n int, dx, dy []T) {
	p.forElements(len(dy)).run(n, each(func(image int) { d.scale(image, dx, dy) }))
}

func (d *Dropout[T]) scale(image int, to, from []T) {
	size := d.pixels * d.channels
	to, from = to[image*size:][:size], from[image*size:][:size]
	factors := d.factors[image*size/d.shared():][:size/d.shared()]
	for at := 0; at < size; at += len(factors) {
		to, from := to[at:][:len(factors)], from[at:][:len(factors)]
		for i, f := range factors {
			to[i] = from[i] * f
		}
	}
}

// shared is how many pixels have their factors in common.
func (d *Dropout[T]) shared() int {
	if d.spatial {
		return d.pixels
	}
	return 1
}

// AddNoise computes y = x + stddev * a standard normal draw from r, for n images.
func AddNoise[T Float](p *Pool, n int, y, x []T, stddev float64, r *rand.Rand) {
	sources, size := imageSources(n, r), len(x)/n
	p.forElements(len(x)).run(n, each(func(image int) {
		own, y := rand.New(&sources[image]), y[image*size:][:size]
		for i, v := range x[image*size:][:size] {
			y[i] = v + T(stddev*arithmetic.Normal(own))
		}
	}))
}

// imageSources are generators for n images, each of its own, so that the draws do not depend on who draws first.
func imageSources(n int, r *rand.Rand) []rand.PCG {
	sources := make([]rand.PCG, n)
	for i := range sources {
		sources[i].Seed(r.Uint64(), r.Uint64())
	}
	return sources
}
