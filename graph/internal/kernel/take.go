package kernel

// Taking picks strips of rows by their indices. A row is inner*length values: so many strips of inner values side by side.
type Taking[T Float] struct {
	length, inner int
	runs          []run
	count         int
	repeats       bool // a strip is picked more than once
}

// run is a number of picked strips that are neighbours in x, too.
type run struct{ from, to, count int }

// NewTaking returns the operation that picks the given strips of rows of so many.
func NewTaking[T Float](length, inner int, indices []int) *Taking[T] {
	t := &Taking[T]{length: length, inner: inner, count: len(indices)}
	seen := make([]bool, length)
	for to, from := range indices {
		t.repeats = t.repeats || seen[from]
		seen[from] = true
		if last := len(t.runs) - 1; last >= 0 && t.runs[last].from+t.runs[last].count == from {
			t.runs[last].count++
			continue
		}
		t.runs = append(t.runs, run{from, to, 1})
	}
	return t
}

// Forward computes y [rows,len(indices),inner] from x [rows,length,inner].
func (t *Taking[T]) Forward(p *Pool, rows int, y, x []T) {
	t.forRows(p, rows, func(row int) {
		x, y := t.whole(x, row), t.picked(y, row)
		for _, r := range t.runs {
			copy(y[r.to*t.inner:][:r.count*t.inner], x[r.from*t.inner:])
		}
	})
}

// Backward computes dx from dy. Strips that were picked more than once sum their gradients, others of none have 0.
func (t *Taking[T]) Backward(p *Pool, rows int, dx, dy []T) {
	t.forRows(p, rows, func(row int) {
		dx, dy := t.whole(dx, row), t.picked(dy, row)
		clear(dx)
		for _, r := range t.runs {
			from, to := dy[r.to*t.inner:][:r.count*t.inner], dx[r.from*t.inner:]
			if !t.repeats {
				copy(to, from)
				continue
			}
			for i, g := range from {
				to[i] += g
			}
		}
	})
}

func (t *Taking[T]) whole(x []T, row int) []T {
	return x[row*t.length*t.inner:][:t.length*t.inner]
}

func (t *Taking[T]) picked(y []T, row int) []T {
	return y[row*t.count*t.inner:][:t.count*t.inner]
}

func (t *Taking[T]) forRows(p *Pool, rows int, f func(row int)) {
	size := max(1, t.length*t.inner)
	perPiece := max(1, blockLength/size)
	p.forElements(rows*size).run((rows+perPiece-1)/perPiece, each(func(piece int) {
		for row := piece * perPiece; row < min((piece+1)*perPiece, rows); row++ {
			f(row)
		}
	}))
}
