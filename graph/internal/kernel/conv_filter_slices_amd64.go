//go:build amd64 && !noasm

package kernel

import "unsafe"

// phaseSum computes the gradients by a kernel and by the bias by minimal filtering in phases. It differs from filterSum in its order, since
// the transformed gradients of all phases are too large for a core's cache: first the tiles of a part of the batch are transformed, then
// slices of the kernel's rows are summed over all of these tiles and transformed back. The batch is cut into chunks, each of some parts. Where
// there is a chunk for every core, each has its chunks to itself: what one core transforms and another reads costs more than the products.
type phaseSum struct {
	own  scratch // without a pool
	plan         // of a
	*filter
	gradient plan // of b: the results of a tile
	biasOfA  bool
	*microkernels
	images, bandRows int    // of a block
	tiles            int    // of a block
	blocks, bands    int    // of the batch
	together         int    // blocks of a part at most
	channels, stride int    // k and n in whole vectors
	source, results  layout // of transformed tiles
	panels           []panel
	rowOffsets       []int32       // by k, in bytes
	pixels           []int32       // by tile of a part, in bytes
	groups           [3][]rowGroup // by the width of a panel
	slices           int
	workers          []*phaseSumWorker
	part             phasePart      // of all workers, where a chunk is theirs together
	chunks           int            // of the batch
	sums, biasSums   []float32      // by chunk: [tap][k][stride], the first is dkernel itself where it has the same layout; by block
	image            *filterProduct // of a with the kernel, for runWithImage

	// of the current call
	n              int
	withImage      bool
	a, b           operand[float32]
	dkernel, dbias []float32
}

// phasePart is a part of a chunk whose tiles are in memory.
type phasePart struct {
	v, m         []float32 // transformed source and gradient: [position][tile][channel]
	first, count int       // blocks
	fresh        bool      // it is the chunk's first
	sum          []float32 // of the chunk
}

type phaseSumWorker struct {
	rows
	outer     outerArgs
	args      filterArgs
	part      phasePart // where a chunk is this worker's
	a, b      []float32 // with borders
	sum, taps []float32 // of a slice: [position of a tap][k][stride], and transformed back
}

const (
	maxTransformed = 2 << 20   // elements of a part's transformed tiles, about
	maxSlice       = 256 << 10 // and of a slice of the transformed gradients
	chunkTiles     = 64        // tiles of a chunk at least
)

func newPhaseSum(f *filter, pl plan, biasOfA bool) *phaseSum {
	k := chosenKernels()
	s := &phaseSum{
		plan: f.plan(pl), filter: f, biasOfA: biasOfA, microkernels: k,
		channels: k.padded(pl.k), stride: k.padded(pl.n), panels: k.panels(pl.n),
	}
	s.gradient = plan{
		srcH: pl.dstH, srcW: pl.dstW, k: pl.n, stepH: f.size, stepW: f.size, rows: s.rows, cols: s.cols,
		reach: f.size, width: f.size * s.cols,
	}
	s.images, s.bandRows = f.block(&s.plan)
	s.bands = ceil(s.rows, s.bandRows)
	s.tiles = s.images * s.bandRows * s.cols
	sources, results := len(f.tapPhases)*f.sources*f.sources, f.results*f.results
	s.source.tile, s.results.tile = spread(pl.k), spread(pl.n)
	s.together = max(1, maxTransformed/(sources*s.source.tile+results*s.results.tile)/s.tiles)
	tiles := s.tiles * s.together
	s.source.position, s.results.position = spread(tiles*s.source.tile), spread(tiles*s.results.tile)
	for i := range s.k {
		s.rowOffsets = append(s.rowOffsets, int32(4*i))
	}
	for i := range tiles {
		s.pixels = append(s.pixels, int32(4*i*s.source.tile))
	}
	for v := range s.groups {
		s.groups[v] = rowGroups(k.outer[v], s.k)
	}
	s.slices = min(len(s.groups[oneVector]), max(fewPieces, s.k*len(f.tapPhases)*f.kernels*f.kernels*s.stride/maxSlice))
	return s
}

// inPlace is whether dkernel has the layout of the sums.
func (s *phaseSum) inPlace() bool { return s.plan.n == s.stride }

func (s *phaseSum) biasWidth() int {
	if s.biasOfA {
		return s.channels
	}
	return s.stride
}

// block is the i-th of the batch.
func (s *phaseSum) block(i int) block {
	b := block{image: i / s.bands * s.images, from: i % s.bands * s.bandRows}
	b.images, b.to = min(s.images, s.n-b.image), min(s.rows, b.from+s.bandRows)
	return b
}

// tile is where the tiles of the i-th block begin, counted through the batch.
func (s *phaseSum) tile(i int) int {
	if i == s.blocks {
		return s.n * s.rows * s.cols
	}
	b := s.block(i)
	return (b.image*s.rows + b.images*b.from) * s.cols
}

