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
	order       []int // taps of the kernel as the filter wants them
	images      int   // of a block, as bandRows
	bandRows    int
	tiles       int // of a block
	channels    int // k in whole vectors
	panels      []panel
	sums        [2][]filterSegments // by vectors of a panel less one, then by result
	tables      [2]phaseTable       // by vectors of a panel less one
	packed      []float32           // kernel: by panel, tap and k the columns of a panel
	transformed []float32           // the same with positions for taps
	bias, none  []float32
	workers     []*filterWorker

	// of the current call
	n           int
	in          operand[float32]
	out, kernel []float32
	blockImages int
	blockRows   int
	bands       int
}

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
	k := chosenKernels()
	p := &filterProduct{
		plan: f.plan(pl), filter: f, microkernels: k, act: act, transposed: transposed,
		channels: k.padded(pl.k), panels: k.panels(pl.n),
		bias: make([]float32, k.padded(pl.n)+k.lanes), none: make([]float32, 2*k.lanes),
	}
	for i := range 9 {
		if f.step == f.size && transposed || f == &filterWide {
			i = 8 - i
		}
		p.order = append(p.order, i)
	}
	p.images, p.bandRows = f.block(&p.plan)
	p.tiles = p.images * p.bandRows * p.cols
	for v := range p.tables {
		t := &p.tables[v]
		for i := range p.tiles {
			t.pixels = append(t.pixels, int32(4*i*p.channels))
			t.results = append(t.results, int32(4*i*(v+1)*p.lanes))
		}
		p.sums[v] = p.segments(v + 1)
	}
	return p
}

// sourceDistance is that of two positions of the transformed source.
func (p *filterProduct) sourceDistance() int { return spread(p.tiles * p.channels) }

// resultDistance is that of two results before their transform.
func (p *filterProduct) resultDistance(vectors int) int { return spread(p.tiles * vectors * p.lanes) }

// segments lists the products of each result, for a panel of the given number of vectors.
func (p *filterProduct) segments(vectors int) []filterSegments {
	list := make([]filterSegments, p.results*p.results)
	next := 0
	matrix := p.k * vectors * p.lanes
	p.pairs(func(result, source, kernel int) {
		s := &list[result]
		if len(s.taps) == 0 {
			s.kernel, next = kernel, kernel
		}
		s.taps = append(s.taps, segmentOffset{int32(4 * source * p.sourceDistance()), int32(4 * (kernel - next) * matrix)})
		next = kernel + 1
	})
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
	for _, w := range p.workers[:pool.Threads()] {
		w.source = memory.take(p.blockImages*p.sourceRows(p.blockRows)*p.width*p.k + 2*p.lanes)
		w.v = memory.take(p.sources * p.sources * p.sourceDistance())
	}
	pool.runFlushing(ceil(n, p.blockImages)*p.bands, p)
	p.finish()
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
	size := p.k * p.padded(p.plan.n)
	p.packed, p.transformed = memory.take(9*size), memory.take(p.kernels*p.kernels*size)
	pool.runFlushing(len(p.panels)*p.packingParts(), (*filterPacking)(p))
}

// finish drops the caller's slices.
func (p *filterProduct) finish() { p.in, p.out, p.kernel = operand[float32]{}, nil, nil }

// cut chooses blocks for n images: results do not depend on it.
func (p *filterProduct) cut(n int) {
	p.blockImages, p.blockRows = max(1, min(p.images, n/fewPieces)), p.bandRows
	if n < fewPieces {
		p.blockRows = min(p.blockRows, max(ceil(p.rows, ceil(fewPieces, n)), min(p.rows, ceil(fewPixels, p.cols))))
	}
	p.bands = ceil(p.rows, p.blockRows)
}

func (p *filterProduct) piece(worker, i int) {
	w := p.workers[worker]
	b := block{image: i / p.bands * p.blockImages, from: i % p.bands * p.blockRows}
	b.images, b.to = min(p.blockImages, p.n-b.image), min(p.rows, b.from+p.blockRows)
	p.copySource(&w.rows, p.microkernels, w.source, &p.in, b)
	w.args.transformSource(p.filter, &p.plan, p.microkernels, w.v, w.source, b, p.sourceDistance())
	p.computeBlock(w, b)
}

