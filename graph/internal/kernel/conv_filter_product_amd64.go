//go:build amd64 && !noasm

package kernel

import "unsafe"

// filterProduct is a correlation or an adjoint by minimal filtering.
type filterProduct struct {
	own scratch // without a pool
	plan
	*filter
	*microkernels
	act         Activation
	transposed  bool
	images      int // of a block, as bandRows
	bandRows    int
	tiles       int // of a block
	channels    int // k in whole vectors
	transform   layout
	orders      [][]int // by phase: the taps of its kernel as the filter wants them; -1: a zero
	panels      []panel
	sums        [2][]filterSegments // by vectors of a panel less one, then by result
	tables      [2]phaseTable       // by vectors of a panel less one
	packed      []float32           // kernel: by panel, tap and k the columns of a panel
	transformed []float32           // the same with positions for taps
	copies      []float32           // of all blocks' sources for the passes after the first; nil: each makes its own
	bias, none  []float32
	workers     []*filterWorker

	// of the current call
	n           int
	in          operand[float32]
	out, kernel []float32
	blockImages int
	blockRows   int
	bands       int
	pass        pass
}

// pass is what is computed of all blocks before the next pass: the results of a phase, where those have their own, for some of the panels. So
// the transformed kernel needs less memory.
type pass struct{ phase, from, to int }

func (p pass) first() bool { return p.phase == 0 && p.from == 0 }

// maxKernel is about how many elements of a transformed kernel there are in a pass.
const maxKernel = 1 << 22

// filterSegments is what a result is the sum of.
type filterSegments struct {
	taps   []segmentOffset
	kernel int // position of the first
}

type filterWorker struct {
	productWorker
	args     filterArgs
	v, m     []float32 // transformed source by position, tile, k; products of a panel by result, tile, column
	fragment []float32 // results of tiles that reach over the edge
}

func newFilterProduct(f *filter, pl plan, act Activation, transposed bool) *filterProduct {
	return newFilterProductOf(f, pl, act, transposed, layout{})
}

// newFilterProductOf is newFilterProduct for a source that is transformed elsewhere, to the given layout.
func newFilterProductOf(f *filter, pl plan, act Activation, transposed bool, from layout) *filterProduct {
	k := chosenKernels()
	p := &filterProduct{
		plan: f.plan(pl), filter: f, microkernels: k, act: act, transposed: transposed,
		channels: k.padded(pl.k), panels: k.panels(pl.n),
		bias: make([]float32, k.padded(pl.n)+k.lanes), none: make([]float32, 2*k.lanes),
	}
	p.orders = f.orders(transposed)
	p.images, p.bandRows = f.block(&p.plan)
	p.tiles = p.images * p.bandRows * p.cols
	if p.transform = from; from.tile == 0 {
		p.transform = layout{p.channels, spread(p.tiles * p.channels)}
	}
	for v := range p.tables {
		t := &p.tables[v]
		for i := range p.tiles {
			t.pixels = append(t.pixels, int32(4*i*p.transform.tile))
			t.results = append(t.results, int32(4*i*(v+1)*p.lanes))
		}
		p.sums[v] = p.segments(v + 1)
	}
	return p
}

// resultDistance is that of two results before their transform.
func (p *filterProduct) resultDistance(vectors int) int { return spread(p.tiles * vectors * p.lanes) }

// segments lists the products of each result, for a panel of the given number of vectors.
func (p *filterProduct) segments(vectors int) []filterSegments {
	list := make([]filterSegments, p.results*p.results)
	next := make([]int, len(list))
	matrix := p.k * vectors * p.lanes
	add := func(result, source, kernel int) {
		s := &list[result]
		if len(s.taps) == 0 {
			s.kernel, next[result] = kernel, kernel
		}
		s.taps = append(s.taps, segmentOffset{int32(4 * source * p.transform.position), int32(4 * (kernel - next[result]) * matrix)})
		next[result] = kernel + 1
	}
	if len(p.tapPhases) == 0 {
		p.pairs(add)
		return list
	}
	positions := p.sources * p.sources
	for i := range p.together() {
		for at := range positions {
			if i == 0 || !p.tapPhases[i].zero(p.filter, at) {
				add(at, i*positions+at, i*positions+at)
			}
		}
	}
	return list
}

func (p *filterProduct) run(pool *Pool, n int, in operand[float32], out, kernel, bias []float32) {
	if n == 0 {
		return
	}
	memory := pool.memory(&p.own)
	pool = pool.forProducts(n * p.products())
	p.in = in
	p.cut(n)
	p.prepare(pool, memory, n, out, kernel, bias)
	blocks := ceil(n, p.blockImages) * p.bands
	size := p.blockImages*p.sourceRows(p.blockRows)*p.width*p.k + 2*p.lanes
	if p.copies = nil; in.origin() == computedGradient && !p.last() && blocks*size <= maxCopies {
		p.copies = memory.take(blocks * size)
	}
	for _, w := range p.workers[:pool.Threads()] {
		w.source = memory.take(size)
		w.v = memory.take(p.together() * p.sources * p.sources * p.transform.position)
	}
	for {
		p.pack(pool)
		pool.runFlushing(blocks, p)
		if p.last() {
			break
		}
		p.next()
	}
	p.finish()
}

