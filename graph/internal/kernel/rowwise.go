package kernel

import (
	"cmp"
	"slices"

	"dcae/graph/arithmetic"
)

// RowFunction is a function of a whole row of values.
type RowFunction uint8

// The functions of rows.
const (
	Softmax    RowFunction = iota // e^z / sum of e^z
	LogSoftmax                    // its logarithm
	Sparsemax                     // max(z - tau, 0)
)

// Rowwise computes y = f(x) for each row of the given width.
func Rowwise[T Float](p *Pool, f RowFunction, width int, y, x []T) {
	forRows(p, width, len(x), func(from, to int, scratch *sparsemax) {
		for ; from < to; from += width {
			z, y := x[from:from+width], y[from:from+width]
			switch f {
			case Softmax, LogSoftmax:
				softmaxRow(f, y, z)
			case Sparsemax:
				tau := scratch.find(widen(scratch, z))
				for i, v := range z {
					y[i] = T(max(float64(v)-tau, 0))
				}
			}
		}
	})
}

// RowwiseGradient computes dx from x, Rowwise's result y and dy, the gradient by it.
func RowwiseGradient[T Float](p *Pool, f RowFunction, width int, dx, x, y, dy []T) {
	forRows(p, width, len(x), func(from, to int, scratch *sparsemax) {
		for ; from < to; from += width {
			z, y, dy, dx := x[from:from+width], y[from:from+width], dy[from:from+width], dx[from:from+width]
			switch f {
			case Softmax, LogSoftmax:
				softmaxRowGradient(f, dx, y, dy)
			case Sparsemax:
				sparsemaxRowGradient(scratch, dx, z, dy)
			}
		}
	})
}

// forRows shares rows out, some at a time.
func forRows(p *Pool, width, elements int, f func(from, to int, scratch *sparsemax)) {
	size := max(1, blockLength/width) * width
	p.forElements(elements).run((elements+size-1)/size, each(func(i int) {
		f(i*size, min((i+1)*size, elements), &sparsemax{})
	}))
}

func softmaxRow[T Float](f RowFunction, y, z []T) {
	top := float64(slices.Max(z))
	sum := 0.0
	for i, v := range z {
		e := arithmetic.Exp(float64(v) - top)
		y[i] = T(e)
		sum += e
	}
	if f == LogSoftmax {
		shift := top + arithmetic.Log(sum)
		for i, v := range z {
			y[i] = T(float64(v) - shift)
		}
		return
	}
	for i := range y {
		y[i] = T(float64(y[i]) / sum)
	}
}

func softmaxRowGradient[T Float](f RowFunction, dx, y, dy []T) {
	sum := 0.0
	if f == LogSoftmax {
		for _, g := range dy {
			sum += float64(g)
		}
		for i, g := range dy {
			dx[i] = T(float64(g) - float64(arithmetic.Exp(float64(y[i]))*sum))
		}
		return
	}
	for i, g := range dy {
		sum += float64(float64(g) * float64(y[i]))
	}
	for i, g := range dy {
		dx[i] = T(float64(y[i]) * (float64(g) - sum))
	}
}

// sparsemax finds the threshold of a row. Martins and Astudillo 2016, algorithm 1, take for tau the sum of the support less
// 1, divided by the support's size k. Keras takes the sum of all cumulative sums over the support instead of the last one,
// and so does this.
type sparsemax struct {
	z       []float64
	order   []int // of the values, from the largest down
	support int   // k: how many of them belong to it
}

func widen[T Float](s *sparsemax, z []T) []float64 {
	s.z = resize(s.z, len(z))
	for i, v := range z {
		s.z[i] = float64(v)
	}
	return s.z
}

func (s *sparsemax) find(z []float64) (tau float64) {
	s.order = resize(s.order, len(z))
	for i := range s.order {
		s.order[i] = i
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return cmp.Compare(z[b], z[a]) })
	s.support = 0
	sum, sums := 0.0, 0.0
	for k, i := range s.order {
		sum += z[i]
		if z[i]-(sum-1)/float64(k+1) > 0 {
			s.support++
			sums += sum
		}
	}
	return (sums - 1) / float64(s.support)
}

// sparsemaxRowGradient: the value at place j (from 0) of the order is in k-j of the cumulative sums.
func sparsemaxRowGradient[T Float](s *sparsemax, dx, z, dy []T) {
	tau := s.find(widen(s, z))
	byTau := 0.0
	for i, v := range s.z {
		dx[i] = 0
		if v-tau >= 0 {
			dx[i] = dy[i]
			byTau -= float64(dy[i])
		}
	}
	for j, i := range s.order[:s.support] {
		dx[i] += T(byTau * float64(s.support-j) / float64(s.support))
	}
}
