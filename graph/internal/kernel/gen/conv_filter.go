package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Minimal filtering transforms small square tiles, rows and columns alike, by maps whose coefficients are 1 and -1. A map is
// given by the terms of each of its outputs: input i is i+1, with a minus sign where it is subtracted.
type linearMap [][]int

var (
	// F(2x2,3x3), stride 1: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015, section 4.1.
	source3   = linearMap{{1, -3}, {2, 3}, {3, -2}, {2, -4}}
	result3   = linearMap{{1, 2, 3}, {2, -3, -4}}
	gradient3 = linearMap{{1}, {1, 2}, {1, -2}, {-2}}

	// Stride 2: the even and the odd pixels of the larger image are convolved on their own. Two neighbours of the even ones,
	// a*k0 + b*k2 and b*k0 + c*k2, are (a-b)*k0 + b*(k0+k2) and b*(k0+k2) + (c-b)*k2: three products for four.
	wideSource   = linearMap{{1, -3}, {2}, {3}, {5, -3}, {4}} // of a convolution, from five pixels of the larger image
	wideResult   = linearMap{{1, 2}, {2, 3}}
	wideGradient = linearMap{{1}, {1, 2}, {2}}
	thinSource   = linearMap{{1, -2}, {2}, {3, -2}, {3}} // of a transposed convolution, from three pixels of the smaller one
	thinResult   = linearMap{{1, 2}, {4}, {2, 3}, {5}}
	kernel2      = linearMap{{3}, {1, 3}, {1}, {2}}
	kernelSum2   = linearMap{{1, 2}, {4}, {3, 2}} // from k0, k0+k2, k2, k1
)

func filters(s isa) {
	for _, f := range []struct {
		name string
		m    linearMap
		in   int
	}{
		{"source3", source3, 4}, {"gradient3", gradient3, 2}, {"wideSource", wideSource, 5}, {"wideGradient", wideGradient, 2},
		{"thinSource", thinSource, 3}, {"kernel2", kernel2, 3}, {"kernelSum2", kernelSum2, 4},
	} {
		transformTiles(s, f.name, f.m, f.in, false)
	}
	transformTiles(s, "result3", result3, 4, true)
	transformTiles(s, "wideResult", wideResult, 3, true)
	transformTiles(s, "thinResult", thinResult, 5, true)
	kernel3(s)
	kernelSum3(s)
}

// Fields of filterArgs.
const (
	filterTiles = iota
	filterVectors
	filterIn
	filterInRow
	filterInColumn
	filterInTile
	filterOut
	filterOutRow
	filterOutColumn
	filterOutTile
	filterBias
	filterBits
	filterMask
	filterAct
	filterSlope
	filterStream
)

