//go:build amd64 && !noasm

package kernel

import "unsafe"

// filterSum computes the gradients by a 3x3 kernel and by the bias by minimal filtering: the gradient by each transformed tap
// is a sum over all tiles of transformed source pixels times transformed gradients of results. The arguments are those of
// kernelSum: a is the source, b the results' gradient. Turned they change places, which stride 1 allows, for the sake of runWithImage.
type filterSum struct {
	own  scratch // without a pool
	plan         // of a
	*filter
	gradient plan // of b: the results of a tile
	turned   bool
	biasOfA  bool
	*microkernels
	images, bandRows int // of a block
	blocks, bands    int
	tiles            int // of a block
	channels         int // k in whole vectors
	stride           int // n in whole vectors
	panels           []panel
	rowOffsets       []int32       // by k, in bytes
	pixels           []int32       // by tile, in bytes in v
	groups           [3][]rowGroup // by the width of a panel
	workers          []*filterSumWorker
	chunks           int
	sums, biasSums   []float32      // by chunk: [tap][k][stride], [biasWidth]; the first of sums is dkernel itself where it has the same layout
	image            *filterProduct // of a with the kernel, for runWithImage

	// of the current call
	n              int
	withImage      bool
	a, b           operand[float32]
	dkernel, dbias []float32
}

type filterSumWorker struct {
	rows
	outer     outerArgs
	args      filterArgs
	transpose transposeArgs
	a, b      []float32 // with borders
	v, m      []float32 // transformed, by position and tile
	sum       []float32 // of a chunk: [position of a tap][k][stride]
}

func newFilterSum(f *filter, pl plan, turned, biasOfA bool) *filterSum {
	k := chosenKernels()
	s := &filterSum{
		plan: f.plan(pl), filter: f, turned: turned, biasOfA: biasOfA, microkernels: k,
		channels: k.padded(pl.k), stride: k.padded(pl.n), panels: k.panels(pl.n),
	}
	s.gradient = plan{
		srcH: pl.dstH, srcW: pl.dstW, k: pl.n, stepH: f.size, stepW: f.size, rows: s.rows, cols: s.cols,
		reach: f.size, width: f.size * s.cols,
	}
	s.images, s.bandRows = f.block(&s.plan)
	s.bands = ceil(s.rows, s.bandRows)
	s.tiles = s.images * s.bandRows * s.cols
	for i := range s.k {
		s.rowOffsets = append(s.rowOffsets, int32(4*i))
	}
	for i := range s.tiles {
		s.pixels = append(s.pixels, int32(4*i*s.channels))
	}
	for v := range s.groups {
		s.groups[v] = rowGroups(k.outer[v], s.k)
	}
	return s
}

// sourceDistance is that of two positions of the transformed source, gradientDistance of the transformed gradient.
func (s *filterSum) sourceDistance() int { return spread(s.tiles * s.channels) }

func (s *filterSum) gradientDistance() int { return spread(s.tiles * s.stride) }

// inPlace is whether dkernel has the layout of a chunk's sum.
func (s *filterSum) inPlace() bool { return !s.turned && s.plan.n == s.stride }

// sumSize is the length of a chunk's sum by transformed taps.
func (s *filterSum) sumSize() int { return s.kernels * s.kernels * s.k * s.stride }

// chunk is the sum of a chunk by taps.
func (s *filterSum) chunk(i int) []float32 {
	size := 9 * s.k * s.stride
	if s.inPlace() {
		return partial(s.dkernel[:size], s.sums, i)
	}
	return s.sums[i*size:][:size]
}

func (s *filterSum) biasWidth() int {
	if s.biasOfA {
		return s.channels
	}
	return s.stride
}

// runWithImage is run, and computes image, the product of the source with the kernel, from the same transformed tiles. False: it is
// better to compute them one after the other.
func (s *filterSum) runWithImage(pool *Pool, n int, a, b operand[float32], dkernel, dbias, image, kernel []float32) bool {
	if !s.biasOfA || s.blockCount(n) < fewPieces { // the source is not the layer's gradient
		return false
	}
	if s.image == nil {
		s.image = newFilterProduct(s.filter, s.plan, Activation{}, s.turned)
	}
	if s.image.panelsOfPass() < len(s.image.panels) {
		return false
	}
	memory := pool.memory(&s.own)
	s.image.prepare(pool.forProducts(n*s.products()), memory, n, image, kernel, nil)
	s.image.pack(pool)
	s.withImage = true
	s.sum(pool, memory, n, a, b, dkernel, dbias)
	s.withImage = false
	s.image.finish()
	return true
}

func (s *filterSum) run(pool *Pool, n int, a, b operand[float32], dkernel, dbias []float32) {
	s.sum(pool, pool.memory(&s.own), n, a, b, dkernel, dbias)
}

func (s *filterSum) blockCount(n int) int { return ceil(n, s.images) * s.bands }

