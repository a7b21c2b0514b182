package kernel

import "dcae/graph/arithmetic"

// Element-wise operations and reductions are bound by memory, so they are cut into blocks that stay in the cache. The blocks
// follow from the length alone; a reduction adds their sums in index order.
const blockLength = 16384 // elements of a block

// sharedFrom is the number of elements read and written from which waking other goroutines pays: about 20 microseconds' work. The
// portable forms take some ten times as long.
const (
	sharedFrom         = 1 << 18
	sharedFromPortable = sharedFrom / 8
)

// vectorized reports whether operations on T have assembly.
func vectorized[T Float]() bool {
	_, ok := any(T(0)).(float32)
	return ok && family() != arithmetic.Portable
}

// forTraffic is the pool to use for an operation that reads and writes so many elements: none when it is too small to share.
func forTraffic[T Float](p *Pool, elements int) *Pool {
	if elements < sharedFromPortable || elements < sharedFrom && vectorized[T]() {
		return nil
	}
	return p
}

// forElements is the same for an operation in Go on n elements, whatever the family.
func (p *Pool) forElements(n int) *Pool {
	if n < sharedFromPortable {
		return nil
	}
	return p
}

// blockCount is the number of blocks of n elements.
func blockCount(n int) int { return (n + blockLength - 1) / blockLength }

// blockRange returns where block i of n elements starts and ends.
func blockRange(n, i int) (from, to int) {
	return i * blockLength, min((i+1)*blockLength, n)
}

// part returns x[from:to], or nil for a slice that is not there.
func part[T any](x []T, from, to int) []T {
	if x == nil {
		return nil
	}
	return x[from:to]
}

// float32s returns x if that is its type, else nil.
func float32s[T Float](x []T) []float32 {
	s, _ := any(x).([]float32)
	return s
}
