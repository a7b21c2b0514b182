package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is one of the two instruction sets that a kernel is built for.
type isa struct {
	name    string
	lanes   int // float32 in a vector
	vectors []reg.VecPhysical
}

var (
	avx2   = isa{"AVX2", 8, []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}}
	avx512 = isa{"AVX512", 16, []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}}
)

// bytes of a vector.
func (s isa) bytes() int { return 4 * s.lanes }

// general are all general registers but the stack pointer. A kernel that uses the last one, the frame pointer, has local
// variables, so that the assembler saves it.
var general = []reg.GPPhysical{reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15, reg.RBP}

func conv() {
	for _, s := range []struct {
		isa
		tiles, outer []int // rows of the microkernels
	}{
		{avx2, []int{6, 4, 2, 1}, []int{6, 4, 3, 2, 1}},
		{avx512, []int{12, 8, 4, 2, 1}, []int{12, 9, 8, 4, 2, 1}},
	} {
		for vectors := 1; vectors <= 2; vectors++ {
			for _, rows := range s.tiles {
				tile(s.isa, rows, vectors)
			}
			for _, rows := range s.outer {
				outer(s.isa, rows, vectors)
			}
		}
		for _, rows := range []int{12, 4, 1} {
			dots(s.isa, rows)
		}
		derive(s.isa)
		sumRows(s.isa)
		filters(s.isa)
	}
	transpose()
}

// function starts a function func(args *argsType) with the given number of local 8 byte variables. It returns the variables and
// a function for the i-th 8 byte field of the arguments, which needs a register to hold their address.
func function(name, argsType string, locals int) ([]Mem, func(i int, via reg.GPPhysical) Mem) {
	TEXT(name, NOSPLIT, "func(args *byte)")
	Doc(name + " takes the address of " + argsType + ".")
	Pragma("noescape")
	var local []Mem
	if locals > 0 {
		base := AllocLocal(8 * locals)
		for i := range locals {
			local = append(local, base.Offset(8*i))
		}
	}
	args := NewParamAddr("args", 0)
	return local, func(i int, via reg.GPPhysical) Mem {
		MOVQ(args, via)
		return Mem{Base: via, Disp: 8 * i}
	}
}

// Fields of tileArgs.
const (
	tileIn = iota
	tileTaps
	tileSegments
	tileLength
	tileB
	tileStride
	tileBias
	tileOut
	tilePixels
	tileResults
	tileTiles
	tileBits
	tileMask
	tileAct
	tileSlope
	tileStream
)

