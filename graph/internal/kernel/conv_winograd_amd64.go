//go:build amd64 && !noasm

package kernel

import "unsafe"

// Winograd's minimal filtering F(2x2,3x3) computes 3x3 convolutions of stride 1 with 2.25 times fewer products: a tile of 2x2
// results comes from 4x4 source pixels, transformed so that the convolution becomes 16 products of matrices, one for each
// position in the tile. Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, section 4.1.

// winogradArgs are the arguments of the winograd microkernels. Strides are in bytes.
type winogradArgs struct {
	tiles       int
	vectors     int      // of channels, where not part of the microkernel
	image       *float32 // pixels, or a kernel
	row, column int      // strides of image; row is that of taps for a kernel
	transformed *float32
	tile        int // stride of transformed
	position    int // stride of transformed
	bias        *float32
	columns     columnMask
	act         int // as in tileArgs
	slope       float32
	_           float32
}

const (
	positions   = 16
	minWinograd = 16 // channels on both sides from which the fewer products outweigh the transforms
)

// winogradSuits is whether the geometry is one for minimal filtering, in both directions.
func winogradSuits(w Window) bool {
	return w.KernelH == 3 && w.KernelW == 3 && w.StrideH == 1 && w.StrideW == 1 && w.DilationH == 1 && w.DilationW == 1 &&
		w.PadTop >= 0 && w.PadTop <= 2 && w.PadLeft >= 0 && w.PadLeft <= 2 &&
		w.InC >= minWinograd && w.OutC >= minWinograd && w.OutH >= 2 && w.OutW >= 2 && w.InH >= 2 && w.InW >= 2
}

// winogradPlan is a plan whose results are tiles: two source pixels apart, each reading 4x4.
func winogradPlan(p plan) plan {
	p.stepH, p.stepW, p.strideH, p.strideW = 2, 2, 2, 2
	p.rows, p.cols = ceil(p.dstH, 2), ceil(p.dstW, 2)
	p.reach = 4
	p.width = max(p.left+p.srcW, 2*p.cols+2)
	return p
}

// winogradBlock is the largest block, so that the transformed source stays in the second level cache: images, or rows of tiles.
func winogradBlock(p *plan, channels int) (images, rows int) {
	tiles := max(24, min(100, 72<<10/(positions*channels)))
	if p.rows*p.cols <= tiles {
		return tiles / (p.rows * p.cols), p.rows
	}
	rows = max(1, tiles/p.cols)
	return 1, ceil(p.rows, ceil(p.rows, rows))
}

// winogradProduct is a correlation or an adjoint by minimal filtering.
type winogradProduct struct {
	plan
	*microkernels
	act         Activation
	transposed  bool
	images      int // of a block, as bandRows
	bandRows    int
	tiles       int // of a block
	channels    int // k in whole vectors
	panels      []panel
	tables      [2]phaseTable // by vectors of a panel less one
	packed      []float32     // kernel: by panel, tap and k the columns of a panel
	transformed []float32     // the same with positions for taps
	bias, none  []float32
	workers     []*winogradWorker

	// of the current call
	n           int
	in          operand[float32]
	out, kernel []float32
	blockImages int
	blockRows   int
	bands       int
}

type winogradWorker struct {
	productWorker
	args     winogradArgs
	v, m     []float32 // transformed source by position, tile, k; products of a panel by position, tile, column
	fragment []float32 // results of tiles that reach over the edge
}

func newWinogradProduct(pl plan, act Activation, transposed bool) *winogradProduct {
	k := chosenKernels()
	p := &winogradProduct{
		plan: winogradPlan(pl), microkernels: k, act: act, transposed: transposed,
		channels: k.padded(pl.k), panels: k.panels(pl.n),
		bias: make([]float32, k.padded(pl.n)+k.lanes), none: make([]float32, 2*k.lanes),
	}
	p.images, p.bandRows = winogradBlock(&p.plan, p.channels)
	p.tiles = p.images * p.bandRows * p.cols
	for v := range p.tables {
		t := &p.tables[v]
		t.taps = []int32{0}
		for i := range p.tiles {
			t.pixels = append(t.pixels, int32(4*i*p.channels))
			t.results = append(t.results, int32(4*i*(v+1)*p.lanes))
		}
	}
	return p
}

