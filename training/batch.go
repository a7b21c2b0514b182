package training

import "dcae/graph"

// batches reads batches of a source, on all threads where there is much to read.
type batches struct {
	source  Source
	threads *graph.Threads
	read    func(piece int) // made once, so that a step allocates nothing

	// of the current batch
	x, target []float32
	indices   []int
	images    int // of a piece
}

// readLength is about how many values of images a thread reads at a time.
const readLength = 1 << 14

func newBatches(s Source, threads *graph.Threads) *batches {
	b := &batches{source: s, threads: threads}
	b.read = b.readPiece
	return b
}

// to writes the images with the given indices to x, and what they are to become to target.
func (b *batches) to(x, target []float32, indices []int) {
	b.x, b.target, b.indices = x, target, indices
	b.images = max(1, readLength*len(indices)/len(x))
	b.threads.Run((len(indices)+b.images-1)/b.images, b.read)
}

func (b *batches) readPiece(piece int) {
	from, to := piece*b.images, min((piece+1)*b.images, len(b.indices))
	size, values := len(b.x)/len(b.indices), len(b.target)/len(b.indices)
	x := b.x[from*size : to*size]
	b.source.Read(x, b.indices[from:to])
	readTargets(b.source, b.target[from*values:to*values], x, b.indices[from:to])
}
