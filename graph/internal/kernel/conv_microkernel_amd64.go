//go:build amd64 && !noasm

package kernel

import (
	"unsafe"

	"dcae/graph/arithmetic"
)

//go:generate sh -c "cd gen && go run . -set conv"

// tileArgs are the arguments of the tile and dots microkernels: rows results a tile, one or two vectors of columns.
//
//	out[results[m]][0..columns) = act(bias + sum over segments s, k < length of in[pixels[m]+taps[s].in+k] * b[k][0..columns))
//
// where for each segment b goes on behind the last one's rows and taps[s].skip (not in dots). Offsets and strides are in bytes.
type tileArgs struct {
	in       *float32
	taps     *segmentOffset
	segments int
	length   int
	b        *float32
	stride   int // of b
	bias     *float32
	out      *float32
	pixels   *int32
	results  *int32
	tiles    int
	columns  columnMask
	act      int // 0: none, 1: ReLU, 2: leaky ReLU
	slope    float32
	_        float32
	stream   int // not 0: results, aligned whole vectors, are written past the cache
	add      int // not 0: what is in out is added before the activation; not in dots
}

// segmentOffset is where a segment's source elements are, and how far its matrix is behind the last segment's.
type segmentOffset struct{ in, skip int32 }

// fusedActivation is the activation that microkernels apply: linear where it has to be applied afterwards.
func fusedActivation(a Activation) (act int, slope float32) {
	switch a.Function {
	case ReLU:
		return 1, 0
	case LeakyReLU:
		return 2, float32(a.Slope)
	}
	return 0, 0
}

// minStreamed is from how many results on the cache could not hold them anyway.
const minStreamed = 6 << 20

// streamed is whether results [pixels, n] are written past the cache, which saves reading what is overwritten: 1 or 0.
func streamed(out []float32, n int) int {
	if len(out) >= minStreamed && n%16 == 0 && uintptr(unsafe.Pointer(&out[0]))%64 == 0 {
		return 1
	}
	return 0
}

// outerArgs are the arguments of the outer microkernels: sum[m] += sum over pixels p of in[pixels[p]+rows[m]] * b[p], or = where
// the sum is fresh.
type outerArgs struct {
	in        *float32
	rows      *int32
	pixels    *int32
	count     int
	b         *float32
	stride    int // of b
	sum       *float32
	sumStride int
	fresh     int // not 0: what is in sum does not count
	far       int // not 0: sum is not likely to be in the first level cache
}

// deriveArgs are the arguments of derive: to[r][c] = from[r][c] * act'(y[r][c]). It writes whole vectors.
type deriveArgs struct {
	rows, columns int
	to            *float32
	toStride      int
	y, from       *float32
	stride        int // of y and from
	rest          columnMask
	act           int // 0: copy, or a Function
	slope         float32
	_             float32
}

// sumRowsArgs are the arguments of sumRows: to[c] += sum over r of from[r][c]. It writes whole vectors.
type sumRowsArgs struct {
	rows, columns int
	from          *float32
	stride        int
	to            *float32
	rest          columnMask
}

// transposeArgs are the arguments of transpose8: 8 rows of blocks*8 columns become blocks*8 rows of 8.
type transposeArgs struct {
	blocks   int
	from     *float32
	stride   int
	to       *float32
	toStride int
}

// columnMask says which columns of up to two vectors there are: as bits for AVX-512, as lanes for AVX2.
type columnMask struct {
	bits  uint64
	lanes *int32 // nil: all
}

var laneMasks = [32]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}

// firstColumns is the mask of the first n of 1 to 2*16 (AVX-512) or 1 to 2*8 columns.
func firstColumns(n int) columnMask {
	return columnMask{bits: 1<<n - 1, lanes: &laneMasks[max(16-n, 0)]}
}

// microkernel is a function for a number of rows.
type microkernel struct {
	rows int
	call func(*byte)
}

// microkernels are those of a family; the lists are by the width of a panel, from many rows to one.
type microkernels struct {
	lanes   int
	tile    [3][]microkernel
	tileFar []microkernel // of two vectors, for a kernel that is not likely to be in the core's own caches
	outer   [3][]microkernel
	nine    func(*byte) // tile for sums of three segments of three products and two vectors, for one pixel a tile; nil: none
	dots    []microkernel
	derive  func(*byte)
	sumRows func(*byte)
}

