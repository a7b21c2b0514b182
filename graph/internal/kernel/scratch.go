package kernel

// scratch is memory for the time of one operation. Operations on one pool run one after the other, so that they can share it;
// each finds there what the one before has left.
type scratch struct {
	data       []float32
	used, want int
}

// begin gives all memory back, and makes room for as much as any operation has taken so far.
func (s *scratch) begin() {
	if s.want > len(s.data) {
		s.data = NewLarge[float32](s.want)
	}
	s.used, s.want = 0, 0
}

// take returns n values, which start on a cache line.
func (s *scratch) take(n int) []float32 {
	size := roundUp16(n)
	s.want += size
	if s.used+size > len(s.data) {
		return make([]float32, n)
	}
	out := s.data[s.used : s.used+n : s.used+n]
	s.used += size
	return out
}

func roundUp16(n int) int { return (n + 15) &^ 15 }

// memory is the pool's scratch; an operation without a pool has its own.
func (p *Pool) memory(own *scratch) *scratch {
	s := own
	if p != nil {
		s = &p.scratch
	}
	s.begin()
	return s
}
