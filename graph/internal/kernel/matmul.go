package kernel

// MatMul multiplies pairs of matrices: y = a*b for each of them. A pair is one piece of work, so that results do not depend on the number of
// threads.
type MatMul[T Float] struct {
	rows, inner, columns int
	products             []*Dense[T] // by worker
	spare                [][]T       // by worker: a gradient that is not wanted
}

// NewMatMul returns the operation for a [rows,inner] and b [inner,columns].
func NewMatMul[T Float](rows, inner, columns int) *MatMul[T] {
	return &MatMul[T]{rows: rows, inner: inner, columns: columns}
}

// Forward computes y [pairs,rows,columns] from a [pairs,rows,inner] and b [pairs,inner,columns].
func (m *MatMul[T]) Forward(p *Pool, pairs int, y, a, b []T) {
	m.prepare(p)
	p.run(pairs, pairJob(func(worker, i int) {
		m.products[worker].Forward(nil, m.rows, of(y, i, m.rows*m.columns), of(a, i, m.rows*m.inner), of(b, i, m.inner*m.columns), nil)
	}))
}

// Backward computes the gradients by a and b (nil: not wanted) from dy, the gradient by y.
func (m *MatMul[T]) Backward(p *Pool, pairs int, da, db, a, b, y, dy []T) {
	m.prepare(p)
	p.run(pairs, pairJob(func(worker, i int) {
		byB := m.spare[worker]
		if db != nil {
			byB = of(db, i, m.inner*m.columns)
		}
		var byA []T
		if da != nil {
			byA = of(da, i, m.rows*m.inner)
		}
		m.products[worker].Backward(nil, m.rows, byA, byB, nil, of(a, i, m.rows*m.inner), of(b, i, m.inner*m.columns), of(y, i, m.rows*m.columns), of(dy, i, m.rows*m.columns))
	}))
}

// of is the i-th part of a size.
func of[T any](x []T, i, size int) []T { return x[i*size:][:size] }

// prepare makes a product for each worker.
func (m *MatMul[T]) prepare(p *Pool) {
	for len(m.products) < p.Threads() {
		m.products = append(m.products, NewDense[T](m.inner, m.columns, Activation{}))
		m.spare = append(m.spare, make([]T, m.inner*m.columns))
	}
}

// pairJob is a job whose pieces need scratch memory of their worker.
type pairJob func(worker, i int)

func (f pairJob) piece(worker, i int) { f(worker, i) }
