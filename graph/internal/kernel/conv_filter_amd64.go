//go:build amd64 && !noasm

package kernel

import "unsafe"

// Minimal filtering computes convolutions with fewer products: the kernel, tiles of the source and tiles of results are
// transformed by additions, so that the convolution becomes a product of matrices for each position in the transformed tile.
// Winograd, "Arithmetic complexity of computations", 1980; Lavin and Gray, "Fast algorithms for convolutional neural
// networks", 2015, section 4.1.
//
// For 3x3 kernels of stride 1 there are F(2x2,3x3) (16 products for 36) and for gradients, whose small errors nothing amplifies,
// F(4x4,3x3) (36 products for 144); for stride 2 a pair, one the adjoint of the other, that treats the larger image's even and
// odd pixels apart (25 products for 36). Other kernels of stride 2 fall into four phases, each with every second tap in both
// directions, of 2x2 or 3x3 taps of stride 1: those take F(4x4,2x2) (25 products for 64) or the filters above.

// filterArgs are the arguments of the transforms of tiles. A tile is a grid of rows and columns of elements, each some
// vectors of channels long. Strides are in bytes.
type filterArgs struct {
	tiles           int
	vectors         int
	in              *float32
	inRow, inColumn int
	inTile          int
	out             *float32
	outRow          int
	outColumn       int
	outTile         int
	bias            *float32
	columns         columnMask
	act             int // as in tileArgs
	slope           float32
	_               float32
	stream          int      // as in tileArgs; AVX-512 alone
	middle          *float32 // scratch memory of maps with weights: maxMiddle vectors
}

// maxMiddle is how many elements a tile has at most between the transforms of its columns and of its rows.
const maxMiddle = 36

// filter is a minimal filter. What it says of one dimension holds for rows and columns alike.
type filter struct {
	taps        int // of its kernel
	step, reach int // source pixels from tile to tile, and that a tile reads
	least, most int // tiles of a block: more share the transformed kernel or its gradient, fewer stay in the cache
	size        int // results of a tile
	sources     int // transformed source pixels of a tile
	kernels     int // transformed taps
	results     int // results before their transform, of which each is a sum of factors
	factors     []factor
	transforms  [2]transforms // AVX2, AVX-512
	tapPhases   []filterPhase // of a strided convolution; nil: one, of a 3x3 kernel
	apart       bool          // each phase has its own results, otherwise its own source pixels
}

// filterPhase is a part of a strided convolution that is one of stride 1.
type filterPhase struct {
	row, col             int   // first source pixel of a tile
	toRow, toCol         int   // first result, where they are apart
	order                []int // its taps, row by row; -1: a zero
	shortRows, shortCols bool  // the last taps are zero, and so is the last row or column of the transformed kernel
}

// factor is a product of a transformed source pixel with a transformed tap. In the gradient by the
// kernel, the transformed gradients of results take the place of results.
type factor struct{ result, source, kernel int }

type transforms struct {
	source, kernel, result, gradient, kernelSum func(*byte)
}

