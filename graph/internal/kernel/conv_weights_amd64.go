//go:build amd64 && !noasm

package kernel

import "unsafe"

// kernelSum computes the gradient by a kernel, dkernel[tap][k][n] = sum over pixels of a[pixel+tap][k] * b[pixel][n], and
// with it the bias gradient: the sum over the pixels of a or of b.
//
// The rows of the sum, taps*k of them, are cut into groups of as many as fit the registers; a microkernel adds a block of
// pixels to a group and one panel of columns.
type kernelSum struct {
	own     scratch // without a pool
	plan            // of one phase
	swapped bool    // a is what the kernel's columns belong to: dkernel[tap] is [n,k]
	biasOfA bool    // the bias gradient is the sum over a, otherwise b
	*microkernels
	directA, directB bool // read where they are
	images, bandRows int  // of a block
	blocks, bands    int
	panels           []panel
	rowOffsets       []int32 // by row of the sum, in bytes from a pixel of a
	pixels           []int32 // by pixel of a block
	groups           [2][]rowGroup
	strideB, stride  int // elements from pixel to pixel of b, and from row to row of a sum
	workers          []*sumWorker
	sums, biasSums   []float32 // by chunk; the first of sums is dkernel itself where it has the same layout
	chunks, parts    int       // pieces: of the batch, and of the row groups

	// of the current call
	n              int
	a, b           operand[float32]
	dkernel, dbias []float32
}

type rowGroup struct {
	from int
	call func(*byte)
}

type sumWorker struct {
	rows
	outer outerArgs
	a, b  []float32
}

// pixelBlock is how many pixels of b are used for all row groups while they are in the first level cache.
const pixelBlock = 192

func newKernelSum(pl plan, swapped, biasOfA, derivedA, derivedB bool) *kernelSum {
	k := chosenKernels()
	s := &kernelSum{
		plan: pl, swapped: swapped, biasOfA: biasOfA, microkernels: k,
		directA: !pl.bordered && !derivedA,
		panels:  k.panels(pl.n),
		stride:  k.padded(pl.n),
	}
	s.extend()
	source := maxSource
	if s.directA {
		source *= 8
	}
	s.images, s.bandRows = s.blockSize(source, 1<<30)
	s.bands = ceil(s.rows, s.bandRows)
	s.strideB = s.stride
	if s.directB = !derivedB && pl.n == s.stride && pl.n <= 4*k.lanes; !s.directB && pl.n > 4*k.lanes {
		s.strideB += k.lanes // rows a power of two apart would share few sets of the cache
	}
	f := &s.phases[0]
	for _, t := range f.taps {
		for i := range s.k {
			s.rowOffsets = append(s.rowOffsets, int32(4*(((t.row+s.top)*s.width+t.col+s.left)*s.k+i)))
		}
	}
	s.pixels = s.pixelTable(f, s.images, s.bandRows, s.directA)
	for v := range s.groups {
		s.groups[v] = k.rowGroups(v+1, len(s.rowOffsets))
	}
	return s
}

// rowGroups cuts rows into groups, each as large as there is a microkernel for.
func (k *microkernels) rowGroups(vectors, rows int) []rowGroup {
	var groups []rowGroup
	for from := 0; from < rows; {
		for _, m := range k.outer[vectors-1] {
			if from+m.rows <= rows {
				groups = append(groups, rowGroup{from, m.call})
				from += m.rows
				break
			}
		}
	}
	return groups
}

// extend makes a band's source contain the rows that the bias gradient counts as its own.
func (s *kernelSum) extend() {
	if s.biasOfA {
		s.reach = max(s.reach, s.top+s.stepH)
	}
}

// run computes the gradients of n images from the window's input and output; dbias nil: not wanted.
func (s *kernelSum) run(pool *Pool, n int, a, b operand[float32], dkernel, dbias []float32) {
	if s.swapped {
		a, b = b, a
	}
	memory := pool.memory(&s.own)
	pool = pool.forProducts(n * s.products())
	s.n, s.a, s.b, s.dkernel, s.dbias = n, a, b, dkernel, dbias
	s.blocks = ceil(n, s.images) * s.bands
	size := len(s.rowOffsets) * s.stride
	s.chunks = chunkCount(s.blocks, len(s.rowOffsets)*roundUp(s.plan.n))
	s.parts = min(max(1, len(s.groups[0])), ceil(fewPieces, s.chunks))
	sums := s.chunks
	if s.inPlace() {
		sums--
	}
	s.sums = memory.take(sums * size)
	s.biasSums = memory.take(s.chunks * s.biasWidth())
	s.grow(memory, pool.Threads())
	pool.runFlushing(s.chunks*s.parts, s)
	if s.chunks > 1 {
		pool.runFlushing(ceil(size, partLength), (*sumJoin)(s))
	}
	s.finish()
	s.a, s.b, s.dkernel, s.dbias = operand[float32]{}, operand[float32]{}, nil, nil
}

func (s *kernelSum) grow(memory *scratch, workers int) {
	for len(s.workers) < workers {
		s.workers = append(s.workers, &sumWorker{})
	}
	for _, w := range s.workers[:workers] {
		if !s.directA {
			w.a = memory.take(s.images*s.sourceRows(s.bandRows)*s.width*s.k + s.lanes)
		}
		if !s.directB {
			w.b = memory.take(min(pixelBlock, len(s.pixels)) * s.strideB)
		}
	}
}