// transformTiles builds a map applied to the columns and rows of tiles of in*in elements, each element a number of vectors of
// channels. Results get bias and activation, and their last vector may be masked.
func transformTiles(s isa, name string, m linearMap, in int, result bool) {
	const (
		tiles = iota
		outRow
		inTile
		outTile
		inStart
		outStart
		bias
		stream
		locals
	)
	local, arg := function(name+s.name, "filterArgs", locals)
	rows, a := general[:in], general[5]
	col, col3, line, o, outCol, count, act, mask, bits := general[6], general[7], general[8], general[9], general[10], general[11], general[12], general[13], general[14]
	t, u, none, b, slope, w, lanes := s.vectors[:in], s.vectors[5], s.vectors[6], s.vectors[7], s.vectors[8], s.vectors[9], s.vectors[10]
	for _, c := range [][2]int{{filterTiles, tiles}, {filterOutRow, outRow}, {filterInTile, inTile}, {filterOutTile, outTile}, {filterIn, inStart}, {filterOut, outStart}, {filterStream, stream}} {
		MOVQ(arg(c[0], a), o)
		MOVQ(o, local[c[1]])
	}
	MOVQ(arg(filterInColumn, a), col)
	LEAQ(Mem{Base: col, Index: col, Scale: 2}, col3)
	MOVQ(arg(filterOutColumn, a), outCol)
	zero(s, none)
	if result {
		MOVQ(arg(filterAct, a), act)
		VBROADCASTSS(arg(filterSlope, a), slope)
	}
	at := func(row, j int) Mem {
		switch j {
		case 0:
			return Mem{Base: rows[row]}
		case 3:
			return Mem{Base: rows[row], Index: col3, Scale: 1}
		}
		return Mem{Base: rows[row], Index: col, Scale: uint8(j)}
	}
	Label("tile")
	MOVQ(arg(filterInRow, a), a)
	MOVQ(local[inStart], rows[0])
	for i := 1; i < in; i++ {
		LEAQ(Mem{Base: rows[i-1], Index: a, Scale: 1}, rows[i])
	}
	MOVQ(arg(filterVectors, a), count)
	if result {
		MOVQ(arg(filterBias, a), a)
		MOVQ(a, local[bias])
		if s.lanes == 16 {
			MOVQ(arg(filterBits, a), bits)
		} else {
			MOVQ(arg(filterMask, a), mask)
		}
	}
	XORQ(a, a) // bytes of vectors done
	Label("loop")
	MOVQ(local[outStart], line)
	ADDQ(a, line)
	if result {
		MOVQ(local[bias], o)
		VMOVUPS(Mem{Base: o, Index: a, Scale: 1}, b)
		if s.lanes == 16 {
			KMOVW(bits.As32(), reg.K1)
		} else {
			TESTQ(mask, mask)
			JZ(LabelRef("unmasked"))
			VMOVUPS(Mem{Base: mask, Index: a, Scale: 1}, lanes)
			Label("unmasked")
		}
	}
	for i, row := range m {
		for j := range in {
			combine(row, none, t[j], func(k int) Op { return at(k, j) }, true)
		}
		MOVQ(line, o)
		for j, column := range m {
			x := combine(column, none, u, func(k int) Op { return t[k] }, false)
			if result {
				label := func(l string) string { return fmt.Sprintf("%s_%d_%d", l, i, j) }
				finishResult(s, x, u, b, slope, w, none, act, label)
				storeResult(s, u, lanes, mask, local[stream], Mem{Base: o}, label)
			} else {
				VMOVUPS(x, Mem{Base: o})
			}
			if j < len(m)-1 {
				ADDQ(outCol, o)
			}
		}
		if i < len(m)-1 {
			ADDQ(local[outRow], line)
		}
	}
	for i := range in {
		ADDQ(Imm(uint64(s.bytes())), rows[i])
	}
	ADDQ(Imm(uint64(s.bytes())), a)
	if result && s.lanes == 16 {
		SHRQ(Imm(16), bits)
	}
	DECQ(count)
	JNZ(LabelRef("loop"))
	for _, c := range [][2]int{{inStart, inTile}, {outStart, outTile}} {
		MOVQ(local[c[1]], a)
		ADDQ(a, local[c[0]])
	}
	DECQ(local[tiles])
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// combine computes a row of a map into to and returns where the result is: a single register is not copied.
func combine(row []int, none, to reg.VecPhysical, in func(k int) Op, memory bool) reg.VecPhysical {
	for i, k := range row {
		x := in(max(k, -k) - 1)
		switch {
		case i == 0 && k < 0:
			VSUBPS(x, none, to)
		case i == 0 && memory:
			VMOVUPS(x, to)
		case i == 0 && len(row) == 1:
			return x.(reg.VecPhysical)
		case i == 0: // with the next
		case i == 1 && !memory && k < 0:
			VSUBPS(x, in(row[0]-1), to)
		case i == 1 && !memory:
			VADDPS(x, in(row[0]-1), to)
		case k < 0:
			VSUBPS(x, to, to)
		default:
			VADDPS(x, to, to)
		}
	}
	return to
}

// finishResult computes y = act(x + b).
func finishResult(s isa, x, y, b, slope, w, none reg.VecPhysical, act reg.GPPhysical, label func(string) string) {
	VADDPS(b, x, y)
	CMPQ(act, Imm(1))
	JL(LabelRef(label("store")))
	JE(LabelRef(label("relu")))
	if s.lanes == 16 {
		VPMOVD2M(y, reg.K3)
		VMULPS(slope, y, reg.K3, y)
	} else {
		VMULPS(slope, y, w)
		VBLENDVPS(y, w, y, y)
	}
	JMP(LabelRef(label("store")))
	Label(label("relu"))
	VMAXPS(y, none, y)
	Label(label("store"))
}

func storeResult(s isa, y, lanes reg.VecPhysical, mask reg.GPPhysical, stream, to Mem, label func(string) string) {
	if s.lanes == 16 {
		CMPQ(stream, Imm(0))
		JE(LabelRef(label("cached")))
		VMOVNTPS(y, to)
		JMP(LabelRef(label("stored")))
		Label(label("cached"))
		VMOVUPS(y, reg.K1, to)
		Label(label("stored"))
		return
	}
	TESTQ(mask, mask)
	JNZ(LabelRef(label("masked")))
	VMOVUPS(y, to)
	JMP(LabelRef(label("stored")))
	Label(label("masked"))
	VMASKMOVPS(y, lanes, to)
	Label(label("stored"))
}

// half is the constant 1/2 in all lanes.
func half(s isa, x reg.VecPhysical, via reg.VecPhysical) {
	MOVL(U32(0x3f000000), reg.R12L)
	VMOVD(reg.R12L, via)
	VBROADCASTSS(via, x)
}

// kernel3 builds the transform of 3x3 kernels for F(2x2,3x3), whose coefficients include 1/2; columns are taps and positions.
func kernel3(s isa) {
	_, arg := function("kernel3"+s.name, "filterArgs", 0)
	count, from, tap, to, position, p, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	MOVQ(arg(filterVectors, a), count)
	MOVQ(arg(filterIn, a), from)
	MOVQ(arg(filterInColumn, a), tap)
	MOVQ(arg(filterOut, a), to)
	MOVQ(arg(filterOutColumn, a), position)
	g, t, e, h := s.vectors[0:3], s.vectors[3:5], s.vectors[5], s.vectors[6]
	half(s, h, reg.X6)
	// The transformed rows 0 to 3 of a column are g0, (g0+g2)/2 + g1/2, (g0+g2)/2 - g1/2, g2. Columns come first, kept in
	// the result's place, then rows.
	middle := func() { // t = the two in the middle from g
		VADDPS(g[2], g[0], e)
		VMULPS(h, e, e)
		VMULPS(h, g[1], t[0])
		VSUBPS(t[0], e, t[1])
		VADDPS(t[0], e, t[0])
	}
	offset := func(base reg.GPPhysical, step reg.GPPhysical, n int) Mem { // p = base + n*step
		MOVQ(base, p)
		for range n {
			ADDQ(step, p)
		}
		return Mem{Base: p}
	}
	Label("loop")
	for j := range 3 {
		for i := range 3 {
			VMOVUPS(offset(from, tap, 3*i+j), g[i])
		}
		middle()
		for i, r := range []reg.VecPhysical{g[0], t[0], t[1], g[2]} {
			VMOVUPS(r, offset(to, position, 4*i+j))
		}
	}
	for i := range 4 {
		for j := range 3 {
			VMOVUPS(offset(to, position, 4*i+j), g[j])
		}
		middle()
		for j, r := range []reg.VecPhysical{g[0], t[0], t[1], g[2]} {
			VMOVUPS(r, offset(to, position, 4*i+j))
		}
	}
	ADDQ(Imm(uint64(s.bytes())), from)
	ADDQ(Imm(uint64(s.bytes())), to)
	DECQ(count)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// kernelSum3 builds the adjoint of kernel3: sums by position become gradients by taps.
func kernelSum3(s isa) {
	_, arg := function("kernelSum3"+s.name, "filterArgs", 0)
	count, to, tap, from, position, p, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	MOVQ(arg(filterVectors, a), count)
	MOVQ(arg(filterOut, a), to)
	MOVQ(arg(filterOutColumn, a), tap)
	MOVQ(arg(filterIn, a), from)
	MOVQ(arg(filterInColumn, a), position)
	u, e, h := s.vectors[0:4], s.vectors[4], s.vectors[5]
	columns, three := s.vectors[6:10], [3]reg.VecPhysical{s.vectors[10], s.vectors[11], s.vectors[12]}
	half(s, h, reg.X5)
	offset := func(base reg.GPPhysical, step reg.GPPhysical, n int) Mem {
		MOVQ(base, p)
		for range n {
			ADDQ(step, p)
		}
		return Mem{Base: p}
	}
	// With s = (u1+u2)/2 and d = (u1-u2)/2 the three are u0+s, d, s+u3.
	columnsOf := func(out [3]reg.VecPhysical, in []reg.VecPhysical) {
		VADDPS(in[2], in[1], e)
		VSUBPS(in[2], in[1], out[1])
		VMULPS(h, out[1], out[1])
		VMULPS(h, e, e)
		VADDPS(e, in[0], out[0])
		VADDPS(e, in[3], out[2])
	}
	Label("loop")
	for row := range 3 {
		for j := range 4 {
			for i := range 4 {
				VMOVUPS(offset(from, position, 4*i+j), u[i])
			}
			columnsOf(three, u)
			VMOVAPS(three[row], columns[j])
		}
		columnsOf([3]reg.VecPhysical{u[0], u[1], u[2]}, columns)
		for j := range 3 {
			VMOVUPS(u[j], offset(to, tap, 3*row+j))
		}
	}
	ADDQ(Imm(uint64(s.bytes())), from)
	ADDQ(Imm(uint64(s.bytes())), to)
	DECQ(count)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
