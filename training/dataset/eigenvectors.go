package dataset

import (
	"cmp"
	"math"
	"slices"
)

// eigenvectors finds all eigenvalues of a symmetric matrix, in ascending order, and their vectors as rows. It reduces the matrix to three
// diagonals by Householder's reflections, and these to one by the implicit QR iteration with Wilkinson's shift (Golub and Van Loan 2013,
// "Matrix computations", algorithms 8.3.1 and 8.3.3). ok is false where the iteration does not come to an end: with values that are
// not finite.
func eigenvectors(a [][]float64) (values []float64, vectors [][]float64, ok bool) {
	t := newTridiagonal(a)
	if !t.diagonalize() {
		return nil, nil, false
	}
	order := make([]int, len(a))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(t.diagonal[i], t.diagonal[j]) })
	for _, i := range order {
		values, vectors = append(values, t.diagonal[i]*t.scale), append(vectors, t.basis[i])
	}
	return values, vectors, true
}

// tridiagonal is a symmetric matrix T of three diagonals and an orthonormal basis Q of rows. The matrix that it stands for is
// scale * transposed(Q)*T*Q.
type tridiagonal struct {
	scale    float64
	diagonal []float64
	beside   []float64 // the diagonal: beside[k] stands in rows k and k+1
	basis    [][]float64
}

// reflection is I - vector*transposed(vector)/half, in the space of as many last coordinates as the vector has.
type reflection struct {
	vector []float64
	half   float64 // of the vector's squared length; 0 for no reflection
}

// newTridiagonal clears one column after the other below the neighbour of its diagonal element.
func newTridiagonal(a [][]float64) *tridiagonal {
	n := len(a)
	t := &tridiagonal{diagonal: make([]float64, n), beside: make([]float64, n), basis: newMatrix(n, n)}
	for i, row := range a {
		t.scale += row[i]
	}
	if t.scale == 0 {
		t.scale = 1
	}
	rows := newMatrix(n, n)
	for i, row := range a {
		for j, v := range row {
			rows[i][j] = v / t.scale
		}
		t.basis[i][i] = 1
	}
	reflections := make([]reflection, n)
	for k := range n {
		t.diagonal[k] = rows[k][k]
		if k+1 < n {
			t.beside[k], reflections[k] = clearing(rows[k][k+1:])
			reflections[k].applyTo(rows[k+1:], k+1)
		}
	}
	for k := n - 1; k >= 0; k-- { // so that each has to do with its own last rows alone
		if r := reflections[k]; r.half > 0 {
			for _, row := range t.basis[k+1:] {
				addMultiple(row[k+1:], -innerProduct(row[k+1:], r.vector)/r.half, r.vector)
			}
		}
	}
	return t
}

// clearing finds the reflection that leaves of x only a first element, first.
func clearing(x []float64) (first float64, r reflection) {
	beyond := innerProduct(x[1:], x[1:])
	if beyond == 0 {
		return x[0], reflection{}
	}
	length := math.Sqrt(float64(x[0]*x[0]) + beyond)
	first = -math.Copysign(length, x[0])
	r.vector = slices.Clone(x)
	r.vector[0] -= first
	r.half = float64(length * (length + math.Abs(x[0])))
	return first, r
}

// applyTo reflects the symmetric matrix that begins in the rows at column from, on both sides.
func (r reflection) applyTo(rows [][]float64, from int) {
	if r.half == 0 {
		return
	}
	w := make([]float64, len(rows))
	for i, row := range rows {
		w[i] = innerProduct(row[from:], r.vector) / r.half
	}
	addMultiple(w, -innerProduct(w, r.vector)/(2*r.half), r.vector)
	for i, row := range rows {
		addMultiple(row[from:], -r.vector[i], w)
		addMultiple(row[from:], -w[i], r.vector)
	}
}

// diagonalize makes the elements beside the diagonal vanish. It gives up, and returns false, after 30 rounds for each eigenvalue, where two
// are usual.
func (t *tridiagonal) diagonalize() bool {
	last := len(t.diagonal) - 1
	for range 30 * len(t.diagonal) {
		for last > 0 && t.vanishes(last-1) {
			last--
		}
		if last <= 0 {
			return true
		}
		first := last - 1
		for first > 0 && !t.vanishes(first-1) {
			first--
		}
		t.round(first, last)
	}
	return false
}

// vanishes tells whether an element is lost in the rounding of those that it stands beside, or its square is none; the trace is 1.
func (t *tridiagonal) vanishes(k int) bool {
	return math.Abs(t.beside[k]) <= max(0x1p-53*(math.Abs(t.diagonal[k])+math.Abs(t.diagonal[k+1])), 0x1p-500)
}

// round takes one step of the QR iteration in the rows from first to last: rotations of neighbouring rows and columns, of which the first
// is that of the shifted matrix' QR decomposition, and the others chase what it left beside the three diagonals out of the matrix.
func (t *tridiagonal) round(first, last int) {
	d, e := t.diagonal, t.beside
	half, square := float64((d[last-1]-d[last])/2), float64(e[last-1]*e[last-1])
	shift := d[last] - square/(half+math.Copysign(math.Sqrt(float64(half*half)+square), half))
	x, z := d[first]-shift, e[first]
	for k := first; k < last; k++ {
		c, s := 1.0, 0.0
		length := math.Sqrt(float64(x*x) + float64(z*z))
		if length > 0 {
			c, s = x/length, z/length
		}
		if k > first {
			e[k-1] = length
		}
		cc, ss, cs := float64(c*c), float64(s*s), float64(c*s)
		a, b, q := d[k], e[k], d[k+1]
		twice := float64(2 * cs * b)
		d[k], d[k+1] = float64(cc*a)+twice+float64(ss*q), float64(ss*a)-twice+float64(cc*q)
		e[k] = float64(cs*(q-a)) + float64((cc-ss)*b)
		x = e[k]
		if k+1 < last {
			z = s * e[k+1]
			e[k+1] *= c
		}
		rotate(t.basis[k], t.basis[k+1], c, s)
	}
}

// rotate makes x = c*x + s*y and y = c*y - s*x.
func rotate(x, y []float64, c, s float64) {
	y = y[:len(x)]
	for i, v := range x {
		x[i], y[i] = float64(c*v)+float64(s*y[i]), float64(c*y[i])-float64(s*v)
	}
}