var (
	kernelsAVX2 = microkernels{
		lanes: 8,
		tile: [3][]microkernel{
			nil,
			{{6, tileAVX2_6x1}, {4, tileAVX2_4x1}, {2, tileAVX2_2x1}, {1, tileAVX2_1x1}},
			{{6, tileAVX2_6x2}, {4, tileAVX2_4x2}, {2, tileAVX2_2x2}, {1, tileAVX2_1x2}},
		},
		tileFar: []microkernel{{6, tileFarAVX2_6x2}, {4, tileAVX2_4x2}, {2, tileAVX2_2x2}, {1, tileAVX2_1x2}},
		outer: [3][]microkernel{
			nil,
			{{6, outerAVX2_6x1}, {4, outerAVX2_4x1}, {3, outerAVX2_3x1}, {2, outerAVX2_2x1}, {1, outerAVX2_1x1}},
			{{6, outerAVX2_6x2}, {4, outerAVX2_4x2}, {3, outerAVX2_3x2}, {2, outerAVX2_2x2}, {1, outerAVX2_1x2}},
		},
		dots:   []microkernel{{12, dotsAVX2_12}, {4, dotsAVX2_4}, {1, dotsAVX2_1}},
		derive: deriveAVX2, sumRows: sumRowsAVX2,
	}
	kernelsAVX512 = microkernels{
		lanes: 16,
		tile: [3][]microkernel{
			{{12, tileHalf_12x1}, {8, tileHalf_8x1}, {4, tileHalf_4x1}, {2, tileHalf_2x1}, {1, tileHalf_1x1}},
			{{12, tileAVX512_12x1}, {8, tileAVX512_8x1}, {4, tileAVX512_4x1}, {2, tileAVX512_2x1}, {1, tileAVX512_1x1}},
			{{12, tileAVX512_12x2}, {8, tileAVX512_8x2}, {4, tileAVX512_4x2}, {2, tileAVX512_2x2}, {1, tileAVX512_1x2}},
		},
		tileFar: []microkernel{{12, tileFarAVX512_12x2}, {8, tileAVX512_8x2}, {4, tileAVX512_4x2}, {2, tileAVX512_2x2}, {1, tileAVX512_1x2}},
		outer: [3][]microkernel{
			{{12, outerHalf_12x1}, {9, outerHalf_9x1}, {8, outerHalf_8x1}, {4, outerHalf_4x1}, {2, outerHalf_2x1}, {1, outerHalf_1x1}},
			{{12, outerAVX512_12x1}, {9, outerAVX512_9x1}, {8, outerAVX512_8x1}, {4, outerAVX512_4x1}, {2, outerAVX512_2x1}, {1, outerAVX512_1x1}},
			{{12, outerAVX512_12x2}, {9, outerAVX512_9x2}, {8, outerAVX512_8x2}, {4, outerAVX512_4x2}, {2, outerAVX512_2x2}, {1, outerAVX512_1x2}},
		},
		nine:   nineAVX512,
		dots:   []microkernel{{12, dotsAVX512_12}, {4, dotsAVX512_4}, {1, dotsAVX512_1}},
		derive: deriveAVX512, sumRows: sumRowsAVX512,
	}
)

func chosenKernels() *microkernels {
	if family() == arithmetic.AVX512 {
		return &kernelsAVX512
	}
	return &kernelsAVX2
}

// panel is a group of columns that one microkernel computes.
type panel struct {
	from, columns int
	vectors       int // that it takes in memory
	width         width
}

// width is how much of a panel's vectors its microkernels compute.
type width uint8

const (
	halfVector width = iota
	oneVector
	twoVectors
)

// panels cuts n columns.
func (k *microkernels) panels(n int) []panel {
	var list []panel
	for from := 0; from < n; {
		columns := min(n-from, 2*k.lanes)
		p := panel{from, columns, 1, oneVector}
		switch {
		case columns > k.lanes:
			p.vectors, p.width = 2, twoVectors
		case columns <= k.lanes/2 && k.tile[halfVector] != nil:
			p.width = halfVector
		}
		list = append(list, p)
		from += columns
	}
	return list
}

// padded is n rounded up to whole vectors.
func (k *microkernels) padded(n int) int { return (n + k.lanes - 1) / k.lanes * k.lanes }

// roundUp rounds n up to whole vectors of either family: what decides on the order of a sum is the same for both.
func roundUp(n int) int { return (n + 15) &^ 15 }

// mask is that of a panel; without lanes where it is full.
func (k *microkernels) mask(p panel) columnMask {
	m := firstColumns(p.columns)
	if p.columns == p.vectors*k.lanes {
		m.lanes = nil
	}
	return m
}

// rest is the mask of what is left behind the last whole vector of n columns.
func (k *microkernels) rest(n int) columnMask { return firstColumns(max(n%k.lanes, 1)) }

// rows is a worker's scratch memory for the arguments of the functions that work on rows.
type rows struct {
	worker int
	derive deriveArgs
	sum    sumRowsArgs
}

// lazyLength is about how many elements of a gradient are computed at a time, so that they stay in the first level cache.
const lazyLength = 6 << 10

// copyDerived copies rows of an operand, from an element on, times the derivative if it has one. It writes whole vectors. Rows of a lazy
// operand are copied whole, so that their stride is the number of columns.
func (r *rows) copyDerived(k *microkernels, to []float32, toStride int, in *operand[float32], from, stride, rows, columns int) {
	if in.lazy == nil {
		if rows > 0 {
			r.derived(k, to, toStride, in, in.values[from:], from, stride, rows, columns)
		}
		return
	}
	if w, ok := in.lazy.(rowWriter[float32]); ok && in.y == nil && w.writeRows(to, toStride, from, rows, columns) {
		return
	}
	step := 2 * max(1, lazyLength/(2*columns)) // pairs: what a pooling makes one of
	for done := 0; done < rows; done += step {
		count := min(step, rows-done)
		at := from + done*columns
		r.derived(k, to[done*toStride:], toStride, in, in.slice(r.worker, at, at+count*columns), at, columns, count, columns)
	}
}

// derived copies values, those of in from an element on, times the derivative if in has one.
func (r *rows) derived(k *microkernels, to []float32, toStride int, in *operand[float32], values []float32, from, stride, rows, columns int) {
	a := &r.derive
	a.rows, a.columns, a.to, a.toStride = rows, columns, &to[0], 4*toStride
	a.from, a.stride, a.rest = &values[0], 4*stride, k.rest(columns)
	a.y, a.act = a.from, 0
	if in.y != nil {
		a.y, a.act, a.slope = &in.y[from], int(in.act.Function), float32(in.act.Slope)
	}
	k.derive((*byte)(unsafe.Pointer(a)))
}

// add adds rows of from to sum. It writes whole vectors.
func (r *rows) add(k *microkernels, sum, from *float32, stride, rows, columns int) {
	a := &r.sum
	a.rows, a.columns, a.from, a.stride, a.to, a.rest = rows, columns, from, 4*stride, sum, k.rest(columns)
	k.sumRows((*byte)(unsafe.Pointer(a)))
}

// offset is the address of the i-th element from p.
func offset(p *float32, i int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*i)) }
