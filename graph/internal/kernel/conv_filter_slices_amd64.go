//go:build amd64 && !noasm

package kernel

import "unsafe"

// phaseSum computes the gradients by a kernel and by the bias by minimal filtering in phases. It differs from filterSum in its order, since
// the transformed gradients of all phases are too large for a core's cache: first the tiles of a part of the batch are transformed, then
// slices of the kernel's rows are summed over all of these tiles and transformed back, each by one core.
type phaseSum struct {
	own  scratch // without a pool
	plan         // of a
	*filter
	gradient plan // of b: the results of a tile
	biasOfA  bool
	*microkernels
	images, bandRows int    // of a block
	blocks, bands    int    // of the batch
	together         int    // blocks of a part
	channels, stride int    // k and n in whole vectors
	source, results  layout // of transformed tiles
	panels           []panel
	rowOffsets       []int32       // by k, in bytes
	pixels           []int32       // by tile of a part, in bytes
	groups           [3][]rowGroup // by the width of a panel
	slices           int
	workers          []*phaseSumWorker
	v, m             []float32      // transformed source and gradient of a part: [position][tile][channel]
	sums, biasSums   []float32      // [tap][k][stride], where dkernel has another layout; by block
	image            *filterProduct // of a with the kernel, for runWithImage

	// of the current call
	n, first, count int // blocks of the part
	withImage       bool
	a, b            operand[float32]
	dkernel, dbias  []float32
}

type phaseSumWorker struct {
	rows
	outer     outerArgs
	args      filterArgs
	a, b      []float32 // with borders
	sum, taps []float32 // of a slice: [position of a tap][k][stride], and transformed back
}

const (
	maxTransformed = 1 << 20   // elements of a part's transformed tiles, about
	maxSlice       = 256 << 10 // and of a slice of the transformed gradients
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
	tiles := s.images * s.bandRows * s.cols
	sources, results := len(f.tapPhases)*f.sources*f.sources, f.results*f.results
	s.source.tile, s.results.tile = spread(pl.k), spread(pl.n)
	s.together = max(1, maxTransformed/(sources*s.source.tile+results*s.results.tile)/tiles)
	tiles *= s.together
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
	s.sums = dkernel
	if !s.inPlace() {
		s.sums = memory.take(len(dkernel) / s.plan.n * s.stride)
	}
	if n == 0 {
		clear(s.sums)
	}
	s.biasSums = memory.take(s.blocks * s.biasWidth())
	s.grow(memory, pool.Threads())
	parts := ceil(s.blocks, s.together)
	for i := range parts {
		from, to := split(s.blocks, parts, i)
		s.first, s.count = from, to-from
		pool.runFlushing(s.count, (*phaseTransform)(s))
		pool.runFlushing(s.slices, s)
	}
	if !s.inPlace() {
		for to, from := dkernel, s.sums; len(to) > 0; to, from = to[s.plan.n:], from[s.stride:] {
			copy(to[:s.plan.n], from)
		}
	}
	joinBias(dbias, s.biasSums, s.biasWidth())
	s.a, s.b, s.dkernel, s.dbias, s.sums = operand[float32]{}, operand[float32]{}, nil, nil, nil
}

func (s *phaseSum) grow(memory *scratch, workers int) {
	s.v = memory.take(len(s.tapPhases) * s.sources * s.sources * s.source.position)
	s.m = memory.take(s.filter.results * s.filter.results * s.results.position)
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

// phaseTransform is the job that transforms a part of the batch, a block a piece.
type phaseTransform phaseSum

func (t *phaseTransform) piece(worker, i int) {
	s := (*phaseSum)(t)
	w := s.workers[worker]
	i += s.first
	b, tile := s.block(i), s.tile(i)-s.tile(s.first)
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
	v := s.v[tile*s.source.tile:]
	w.args.transformSource(s.filter, &s.plan, s.microkernels, v, w.a, b, s.source, 0)
	if s.withImage {
		i := s.image.workers[worker]
		i.v = v
		s.image.computeBlock(i, b)
	}
	w.args.transformGradient(s.filter, g, s.microkernels, s.m[tile*s.results.tile:], gradient, b, s.results)
}

// piece sums a slice of the kernel's rows over a part of the batch.
func (s *phaseSum) piece(worker, i int) {
	w := s.workers[worker]
	from, to := s.slice(i)
	first, end := split(len(s.groups[oneVector]), s.slices, i)
	positions, size := s.kernels*s.kernels, (to-from)*s.stride
	o := &w.outer
	o.pixels, o.count, o.stride = &s.pixels[0], s.tile(s.first+s.count)-s.tile(s.first), 4*s.results.tile
	o.sumStride, o.fresh, o.far = 4*s.stride, 1, 0
	for at := range positions {
		for _, p := range s.panels {
			o.b = &s.m[at*s.results.position+p.from]
			for phase := range s.tapPhases {
				if s.tapPhases[phase].zero(s.filter, at) {
					continue
				}
				position := phase*positions + at
				o.in = &s.v[position*s.source.position]
				for _, g := range s.groups[p.width][first:end] {
					o.rows, o.sum = &s.rowOffsets[g.from], &w.sum[position*size+(g.from-from)*s.stride+p.from]
					g.call((*byte)(unsafe.Pointer(o)))
				}
			}
		}
	}
	a := &w.args
	a.tiles, a.vectors, a.out, a.inColumn, a.outColumn = 1, size/s.lanes, &w.taps[0], 4*size, 4*size
	a.inRow, a.outRow = s.kernels*a.inColumn, s.taps*a.outColumn
	for phase, p := range s.tapPhases {
		a.in = &w.sum[phase*positions*size]
		s.of(s.microkernels).kernelSum((*byte)(unsafe.Pointer(a)))
		for j, tap := range p.order {
			if tap < 0 {
				continue
			}
			sum, taps := s.sums[(tap*s.k+from)*s.stride:][:size], w.taps[j*size:][:size]
			if s.first == 0 {
				copy(sum, taps)
			} else {
				w.add(s.microkernels, &sum[0], &taps[0], size, 1, size)
			}
		}
	}
}