// tile builds a product of rows pixels with a panel of one or two vectors of columns:
//
//	for each tile: out[results[m]][0..columns) = act(bias + sum over segments s, k of in[pixels[m]+taps[s].in+k] * b[k][0..columns))
//
// where b goes on behind the last segment's rows and taps[s].skip. Offsets are in bytes. All accumulators stay in registers; what does not fit is local.
func tile(s isa, rows, vectors int) {
	const (
		taps = iota
		segments
		in
		stride
		pixels
		results
		tiles
		b0
		length
		locals
	)
	local, arg := function(fmt.Sprintf("tile%s_%dx%d", s.name, rows, vectors), "tileArgs", locals)
	off, a, b, count := general[:rows], general[12], general[13], general[14]
	acc := func(m, v int) reg.VecPhysical { return s.vectors[m*vectors+v] }
	bv := s.vectors[rows*vectors : rows*vectors+vectors]
	tmp := s.vectors[rows*vectors+vectors:]
	tmp = tmp[:min(len(tmp), 4)]

	for _, c := range [][2]int{{tileIn, in}, {tileStride, stride}, {tilePixels, pixels}, {tileResults, results}, {tileTiles, tiles}, {tileB, b0}, {tileLength, length}} {
		MOVQ(arg(c[0], a), b)
		MOVQ(b, local[c[1]])
	}
	if s.lanes == 16 {
		KMOVW(arg(tileBits, a), reg.K1)
		KMOVW(arg(tileBits, a).Offset(2), reg.K2)
	}

	Label("tile")
	MOVQ(local[pixels], a)
	for m := range off {
		MOVLQSX(Mem{Base: a, Disp: 4 * m}, off[m])
	}
	ADDQ(Imm(uint64(4*rows)), a)
	MOVQ(a, local[pixels])
	MOVQ(arg(tileTaps, a), a)
	MOVQ(a, local[taps])
	MOVQ(arg(tileSegments, a), a)
	MOVQ(a, local[segments])
	MOVQ(arg(tileBias, a), a)
	for v := range vectors {
		VMOVUPS(Mem{Base: a, Disp: v * s.bytes()}, acc(0, v))
	}
	for m := 1; m < rows; m++ {
		for v := range vectors {
			VMOVAPS(acc(0, v), acc(m, v))
		}
	}
	MOVQ(local[b0], b)

	step := func(k int) {
		for v := range vectors {
			VMOVUPS(Mem{Base: b, Disp: v * s.bytes()}, bv[v])
		}
		ADDQ(local[stride], b)
		for m := range rows {
			t := tmp[m%len(tmp)]
			VBROADCASTSS(Mem{Base: a, Index: off[m], Scale: 1, Disp: 4 * k}, t)
			for v := range vectors {
				VFMADD231PS(bv[v], t, acc(m, v))
			}
		}
	}
	Label("segment")
	MOVQ(local[taps], a)
	MOVLQSX(Mem{Base: a, Disp: 4}, count)
	ADDQ(count, b)
	MOVLQSX(Mem{Base: a}, count)
	ADDQ(Imm(8), a)
	MOVQ(a, local[taps])
	MOVQ(local[in], a)
	ADDQ(count, a)
	MOVQ(local[length], count)
	SUBQ(Imm(4), count)
	JL(LabelRef("rest"))
	Label("loop4")
	for k := range 4 {
		step(k)
	}
	ADDQ(Imm(16), a)
	SUBQ(Imm(4), count)
	JGE(LabelRef("loop4"))
	Label("rest")
	ADDQ(Imm(4), count)
	JZ(LabelRef("next"))
	Label("loop1")
	step(0)
	ADDQ(Imm(4), a)
	DECQ(count)
	JNZ(LabelRef("loop1"))
	Label("next")
	DECQ(local[segments])
	JNZ(LabelRef("segment"))

	CMPQ(arg(tileAct, a), Imm(1))
	JL(LabelRef("store"))
	JE(LabelRef("relu"))
	slope := bv[0]
	VBROADCASTSS(arg(tileSlope, a), slope)
	for m := range rows {
		for v := range vectors {
			if s.lanes == 16 {
				VPMOVD2M(acc(m, v), reg.K3)
				VMULPS(slope, acc(m, v), reg.K3, acc(m, v))
			} else {
				VMULPS(slope, acc(m, v), tmp[0])
				VBLENDVPS(acc(m, v), tmp[0], acc(m, v), acc(m, v))
			}
		}
	}
	JMP(LabelRef("store"))
	Label("relu")
	zero(s, bv[0])
	for m := range rows {
		for v := range vectors {
			VMAXPS(acc(m, v), bv[0], acc(m, v))
		}
	}
	Label("store")
	MOVQ(local[results], a)
	MOVQ(arg(tileOut, b), b)
	store := func(op func(m, v int, to Mem)) {
		for m := range rows {
			MOVLQSX(Mem{Base: a, Disp: 4 * m}, count)
			for v := range vectors {
				op(m, v, Mem{Base: b, Index: count, Scale: 1, Disp: v * s.bytes()})
			}
		}
	}
	CMPQ(arg(tileStream, off[0]), Imm(0))
	JE(LabelRef("cached"))
	store(func(m, v int, to Mem) { VMOVNTPS(acc(m, v), to) })
	JMP(LabelRef("stored"))
	Label("cached")
	if s.lanes == 16 {
		masks := []reg.OpmaskPhysical{reg.K1, reg.K2}
		store(func(m, v int, to Mem) { VMOVUPS(acc(m, v), masks[v], to) })
	} else {
		MOVQ(arg(tileMask, off[0]), off[0])
		TESTQ(off[0], off[0])
		JNZ(LabelRef("masked"))
		store(func(m, v int, to Mem) { VMOVUPS(acc(m, v), to) })
		JMP(LabelRef("stored"))
		Label("masked")
		for v := range vectors {
			VMOVUPS(Mem{Base: off[0], Disp: v * s.bytes()}, bv[v])
		}
		store(func(m, v int, to Mem) { VMASKMOVPS(acc(m, v), bv[v], to) })
	}
	Label("stored")
	ADDQ(Imm(uint64(4*rows)), a)
	MOVQ(a, local[results])
	DECQ(local[tiles])
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// Fields of outerArgs.
const (
	outerIn = iota
	outerRows
	outerPixels
	outerCount
	outerB
	outerStride
	outerSum
	outerSumStride
)

// outer builds a sum of outer products over pixels:
//
//	sum[m][0..columns) += sum over pixels p of in[pixels[p]+rows[m]] * b[p][0..columns)
func outer(s isa, rows, vectors int) {
	const (
		in = iota
		stride
		end
		locals
	)
	local, arg := function(fmt.Sprintf("outer%s_%dx%d", s.name, rows, vectors), "outerArgs", locals)
	off, x, b, pixel := general[:rows], general[12], general[13], general[14]
	acc := func(m, v int) reg.VecPhysical { return s.vectors[m*vectors+v] }
	bv := s.vectors[rows*vectors : rows*vectors+vectors]
	tmp := s.vectors[rows*vectors+vectors:]
	tmp = tmp[:min(len(tmp), 4)]
	for _, c := range [][2]int{{outerIn, in}, {outerStride, stride}} {
		MOVQ(arg(c[0], x), b)
		MOVQ(b, local[c[1]])
	}
	MOVQ(arg(outerCount, x), b)
	MOVQ(arg(outerPixels, pixel), pixel)
	LEAQ(Mem{Base: pixel, Index: b, Scale: 4}, b)
	MOVQ(b, local[end])
	MOVQ(arg(outerB, b), b)
	MOVQ(arg(outerRows, x), x)
	for m := range off {
		MOVLQSX(Mem{Base: x, Disp: 4 * m}, off[m])
	}
	for m := range rows {
		for v := range vectors {
			zero(s, acc(m, v))
		}
	}
	Label("loop")
	MOVLQSX(Mem{Base: pixel}, x)
	ADDQ(local[in], x)
	for v := range vectors {
		VMOVUPS(Mem{Base: b, Disp: v * s.bytes()}, bv[v])
	}
	ADDQ(local[stride], b)
	ADDQ(Imm(4), pixel)
	for m := range rows {
		t := tmp[m%len(tmp)]
		VBROADCASTSS(Mem{Base: x, Index: off[m], Scale: 1}, t)
		for v := range vectors {
			VFMADD231PS(bv[v], t, acc(m, v))
		}
	}
	CMPQ(pixel, local[end])
	JNE(LabelRef("loop"))
	MOVQ(arg(outerSumStride, x), b)
	MOVQ(arg(outerSum, x), x)
	for m := range rows {
		for v := range vectors {
			to := Mem{Base: x, Disp: v * s.bytes()}
			VADDPS(to, acc(m, v), acc(m, v))
			VMOVUPS(acc(m, v), to)
		}
		if m < rows-1 {
			ADDQ(b, x)
		}
	}
	VZEROUPPER()
	RET()
}

// zero clears a vector.
func zero(s isa, v reg.VecPhysical) {
	if s.lanes == 16 {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

// dots builds the product of rows pixels with one column, vectorized along the sum:
//
//	for each tile: out[results[m]] = bias[0] + sum over segments s, k of in[pixels[m]+taps[s]+k] * b[s*length+k]
//
// The mask is that of length's rest.
func dots(s isa, rows int) {
	const (
		taps = iota
		segments
		in
		pixels
		results
		tiles
		length
		locals
	)
	local, arg := function(fmt.Sprintf("dots%s_%d", s.name, rows), "tileArgs", locals)
	off, a, b, count := general[:rows], general[12], general[13], general[14]
	acc := s.vectors[:rows]
	w, t, mask := s.vectors[12], s.vectors[13], s.vectors[14]
	for _, c := range [][2]int{{tileIn, in}, {tilePixels, pixels}, {tileResults, results}, {tileTiles, tiles}, {tileLength, length}} {
		MOVQ(arg(c[0], a), b)
		MOVQ(b, local[c[1]])
	}
	if s.lanes == 16 {
		KMOVW(arg(tileBits, a), reg.K1)
	} else {
		MOVQ(arg(tileMask, a), a)
		VMOVUPS(Mem{Base: a}, mask)
	}
	Label("tile")
	MOVQ(local[pixels], a)
	for m := range off {
		MOVLQSX(Mem{Base: a, Disp: 4 * m}, off[m])
	}
	ADDQ(Imm(uint64(4*rows)), a)
	MOVQ(a, local[pixels])
	MOVQ(arg(tileTaps, a), a)
	MOVQ(a, local[taps])
	MOVQ(arg(tileSegments, a), a)
	MOVQ(a, local[segments])
	MOVQ(arg(tileB, b), b)
	for _, v := range acc {
		zero(s, v)
	}
	Label("segment")
	MOVQ(local[taps], a)
	MOVLQSX(Mem{Base: a}, count)
	ADDQ(Imm(8), a)
	MOVQ(a, local[taps])
	MOVQ(local[in], a)
	ADDQ(count, a)
	MOVQ(local[length], count)
	SUBQ(Imm(uint64(s.lanes)), count)
	JL(LabelRef("rest"))
	Label("loop")
	VMOVUPS(Mem{Base: b}, w)
	for m := range rows {
		VFMADD231PS(Mem{Base: a, Index: off[m], Scale: 1}, w, acc[m])
	}
	ADDQ(Imm(uint64(s.bytes())), a)
	ADDQ(Imm(uint64(s.bytes())), b)
	SUBQ(Imm(uint64(s.lanes)), count)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(Imm(uint64(s.lanes)), count)
	JZ(LabelRef("next"))
	load := func(from Mem, to reg.VecPhysical) {
		if s.lanes == 16 {
			VMOVUPS_Z(from, reg.K1, to)
		} else {
			VMASKMOVPS(from, mask, to)
		}
	}
	load(Mem{Base: b}, w)
	for m := range rows {
		load(Mem{Base: a, Index: off[m], Scale: 1}, t)
		VFMADD231PS(t, w, acc[m])
	}
	LEAQ(Mem{Base: b, Index: count, Scale: 4}, b)
	Label("next")
	DECQ(local[segments])
	JNZ(LabelRef("segment"))

	x := []reg.VecPhysical{reg.X0, reg.X1, reg.X2, reg.X3, reg.X4, reg.X5, reg.X6, reg.X7, reg.X8, reg.X9, reg.X10, reg.X11}
	y := avx2.vectors
	for m := range rows {
		if s.lanes == 16 {
			VEXTRACTF64X4(Imm(1), acc[m], reg.Y13)
			VADDPS(reg.Y13, y[m], y[m])
		}
		VEXTRACTF128(Imm(1), y[m], reg.X13)
		VADDPS(reg.X13, x[m], x[m])
	}
	MOVQ(arg(tileBias, a), a)
	VBROADCASTSS(Mem{Base: a}, reg.X12)
	MOVQ(local[results], a)
	MOVQ(arg(tileOut, b), b)
	for m := 0; m < rows; m += 4 {
		at := func(i int) reg.VecPhysical { return x[min(m+i, rows-1)] }
		VHADDPS(at(1), at(0), reg.X13)
		VHADDPS(at(3), at(2), reg.X15)
		VHADDPS(reg.X15, reg.X13, reg.X13)
		VADDPS(reg.X12, reg.X13, reg.X13)
		for i := 0; i < 4 && m+i < rows; i++ {
			MOVLQSX(Mem{Base: a, Disp: 4 * (m + i)}, count)
			VEXTRACTPS(Imm(uint64(i)), reg.X13, Mem{Base: b, Index: count, Scale: 1})
		}
	}
	ADDQ(Imm(uint64(4*rows)), a)
	MOVQ(a, local[results])
	DECQ(local[tiles])
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}
