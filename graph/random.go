package graph

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
)

// Random returns the generator for one use of randomness: purpose ("initialize", "shuffle" ...), path (of a layer's
// variable; may be empty) and index (an epoch or a step) address it. Each address has a stream of its own, so that an
// added layer or a longer training shifts no other stream, and no generator's state need be stored.
func Random(seed uint64, purpose, path string, index int) *rand.Rand {
	stream := func(salt byte) uint64 {
		h := fnv.New64a()
		var number [8]byte
		h.Write([]byte{salt})
		binary.LittleEndian.PutUint64(number[:], seed)
		h.Write(number[:])
		h.Write([]byte(purpose))
		h.Write([]byte{0})
		h.Write([]byte(path))
		h.Write([]byte{0})
		binary.LittleEndian.PutUint64(number[:], uint64(index))
		h.Write(number[:])
		return h.Sum64()
	}
	return rand.New(rand.NewPCG(stream(1), stream(2)))
}