var (
	filterStride1 = filter{
		taps: 3, step: 2, reach: 4, least: 64, most: 100, size: 2, sources: 4, kernels: 4, results: 4,
		factors: []factor{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {3, 3, 3}},
		transforms: [2]transforms{
			{source3AVX2, kernel3AVX2, result3AVX2, gradient3AVX2, kernelSum3AVX2},
			{source3AVX512, kernel3AVX512, result3AVX512, gradient3AVX512, kernelSum3AVX512},
		},
	}
	filterGradient = filter{
		taps: 3, step: 4, reach: 6, least: 32, most: 32, size: 4, sources: 6, kernels: 6, results: 6,
		factors: []factor{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {3, 3, 3}, {4, 4, 4}, {5, 5, 5}},
		transforms: [2]transforms{
			{source4AVX2, kernel4AVX2, result4AVX2, gradient4AVX2, kernelSum4AVX2},
			{source4AVX512, kernel4AVX512, result4AVX512, gradient4AVX512, kernelSum4AVX512},
		},
	}
	filterPair = filter{
		taps: 2, step: 4, reach: 5, least: 32, most: 64, size: 4, sources: 5, kernels: 5, results: 5,
		factors: []factor{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {3, 3, 3}, {4, 4, 4}},
		transforms: [2]transforms{
			{sourcePairAVX2, kernelPairAVX2, resultPairAVX2, gradientPairAVX2, kernelSumPairAVX2},
			{sourcePairAVX512, kernelPairAVX512, resultPairAVX512, gradientPairAVX512, kernelSumPairAVX512},
		},
	}
	// A convolution of stride 2. Sources are, of pixels a o b p c: a-b, o, b, c-b, p; taps k0, k0+k2, k2, k1.
	filterWide = filter{
		taps: 3, step: 4, reach: 5, least: 64, most: 64, size: 2, sources: 5, kernels: 4, results: 3,
		factors: []factor{{0, 0, 0}, {0, 1, 3}, {1, 2, 1}, {2, 3, 2}, {2, 4, 3}},
		transforms: [2]transforms{
			{wideSourceAVX2, kernel2AVX2, wideResultAVX2, wideGradientAVX2, kernelSum2AVX2},
			{wideSourceAVX512, kernel2AVX512, wideResultAVX512, wideGradientAVX512, kernelSum2AVX512},
		},
	}
	// Its adjoint. Sources are, of pixels a b c: a-b, b, c-b, c; taps k2, k0+k2, k0, k1.
	filterThin = filter{
		taps: 3, step: 2, reach: 3, least: 24, most: 100, size: 4, sources: 4, kernels: 4, results: 5,
		factors: []factor{{0, 0, 0}, {1, 1, 1}, {2, 2, 2}, {3, 1, 3}, {4, 3, 3}},
		transforms: [2]transforms{
			{source: thinSourceAVX2, kernel: kernel2AVX2, result: thinResultAVX2},
			{source: thinSourceAVX512, kernel: kernel2AVX512, result: thinResultAVX512},
		},
	}
)

const (
	minFiltered = 16  // channels on both sides, for each step of the stride, from which fewer products outweigh the transforms
	maxFiltered = 0.8 // products that may remain, as a share; tiles reach over the edge of small images
)

// filterOf returns the filter for a correlation or an adjoint, of gradients or not; nil where none pays.
func filterOf(w Window, transposed, gradient bool) *filter {
	if w.DilationH != 1 || w.DilationW != 1 || w.StrideH != w.StrideW || w.StrideH > 2 ||
		min(w.InC, w.OutC) < minFiltered*w.StrideH || w.PadTop < 0 || w.PadLeft < 0 {
		return nil
	}
	var f *filter
	if w.KernelH == 3 && w.KernelW == 3 {
		f = filterOfThree(w, transposed, gradient)
	}
	if f == nil {
		f = filterOfPhases(w, transposed, gradient)
	}
	height, width := w.OutH, w.OutW
	if transposed {
		height, width = w.InH, w.InW
	}
	if f == nil || f.share(w, height, width) > maxFiltered {
		return nil
	}
	return f
}

// filterOfThree is the filter for a 3x3 kernel; nil where there is none.
func filterOfThree(w Window, transposed, gradient bool) *filter {
	switch {
	case w.PadTop > 2 || w.PadLeft > 2:
		return nil
	case w.StrideH == 1:
		f, height, width := &filterStride1, w.OutH, w.OutW
		if transposed {
			height, width = w.InH, w.InW
		}
		if gradient && filterGradient.share(w, height, width) < f.share(w, height, width) {
			f = &filterGradient
		}
		return f
	case !transposed:
		return &filterWide
	case w.PadTop > 0 || w.PadLeft > 0:
		return nil
	}
	return &filterThin
}

// share is how many of the products that an image of results of that size takes directly remain.
func (f *filter) share(w Window, height, width int) float64 {
	tiles := ceil(height, f.size) * ceil(width, f.size)
	products := len(f.factors) * len(f.factors)
	if len(f.tapPhases) > 0 {
		products = 0
		for i := range f.tapPhases {
			rows, cols := f.tapPhases[i].positions(f)
			products += rows * cols
		}
	}
	direct := float64(w.KernelH * w.KernelW * height * width)
	if f == &filterThin || f.apart {
		direct /= float64(w.StrideH * w.StrideW)
	}
	return float64(tiles*products) / direct
}

// of returns the transforms for the family of k.
func (f *filter) of(k *microkernels) *transforms {
	if k.lanes == 16 {
		return &f.transforms[1]
	}
	return &f.transforms[0]
}

