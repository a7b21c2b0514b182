//go:build amd64 && !noasm

package kernel

// plan is the geometry of a product of images with a kernel as the fast kernels see it: every result pixel is a sum over taps,
// each the product of a source pixel at a fixed distance with a matrix [k,n] of the kernel.
//
// Results fall into phases that have the same taps. A convolution has one, a transposed one StrideH*StrideW: only the taps
// that hit a source pixel take part, so that no zero is multiplied (Dumoulin and Visin, "A guide to convolution arithmetic
// for deep learning", 2016, section 4).
type plan struct {
	srcH, srcW, k    int
	dstH, dstW, n    int
	stepH, stepW     int // source pixels from one result of a phase to the next
	strideH, strideW int // result pixels from one result of a phase to the next
	rows, cols       int // results of the first phase, which has most
	phases           []phase
	top, left        int  // source pixels that taps read before the first
	reach            int  // source rows that a row of results needs, from the first tap's to the last's
	width            int  // pixels of a source row with its border
	bordered         bool // whether there is any border
}

// phase are the results (row + q*strideH, col + r*strideW).
type phase struct {
	row, col int
	taps     []tap
	segments []segment
	length   int // elements of a segment
}

// tap is a matrix of the kernel and where its source pixel is, counted from the result's.
type tap struct{ matrix, row, col int }

// segment is where a run of source elements starts that neighbouring taps read together.
type segment struct{ row, col int }

// correlationPlan maps the window's input to its output.
func correlationPlan(w Window) plan {
	p := plan{
		srcH: w.InH, srcW: w.InW, k: w.InC, dstH: w.OutH, dstW: w.OutW, n: w.OutC,
		stepH: w.StrideH, stepW: w.StrideW, strideH: 1, strideW: 1,
	}
	var f phase
	for i := range w.KernelH {
		for j := range w.KernelW {
			f.taps = append(f.taps, tap{i*w.KernelW + j, i*w.DilationH - w.PadTop, j*w.DilationW - w.PadLeft})
		}
	}
	p.phases = []phase{f}
	p.finish()
	return p
}

// adjointPlan maps the window's output to its input.
func adjointPlan(w Window) plan {
	p := plan{
		srcH: w.OutH, srcW: w.OutW, k: w.OutC, dstH: w.InH, dstW: w.InW, n: w.InC,
		stepH: 1, stepW: 1, strideH: w.StrideH, strideW: w.StrideW,
	}
	for row := range min(w.StrideH, w.InH) {
		for col := range min(w.StrideW, w.InW) {
			f := phase{row: row, col: col}
			for i := w.KernelH - 1; i >= 0; i-- {
				for j := w.KernelW - 1; j >= 0; j-- {
					r, c := row+w.PadTop-i*w.DilationH, col+w.PadLeft-j*w.DilationW
					if r%w.StrideH == 0 && c%w.StrideW == 0 {
						f.taps = append(f.taps, tap{i*w.KernelW + j, r / w.StrideH, c / w.StrideW})
					}
				}
			}
			p.phases = append(p.phases, f)
		}
	}
	p.finish()
	return p
}

// finish derives the rest from the phases' taps.
func (p *plan) finish() {
	p.rows, p.cols = ceil(p.dstH, p.strideH), ceil(p.dstW, p.strideW)
	bottom, right := 0, 0 // the last source row and column behind a result that are read
	lastRow, lastCol := p.srcH-1, p.srcW-1
	for i := range p.phases {
		f := &p.phases[i]
		f.join(p.k)
		for _, t := range f.taps {
			p.top, p.left = max(p.top, -t.row), max(p.left, -t.col)
			bottom, right = max(bottom, t.row), max(right, t.col)
			lastRow = max(lastRow, (p.phaseRows(f, 0, p.rows)-1)*p.stepH+t.row)
			lastCol = max(lastCol, (p.phaseCols(f)-1)*p.stepW+t.col)
		}
	}
	p.reach = p.top + bottom + 1
	p.width = p.left + lastCol + 1
	p.bordered = p.top > 0 || p.left > 0 || lastRow >= p.srcH || lastCol >= p.srcW
}

// join makes segments of taps that are neighbours in a row, where all segments become equally long.
func (f *phase) join(k int) {
	run := 0
	for run < len(f.taps) && f.taps[run].row == f.taps[0].row && f.taps[run].col == f.taps[0].col+run {
		run++
	}
	if run == 0 {
		f.segments = []segment{{}} // a result without taps: one segment of nothing
		return
	}
	if run < len(f.taps) && f.taps[run].row == f.taps[0].row {
		run = 1 // more taps in this row, further apart
	}
	f.length = run * k
	for i := 0; i < len(f.taps); i += run {
		f.segments = append(f.segments, segment{f.taps[i].row, f.taps[i].col})
	}
}