// maxCopies is how many elements the sources of all blocks have at most that are computed in the first pass alone.
const maxCopies = 4 << 20

// panelsOfPass is how many panels a pass has.
func (p *filterProduct) panelsOfPass() int {
	return min(len(p.panels), max(1, maxKernel/(p.together()*p.kernels*p.kernels*p.k*2*p.lanes)))
}

// last tells whether all is computed after the current pass.
func (p *filterProduct) last() bool {
	return p.pass.to == len(p.panels) && (!p.apart || p.pass.phase == len(p.tapPhases)-1)
}

// next goes on with the next pass.
func (p *filterProduct) next() {
	a := &p.pass
	if a.from = a.to; a.from == len(p.panels) {
		a.phase, a.from = a.phase+1, 0
	}
	a.to = min(len(p.panels), a.from+p.panelsOfPass())
}

// prepare makes everything ready for the results of transformed blocks.
func (p *filterProduct) prepare(pool *Pool, memory *scratch, n int, out, kernel, bias []float32) {
	p.n, p.out, p.kernel = n, out, kernel
	clear(p.bias)
	copy(p.bias, bias)
	for len(p.workers) < pool.Threads() {
		p.workers = append(p.workers, &filterWorker{productWorker: productWorker{rows: rows{worker: len(p.workers)}}})
	}
	for _, w := range p.workers[:pool.Threads()] {
		w.m = memory.take(p.results * p.results * p.resultDistance(2))
		w.fragment = memory.take(p.size * p.size * p.cols * 2 * p.lanes)
		w.args.middle = &memory.take(maxMiddle * p.lanes)[0]
	}
	p.pass = pass{0, 0, p.panelsOfPass()}
	size := p.together() * p.k * min(p.padded(p.plan.n), p.pass.to*2*p.lanes)
	p.packed, p.transformed = memory.take(p.taps*p.taps*size), memory.take(p.kernels*p.kernels*size)
}

// pack transforms the kernel, of a phase where those have their own results.
func (p *filterProduct) pack(pool *Pool) {
	pool.runFlushing((p.pass.to-p.pass.from)*p.packingParts(), (*filterPacking)(p))
}

// finish drops the caller's slices.
func (p *filterProduct) finish() { p.in, p.out, p.kernel, p.copies = operand[float32]{}, nil, nil, nil }

// cut chooses blocks for n images: results do not depend on it.
func (p *filterProduct) cut(n int) {
	pieces := fewPieces
	if len(p.tapPhases) > 0 { // their kernels are large, and are read once for each block
		pieces = 4
	}
	p.blockImages, p.blockRows = max(1, min(p.images, n/pieces)), p.bandRows
	if n < fewPieces {
		p.blockRows = min(p.blockRows, max(ceil(p.rows, ceil(fewPieces, n)), min(p.rows, ceil(fewPixels, p.cols))))
	}
	p.bands = ceil(p.rows, p.blockRows)
}

func (p *filterProduct) piece(worker, i int) {
	w := p.workers[worker]
	b := block{image: i / p.bands * p.blockImages, from: i % p.bands * p.blockRows}
	b.images, b.to = min(p.blockImages, p.n-b.image), min(p.rows, b.from+p.blockRows)
	switch size := len(w.source); {
	case p.copies == nil:
		p.copySource(&w.rows, p.microkernels, w.source, &p.in, b)
	case p.pass.first():
		p.copySource(&w.rows, p.microkernels, w.source, &p.in, b)
		copy(p.copies[i*size:][:size], w.source)
	default:
		copy(w.source, p.copies[i*size:])
	}
	w.args.transformSource(p.filter, &p.plan, p.microkernels, w.v, w.source, b, p.transform, p.pass.phase)
	p.computeBlock(w, b)
}

// computeBlock computes a block whose transformed source is in w.v.
func (p *filterProduct) computeBlock(w *filterWorker, b block) {
	for _, panel := range p.panels[p.pass.from:p.pass.to] {
		p.multiply(w, panel, b)
		p.writeResults(w, panel, b)
	}
	if (p.act.Function == Sigmoid || p.act.Function == Tanh) && p.last() {
		first := (b.image*p.dstH + p.size*b.from) * p.dstW * p.plan.n
		last := ((b.image+b.images-1)*p.dstH + min(p.dstH, p.size*b.to)) * p.dstW * p.plan.n
		activate32(p.act, p.out[first:last])
	}
}

// farKernel is from how many elements on a pass' transformed kernel is larger than a core's own caches.
const farKernel = 256 << 10

