package kernel

// Sums over a batch are cut into chunks by the shape alone, so that their bits do not depend on the number of threads. The
// first chunk sums into the result itself, the others into partial sums that are added to it in index order.

// maxPartials bounds the memory of partial sums, in elements; the most that a layer takes is this or one more result.
const maxPartials = 1 << 21

// chunkCount is the number of chunks for a sum of the given number of terms, each of size elements.
func chunkCount(terms, size int) int {
	chunks := 16
	for chunks > 2 && (chunks-1)*size > maxPartials {
		chunks /= 2
	}
	return max(1, min(chunks, terms))
}

// split is the part of 0..n that belongs to chunk i.
func split(n, chunks, i int) (from, to int) {
	return n * i / chunks, n * (i + 1) / chunks
}

// partial is where chunk i is summed.
func partial[T Float](result, partials []T, i int) []T {
	if i == 0 {
		return result
	}
	return partials[(i-1)*len(result):][:len(result)]
}

func sumPartials[T Float](result, partials []T) {
	for ; len(partials) > 0; partials = partials[len(result):] {
		addScaled(result, 1, partials)
	}
}

// resize returns a slice of length n, the given one where it is large enough.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// grow gives each worker scratch memory of at least n elements.
func grow[T any](scratch [][]T, workers, n int) [][]T {
	for len(scratch) < workers {
		scratch = append(scratch, nil)
	}
	for i := range workers {
		scratch[i] = resize(scratch[i], n)
	}
	return scratch
}
