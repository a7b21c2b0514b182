//go:build amd64 && !noasm

package kernel

import "unsafe"

// product computes out[pixel][n] = act(bias + sum over taps, k of in[pixel+tap][k] * kernel[tap][k][n]) by a plan.
type product struct {
	own scratch // without a pool
	plan
	*microkernels
	act        Activation
	transposed bool // the kernel's matrices are [n,k]
	direct     bool // the source is read where it is
	columns    bool // a few columns: vectors run along the sum
	images     int  // the largest block: images, or rows of one
	bandRows   int
	panels     []panel
	tables     []phaseTable
	packed     []float32
	bias, none []float32 // padded to whole vectors; zeros
	workers    []*productWorker
	lazily     lazyProduct

	// of the current call
	n           int
	in          operand[float32]
	out, kernel []float32
	blockImages int
	blockRows   int
	bands       int
	groups      int  // of panels
	apart       bool // each piece packs the panels that it alone reads
}

type phaseTable struct {
	taps            []segmentOffset
	pixels, results []int32
	packed          int // where its matrices start
	spans           []span
}

// span is a part of a sum: some segments, or a part of one. Long sums are cut into spans that are summed on their own, since
// the rounding errors of a sum grow with its length.
type span struct {
	segment, segments int // the first, and how many
	from, length      int // elements of each
}

// longestSpan is about the largest number of products that are summed without a cut.
const longestSpan = 1024

// spans cuts the phase's sum.
func (f *phase) spans() []span {
	var list []span
	if f.length > longestSpan {
		parts := ceil(f.length, longestSpan)
		for i := range f.segments {
			for j := range parts {
				from, to := split(f.length, parts, j)
				list = append(list, span{i, 1, from, to - from})
			}
		}
		return list
	}
	step := max(1, longestSpan/max(1, f.length))
	for i := 0; i < len(f.segments); i += step {
		list = append(list, span{i, min(step, len(f.segments)-i), 0, f.length})
	}
	return list
}

type productWorker struct {
	rows
	source    []float32
	unit      int       // of the current call: the one that source is of; -1: none
	packed    []float32 // a panel of the kernel, where pieces pack
	tile      tileArgs
	transpose transposeArgs
}

// maxColumns is up to how many columns vectors run along the sum instead.
const maxColumns = 4

// Sizes of a block's source and results in bytes: both together stay in the second level cache.
const (
	maxSource  = 160 << 10
	maxResults = 256 << 10
	fewPixels  = 16  // a block should not have less
	manyPixels = 192 // and need not have more
	fewPieces  = 8   // a call should be cut into as many, for even work
)

func newProduct(pl plan, act Activation, transposed, derived bool) *product {
	k := chosenKernels()
	p := &product{
		plan: pl, microkernels: k, act: act, transposed: transposed,
		direct:  !pl.bordered && !derived,
		columns: pl.n <= maxColumns,
		panels:  k.panels(pl.n),
		bias:    make([]float32, k.padded(pl.n)+k.lanes),
		none:    make([]float32, 2*k.lanes),
	}
	source := maxSource
	if p.direct || pl.rows*pl.cols == 1 {
		source *= 8
	}
	p.images, p.bandRows = pl.blockSize(source, maxResults)
	packed := 0
	for i := range pl.phases {
		f := &p.phases[i]
		p.tables = append(p.tables, phaseTable{
			taps:    p.tapTable(f),
			pixels:  p.pixelTable(f, p.images, p.bandRows, p.direct),
			results: p.resultTable(f),
			packed:  packed,
			spans:   f.spans(),
		})
		packed += len(f.taps) * pl.k * k.padded(pl.n)
	}
	return p
}

// blockSize is the largest block of at most about the given bytes of source and results.
func (p *plan) blockSize(source, results int) (images, rows int) {
	rows = p.rows
	for rows > 1 && (4*p.sourceRows(rows)*p.width*p.k > source || 4*rows*p.strideH*p.dstW*p.n > results) {
		rows--
	}
	images = 1
	if rows == p.rows {
		images = max(1, min(ceil(manyPixels, rows*p.cols), source/(4*p.sourceRows(rows)*p.width*p.k)))
	} else {
		rows = ceil(p.rows, ceil(p.rows, rows)) // bands of about one height
	}
	return images, rows
}

