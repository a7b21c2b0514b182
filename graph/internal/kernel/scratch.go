package kernel

// scratch is memory for the time of one operation. Operations on one pool run one after the other, so that they can share it;
// each finds there what the one before has left. It grows by chunks that stay, so that nothing large is left to the garbage collector.
type scratch struct {
	chunks []scratchChunk
	least  int // elements of a chunk; default minScratchChunk
}

type scratchChunk struct {
	data []float32
	used int
}

// begin gives all memory back.
func (s *scratch) begin() {
	for i := range s.chunks {
		s.chunks[i].used = 0
	}
}

const (
	minScratchChunk = 1 << 16
	minPoolChunk    = 1 << 21 // most models' operations find all in one chunk; what they do not touch costs nothing
)

// take returns n values, which start on a cache line.
func (s *scratch) take(n int) []float32 {
	size := roundUp16(n)
	for i := range s.chunks {
		if c := &s.chunks[i]; c.used+size <= len(c.data) {
			c.used += size
			return c.data[c.used-size:][:n:n]
		}
	}
	s.chunks = append(s.chunks, scratchChunk{NewLarge[float32](max(size, minScratchChunk, s.least)), size})
	return s.chunks[len(s.chunks)-1].data[:n:n]
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