func (s *filterSum) sum(pool *Pool, memory *scratch, n int, a, b operand[float32], dkernel, dbias []float32) {
	pool = pool.forProducts(n * s.products())
	if s.turned {
		a, b = b, a
	}
	s.n, s.a, s.b, s.dkernel, s.dbias = n, a, b, dkernel, dbias
	s.blocks = s.blockCount(n)
	s.chunks = min(fewPieces, chunkCount(s.blocks, s.kernels*s.kernels*s.k*roundUp(s.plan.n)))
	sums := s.chunks
	if s.inPlace() {
		sums--
	}
	s.sums = memory.take(sums * 9 * s.k * s.stride)
	s.biasSums = memory.take(s.chunks * s.biasWidth())
	for len(s.workers) < pool.Threads() {
		s.workers = append(s.workers, &filterSumWorker{rows: rows{worker: len(s.workers)}})
	}
	for _, w := range s.workers[:pool.Threads()] {
		w.a = memory.take(s.images*s.sourceRows(s.bandRows)*s.width*s.k + 2*s.lanes)
		w.b = memory.take(s.images*s.size*s.bandRows*s.gradient.width*s.plan.n + 2*s.lanes)
		w.v = memory.take(s.sources * s.sources * s.sourceDistance())
		w.m = memory.take(s.results * s.results * s.gradientDistance())
		w.sum = memory.take(s.sumSize())
		w.args.middle = &memory.take(maxMiddle * s.lanes)[0]
	}
	pool.runFlushing(s.chunks, s)
	if s.chunks > 1 {
		pool.runFlushing(ceil(9*s.k*s.stride, partLength), (*filterJoin)(s))
	}
	if !s.inPlace() {
		pool.run(9, (*filterUnpacking)(s))
	}
	joinBias(dbias, s.biasSums, s.biasWidth())
	s.a, s.b, s.dkernel, s.dbias = operand[float32]{}, operand[float32]{}, nil, nil
}

// piece sums a chunk of the batch.
func (s *filterSum) piece(worker, chunk int) {
	w := s.workers[worker]
	bias := s.biasSums[chunk*s.biasWidth():][:s.biasWidth()]
	clear(bias)
	from, to := split(s.blocks, s.chunks, chunk)
	if from == to {
		clear(s.chunk(chunk)) // no images
		return
	}
	for unit := from; unit < to; unit++ {
		b := block{image: unit / s.bands * s.images, from: unit % s.bands * s.bandRows}
		b.images, b.to = min(s.images, s.n-b.image), min(s.rows, b.from+s.bandRows)
		s.copySource(&w.rows, s.microkernels, w.a, &s.a, b)
		gradient := s.gradient.blockOf(&w.rows, s.microkernels, w.b, &s.b, b)
		switch {
		case s.dbias == nil:
		case s.biasOfA:
			s.addSource(&w.rows, s.microkernels, bias, &w.a[0], false, &s.a, b)
		default: // pixels over the edge are zero
			pixels := b.images * s.size * (b.to - b.from) * s.gradient.width
			w.add(s.microkernels, &bias[0], &gradient[0], s.plan.n, pixels, s.plan.n)
		}
		w.args.transformSource(s.filter, &s.plan, s.microkernels, w.v, w.a, b, layout{s.channels, s.sourceDistance()}, 0)
		if s.withImage {
			i := s.image.workers[worker]
			i.v = w.v
			s.image.computeBlock(i, b)
		}
		w.args.transformGradient(s.filter, &s.gradient, s.microkernels, w.m, gradient, b, layout{s.stride, s.gradientDistance()})
		s.addTiles(w, b.images*(b.to-b.from)*s.cols, unit == from)
	}
	size := s.k * s.stride
	a := &w.args
	a.tiles, a.vectors, a.in, a.inColumn = 1, size/s.lanes, &w.sum[0], 4*size
	a.out, a.outColumn = &s.chunk(chunk)[0], 4*size
	a.inRow, a.outRow = s.kernels*a.inColumn, 3*a.outColumn
	s.of(s.microkernels).kernelSum((*byte)(unsafe.Pointer(a)))
}

// farSum is from how many elements on it pays to fetch a sum in advance.
const farSum = 100 << 10

// addTiles adds the products of count tiles to the worker's sum; the first ones begin it.
func (s *filterSum) addTiles(w *filterSumWorker, count int, first bool) {
	o := &w.outer
	begun := 0 // positions of taps, as bits
	o.pixels, o.count, o.stride, o.sumStride = &s.pixels[0], count, 4*s.stride, 4*s.stride
	o.far = 0
	if s.sumSize() >= farSum {
		o.far = 1
	}
	for i := range len(s.factors) * len(s.factors) {
		f, g := s.factors[i/len(s.factors)], s.factors[i%len(s.factors)]
		source, result, kernel := f.source*s.sources+g.source, f.result*s.results+g.result, f.kernel*s.kernels+g.kernel
		o.in = &w.v[source*s.sourceDistance()]
		o.fresh = 0
		if first && begun>>kernel&1 == 0 {
			o.fresh = 1
		}
		begun |= 1 << kernel
		for _, p := range s.panels {
			o.b = &w.m[result*s.gradientDistance()+p.from]
			for _, g := range s.groups[p.width] {
				o.rows, o.sum = &s.rowOffsets[g.from], &w.sum[(kernel*s.k+g.from)*s.stride+p.from]
				g.call((*byte)(unsafe.Pointer(o)))
			}
		}
	}
}

// filterJoin is the job that adds the chunks' sums, a part of the kernel a piece.
type filterJoin filterSum

func (j *filterJoin) piece(worker, i int) {
	s := (*filterSum)(j)
	s.workers[worker].join(s.microkernels, s.chunk(0), s.chunk(1), s.chunks, i)
}

// filterUnpacking is the job that copies the kernel's gradient to where it belongs, a tap a piece.
type filterUnpacking filterSum

func (u *filterUnpacking) piece(worker, tap int) {
	from, n := u.sums[tap*u.k*u.stride:][:u.k*u.stride], u.plan.n
	if u.turned {
		to := u.dkernel[(8-tap)*u.k*n:][:u.k*n]
		u.workers[worker].transpose.pack(to, from, panel{columns: u.k}, u.stride, u.k, 0, n)
		return
	}
	for to := u.dkernel[tap*u.k*n:][:u.k*n]; len(to) > 0; to, from = to[n:], from[min(u.stride, len(from)):] {
		copy(to[:n], from)
	}
}