// inPlace is whether dkernel has the layout of a sum.
func (s *kernelSum) inPlace() bool { return !s.swapped && s.plan.n == s.stride }

// chunk is the sum of a chunk.
func (s *kernelSum) chunk(i int) []float32 {
	size := len(s.rowOffsets) * s.stride
	if s.inPlace() {
		return partial(s.dkernel[:size], s.sums, i)
	}
	return s.sums[i*size:][:size]
}

// biasWidth is the length of a bias gradient, in whole vectors.
func (s *kernelSum) biasWidth() int {
	if s.biasOfA {
		return s.padded(s.k)
	}
	return s.stride
}

// piece sums a chunk of the batch for a part of the row groups.
func (s *kernelSum) piece(worker, i int) {
	w := s.workers[worker]
	chunk, part := i/s.parts, i%s.parts
	var groups [2][]rowGroup
	for v := range groups {
		from, to := split(len(s.groups[v]), s.parts, part)
		groups[v] = s.groups[v][from:to]
	}
	sum := s.chunk(chunk)
	var bias []float32
	if s.dbias != nil && part == 0 {
		bias = s.biasSums[chunk*s.biasWidth():][:s.biasWidth()]
		clear(bias)
	}
	from, to := split(s.blocks, s.chunks, chunk)
	if from == to {
		clear(sum) // no images
	}
	w.outer.fresh = 1
	for unit := from; unit < to; unit++ {
		b := block{image: unit / s.bands * s.images, from: unit % s.bands * s.bandRows}
		b.images, b.to = min(s.images, s.n-b.image), min(s.rows, b.from+s.bandRows)
		s.addBlock(w, b, groups, sum, bias)
	}
}

// addBlock adds a block to the given rows of sum, and to bias if that is not nil.
func (s *kernelSum) addBlock(w *sumWorker, b block, groups [2][]rowGroup, sum, bias []float32) {
	o := &w.outer
	if s.directA {
		o.in = &s.a.values[(b.image*s.srcH+b.from*s.stepH)*s.srcW*s.k]
	} else {
		s.copySource(&w.rows, s.microkernels, w.a, &s.a, b)
		o.in = &w.a[0]
	}
	if bias != nil && s.biasOfA {
		s.addSource(&w.rows, s.microkernels, bias, o.in, s.directA, &s.a, b)
	}
	count := b.images * (b.to - b.from) * s.cols
	from := (b.image*s.rows + b.from) * s.cols * s.plan.n // in b
	for done := 0; done < count; {
		step := ceil(count-done, ceil(count-done, pixelBlock))
		o.count, o.pixels = step, &s.pixels[done]
		var data *float32
		if s.directB {
			data = &s.b.values[from+done*s.plan.n]
		} else {
			w.copyDerived(s.microkernels, w.b, s.strideB, &s.b, from+done*s.plan.n, s.plan.n, step, s.plan.n)
			data = &w.b[0]
		}
		if bias != nil && !s.biasOfA {
			w.add(s.microkernels, &bias[0], data, s.strideB, step, s.plan.n)
		}
		s.addPixels(o, data, groups, sum)
		o.fresh = 0
		done += step
	}
}

// addPixels adds a block of pixels to the rows and columns of sum.
func (s *kernelSum) addPixels(o *outerArgs, data *float32, groups [2][]rowGroup, sum []float32) {
	o.stride, o.sumStride = 4*s.strideB, 4*s.stride
	for _, p := range s.panels {
		o.b = offset(data, p.from)
		for _, g := range groups[p.vectors-1] {
			o.rows, o.sum = &s.rowOffsets[g.from], &sum[g.from*s.stride+p.from]
			g.call((*byte)(unsafe.Pointer(o)))
		}
	}
}

// partLength is how many elements of the chunks' sums a piece joins.
const partLength = 1 << 13

// sumJoin is the job that adds the chunks' sums, a part of the kernel a piece.
type sumJoin kernelSum

func (j *sumJoin) piece(worker, i int) {
	s := (*kernelSum)(j)
	s.workers[worker].join(s.microkernels, s.chunk(0), s.chunk(1), s.chunks, i)
}

// join adds a part of the chunks' sums to the first; the others follow each other from the second on.
func (r *rows) join(k *microkernels, first, second []float32, chunks, part int) {
	from, to := part*partLength, min(len(first), (part+1)*partLength)
	r.add(k, &first[from], &second[from], len(first), chunks-1, to-from)
}

// finish writes what is not yet where it belongs: dkernel where its layout differs, and dbias.
func (s *kernelSum) finish() {
	n := s.plan.n
	if !s.inPlace() {
		sum := s.chunk(0)
		for i, t := range s.phases[0].taps {
			to := s.dkernel[t.matrix*s.k*n:][:s.k*n]
			for k := range s.k {
				row := sum[(i*s.k+k)*s.stride:][:n]
				if !s.swapped {
					copy(to[k*n:], row)
					continue
				}
				for c, v := range row {
					to[c*s.k+k] = v
				}
			}
		}
	}
	joinBias(s.dbias, s.biasSums, s.biasWidth())
}

// joinBias adds the chunks' bias gradients, which are width apart; dbias nil: not wanted.
func joinBias(dbias, sums []float32, width int) {
	clear(dbias)
	for ; len(dbias) > 0 && len(sums) > 0; sums = sums[width:] {
		addScaled(dbias, 1, sums)
	}
}
