package kernel

import (
	"math/rand/v2"

	"dcae/graph/arithmetic"
)

// Sample draws size values for each of n images, from 0 to 1 or from a standard normal distribution, by that image's generator, and writes each
// image's row of them so many times.
func Sample[T Float](p *Pool, n, size, repeats int, y []T, uniform bool, sources []*rand.Rand) {
	p.forElements(len(y)).run(n, each(func(image int) {
		own, y := sources[image], y[image*size*repeats:][:size*repeats]
		for i := range size {
			if uniform {
				y[i] = T(own.Float64())
			} else {
				y[i] = T(arithmetic.Normal(own))
			}
		}
		for k := 1; k < repeats; k++ {
			copy(y[k*size:], y[:size])
		}
	}))
}

// Fill writes a number everywhere.
func Fill[T Float](p *Pool, y []T, value float64) {
	p.forElements(len(y)).run(blockCount(len(y)), each(func(block int) {
		from, to := blockRange(len(y), block)
		for i := from; i < to; i++ {
			y[i] = T(value)
		}
	}))
}