// runWithImage is run, and computes image, the product of the source with the kernel, from the same transformed tiles. False: the source
// is not the layer's gradient.
func (s *phaseSum) runWithImage(pool *Pool, n int, a, b operand[float32], dkernel, dbias, image, kernel []float32) bool {
	if !s.biasOfA {
		return false
	}
	if s.image == nil {
		s.image = newFilterProductOf(s.filter, s.plan, Activation{}, false, s.source)
	}
	if s.image.panelsOfPass() < len(s.image.panels) {
		return false
	}
	memory := pool.memory(&s.own)
	few := pool.forProducts(n * s.products())
	s.image.prepare(few, memory, n, image, kernel, nil)
	s.image.pack(few)
	s.withImage = true
	s.sum(few, memory, n, a, b, dkernel, dbias)
	s.withImage = false
	s.image.finish()
	return true
}

func (s *phaseSum) run(pool *Pool, n int, a, b operand[float32], dkernel, dbias []float32) {
	s.sum(pool.forProducts(n*s.products()), pool.memory(&s.own), n, a, b, dkernel, dbias)
}

func (s *phaseSum) sum(pool *Pool, memory *scratch, n int, a, b operand[float32], dkernel, dbias []float32) {
	s.n, s.a, s.b, s.dkernel, s.dbias = n, a, b, dkernel, dbias
	s.blocks = ceil(n, s.images) * s.bands
	size := len(dkernel) / s.plan.n * s.stride
	s.chunks = chunksOf(s.tile(s.blocks))
	sums := s.chunks
	if s.inPlace() {
		sums--
	}
	s.sums = memory.take(sums * size)
	s.biasSums = memory.take(s.blocks * s.biasWidth())
	s.grow(memory, pool.Threads())
	switch {
	case n == 0:
		clear(s.chunk(0))
	case s.chunks >= pool.Threads():
		for _, w := range s.workers[:pool.Threads()] {
			s.takeTiles(memory, &w.part)
		}
		pool.runFlushing(s.chunks, (*phaseChunks)(s))
	default:
		s.takeTiles(memory, &s.part)
		for chunk := range s.chunks {
			s.parts(chunk, &s.part, func() {
				pool.runFlushing(s.part.count, (*phaseTransform)(s))
				pool.runFlushing(s.slices, (*phaseSlices)(s))
			})
		}
	}
	if s.chunks > 1 {
		pool.runFlushing(ceil(size, partLength), (*phaseJoin)(s))
	}
	if !s.inPlace() {
		for to, from := dkernel, s.chunk(0); len(to) > 0; to, from = to[s.plan.n:], from[s.stride:] {
			copy(to[:s.plan.n], from)
		}
	}
	joinBias(dbias, s.biasSums, s.biasWidth())
	s.a, s.b, s.dkernel, s.dbias, s.sums = operand[float32]{}, operand[float32]{}, nil, nil, nil
}

// chunksOf is into how many chunks a batch of so many tiles is cut: 8 or 4, for even work, or 1. Each sums and transforms back the whole kernel, which
// two or three do not make good.
func chunksOf(tiles int) int {
	switch chunks := tiles / chunkTiles; {
	case chunks >= fewPieces:
		return fewPieces
	case chunks >= fewPieces/2:
		return fewPieces / 2
	}
	return 1
}

// chunk is the sum of a chunk.
func (s *phaseSum) chunk(i int) []float32 {
	if s.inPlace() {
		return partial(s.dkernel, s.sums, i)
	}
	size := len(s.dkernel) / s.plan.n * s.stride
	return s.sums[i*size:][:size]
}

// parts calls f for each part of a chunk.
func (s *phaseSum) parts(chunk int, p *phasePart, f func()) {
	first, end := split(s.blocks, s.chunks, chunk)
	together := s.together
	if s.chunks > 1 { // each core has tiles of its own
		together = ceil(together, 2)
	}
	parts := ceil(end-first, together)
	p.sum = s.chunk(chunk)
	for i := range parts {
		from, to := split(end-first, parts, i)
		p.first, p.count, p.fresh = first+from, to-from, i == 0
		f()
	}
}

func (s *phaseSum) takeTiles(memory *scratch, p *phasePart) {
	p.v = memory.take(len(s.tapPhases) * s.sources * s.sources * s.source.position)
	p.m = memory.take(s.filter.results * s.filter.results * s.results.position)
}

func (s *phaseSum) grow(memory *scratch, workers int) {
	for len(s.workers) < workers {
		s.workers = append(s.workers, &phaseSumWorker{rows: rows{worker: len(s.workers)}})
	}
	slice := 0
	for i := range s.slices {
		from, to := s.slice(i)
		slice = max(slice, (to-from)*s.stride)
	}
	for _, w := range s.workers[:workers] {
		w.a = memory.take(s.images*s.sourceRows(s.bandRows)*s.width*s.k + 2*s.lanes)
		w.b = memory.take(s.images*s.size*s.bandRows*s.gradient.width*s.plan.n + 2*s.lanes)
		w.sum = memory.take(len(s.tapPhases) * s.kernels * s.kernels * slice)
		w.taps = memory.take(s.taps * s.taps * slice)
		w.args.middle = &memory.take(maxMiddle * s.lanes)[0]
	}
}