// resultTable has the byte offset of every result of a phase in a block.
func (p *product) resultTable(f *phase) []int32 {
	var table []int32
	for image := range p.images {
		for q := range p.phaseRows(f, 0, p.bandRows) {
			for r := range p.phaseCols(f) {
				row := image*p.dstH + f.row + q*p.strideH
				table = append(table, int32(4*(row*p.dstW+f.col+r*p.strideW)*p.plan.n))
			}
		}
	}
	return table
}

// run computes n images.
func (p *product) run(pool *Pool, n int, in operand[float32], out, kernel, bias []float32) {
	if n == 0 {
		return
	}
	memory := pool.memory(&p.own)
	pool = pool.forProducts(n * p.products())
	p.n, p.in, p.out, p.kernel = n, in, out, kernel
	clear(p.bias)
	copy(p.bias, bias)
	p.cut(n)
	blocks := ceil(n, p.blockImages) * p.bands
	p.apart = blocks == 1 && len(p.phases) == 1 && !p.columns && !p.natural()
	p.grow(memory, pool.Threads())
	if !p.apart {
		p.pack(pool, memory)
	}
	pool.runFlushing(blocks*p.groups, p)
	p.in, p.out, p.kernel = operand[float32]{}, nil, nil
}

func (p *product) grow(memory *scratch, workers int) {
	for len(p.workers) < workers {
		p.workers = append(p.workers, &productWorker{rows: rows{worker: len(p.workers)}})
	}
	for _, w := range p.workers[:workers] {
		if p.apart {
			w.packed = memory.take(len(p.phases[0].taps) * p.k * 2 * p.lanes)
		}
		if p.direct {
			continue
		}
		w.unit = -1
		w.source = memory.take(p.blockImages*p.sourceRows(p.blockRows)*p.width*p.k + p.lanes)
	}
}

// pack puts the kernel in the order in which it is read.
func (p *product) pack(pool *Pool, memory *scratch) {
	if !p.natural() {
		p.packed = memory.take(p.packedSize())
		pool.runFlushing(len(p.panels)*(*packing)(p).parts(), (*packing)(p))
	}
}

// cut chooses blocks for n images: results do not depend on it.
func (p *product) cut(n int) {
	p.blockImages, p.blockRows = 1, p.bandRows
	if p.bandRows == p.rows {
		pieces := fewPieces
		if p.rows*p.cols == 1 { // dense: better cut the panels, each of which is then read by one core
			pieces = ceil(fewPieces, len(p.panels))
		}
		p.blockImages = min(p.images, max(ceil(n, pieces), ceil(fewPixels, p.rows*p.cols)))
	}
	if n < fewPieces {
		p.blockRows = min(p.blockRows, max(ceil(p.rows, ceil(fewPieces, n)), min(p.rows, ceil(fewPixels, p.cols))))
		if p.blockRows < p.rows {
			p.blockImages = 1
		}
	}
	p.bands = ceil(p.rows, p.blockRows)
	blocks := ceil(n, p.blockImages) * p.bands
	p.groups = 1
	if !p.columns {
		p.groups = min(len(p.panels), ceil(fewPieces, blocks))
	}
}

// natural is whether the kernel needs no packing: its rows are whole vectors, and there are so few columns, or so little
// work, that it pays to read them where they are.
func (p *product) natural() bool {
	if p.columns {
		return p.plan.n == 1 && !p.transposed
	}
	few := p.plan.n <= 2*p.lanes || p.n*p.rows*p.cols <= 512
	return !p.transposed && p.plan.n%p.lanes == 0 && few
}

func (p *product) piece(worker, i int) {
	w := p.workers[worker]
	unit, group := i/p.groups, i%p.groups
	b := block{image: unit / p.bands * p.blockImages, from: unit % p.bands * p.blockRows}
	b.images, b.to = min(p.blockImages, p.n-b.image), min(p.rows, b.from+p.blockRows)
	t := &w.tile
	in := unsafe.SliceData(w.source)
	if p.direct || w.unit != unit { // groups of panels share what one has copied
		in = p.source(w, b)
		w.unit = unit
	}
	first := (b.image*p.dstH + b.from*p.strideH) * p.dstW * p.plan.n
	last := first + b.images*p.dstH*p.dstW*p.plan.n
	if b.to-b.from < p.rows {
		last = (b.image*p.dstH + min(p.dstH, b.to*p.strideH)) * p.dstW * p.plan.n
	}
	out := p.out[first:last]
	from, to := split(len(p.panels), p.groups, group)
	if p.columns {
		t.in = in
		p.runColumns(t, out, b)
		activate32(p.act, out)
		return
	}
	for i := range p.phases {
		p.runPanels(w, i, from, to, out, in, b)
	}
	if p.act.Function == Sigmoid || p.act.Function == Tanh {
		p.activateColumns(out, p.panels[from].from, p.panels[to-1].from+p.panels[to-1].columns)
	}
}

