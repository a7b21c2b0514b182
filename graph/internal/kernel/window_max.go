package kernel

// Range is from one place along an axis up to another; Step places of it are left out between two others, if it is not 0.
type Range struct{ From, To, Step int }

// Ranges are out ranges that cover an axis of in places: range i is from floor(i*in/out) to ceil((i+1)*in/out).
func Ranges(in, out int) []Range {
	ranges := make([]Range, out)
	for i := range ranges {
		ranges[i] = Range{i * in / out, ((i+1)*in + out - 1) / out, 1}
	}
	return ranges
}

// WindowRanges are the rows and the columns of a window's places within an image.
func WindowRanges(w Window) (rows, columns []Range) {
	along := func(in, out, size, stride, dilation, pad int) []Range {
		ranges := make([]Range, out)
		for i := range ranges {
			from := i*stride - pad
			to := min(from+(size-1)*dilation+1, in)
			if from < 0 {
				from += (-from + dilation - 1) / dilation * dilation
			}
			ranges[i] = Range{from, to, dilation}
		}
		return ranges
	}
	return along(w.InH, w.OutH, w.KernelH, w.StrideH, w.DilationH, w.PadTop), along(w.InW, w.OutW, w.KernelW, w.StrideW, w.DilationW, w.PadLeft)
}

// WindowMax takes the largest value of each channel over windows of any size: all places in the rows of one range and the columns of another. Of
// equal ones the first wins; a NaN wins over everything.
type WindowMax[T Float] struct {
	inW, channels int
	in, out       int // values of an image
	rows, columns []Range
	winners       []int32 // of each value, where it lies in its image
}

// NewWindowMax returns the operation for images of inH x inW pixels. Each range has a place within the image.
func NewWindowMax[T Float](inH, inW, channels int, rows, columns []Range) *WindowMax[T] {
	return &WindowMax[T]{inW: inW, channels: channels, in: inH * inW * channels, out: len(rows) * len(columns) * channels, rows: rows, columns: columns}
}

// Find looks for the largest values of n images.
func (m *WindowMax[T]) Find(p *Pool, n int, x []T) {
	m.winners = resize(m.winners, n*m.out)
	p.forElements(n*m.in).run(n, each(func(image int) {
		x, winners := x[image*m.in:][:m.in], m.winners[image*m.out:][:m.out]
		for i, r := range m.rows {
			for j, c := range m.columns {
				m.find(winners[(i*len(m.columns)+j)*m.channels:][:m.channels], x, r, c)
			}
		}
	}))
}

// find finds the winners of one window.
func (m *WindowMax[T]) find(winners []int32, x []T, rows, columns Range) {
	for c := range winners {
		winners[c] = int32((rows.From*m.inW+columns.From)*m.channels + c)
	}
	for i := rows.From; i < rows.To; i += rows.Step {
		for j := columns.From; j < columns.To; j += columns.Step {
			at := (i*m.inW + j) * m.channels
			for c, v := range x[at:][:m.channels] {
				if larger(v, x[winners[c]]) {
					winners[c] = int32(at + c)
				}
			}
		}
	}
}

// Take copies what is found in images x to y: pooling, and the gradient of Put.
func (m *WindowMax[T]) Take(p *Pool, n int, y, x []T) {
	p.forElements(n*m.in).run(n, each(func(image int) {
		x, y := x[image*m.in:][:m.in], y[image*m.out:][:m.out]
		for i, at := range m.winners[image*m.out:][:m.out] {
			y[i] = x[at]
		}
	}))
}

// Put writes each value of y to where it is found in images x, and zeros elsewhere; of several at one place the last stays.
func (m *WindowMax[T]) Put(p *Pool, n int, x, y []T) {
	p.forElements(n*m.in).run(n, each(func(image int) {
		x, y := x[image*m.in:][:m.in], y[image*m.out:][:m.out]
		clear(x)
		for i, at := range m.winners[image*m.out:][:m.out] {
			x[at] = y[i]
		}
	}))
}

// Add is Put, but several values at one place add up: the gradient of Take.
func (m *WindowMax[T]) Add(p *Pool, n int, dx, dy []T) {
	p.forElements(n*m.in).run(n, each(func(image int) {
		dx, dy := dx[image*m.in:][:m.in], dy[image*m.out:][:m.out]
		clear(dx)
		for i, at := range m.winners[image*m.out:][:m.out] {
			dx[at] += dy[i]
		}
	}))
}
