package kernel

import "slices"

// Permutation reorders the axes of items. It moves blocks: two axes of the result at a time, or runs along the last one where that stays
// the last, in tiles that read neighbours together.
type Permutation[T Float] struct {
	size          int
	from, to      []int // where each block of an item begins, in x and in y
	rows, columns int   // of a block: rows lie side by side in x, columns in y
	fromStep      int   // from a column to the next in x
	toStep        int   // from a row to the next in y
}

// NewPermutation returns the operation for items of the given shape: axis i of the result is axis order[i] of x, counted from 0.
func NewPermutation[T Float](shape, order []int) *Permutation[T] {
	dims, steps := joinedAxes(shape, order)
	p := &Permutation[T]{size: 1, rows: 1}
	toSteps := make([]int, len(dims))
	for i := len(dims) - 1; i >= 0; i-- {
		toSteps[i] = p.size
		p.size *= dims[i]
	}
	last := len(dims) - 1
	p.columns, p.fromStep = dims[last], steps[last]
	if inner := slices.Index(steps, 1); inner != last {
		p.rows, p.toStep = dims[inner], toSteps[inner]
		dims = slices.Delete(dims[:last], inner, inner+1)
		steps = slices.Delete(steps[:last], inner, inner+1)
		toSteps = slices.Delete(toSteps[:last], inner, inner+1)
	} else {
		dims, steps, toSteps = dims[:last], steps[:last], toSteps[:last]
	}
	p.from, p.to = []int{0}, []int{0}
	for i, d := range dims {
		from, to := p.from, p.to
		p.from, p.to = nil, nil
		for b := range from {
			for k := range d {
				p.from, p.to = append(p.from, from[b]+k*steps[i]), append(p.to, to[b]+k*toSteps[i])
			}
		}
	}
	return p
}

// joinedAxes are the lengths of the result's axes and the steps along them in x, where axes that stay neighbours are one, and those of
// length 1 are none.
func joinedAxes(shape, order []int) (dims, steps []int) {
	step := make([]int, len(shape))
	at := 1
	for i := len(shape) - 1; i >= 0; i-- {
		step[i] = at
		at *= shape[i]
	}
	for _, axis := range order {
		d, s := shape[axis], step[axis]
		last := len(dims) - 1
		switch {
		case d == 1:
		case last >= 0 && steps[last] == s*d:
			dims[last], steps[last] = dims[last]*d, s
		default:
			dims, steps = append(dims, d), append(steps, s)
		}
	}
	if len(dims) == 0 {
		return []int{1}, []int{1}
	}
	return dims, steps
}

// Run computes y from x, n items each.
func (m *Permutation[T]) Run(p *Pool, n int, y, x []T) {
	perPiece := max(1, blockLength/(m.rows*m.columns))
	blocks := n * len(m.from)
	p.forElements(n*m.size).run((blocks+perPiece-1)/perPiece, each(func(piece int) {
		for i := piece * perPiece; i < min((piece+1)*perPiece, blocks); i++ {
			item, block := i/len(m.from)*m.size, i%len(m.from)
			m.move(y[item+m.to[block]:], x[item+m.from[block]:])
		}
	}))
}

// move copies one block.
func (m *Permutation[T]) move(y, x []T) {
	if m.rows == 1 && m.fromStep == 1 {
		copy(y[:m.columns], x)
		return
	}
	const tile = 16
	for row := 0; row < m.rows; row += tile {
		rows := min(tile, m.rows-row)
		for column := range m.columns {
			for k, v := range x[column*m.fromStep+row:][:rows] {
				y[(row+k)*m.toStep+column] = v
			}
		}
	}
}
