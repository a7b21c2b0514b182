package kernel

import "dcae/graph/arithmetic"

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
	Quotient
	Exponentiation // the first to the power of the second
	Above          // 1 where the first is larger than the second, else 0
	AboveOrEqual
	Equality
)

// IsFlat tells whether the derivative is 0.
func (m Merging) IsFlat() bool { return m == Above || m == AboveOrEqual || m == Equality }

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
				addTo(y, x)
			case Difference:
				for k, v := range x {
					y[k] -= v
				}
			case Product:
				multiplyBy(y, x)
			case Largest:
				for k, v := range x {
					y[k] = max(y[k], v)
				}
			case Smallest:
				for k, v := range x {
					y[k] = min(y[k], v)
				}
			default:
				mergePair(how, y, x)
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
					multiplyBy(dx, x[from:to])
				}
			}
		case how == Quotient || how == Exponentiation:
			pairGradient(how, which, dx, y[from:to], inputs[0][from:to], inputs[1][from:to])
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

// mergePair computes y = f(y, x) for the ways to merge two inputs.
func mergePair[T Float](how Merging, y, x []T) {
	for k, v := range x {
		switch a := y[k]; {
		case how == Quotient:
			y[k] = a / v
		case how == Exponentiation:
			y[k] = T(arithmetic.Pow(float64(a), float64(v)))
		case how == Above && a > v, how == AboveOrEqual && a >= v, how == Equality && a == v:
			y[k] = 1
		default:
			y[k] = 0
		}
	}
}

// pairGradient multiplies dx by the derivative of a quotient or a power y by one of its operands a and b. As PyTorch has it a power is constant
// by a where b is 0, and by b where a is 0.
func pairGradient[T Float](how Merging, which int, dx, y, a, b []T) {
	for k := range dx {
		switch {
		case how == Quotient && which == 0:
			dx[k] /= b[k]
		case how == Quotient:
			dx[k] *= -y[k] / b[k]
		case which == 0 && b[k] == 0, which == 1 && a[k] == 0 && b[k] >= 0:
			dx[k] = 0
		case which == 0:
			dx[k] *= T(float64(b[k]) * arithmetic.Pow(float64(a[k]), float64(b[k]-1)))
		default:
			dx[k] *= T(float64(y[k]) * arithmetic.Log(float64(a[k])))
		}
	}
}