func (p *winogradProduct) run(pool *Pool, n int, in operand[float32], out, kernel, bias []float32) {
	if n == 0 {
		return
	}
	p.n, p.in, p.out, p.kernel = n, in, out, kernel
	clear(p.bias)
	copy(p.bias, bias)
	p.cut(n)
	for len(p.workers) < pool.Threads() {
		p.workers = append(p.workers, &winogradWorker{})
	}
	for _, w := range p.workers[:pool.Threads()] {
		w.source = resize(w.source, p.blockImages*p.sourceRows(p.blockRows)*p.width*p.k+2*p.lanes)
		w.v = resize(w.v, positions*p.tiles*p.channels)
		w.m = resize(w.m, positions*p.tiles*2*p.lanes)
		w.fragment = resize(w.fragment, 4*p.cols*2*p.lanes)
	}
	size := p.k * p.padded(p.plan.n)
	p.packed, p.transformed = resize(p.packed, 9*size), resize(p.transformed, positions*size)
	pool.run(len(p.panels), (*winogradPacking)(p))
	pool.run(ceil(n, p.blockImages)*p.bands, p)
	p.in, p.out, p.kernel = operand[float32]{}, nil, nil
}

// cut chooses blocks for n images: results do not depend on it.
func (p *winogradProduct) cut(n int) {
	p.blockImages, p.blockRows = max(1, min(p.images, n/fewPieces)), p.bandRows
	if n < fewPieces {
		p.blockRows = min(p.blockRows, max(ceil(p.rows, ceil(fewPieces, n)), min(p.rows, ceil(fewPixels, p.cols))))
	}
	p.bands = ceil(p.rows, p.blockRows)
}

func (p *winogradProduct) piece(worker, i int) {
	w := p.workers[worker]
	b := block{image: i / p.bands * p.blockImages, from: i % p.bands * p.blockRows}
	b.images, b.to = min(p.blockImages, p.n-b.image), min(p.rows, b.from+p.blockRows)
	p.copySource(&w.rows, p.microkernels, w.source, &p.in, b)
	w.args.transformSource(&p.plan, p.microkernels, w.v, w.source, b, p.tiles)
	for i, panel := range p.panels {
		p.multiply(w, i, b)
		p.writeResults(w, panel, b)
	}
	if p.act.Function == Sigmoid || p.act.Function == Tanh {
		first := (b.image*p.dstH + 2*b.from) * p.dstW * p.plan.n
		last := ((b.image+b.images-1)*p.dstH + min(p.dstH, 2*b.to)) * p.dstW * p.plan.n
		activate32(p.act, p.out[first:last])
	}
}

// transformSource transforms a block's source to v[position][tile][channel].
func (a *winogradArgs) transformSource(p *plan, k *microkernels, v, source []float32, b block, tiles int) {
	channels := k.padded(p.k)
	a.tiles, a.vectors = p.cols, channels/k.lanes
	a.row, a.column, a.tile, a.position = 4*p.width*p.k, 4*p.k, 4*channels, 4*tiles*channels
	height := b.to - b.from
	for row := range b.images * height {
		image, r := row/height, row%height
		a.image = &source[(image*p.sourceRows(height)+2*r)*p.width*p.k]
		a.transformed = &v[row*p.cols*channels]
		if k.lanes == 16 {
			winogradSourceAVX512((*byte)(unsafe.Pointer(a)))
		} else {
			winogradSourceAVX2((*byte)(unsafe.Pointer(a)))
		}
	}
}

