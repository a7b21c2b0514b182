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
	strips, all      []strip       // panels that are summed together, and all as one
	rowOffsets       []int32       // by row of the sum, in bytes from a pixel of a
	pixels           []int32       // by pixel of a block
	groups           [3][]rowGroup // by the width of a panel
	stride           int           // elements from row to row of a sum
	workers          []*sumWorker
	sums, biasSums   []float32 // by chunk; the first of sums is dkernel itself where it has the same layout
	chunks, parts    int       // pieces: of the batch, and of the strips or row groups

	// of the current call
	n              int
	cut            []strip
	strideB        int // elements from pixel to pixel of b
	a, b           operand[float32]
	dkernel, dbias []float32
}

type rowGroup struct {
	from int
	call func(*byte)
}

// strip is a run of panels, of which b is copied at a time.
type strip struct {
	from, columns int
	panels        []panel
}

type sumWorker struct {
	rows
	outer outerArgs
	a, b  []float32
}

// Of b so many pixels and vectors are used for all row groups while they are in the first level cache.
const (
	pixelBlock   = 192
	stripVectors = 4
)

func newKernelSum(pl plan, swapped, biasOfA, derivedA, derivedB bool) *kernelSum {
	k := chosenKernels()
	s := &kernelSum{
		plan: pl, swapped: swapped, biasOfA: biasOfA, microkernels: k,
		directA: !pl.bordered && !derivedA,
		stride:  k.padded(pl.n),
	}
	s.strips, s.all = k.strips(pl.n, stripVectors*k.lanes), k.strips(pl.n, s.stride)
	s.extend()
	source := maxSource
	if s.directA {
		source *= 8
	}
	s.images, s.bandRows = s.blockSize(source, 1<<30)
	s.bands = ceil(s.rows, s.bandRows)
	s.directB = !derivedB && pl.n == s.stride && len(s.strips) == 1
	f := &s.phases[0]
	for _, t := range f.taps {
		for i := range s.k {
			s.rowOffsets = append(s.rowOffsets, int32(4*(((t.row+s.top)*s.width+t.col+s.left)*s.k+i)))
		}
	}
	s.pixels = s.pixelTable(f, s.images, s.bandRows, s.directA)
	for v := range s.groups {
		s.groups[v] = rowGroups(k.outer[v], len(s.rowOffsets))
	}
	return s
}

// strips cuts n columns into strips of at most width, a multiple of panels.
func (k *microkernels) strips(n, width int) []strip {
	var list []strip
	panels := k.panels(n)
	for from := 0; from < n; from += width {
		s := strip{from: from, columns: min(width, n-from)}
		for len(panels) > 0 && panels[0].from < from+width {
			s.panels, panels = append(s.panels, panels[0]), panels[1:]
		}
		list = append(list, s)
	}
	return list
}

// rowGroups cuts rows into groups, each as large as there is a microkernel for; none without microkernels.
func rowGroups(kernels []microkernel, rows int) []rowGroup {
	var groups []rowGroup
	for from := 0; from < rows && kernels != nil; {
		for _, m := range kernels {
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
	s.cut = s.strips
	if b.lazy != nil {
		s.cut = s.all
	}
	s.strideB = s.stride
	if !s.directB && !s.computedB() && s.stride > stripVectors*s.lanes {
		s.strideB = s.padded(s.cut[0].columns) + s.lanes // rows a power of two apart would share few sets of the cache
	}
	s.parts = min(max(1, len(s.groups[oneVector])), ceil(fewPieces, s.chunks))
	if len(s.cut) > 1 {
		s.parts = min(len(s.cut), ceil(fewPieces, s.chunks))
	}
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
		s.workers = append(s.workers, &sumWorker{rows: rows{worker: len(s.workers)}})
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

// computedB is whether b is computed as it is to be read.
func (s *kernelSum) computedB() bool {
	return s.b.lazy != nil && s.b.y == nil && s.plan.n == s.stride
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

// piece sums a chunk of the batch for a part of the strips or, if there is one, of the row groups.
func (s *kernelSum) piece(worker, i int) {
	w := s.workers[worker]
	chunk, part := i/s.parts, i%s.parts
	strips, groups := s.cut, s.groups
	if len(strips) > 1 {
		from, to := split(len(strips), s.parts, part)
		strips = strips[from:to]
	} else {
		for v := range groups {
			from, to := split(len(groups[v]), s.parts, part)
			groups[v] = groups[v][from:to]
		}
	}
	sum := s.chunk(chunk)
	var bias []float32
	if s.dbias != nil && (part == 0 || len(s.cut) > 1 && !s.biasOfA) {
		bias = s.biasSums[chunk*s.biasWidth():][:s.biasWidth()]
		own := bias
		if !s.biasOfA {
			last := strips[len(strips)-1]
			own = bias[strips[0].from : last.from+s.padded(last.columns)]
		}
		clear(own)
	}
	from, to := split(s.blocks, s.chunks, chunk)
	if from == to {
		clear(sum) // no images
	}
	for unit := from; unit < to; unit++ {
		b := block{image: unit / s.bands * s.images, from: unit % s.bands * s.bandRows}
		b.images, b.to = min(s.images, s.n-b.image), min(s.rows, b.from+s.bandRows)
		s.addBlock(w, b, strips, groups, sum, bias, unit == from)
	}
}

// addBlock adds a block to the given columns and rows of sum, which the first block begins, and to bias if that is not nil.
func (s *kernelSum) addBlock(w *sumWorker, b block, strips []strip, groups [3][]rowGroup, sum, bias []float32, first bool) {
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
	for _, c := range strips {
		o.fresh = 0
		if first {
			o.fresh = 1
		}
		for done := 0; done < count; {
			step := ceil(count-done, ceil(count-done, pixelBlock))
			o.count, o.pixels = step, &s.pixels[done]
			at := from + done*s.plan.n + c.from
			var data *float32
			switch {
			case s.computedB():
				data = &s.b.slice(w.worker, at, at+step*s.plan.n)[0]
			case s.directB:
				data = &s.b.values[at]
			default:
				w.copyDerived(s.microkernels, w.b, s.strideB, &s.b, at, s.plan.n, step, c.columns)
				data = &w.b[0]
			}
			if bias != nil && !s.biasOfA {
				w.add(s.microkernels, &bias[c.from], data, s.strideB, step, c.columns)
			}
			s.addPixels(o, data, c, groups, sum)
			o.fresh = 0
			done += step
		}
	}
}

// addPixels adds a block of pixels to the rows and the columns of a strip of sum.
func (s *kernelSum) addPixels(o *outerArgs, data *float32, c strip, groups [3][]rowGroup, sum []float32) {
	o.stride, o.sumStride, o.far = 4*s.strideB, 4*s.stride, 0
	if len(s.rowOffsets)*s.stride >= farSum {
		o.far = 1
	}
	for _, p := range c.panels {
		o.b = offset(data, p.from-c.from)
		for _, g := range groups[p.width] {
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
