package kernel

import (
	"math"
	"sync/atomic"
	"time"
)

// measured is about how long a speed of the machine is measured, five times.
const measured = 20 * time.Millisecond

// PeakFLOPS is how many multiplications and additions a second the pool's threads do together that do nothing else, with the family's vectors: the
// best of five measurements.
func PeakFLOPS(p *Pool) float64 {
	rounds, perRound := 1<<10, multiply(1)
	return best(p, func() float64 { return float64(p.Threads()*rounds) * perRound }, func(factor int) { rounds *= factor }, func(int) { multiply(rounds) })
}

// CopyBytes is how many bytes a second the pool's threads read and write together that copy memory, more of it than caches hold: the best of
// five measurements.
func CopyBytes(p *Pool) float64 {
	const size = 8 << 20 // elements for each thread
	from, to := NewLarge[float32](p.Threads()*size), NewLarge[float32](p.Threads()*size)
	passes := 1
	return best(p, func() float64 { return 8 * float64(len(from)) * float64(passes) }, func(factor int) { passes *= factor }, func(i int) {
		for range passes {
			copy(to[i*size:][:size], from[i*size:][:size])
		}
	})
}

// best is the largest amount a second of five measurements of a piece of work for each thread; more makes it larger until it takes long enough.
func best(p *Pool, amount func() float64, more func(factor int), work func(i int)) (speed float64) {
	for n := 0; n < 5; {
		start := time.Now()
		p.Run(p.Threads(), work)
		if took := time.Since(start); took < measured {
			more(min(1<<10, 1+int(measured/max(took, 1))))
		} else {
			speed = max(speed, amount()/took.Seconds())
			n++
		}
	}
	return speed
}

// multiplyPortable is multiply in plain Go.
func multiplyPortable(rounds int) float64 {
	var a, b, c, d float32
	x, y := float32(rounds), float32(0.5)
	for range rounds {
		a, b, c, d = float32(a*y)+x, float32(b*y)+x, float32(c*y)+x, float32(d*y)+x
	}
	portableSum.Store(math.Float32bits(a + b + c + d)) // so that it is computed
	return 2 * 4
}

var portableSum atomic.Uint32