// multiply computes the products of all tiles of a block with a panel of the transformed kernel.
func (p *winogradProduct) multiply(w *winogradWorker, i int, b block) {
	panel := p.panels[i]
	width := panel.vectors * p.lanes
	t, table := &w.tile, &p.tables[panel.vectors-1]
	t.taps, t.segments, t.length = &table.taps[0], 1, p.k
	t.stride, t.bias, t.act, t.columns = 4*width, &p.none[0], 0, columnMask{bits: 1<<32 - 1}
	for position := range positions {
		t.in, t.out = &w.v[position*p.tiles*p.channels], &w.m[position*p.tiles*width]
		t.b = &p.transformed[(positions*panel.from+position*width)*p.k]
		runTiles(p.tile[panel.vectors-1], t, table, b.images*(b.to-b.from)*p.cols)
	}
}

// writeResults transforms the products of a panel back and writes them with bias and activation.
func (p *winogradProduct) writeResults(w *winogradWorker, panel panel, b block) {
	a, n := &w.args, p.plan.n
	width := panel.vectors * p.lanes
	a.tile, a.position, a.bias = 4*width, 4*p.tiles*width, &p.bias[panel.from]
	a.act = 0
	switch p.act.Function {
	case ReLU:
		a.act = 1
	case LeakyReLU:
		a.act, a.slope = 2, float32(p.act.Slope)
	}
	height := b.to - b.from
	for row := range b.images * height {
		image, r := b.image+row/height, b.from+row%height
		m := w.m[row*p.cols*width:]
		out := p.out[((image*p.dstH+2*r)*p.dstW)*n+panel.from:]
		whole := p.dstW / 2 // tiles with all results inside
		if 2*r+1 == p.dstH {
			whole = 0
		}
		if whole > 0 {
			a.tiles, a.transformed, a.image = whole, &m[0], &out[0]
			a.row, a.column, a.columns = 4*p.dstW*n, 4*n, p.mask(panel)
			p.transformResults(a, panel.vectors)
		}
		if rest := p.cols - whole; rest > 0 {
			a.tiles, a.transformed, a.image = rest, &m[whole*width], &w.fragment[0]
			a.row, a.column, a.columns = 4*2*rest*width, 4*width, columnMask{bits: 1<<32 - 1}
			p.transformResults(a, panel.vectors)
			for i := range min(2, p.dstH-2*r) {
				for j := range p.dstW - 2*whole {
					copy(out[(i*p.dstW+2*whole+j)*n:][:panel.columns], w.fragment[(i*2*rest+j)*width:])
				}
			}
		}
	}
}

func (p *winogradProduct) transformResults(a *winogradArgs, vectors int) {
	args := (*byte)(unsafe.Pointer(a))
	switch {
	case p.lanes == 16 && vectors == 2:
		winogradResultAVX512_2(args)
	case p.lanes == 16:
		winogradResultAVX512_1(args)
	case vectors == 2:
		winogradResultAVX2_2(args)
	default:
		winogradResultAVX2_1(args)
	}
}

// winogradPacking is the job that packs and transforms the kernel, a panel a piece.
type winogradPacking winogradProduct

func (p *winogradPacking) piece(worker, i int) {
	w := p.workers[worker]
	panel := p.panels[i]
	width := panel.vectors * p.lanes
	taps := p.packed[9*panel.from*p.k:][:9*width*p.k]
	for tap, t := range p.phases[0].taps {
		matrix := p.kernel[t.matrix*p.k*p.plan.n:][:p.k*p.plan.n]
		if to := taps[tap*width*p.k:]; p.transposed {
			w.packTransposed(to, matrix, panel, p.k, width)
		} else {
			packRows(to, matrix, panel, p.plan.n, width)
		}
	}
	a := &w.args
	a.vectors, a.image, a.row = p.k*panel.vectors, &taps[0], 4*width*p.k
	a.transformed, a.position = &p.transformed[positions*panel.from*p.k], 4*width*p.k
	if p.lanes == 16 {
		winogradKernelAVX512((*byte)(unsafe.Pointer(a)))
	} else {
		winogradKernelAVX2((*byte)(unsafe.Pointer(a)))
	}
}
