//go:build amd64 && !noasm

package kernel

import "unsafe"

// winogradSum computes the gradients by a 3x3 kernel and by the bias by minimal filtering: with V the transformed source and
// M the transformed gradient of the results, the transformed kernel's gradient is a sum of V*M over all tiles, for each
// position. The arguments are those of kernelSum: a is the source, b the gradient.
type winogradSum struct {
	plan          // of a
	gradient plan // of b: 2x2 pixels a tile
	*microkernels
	images, bandRows int // of a block
	blocks, bands    int
	tiles            int // of a block
	channels         int // k in whole vectors
	stride           int // n in whole vectors
	panels           []panel
	rowOffsets       []int32 // by k, in bytes
	pixels           []int32 // by tile, in bytes in v
	groups           [2][]rowGroup
	workers          []*winogradSumWorker
	chunks           int
	sums, biasSums   []float32 // by chunk: [position][k][stride], [stride]
	padded           []float32 // the kernel's gradient, where rows are no whole vectors

	// of the current call
	n              int
	a, b           operand[float32]
	dkernel, dbias []float32
}

type winogradSumWorker struct {
	rows
	outer outerArgs
	args  winogradArgs
	a, b  []float32 // with borders
	v, m  []float32 // transformed, by position and tile; m for one panel
}

func newWinogradSum(pl plan) *winogradSum {
	k := chosenKernels()
	s := &winogradSum{
		plan: winogradPlan(pl), microkernels: k,
		channels: k.padded(pl.k), stride: k.padded(pl.n), panels: k.panels(pl.n),
	}
	s.gradient = plan{
		srcH: pl.dstH, srcW: pl.dstW, k: pl.n, stepH: 2, stepW: 2, rows: s.rows, cols: s.cols, reach: 2, width: 2 * s.cols,
	}
	s.images, s.bandRows = winogradBlock(&s.plan, s.channels)
	s.bands = ceil(s.rows, s.bandRows)
	s.tiles = s.images * s.bandRows * s.cols
	for i := range s.k {
		s.rowOffsets = append(s.rowOffsets, int32(4*i))
	}
	for i := range s.tiles {
		s.pixels = append(s.pixels, int32(4*i*s.channels))
	}
	for v := range s.groups {
		s.groups[v] = k.rowGroups(v+1, s.k)
	}
	return s
}

func (s *winogradSum) run(pool *Pool, n int, a, b operand[float32], dkernel, dbias []float32) {
	s.n, s.a, s.b, s.dkernel, s.dbias = n, a, b, dkernel, dbias
	s.blocks = ceil(n, s.images) * s.bands
	size := positions * s.k * s.stride
	s.chunks = min(fewPieces, chunkCount(s.blocks, size))
	s.sums = resize(s.sums, s.chunks*size)
	s.biasSums = resize(s.biasSums, s.chunks*s.stride)
	if s.plan.n != s.stride {
		s.padded = resize(s.padded, 9*s.k*s.stride)
	}
	for len(s.workers) < pool.Threads() {
		s.workers = append(s.workers, &winogradSumWorker{})
	}
	for _, w := range s.workers[:pool.Threads()] {
		w.a = resize(w.a, s.images*s.sourceRows(s.bandRows)*s.width*s.k+2*s.lanes)
		w.b = resize(w.b, s.images*2*s.bandRows*s.gradient.width*s.plan.n+2*s.lanes)
		w.v = resize(w.v, positions*s.tiles*s.channels)
		w.m = resize(w.m, positions*s.tiles*2*s.lanes)
	}
	pool.run(s.chunks, s)
	pool.run(ceil(s.k*s.stride, winogradPart), (*winogradJoin)(s))
	if s.plan.n != s.stride {
		for i := range 9 * s.k {
			copy(s.dkernel[i*s.plan.n:(i+1)*s.plan.n], s.padded[i*s.stride:])
		}
	}
	joinBias(dbias, s.biasSums, s.stride)
	s.a, s.b, s.dkernel, s.dbias = operand[float32]{}, operand[float32]{}, nil, nil
}