// source is a block's source: where it is, or a copy.
func (p *product) source(w *productWorker, b block) *float32 {
	if p.direct {
		return &p.in.values[(b.image*p.srcH+b.from*p.stepH)*p.srcW*p.k]
	}
	p.copySource(&w.rows, p.microkernels, w.source, &p.in, b)
	return &w.source[0]
}

// activateColumns applies a function that is not part of the microkernels to the columns that were written.
func (p *product) activateColumns(out []float32, from, to int) {
	if to-from == p.plan.n {
		activate32(p.act, out)
		return
	}
	for ; len(out) > 0; out = out[p.plan.n:] {
		activate32(p.act, out[from:to])
	}
}

// runPanels computes the results of a phase in a block for the panels from..to.
func (p *product) runPanels(w *productWorker, i, from, to int, out []float32, in *float32, b block) {
	f, table, t := &p.phases[i], &p.tables[i], &w.tile
	count := b.images * p.phaseRows(f, b.from, b.to) * p.phaseCols(f)
	if count == 0 {
		return
	}
	for _, panel := range p.panels[from:to] {
		t.stride = 4 * panel.vectors * p.lanes
		if p.natural() {
			t.stride = 4 * p.plan.n
		}
		var packed []float32
		switch {
		case p.apart:
			packed = w.packed
			p.packPanel(w, packed, i, panel, 0, p.k)
		case !p.natural():
			packed = p.packed[table.packed+panel.from*len(f.taps)*p.k:]
		}
		t.out, t.columns = &out[panel.from], p.mask(panel)
		for j, s := range table.spans {
			t.taps, t.segments, t.length = &table.taps[s.segment], s.segments, s.length
			t.in = offset(in, s.from)
			switch row := s.segment*f.length + s.from; {
			case p.natural():
				t.b = &p.kernel[row*p.plan.n+panel.from]
			case len(f.taps) > 0:
				t.b = &packed[row*panel.vectors*p.lanes]
			}
			t.bias, t.add, t.act, t.stream = &p.bias[panel.from], 0, 0, 0
			if j > 0 {
				t.bias, t.add = &p.none[0], 1
			}
			if j == len(table.spans)-1 {
				t.act, t.slope = fusedActivation(p.act)
				t.stream = streamed(p.out, p.plan.n)
			}
			if p.nine != nil && panel.vectors == 2 && len(table.spans) == 1 && s.segments == 3 && s.length == 3 && t.stream == 0 {
				t.tiles, t.pixels, t.results = count, &table.pixels[0], &table.results[0]
				p.nine((*byte)(unsafe.Pointer(t)))
				continue
			}
			runTiles(p.tile[panel.width], t, table, count)
		}
	}
}

// runColumns computes all results of a block, a column at a time.
func (p *product) runColumns(t *tileArgs, out []float32, b block) {
	for i := range p.phases {
		f, table := &p.phases[i], &p.tables[i]
		count := b.images * p.phaseRows(f, b.from, b.to) * p.phaseCols(f)
		if count == 0 {
			continue
		}
		t.taps, t.segments, t.length, t.columns = &table.taps[0], len(f.segments), f.length, p.rest(f.length)
		for c := range p.plan.n {
			if p.natural() {
				t.b = &p.kernel[0]
			} else if len(f.taps) > 0 {
				t.b = &p.packed[table.packed+c*len(f.taps)*p.k]
			}
			t.bias, t.out = &p.bias[c], &out[c]
			runTiles(p.dots, t, table, count)
		}
	}
}

// runTiles computes count results with the fewest calls.
func runTiles(kernels []microkernel, t *tileArgs, table *phaseTable, count int) {
	done := 0
	for _, k := range kernels {
		if t.tiles = (count - done) / k.rows; t.tiles > 0 {
			t.pixels, t.results = &table.pixels[done], &table.results[done]
			k.call((*byte)(unsafe.Pointer(t)))
			done += t.tiles * k.rows
		}
	}
}