// plan is p with tiles for results.
func (f *filter) plan(p plan) plan {
	p.stepH, p.stepW, p.strideH, p.strideW = f.step, f.step, f.size, f.size
	p.rows, p.cols = ceil(p.dstH, f.size), ceil(p.dstW, f.size)
	p.reach = f.reach
	p.width = max(p.left+p.srcW, (p.cols-1)*f.step+f.reach)
	return p
}

// block is the largest block: of so many tiles that their transforms stay in the second level cache; images, or rows of tiles.
func (f *filter) block(p *plan) (images, rows int) {
	tiles := max(f.least, min(f.most, 100<<10/(f.together()*f.sources*f.sources*roundUp(p.k))))
	if p.rows*p.cols <= tiles {
		return tiles / (p.rows * p.cols), p.rows
	}
	rows = max(1, tiles/p.cols)
	return 1, ceil(p.rows, ceil(p.rows, rows))
}

// pairs calls f for each product of a tile, with the position of the result, of the source pixel and of the tap.
func (f *filter) pairs(call func(result, source, kernel int)) {
	for r := range f.results * f.results {
		for _, a := range f.factors {
			for _, b := range f.factors {
				if a.result*f.results+b.result == r {
					call(r, a.source*f.sources+b.source, a.kernel*f.kernels+b.kernel)
				}
			}
		}
	}
}

// spread is the distance of positions whose elements are n long: an odd number of cache lines, since distances of a power of
// two would make all positions share a few sets of the cache.
func spread(n int) int { return roundUp(n) | 16 }

// layout is where transformed elements are: channels of a tile follow each other.
type layout struct {
	tile     int // elements from tile to tile
	position int // and from position to position
}

// transformSource transforms a block's source to v, all phases or, where those have their own results, the given one.
func (a *filterArgs) transformSource(f *filter, p *plan, k *microkernels, v, source []float32, b block, to layout, phase int) {
	switch {
	case len(f.tapPhases) == 0:
		a.transformPhase(f, p, k, v, source, b, to, filterPhase{}, 1)
	case f.apart:
		a.transformPhase(f, p, k, v, source, b, to, f.tapPhases[phase], 1)
	default:
		apart := f.step / f.size
		for i, phase := range f.tapPhases {
			a.transformPhase(f, p, k, v[i*f.sources*f.sources*to.position:], source, b, to, phase, apart)
		}
	}
}

// transformPhase transforms source pixels that are the given number of pixels apart.
func (a *filterArgs) transformPhase(f *filter, p *plan, k *microkernels, v, source []float32, b block, to layout, phase filterPhase, apart int) {
	a.tiles, a.vectors = p.cols, k.padded(p.k)/k.lanes
	a.inRow, a.inColumn, a.inTile = 4*apart*p.width*p.k, 4*apart*p.k, 4*f.step*p.k
	a.outColumn, a.outTile = 4*to.position, 4*to.tile
	a.outRow = f.sources * a.outColumn
	height := b.to - b.from
	for row := range b.images * height {
		image, r := row/height, row%height
		a.in = &source[((image*p.sourceRows(height)+f.step*r+phase.row)*p.width+phase.col)*p.k]
		a.out = &v[row*p.cols*to.tile]
		f.of(k).source((*byte)(unsafe.Pointer(a)))
	}
}

// blockOf is a block's part of the gradient that a plan of tiles without borders reads: where it is, if it is made of whole tiles and vectors,
// otherwise a copy.
func (p *plan) blockOf(r *rows, k *microkernels, to []float32, in *operand[float32], b block) []float32 {
	if in.origin() == plainGradient && p.width == p.srcW && p.stepH*p.rows == p.srcH && p.k == k.padded(p.k) {
		return in.values[(b.image*p.srcH+p.stepH*b.from)*p.width*p.k:]
	}
	p.copySource(r, k, to, in, b)
	return to
}

// transformGradient transforms a block's gradient to m.
func (a *filterArgs) transformGradient(f *filter, p *plan, k *microkernels, m, gradient []float32, b block, to layout) {
	a.tiles, a.vectors = p.cols, k.padded(p.k)/k.lanes
	a.inRow, a.inColumn, a.inTile = 4*p.width*p.k, 4*p.k, 4*f.size*p.k
	a.outColumn, a.outTile = 4*to.position, 4*to.tile
	a.outRow = f.results * a.outColumn
	for row := range b.images * (b.to - b.from) {
		a.in, a.out = &gradient[f.size*row*p.width*p.k], &m[row*p.cols*to.tile]
		f.of(k).gradient((*byte)(unsafe.Pointer(a)))
	}
}
