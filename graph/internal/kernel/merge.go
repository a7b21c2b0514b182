package kernel

// Merging says how several inputs become one, element by element.
type Merging uint8

// The ways to merge.
const (
	Sum Merging = iota
	Difference
	Product
	Mean
	Largest  // of equal ones the first passes the gradient on
	Smallest // of equal ones the first passes the gradient on
)

// Merge computes y from inputs of y's length.
func Merge[T Float](p *Pool, how Merging, y []T, inputs [][]T) {
	p.forElements(len(y)).run(blockCount(len(y)), each(func(i int) {
		from, to := blockRange(len(y), i)
		y := y[from:to]
		copy(y, inputs[0][from:to])
		for _, x := range inputs[1:] {
			x = x[from:to]
			switch how {
			case Sum, Mean:
				for k, v := range x {
					y[k] += v
				}
			case Difference:
				for k, v := range x {
					y[k] -= v
				}
			case Product:
				for k, v := range x {
					y[k] *= v
				}
			case Largest:
				for k, v := range x {
					y[k] = max(y[k], v)
				}
			case Smallest:
				for k, v := range x {
					y[k] = min(y[k], v)
				}
			}
		}
		if how == Mean {
			n := T(len(inputs))
			for k := range y {
				y[k] /= n
			}
		}
	}))
}

// MergeGradient computes dx, the gradient by one of the inputs. Sum, Difference and Mean do not look at y and the inputs
// but for their number.
func MergeGradient[T Float](p *Pool, how Merging, which int, dx, y, dy []T, inputs [][]T) {
	p.forElements(len(dx)).run(blockCount(len(dx)), each(func(i int) {
		from, to := blockRange(len(dx), i)
		dx, dy := dx[from:to], dy[from:to]
		copy(dx, dy)
		switch {
		case how == Mean:
			n := T(len(inputs))
			for k := range dx {
				dx[k] /= n
			}
		case how == Difference && which > 0:
			for k := range dx {
				dx[k] = -dx[k]
			}
		case how == Product:
			for other, x := range inputs {
				if other != which {
					for k, v := range x[from:to] {
						dx[k] *= v
					}
				}
			}
		case how == Largest || how == Smallest:
			keepWinners(dx, y[from:to], inputs[:which+1], from, to)
		}
	}))
}

// keepWinners clears dx where the last of the inputs is not y, or one before it is y, too.
func keepWinners[T Float](dx, y []T, inputs [][]T, from, to int) {
	last := len(inputs) - 1
	for k, v := range inputs[last][from:to] {
		if v != y[k] {
			dx[k] = 0
		}
	}
	for _, x := range inputs[:last] {
		for k, v := range x[from:to] {
			if v == y[k] {
				dx[k] = 0
			}
		}
	}
}
