package graph

import "dcae/graph/internal/kernel"

// memory lends ops the space for their outputs. A step asks for the same sizes in the same order every time, and gets the
// same blocks, so that from the third one on nothing is allocated.
type memory struct {
	free []any // of *block[T]
	made int
}

type block[T kernel.Float] struct {
	data   []T
	number int // in the order in which they were made
}

// lend returns the smallest free block that holds n values, of equal ones the oldest, or a new one.
func lend[T kernel.Float](m *memory, n int) *block[T] {
	best := -1
	var chosen *block[T]
	for i, f := range m.free {
		b := f.(*block[T])
		if len(b.data) >= n && (best < 0 || len(b.data) < len(chosen.data) || len(b.data) == len(chosen.data) && b.number < chosen.number) {
			best, chosen = i, b
		}
	}
	if best < 0 {
		m.made++
		return &block[T]{kernel.NewLarge[T](n), m.made}
	}
	last := len(m.free) - 1
	m.free[best] = m.free[last]
	m.free = m.free[:last]
	return chosen
}

func (m *memory) takeBack(block any) { m.free = append(m.free, block) }
