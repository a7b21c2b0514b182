package kernel

// MatrixProduct multiplies matrices of equal sizes, pair by pair. Each product is a dense layer whose kernel is the second matrix.
type MatrixProduct[T Float] struct {
	rows, length, columns int
	layer                 *Conv2D[T]
	second                *weightGradient[T]
}

// NewMatrixProduct returns the operation for matrices [rows,length] and [length,columns].
func NewMatrixProduct[T Float](rows, length, columns int) *MatrixProduct[T] {
	layer := NewDense[T](length, columns, Activation{}).conv
	layer.from = plainGradient
	return &MatrixProduct[T]{rows, length, columns, layer, newWeightGradient[T](layer.w, plainGradient, false)}
}

// Forward computes the products c of the matrices a and b.
func (m *MatrixProduct[T]) Forward(p *Pool, c, a, b []T) {
	m.each(a, b, c, func(a, b, c []T) { m.layer.Forward(p, m.rows, c, a, b, nil) })
}

// First computes da, the gradient by the first matrices, from b and dc.
func (m *MatrixProduct[T]) First(p *Pool, da, b, dc []T) {
	m.each(da, b, dc, func(da, b, dc []T) { m.layer.dataGradient(p, m.rows, da, b, plain(dc)) })
}

// Second computes db, the gradient by the second matrices, from a and dc.
func (m *MatrixProduct[T]) Second(p *Pool, db, a, dc []T) {
	m.each(a, db, dc, func(a, db, dc []T) {
		m.second.in, m.second.out, m.second.dkernel = plain(a), plain(dc), db
		m.second.run(p, m.rows)
	})
}

// each calls f for each pair of matrices and their product.
func (m *MatrixProduct[T]) each(a, b, c []T, f func(a, b, c []T)) {
	sizeA, sizeB, sizeC := m.rows*m.length, m.length*m.columns, m.rows*m.columns
	for i := range len(a) / sizeA {
		f(a[i*sizeA:][:sizeA], b[i*sizeB:][:sizeB], c[i*sizeC:][:sizeC])
	}
}