// multiply computes the products of all tiles of a block with a panel of the transformed kernel.
func (p *filterProduct) multiply(w *filterWorker, panel panel, b block) {
	width := panel.vectors * p.lanes
	t, table := &w.tile, &p.tables[panel.vectors-1]
	t.in, t.stride, t.bias, t.act, t.columns = &w.v[0], 4*width, &p.none[0], 0, columnMask{bits: 1<<32 - 1}
	for result, s := range p.sums[panel.vectors-1] {
		t.length = p.k
		if p.apart && p.tapPhases[p.pass.phase].zero(p.filter, result) {
			t.length = 0
		}
		t.taps, t.segments, t.out = &s.taps[0], len(s.taps), &w.m[result*p.resultDistance(panel.vectors)]
		t.b = &p.transformed[(p.together()*p.kernels*p.kernels*p.column(panel)+s.kernel*width)*p.k]
		tiles := p.tile[panel.width]
		if panel.width == twoVectors && len(p.transformed) >= farKernel {
			tiles = p.tileFar
		}
		runTiles(tiles, t, table, b.images*(b.to-b.from)*p.cols)
	}
}

// column is a panel's first column in a pass.
func (p *filterProduct) column(panel panel) int { return panel.from - p.panels[p.pass.from].from }

// writeResults transforms the products of a panel back and writes them with bias and activation.
func (p *filterProduct) writeResults(w *filterWorker, panel panel, b block) {
	a, n, size := &w.args, p.plan.n, p.size
	width := panel.vectors * p.lanes
	a.vectors, a.bias = panel.vectors, &p.bias[panel.from]
	a.inTile, a.inColumn = 4*width, 4*p.resultDistance(panel.vectors)
	a.inRow = p.results * a.inColumn
	a.act, a.slope = fusedActivation(p.act)
	from, apart := filterPhase{}, 1 // results of a phase
	if p.apart {
		from, apart = p.tapPhases[p.pass.phase], p.strideH/p.step
	}
	height := b.to - b.from
	for row := range b.images * height {
		image, r := b.image+row/height, b.from+row%height
		m := w.m[row*p.cols*width:]
		out := p.out[((image*p.dstH+size*r)*p.dstW)*n+panel.from:]
		whole := p.dstW / size // tiles with all results inside
		if size*(r+1) > p.dstH {
			whole = 0
		}
		if whole > 0 {
			a.tiles, a.in, a.out = whole, &m[0], &out[(from.toRow*p.dstW+from.toCol)*n]
			a.stream = streamed(p.out, n)
			a.outRow, a.outColumn, a.outTile, a.columns = 4*apart*p.dstW*n, 4*apart*n, 4*size*n, p.mask(panel)
			p.of(p.microkernels).result((*byte)(unsafe.Pointer(a)))
		}
		if rest := p.cols - whole; rest > 0 {
			a.stream = 0
			a.tiles, a.in, a.out = rest, &m[whole*width], &w.fragment[(from.toRow*size*rest+from.toCol)*width]
			a.outRow, a.outColumn, a.outTile, a.columns = 4*apart*size*rest*width, 4*apart*width, 4*size*width, columnMask{bits: 1<<32 - 1}
			p.of(p.microkernels).result((*byte)(unsafe.Pointer(a)))
			for i := from.toRow; i < min(size, p.dstH-size*r); i += apart {
				for j := from.toCol; j < p.dstW-size*whole; j += apart {
					copy(out[(i*p.dstW+size*whole+j)*n:][:panel.columns], w.fragment[(i*size*rest+j)*width:])
				}
			}
		}
	}
}

// packingParts is into how many parts a panel's rows are cut for packing.
func (p *filterProduct) packingParts() int {
	return max(1, min(ceil(fewPieces, p.panelsOfPass()), p.k/16))
}

// filterPacking is the job that packs and transforms the kernel, a part of a panel's rows a piece.
type filterPacking filterProduct

func (p *filterPacking) piece(worker, i int) {
	w := p.workers[worker]
	parts := (*filterProduct)(p).packingParts()
	panel, part := p.panels[p.pass.from+i/parts], i%parts
	width, column := panel.vectors*p.lanes, (*filterProduct)(p).column(panel)
	from, to := split(ceil(p.k, 8), parts, part)
	from, to = 8*from, min(p.k, 8*to)
	tile, positions := p.taps*p.taps, p.kernels*p.kernels
	a := &w.args
	for i := range p.together() {
		taps := p.packed[tile*(p.together()*column+i*width)*p.k:][:tile*width*p.k]
		for i, tap := range p.orders[p.pass.phase+i] {
			packed := taps[i*width*p.k:]
			if tap < 0 {
				clear(packed[from*width : to*width])
				continue
			}
			matrix := p.kernel[tap*p.k*p.plan.n:][:p.k*p.plan.n]
			if p.transposed {
				w.transpose.pack(packed, matrix, panel, p.k, width, from, to)
			} else {
				packRows(packed, matrix, panel, p.plan.n, width, from, to)
			}
		}
		a.tiles, a.vectors, a.in, a.inColumn = 1, (to-from)*panel.vectors, &taps[from*width], 4*width*p.k
		a.out, a.outColumn = &p.transformed[positions*(p.together()*column+i*width)*p.k+from*width], 4*width*p.k
		a.inRow, a.outRow = p.taps*a.inColumn, p.kernels*a.outColumn
		p.of(p.microkernels).kernel((*byte)(unsafe.Pointer(a)))
	}
}