// computeBlock computes a block whose transformed source is in w.v.
func (p *filterProduct) computeBlock(w *filterWorker, b block) {
	for i, panel := range p.panels {
		p.multiply(w, i, b)
		p.writeResults(w, panel, b)
	}
	if p.act.Function == Sigmoid || p.act.Function == Tanh {
		first := (b.image*p.dstH + p.size*b.from) * p.dstW * p.plan.n
		last := ((b.image+b.images-1)*p.dstH + min(p.dstH, p.size*b.to)) * p.dstW * p.plan.n
		activate32(p.act, p.out[first:last])
	}
}

// multiply computes the products of all tiles of a block with a panel of the transformed kernel.
func (p *filterProduct) multiply(w *filterWorker, i int, b block) {
	panel := p.panels[i]
	width := panel.vectors * p.lanes
	t, table := &w.tile, &p.tables[panel.vectors-1]
	t.in, t.length, t.stride, t.bias, t.act, t.columns = &w.v[0], p.k, 4*width, &p.none[0], 0, columnMask{bits: 1<<32 - 1}
	for result, s := range p.sums[panel.vectors-1] {
		t.taps, t.segments, t.out = &s.taps[0], len(s.taps), &w.m[result*p.resultDistance(panel.vectors)]
		t.b = &p.transformed[(p.kernels*p.kernels*panel.from+s.kernel*width)*p.k]
		runTiles(p.tile[panel.vectors-1], t, table, b.images*(b.to-b.from)*p.cols)
	}
}

// writeResults transforms the products of a panel back and writes them with bias and activation.
func (p *filterProduct) writeResults(w *filterWorker, panel panel, b block) {
	a, n, size := &w.args, p.plan.n, p.size
	width := panel.vectors * p.lanes
	a.vectors, a.bias = panel.vectors, &p.bias[panel.from]
	a.inTile, a.inColumn = 4*width, 4*p.resultDistance(panel.vectors)
	a.inRow = p.results * a.inColumn
	a.act, a.slope = fusedActivation(p.act)
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
			a.tiles, a.in, a.out = whole, &m[0], &out[0]
			a.stream = streamed(p.out, n)
			a.outRow, a.outColumn, a.outTile, a.columns = 4*p.dstW*n, 4*n, 4*size*n, p.mask(panel)
			p.of(p.microkernels).result((*byte)(unsafe.Pointer(a)))
		}
		if rest := p.cols - whole; rest > 0 {
			a.stream = 0
			a.tiles, a.in, a.out = rest, &m[whole*width], &w.fragment[0]
			a.outRow, a.outColumn, a.outTile, a.columns = 4*size*rest*width, 4*width, 4*size*width, columnMask{bits: 1<<32 - 1}
			p.of(p.microkernels).result((*byte)(unsafe.Pointer(a)))
			for i := range min(size, p.dstH-size*r) {
				for j := range p.dstW - size*whole {
					copy(out[(i*p.dstW+size*whole+j)*n:][:panel.columns], w.fragment[(i*size*rest+j)*width:])
				}
			}
		}
	}
}

// packingParts is into how many parts a panel's rows are cut for packing.
func (p *filterProduct) packingParts() int {
	return max(1, min(ceil(fewPieces, len(p.panels)), p.k/16))
}

// filterPacking is the job that packs and transforms the kernel, a part of a panel's rows a piece.
type filterPacking filterProduct

func (p *filterPacking) piece(worker, i int) {
	w := p.workers[worker]
	parts := (*filterProduct)(p).packingParts()
	panel, part := p.panels[i/parts], i%parts
	width := panel.vectors * p.lanes
	from, to := split(ceil(p.k, 8), parts, part)
	from, to = 8*from, min(p.k, 8*to)
	taps := p.packed[9*panel.from*p.k:][:9*width*p.k]
	for i, tap := range p.order {
		matrix := p.kernel[tap*p.k*p.plan.n:][:p.k*p.plan.n]
		if packed := taps[i*width*p.k:]; p.transposed {
			w.transpose.pack(packed, matrix, panel, p.k, width, from, to)
		} else {
			packRows(packed, matrix, panel, p.plan.n, width, from, to)
		}
	}
	a := &w.args
	a.tiles, a.vectors, a.in, a.inColumn = 1, (to-from)*panel.vectors, &taps[from*width], 4*width*p.k
	a.out, a.outColumn = &p.transformed[p.kernels*p.kernels*panel.from*p.k+from*width], 4*width*p.k
	a.inRow, a.outRow = 3*a.inColumn, p.kernels*a.outColumn
	p.of(p.microkernels).kernel((*byte)(unsafe.Pointer(a)))
}
