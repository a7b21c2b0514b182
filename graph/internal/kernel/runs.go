package kernel

// runs cuts a tensor into runs of equal length, along each of which every smaller tensor that is repeated over it is constant or has its
// values side by side.
type runs struct {
	length, count int
	over          []repeated // the smaller tensors
}

// repeated is how one smaller tensor lies over the runs.
type repeated struct {
	size   int
	starts []int // where each run begins in it
	step   int   // from one value of a run to the next: 1, or 0 where it is constant
}

// newRuns cuts a tensor of shape large. The others have as many axes, each of equal length or of length 1, along which they are repeated.
func newRuns(large []int, small ...[]int) *runs {
	dims, steps := []int{}, make([][]int, len(small)) // of the axes, joined where they can be
	at := make([]int, len(small))
	for i := range at {
		at[i] = 1
	}
	for axis := len(large) - 1; axis >= 0; axis-- {
		d := large[axis]
		if d == 1 {
			continue
		}
		step := make([]int, len(small))
		for i, s := range small {
			if s[axis] > 1 {
				step[i] = at[i]
				at[i] *= d
			}
		}
		if outer := len(dims) - 1; outer >= 0 && continues(dims[outer], steps, step) {
			dims[outer] *= d
			continue
		}
		dims = append(dims, d)
		for i := range small {
			steps[i] = append(steps[i], step[i])
		}
	}
	if len(dims) == 0 { // a single value
		dims = []int{1}
		for i := range steps {
			steps[i] = []int{0}
		}
	}
	r := &runs{length: dims[0], count: 1, over: make([]repeated, len(small))}
	for _, d := range dims[1:] {
		r.count *= d
	}
	for i := range small {
		r.over[i] = repeated{size: at[i], starts: starts(dims[1:], steps[i][1:]), step: steps[i][0]}
	}
	return r
}

// continues tells whether an axis with these steps goes on where the axis inside of it, of the given length, ends; steps end with its.
func continues(length int, steps [][]int, outer []int) bool {
	for i, s := range steps {
		if outer[i] != s[len(s)-1]*length {
			return false
		}
	}
	return true
}

// starts are the offsets of all places of the axes, the first of which is the innermost.
func starts(dims, steps []int) []int {
	out := []int{0}
	for i, d := range dims {
		inner := out
		out = make([]int, 0, len(inner)*d)
		for k := range d {
			for _, at := range inner {
				out = append(out, at+k*steps[i])
			}
		}
	}
	return out
}

// size is the number of values of the large tensor.
func (r *runs) size() int { return r.length * r.count }

// Broadcast repeats items along axes of length 1.
type Broadcast[T Float] struct {
	runs *runs
	sums [][]float64 // by worker
}

// NewBroadcast returns the operation; to has as many axes as from, which are of equal length or of length 1 in from.
func NewBroadcast[T Float](from, to []int) *Broadcast[T] {
	return &Broadcast[T]{runs: newRuns(to, from)}
}

// Forward computes y [n,to...] from x [n,from...].
func (b *Broadcast[T]) Forward(p *Pool, n int, y, x []T) {
	r, small := b.runs, b.runs.over[0]
	p.forElements(len(y)).run(n, each(func(item int) {
		x, y := x[item*small.size:][:small.size], y[item*r.size():][:r.size()]
		for i, start := range small.starts {
			y := y[i*r.length:][:r.length]
			if small.step == 1 {
				copy(y, x[start:])
				continue
			}
			v := x[start]
			for k := range y {
				y[k] = v
			}
		}
	}))
}

// Backward computes dx from dy; values that were repeated sum their gradients.
func (b *Broadcast[T]) Backward(p *Pool, n int, dx, dy []T) {
	p = p.forElements(len(dy))
	r, size := b.runs, b.runs.over[0].size
	b.sums = grow(b.sums, p.Threads(), size)
	p.run(n, pieces(func(worker, item int) {
		sums := b.sums[worker]
		clear(sums)
		addRuns(r, sums, dy[item*r.size():][:r.size()])
		for i, s := range sums {
			dx[item*size+i] = T(s)
		}
	}))
}

// addRuns adds the values of one item to those of the first smaller tensor that lie under them.
func addRuns[T Float](r *runs, sums []float64, x []T) {
	for i, start := range r.over[0].starts {
		x := x[i*r.length:][:r.length]
		if r.over[0].step == 1 {
			sums := sums[start:][:len(x)]
			for k, v := range x {
				sums[k] += float64(v)
			}
			continue
		}
		sum := sums[start]
		for _, v := range x {
			sum += float64(v)
		}
		sums[start] = sum
	}
}

// pieces is a job given as a function of worker and piece.
type pieces func(worker, i int)

func (f pieces) piece(worker, i int) { f(worker, i) }
