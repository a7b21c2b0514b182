package kernel

import "math"

// Reduction says what becomes of several values.
type Reduction uint8

// The reductions of n values x.
const (
	ReduceSum      Reduction = iota
	ReduceMean               // sum/n
	ReduceVariance           // sum of (x-mean)^2 / (n-correction)
	ReduceStdDev             // the root of the variance
	ReduceNorm               // the root of the sum of squares
	ReduceMax                // equal ones share the gradient; a NaN wins over everything
	ReduceMin
)

// Reduce reduces items along some axes.
type Reduce[T Float] struct {
	how        Reduction
	correction float64
	runs       *runs
	values     int         // that become one
	sums       [][]float64 // by worker: two for each result
}

// NewReduce returns the operation for items of the given shape; to has length 1 along the axes that are reduced.
func NewReduce[T Float](how Reduction, correction float64, item, to []int) *Reduce[T] {
	r := &Reduce[T]{how: how, correction: correction, runs: newRuns(item, to)}
	r.values = r.runs.size() / r.runs.over[0].size
	return r
}

// Forward computes y [n,to...] from x [n,item...].
func (r *Reduce[T]) Forward(p *Pool, n int, y, x []T) {
	p = p.forElements(len(x))
	size, results := r.runs.size(), r.runs.over[0].size
	r.sums = grow(r.sums, p.Threads(), 2*results)
	p.run(n, pieces(func(worker, item int) {
		x, y, sums := x[item*size:][:size], y[item*results:][:results], r.sums[worker]
		switch r.how {
		case ReduceMax, ReduceMin:
			r.extreme(y, x)
		case ReduceSum, ReduceMean:
			r.mean(sums[:results], x)
			for i, s := range sums[:results] {
				y[i] = T(s)
			}
		default:
			r.squares(sums, x)
			for i, s := range sums[results:] {
				switch r.how {
				case ReduceVariance:
					y[i] = T(s / r.degrees())
				case ReduceStdDev:
					y[i] = T(math.Sqrt(s / r.degrees()))
				case ReduceNorm:
					y[i] = T(math.Sqrt(s))
				}
			}
		}
	}))
}

// degrees is what a sum of squares is divided by.
func (r *Reduce[T]) degrees() float64 { return float64(r.values) - r.correction }

// mean computes sums, divided by the number of values unless they themselves are wanted.
func (r *Reduce[T]) mean(sums []float64, x []T) {
	clear(sums)
	addRuns(r.runs, sums, x)
	if r.how == ReduceSum {
		return
	}
	for i := range sums {
		sums[i] /= float64(r.values)
	}
}

// squares computes means, 0 for a norm, and behind them sums of squared distances from them.
func (r *Reduce[T]) squares(sums []float64, x []T) {
	results := r.runs.over[0].size
	means, squares := sums[:results], sums[results:]
	if clear(sums); r.how != ReduceNorm {
		r.mean(means, x)
	}
	step := r.runs.over[0].step
	for i, at := range r.runs.over[0].starts {
		for _, v := range x[i*r.runs.length:][:r.runs.length] {
			d := float64(v) - means[at]
			squares[at] += float64(d * d)
			at += step
		}
	}
}

// extreme finds the largest or the smallest values.
func (r *Reduce[T]) extreme(y, x []T) {
	for i := range y {
		y[i] = T(math.Inf(-1))
		if r.how == ReduceMin {
			y[i] = T(math.Inf(1))
		}
	}
	step := r.runs.over[0].step
	for i, at := range r.runs.over[0].starts {
		for _, v := range x[i*r.runs.length:][:r.runs.length] {
			if r.how == ReduceMax && larger(v, y[at]) || r.how == ReduceMin && larger(-v, -y[at]) {
				y[at] = v
			}
			at += step
		}
	}
}

// Backward computes dx from x, Forward's result y (both nil for a sum or a mean) and dy.
func (r *Reduce[T]) Backward(p *Pool, n int, dx, x, y, dy []T) {
	p = p.forElements(len(dx))
	size, results := r.runs.size(), r.runs.over[0].size
	r.sums = grow(r.sums, p.Threads(), 2*results)
	p.run(n, pieces(func(worker, item int) {
		dx, dy, sums := dx[item*size:][:size], dy[item*results:][:results], r.sums[worker]
		if r.how == ReduceSum || r.how == ReduceMean {
			factor := 1.0
			if r.how == ReduceMean {
				factor = 1 / float64(r.values)
			}
			for i := range dy {
				sums[i] = float64(dy[i]) * factor
			}
			r.each(func(at, to int) { dx[at] = T(sums[to]) })
			return
		}
		x, y := x[item*size:][:size], y[item*results:][:results]
		switch r.how {
		case ReduceMax, ReduceMin:
			clear(sums)
			r.each(func(at, to int) {
				if x[at] == y[to] {
					sums[to]++
				}
			})
			r.each(func(at, to int) {
				if dx[at] = 0; x[at] == y[to] {
					dx[at] = T(float64(dy[to]) / sums[to])
				}
			})
		default:
			r.squares(sums, x)
			factors := sums[results:]
			for i, g := range dy {
				factors[i] = float64(g) * r.slope(float64(y[i]))
			}
			r.each(func(at, to int) { dx[at] = T(factors[to] * (float64(x[at]) - sums[to])) })
		}
	}))
}

// slope is the derivative of a result y by a value, divided by the value's distance from the mean.
func (r *Reduce[T]) slope(y float64) float64 {
	switch {
	case r.how == ReduceVariance:
		return 2 / r.degrees()
	case y == 0:
		return 0
	case r.how == ReduceStdDev:
		return 1 / (r.degrees() * y)
	}
	return 1 / y
}

// each calls f for each value of an item, and the result that it is part of.
func (r *Reduce[T]) each(f func(at, to int)) {
	step := r.runs.over[0].step
	for i, to := range r.runs.over[0].starts {
		for at := i * r.runs.length; at < (i+1)*r.runs.length; at++ {
			f(at, to)
			to += step
		}
	}
}