// slice are the kernel's rows of the i-th slice.
func (s *phaseSum) slice(i int) (from, to int) {
	first, end := split(len(s.groups[oneVector]), s.slices, i)
	if from, to = s.groups[oneVector][first].from, s.k; end < len(s.groups[oneVector]) {
		to = s.groups[oneVector][end].from
	}
	return from, to
}

// phaseChunks is the job that sums chunks, one a piece.
type phaseChunks phaseSum

func (c *phaseChunks) piece(worker, chunk int) {
	s := (*phaseSum)(c)
	w := s.workers[worker]
	s.parts(chunk, &w.part, func() {
		for i := range w.part.count {
			s.transform(worker, &w.part, i)
		}
		for i := range s.slices {
			s.sumSlice(w, &w.part, i)
		}
	})
}

// phaseTransform is the job that transforms a part that is all workers', a block a piece.
type phaseTransform phaseSum

func (t *phaseTransform) piece(worker, i int) { (*phaseSum)(t).transform(worker, &t.part, i) }

// phaseSlices is the job that sums such a part, a slice of the kernel's rows a piece.
type phaseSlices phaseSum

func (t *phaseSlices) piece(worker, i int) { (*phaseSum)(t).sumSlice(t.workers[worker], &t.part, i) }

// phaseJoin is the job that adds the chunks' sums, a part of the kernel a piece.
type phaseJoin phaseSum

func (j *phaseJoin) piece(worker, i int) {
	s := (*phaseSum)(j)
	s.workers[worker].join(s.microkernels, s.chunk(0), s.chunk(1), s.chunks, i)
}

// transform transforms the i-th block of a part.
func (s *phaseSum) transform(worker int, p *phasePart, i int) {
	w := s.workers[worker]
	i += p.first
	b, tile := s.block(i), s.tile(i)-s.tile(p.first)
	s.copySource(&w.rows, s.microkernels, w.a, &s.a, b)
	g := &s.gradient
	gradient := g.blockOf(&w.rows, s.microkernels, w.b, &s.b, b)
	if s.dbias != nil {
		bias := s.biasSums[i*s.biasWidth():][:s.biasWidth()]
		clear(bias)
		if s.biasOfA {
			s.addSource(&w.rows, s.microkernels, bias, &w.a[0], false, &s.a, b)
		} else { // pixels over the edge are zero
			w.add(s.microkernels, &bias[0], &gradient[0], s.plan.n, b.images*s.size*(b.to-b.from)*g.width, s.plan.n)
		}
	}
	v := p.v[tile*s.source.tile:]
	w.args.transformSource(s.filter, &s.plan, s.microkernels, v, w.a, b, s.source, 0)
	if s.withImage {
		i := s.image.workers[worker]
		i.v = v
		s.image.computeBlock(i, b)
	}
	w.args.transformGradient(s.filter, g, s.microkernels, p.m[tile*s.results.tile:], gradient, b, s.results)
}

// sumSlice sums the i-th slice of the kernel's rows over a part.
func (s *phaseSum) sumSlice(w *phaseSumWorker, p *phasePart, i int) {
	from, to := s.slice(i)
	first, end := split(len(s.groups[oneVector]), s.slices, i)
	positions, size := s.kernels*s.kernels, (to-from)*s.stride
	o := &w.outer
	o.pixels, o.count, o.stride = &s.pixels[0], s.tile(p.first+p.count)-s.tile(p.first), 4*s.results.tile
	o.sumStride, o.fresh, o.far = 4*s.stride, 1, 0
	for at := range positions {
		for _, panel := range s.panels {
			o.b = &p.m[at*s.results.position+panel.from]
			for phase := range s.tapPhases {
				if s.tapPhases[phase].zero(s.filter, at) {
					continue
				}
				position := phase*positions + at
				o.in = &p.v[position*s.source.position]
				for _, g := range s.groups[panel.width][first:end] {
					o.rows, o.sum = &s.rowOffsets[g.from], &w.sum[position*size+(g.from-from)*s.stride+panel.from]
					g.call((*byte)(unsafe.Pointer(o)))
				}
			}
		}
	}
	a := &w.args
	a.tiles, a.vectors, a.out, a.inColumn, a.outColumn = 1, size/s.lanes, &w.taps[0], 4*size, 4*size
	a.inRow, a.outRow = s.kernels*a.inColumn, s.taps*a.outColumn
	for i, phase := range s.tapPhases {
		a.in = &w.sum[i*positions*size]
		s.of(s.microkernels).kernelSum((*byte)(unsafe.Pointer(a)))
		for j, tap := range phase.order {
			if tap < 0 {
				continue
			}
			sum, taps := p.sum[(tap*s.k+from)*s.stride:][:size], w.taps[j*size:][:size]
			if p.fresh {
				copy(sum, taps)
			} else {
				w.add(s.microkernels, &sum[0], &taps[0], size, 1, size)
			}
		}
	}
}