// phaseRows is how many of the rows from..to the phase has.
func (p *plan) phaseRows(f *phase, from, to int) int {
	return max(0, min(to, ceil(p.dstH-f.row, p.strideH))-from)
}

func (p *plan) phaseCols(f *phase) int { return ceil(p.dstW-f.col, p.strideW) }

// products is the number of multiplications for an image; for minimal filtering about so many.
func (p plan) products() int {
	total := 0
	for i := range p.phases {
		total += len(p.phases[i].taps)
	}
	return total * p.rows * p.cols * p.k * p.n
}

// fewProducts take less time than it takes to wake another goroutine.
const fewProducts = 1 << 19

// forProducts is the pool to use for so many multiplications: none when they are too few to share.
func (p *Pool) forProducts(n int) *Pool {
	if n < fewProducts {
		return nil
	}
	return p
}

func ceil(n, divisor int) int { return (n + divisor - 1) / divisor }

// block is a part of a batch that one goroutine computes at a time: whole images, or a band of rows of one image. Its source
// is either the image itself or a copy with its border.
type block struct {
	image, images int
	from, to      int // rows of results of the first phase
}

// sourceRows is how many source rows a band of the given number of rows reads.
func (p *plan) sourceRows(rows int) int { return (rows-1)*p.stepH + p.reach }

// imageStride is the distance of two images of a block in source elements.
func (p *plan) imageStride(direct bool) int {
	if direct {
		return p.srcH * p.srcW * p.k
	}
	return p.sourceRows(p.rows) * p.width * p.k
}

// copySource copies a block's source with its border, multiplied by the derivative if in has one.
func (p *plan) copySource(r *rows, k *microkernels, to []float32, in *operand[float32], b block) {
	left, inner, length := p.left*p.k, p.srcW*p.k, p.width*p.k
	rows := p.sourceRows(b.to - b.from)
	top := b.from*p.stepH - p.top                                // the source row of the first
	first, end := min(rows, max(0, -top)), min(rows, p.srcH-top) // rows that are in the image
	for image := range b.images {
		clear(to[:first*length])
		if end > first {
			r.copyDerived(k, to[first*length+left:], length, in, ((b.image+image)*p.srcH+top+first)*inner, inner, end-first, inner)
		}
		if length > inner { // after the copy, which writes whole vectors
			for i := first; i < end; i++ {
				line := to[i*length:][:length]
				clear(line[:left])
				clear(line[left+inner:])
			}
		}
		clear(to[max(first, end)*length : rows*length])
		to = to[rows*length:]
	}
}

// pixelTable has for every result of a phase the byte offset of its source pixel in a block; a smaller block uses the start.
func (p *plan) pixelTable(f *phase, images, rows int, direct bool) []int32 {
	var table []int32
	for image := range images {
		for q := range p.phaseRows(f, 0, rows) {
			for r := range p.phaseCols(f) {
				table = append(table, int32(4*(image*p.imageStride(direct)+(q*p.stepH*p.width+r*p.stepW)*p.k)))
			}
		}
	}
	return table
}

// tapTable has the offset of each segment from a result's source pixel; the kernel's matrices follow each other.
func (p *plan) tapTable(f *phase) []segmentOffset {
	var table []segmentOffset
	for _, s := range f.segments {
		table = append(table, segmentOffset{in: int32(4 * ((s.row+p.top)*p.width + s.col + p.left) * p.k)})
	}
	return table
}

// addSource adds to bias the source pixels that are a block's own: each source row belongs to one band. The block's source
// starts at in, as copied or where it is (direct).
func (p *plan) addSource(r *rows, k *microkernels, bias []float32, in *float32, direct bool, a *operand[float32], b block) {
	from, to := b.from*p.stepH, min(p.srcH, b.to*p.stepH)
	stride := p.srcH * p.srcW * p.k
	if !direct {
		stride = p.sourceRows(b.to-b.from) * p.width * p.k
	}
	for image := range b.images { // with the borders, which are zero
		r.add(k, &bias[0], offset(in, image*stride+p.top*p.width*p.k), p.k, (to-from)*p.width, p.k)
	}
	if b.to < p.rows {
		return
	}
	for image := range b.images { // rows behind the last window
		for row := to; row < p.srcH; row++ {
			p.addRow(r.worker, bias, a, (b.image+image)*p.srcH+row)
		}
	}
}

// addRow adds a source row that no window reads.
func (p *plan) addRow(worker int, bias []float32, a *operand[float32], row int) {
	from, to := row*p.srcW*p.k, (row+1)*p.srcW*p.k
	for i, g := range a.slice(worker, from, to) {
		if a.y != nil {
			g *= derivative(a.act, a.y[from+i])
		}
		bias[i%p.k] += g
	}
}