// piece sums a chunk of the batch.
func (s *winogradSum) piece(worker, chunk int) {
	w := s.workers[worker]
	size := positions * s.k * s.stride
	sum, bias := s.sums[chunk*size:][:size], s.biasSums[chunk*s.stride:][:s.stride]
	clear(sum)
	clear(bias)
	from, to := split(s.blocks, s.chunks, chunk)
	for unit := from; unit < to; unit++ {
		b := block{image: unit / s.bands * s.images, from: unit % s.bands * s.bandRows}
		b.images, b.to = min(s.images, s.n-b.image), min(s.rows, b.from+s.bandRows)
		s.copySource(&w.rows, s.microkernels, w.a, &s.a, b)
		s.gradient.copySource(&w.rows, s.microkernels, w.b, &s.b, b)
		if s.dbias != nil {
			pixels := b.images * 2 * (b.to - b.from) * s.gradient.width // beyond the edge they are zero
			w.add(s.microkernels, &bias[0], &w.b[0], s.plan.n, pixels, s.plan.n)
		}
		w.args.transformSource(&s.plan, s.microkernels, w.v, w.a, b, s.tiles)
		for _, p := range s.panels {
			s.transformGradient(w, p, b)
			s.addTiles(w, p, b.images*(b.to-b.from)*s.cols, sum)
		}
	}
}

// transformGradient transforms the columns of a panel to m[position][tile][column].
func (s *winogradSum) transformGradient(w *winogradSumWorker, p panel, b block) {
	a, g, n := &w.args, &s.gradient, s.plan.n
	width := p.vectors * s.lanes
	a.tiles, a.row, a.column, a.tile, a.position = s.cols, 4*g.width*n, 4*n, 4*width, 4*s.tiles*width
	for row := range b.images * (b.to - b.from) {
		a.image, a.transformed = &w.b[2*row*g.width*n+p.from], &w.m[row*s.cols*width]
		args := (*byte)(unsafe.Pointer(a))
		switch {
		case s.lanes == 16 && p.vectors == 2:
			winogradGradientAVX512_2(args)
		case s.lanes == 16:
			winogradGradientAVX512_1(args)
		case p.vectors == 2:
			winogradGradientAVX2_2(args)
		default:
			winogradGradientAVX2_1(args)
		}
	}
}

// addTiles adds the products of count tiles to the panel's columns of sum.
func (s *winogradSum) addTiles(w *winogradSumWorker, p panel, count int, sum []float32) {
	o := &w.outer
	width := p.vectors * s.lanes
	o.pixels, o.count, o.stride, o.sumStride = &s.pixels[0], count, 4*width, 4*s.stride
	for position := range positions {
		o.in, o.b = &w.v[position*s.tiles*s.channels], &w.m[position*s.tiles*width]
		for _, g := range s.groups[p.vectors-1] {
			o.rows, o.sum = &s.rowOffsets[g.from], &sum[(position*s.k+g.from)*s.stride+p.from]
			g.call((*byte)(unsafe.Pointer(o)))
		}
	}
}

// winogradPart is how many elements of a position a piece joins.
const winogradPart = 1 << 9

// winogradJoin is the job that adds the chunks' sums and transforms them back, a part of the kernel a piece.
type winogradJoin winogradSum

func (s *winogradJoin) piece(worker, i int) {
	w := s.workers[worker]
	size := s.k * s.stride
	from := i * winogradPart
	count := min(winogradPart, size-from)
	for position := range positions {
		if at := position*size + from; s.chunks > 1 {
			w.add(s.microkernels, &s.sums[at], &s.sums[positions*size+at], positions*size, s.chunks-1, count)
		}
	}
	a := &w.args
	a.vectors, a.transformed, a.position, a.row = count/s.lanes, &s.sums[from], 4*size, 4*size
	if a.image = &s.dkernel[min(from, len(s.dkernel)-1)]; s.plan.n != s.stride {
		a.image = &s.padded[from]
	}
	if s.lanes == 16 {
		winogradKernelGradientAVX512((*byte)(unsafe.Pointer(a)))
	} else {
		winogradKernelGradientAVX2((*byte)(unsafe.Pointer(a)))
	}
}
