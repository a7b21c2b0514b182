package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of deriveArgs.
const (
	deriveRows = iota
	deriveColumns
	deriveTo
	deriveToStride
	deriveY
	deriveFrom
	deriveStride
	deriveBits
	deriveMask
	deriveAct
	deriveSlope
)

// derive builds a copy of rows of dy, times the derivative of the activation whose result is y:
//
//	to[r][c] = dy[r][c] * act'(y[r][c])
//
// It writes whole vectors: zeros behind the last column.
func derive(s isa) {
	_, arg := function("derive"+s.name, "deriveArgs", 0)
	rows, columns, to, y, from, count, o, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8, reg.R9
	stride, toStride := reg.R10, reg.R11
	g, v, t, u, one, slope, mask := s.vectors[0], s.vectors[1], s.vectors[2], s.vectors[3], s.vectors[4], s.vectors[5], s.vectors[6]
	MOVQ(arg(deriveRows, a), rows)
	MOVQ(arg(deriveColumns, a), columns)
	MOVQ(arg(deriveTo, a), to)
	MOVQ(arg(deriveToStride, a), toStride)
	MOVQ(arg(deriveY, a), y)
	MOVQ(arg(deriveFrom, a), from)
	MOVQ(arg(deriveStride, a), stride)
	if s.lanes == 16 {
		KMOVW(arg(deriveBits, a), reg.K1)
	} else {
		MOVQ(arg(deriveMask, a), a)
		VMOVUPS(Mem{Base: a}, mask)
	}
	VBROADCASTSS(arg(deriveSlope, a), slope)
	MOVL(U32(0x3f800000), reg.R12L)
	VMOVD(reg.R12L, reg.X4)
	VBROADCASTSS(reg.X4, one)
	MOVQ(arg(deriveAct, a), a)

	load := func(p reg.GPPhysical, masked bool, to reg.VecPhysical) {
		from := Mem{Base: p, Index: o, Scale: 1}
		switch {
		case !masked:
			VMOVUPS(from, to)
		case s.lanes == 16:
			VMOVUPS_Z(from, reg.K1, to)
		default:
			VMASKMOVPS(from, mask, to)
		}
	}
	choose := func(dst reg.VecPhysical) { // dst = y <= 0 ? t : dst
		if s.lanes == 16 {
			zero(s, u)
			VCMPPS(Imm(0x16), u, v, reg.K2) // not y <= 0
			VBLENDMPS(dst, t, reg.K2, dst)
		} else {
			zero(s, u)
			VCMPPS(Imm(0x16), u, v, u)
			VBLENDVPS(u, dst, t, dst)
		}
	}
	functions := []struct {
		name string
		body func()
	}{
		{"copy", nil},
		{"relu", func() { zero(s, t); VMULPS(t, g, t); choose(g) }},
		{"leaky", func() { VMULPS(slope, g, t); choose(g) }},
		{"sigmoid", func() { VSUBPS(v, one, t); VMULPS(v, t, t); VMULPS(t, g, g) }},
		{"tanh", func() { VMULPS(v, v, t); VSUBPS(t, one, t); VMULPS(t, g, g) }},
	}
	for i, f := range functions[:4] {
		CMPQ(a, Imm(uint64(i)))
		JE(LabelRef(f.name))
	}
	JMP(LabelRef("tanh"))
	for _, f := range functions {
		Label(f.name)
		MOVQ(columns, count)
		XORQ(o, o)
		one := func(masked bool) {
			load(from, masked, g)
			if f.body != nil {
				load(y, masked, v)
				f.body()
			}
			VMOVUPS(g, Mem{Base: to, Index: o, Scale: 1})
		}
		SUBQ(Imm(uint64(s.lanes)), count)
		JL(LabelRef("rest_" + f.name))
		Label("loop_" + f.name)
		one(false)
		ADDQ(Imm(uint64(s.bytes())), o)
		SUBQ(Imm(uint64(s.lanes)), count)
		JGE(LabelRef("loop_" + f.name))
		Label("rest_" + f.name)
		ADDQ(Imm(uint64(s.lanes)), count)
		JZ(LabelRef("next_" + f.name))
		one(true)
		Label("next_" + f.name)
		ADDQ(stride, from)
		ADDQ(stride, y)
		ADDQ(toStride, to)
		DECQ(rows)
		JNZ(LabelRef(f.name))
		VZEROUPPER()
		RET()
	}
}

// Fields of sumRowsArgs.
const (
	sumRows_ = iota
	sumColumns
	sumFrom
	sumStride
	sumTo
	sumBits
	sumMask
)

// sumRows builds a sum over rows: to[c] += sum over r of from[r][c]. It writes whole vectors.
func sumRows(s isa) {
	_, arg := function("sumRows"+s.name, "sumRowsArgs", 0)
	rows, columns, from, stride, to, p, count, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8, reg.R9
	t, mask := s.vectors[8], s.vectors[9]
	MOVQ(arg(sumRows_, a), rows)
	MOVQ(arg(sumColumns, a), columns)
	MOVQ(arg(sumFrom, a), from)
	MOVQ(arg(sumStride, a), stride)
	MOVQ(arg(sumTo, a), to)
	if s.lanes == 16 {
		KMOVW(arg(sumBits, a), reg.K1)
	} else {
		MOVQ(arg(sumMask, a), a)
		VMOVUPS(Mem{Base: a}, mask)
	}
	// sum adds the rows of a number of vectors, even and odd ones apart.
	sum := func(name string, vectors int, add func(from Mem, acc reg.VecPhysical)) {
		even, odd := s.vectors[:vectors], s.vectors[4:4+vectors]
		row := func(acc []reg.VecPhysical) {
			for v := range acc {
				add(Mem{Base: p, Disp: v * s.bytes()}, acc[v])
			}
		}
		MOVQ(from, p)
		MOVQ(rows, count)
		for v := range vectors {
			zero(s, even[v])
			zero(s, odd[v])
		}
		SUBQ(Imm(2), count)
		JL(LabelRef("odd_" + name))
		Label("loop_" + name)
		row(even)
		ADDQ(stride, p)
		row(odd)
		ADDQ(stride, p)
		SUBQ(Imm(2), count)
		JGE(LabelRef("loop_" + name))
		Label("odd_" + name)
		ADDQ(Imm(2), count)
		JZ(LabelRef("store_" + name))
		row(even)
		Label("store_" + name)
		for v := range vectors {
			VADDPS(odd[v], even[v], even[v])
			VADDPS(Mem{Base: to, Disp: v * s.bytes()}, even[v], even[v])
			VMOVUPS(even[v], Mem{Base: to, Disp: v * s.bytes()})
		}
		ADDQ(U32(vectors*s.bytes()), from)
		ADDQ(U32(vectors*s.bytes()), to)
	}
	for _, vectors := range []int{4, 2, 1} { // neighbours together, since rows are long
		name := fmt.Sprint("vectors", vectors)
		SUBQ(Imm(uint64(vectors*s.lanes)), columns)
		JL(LabelRef("after_" + name))
		Label(name)
		sum(name, vectors, func(from Mem, acc reg.VecPhysical) { VADDPS(from, acc, acc) })
		SUBQ(Imm(uint64(vectors*s.lanes)), columns)
		JGE(LabelRef(name))
		Label("after_" + name)
		ADDQ(Imm(uint64(vectors*s.lanes)), columns)
	}
	JZ(LabelRef("done"))
	sum("rest", 1, func(from Mem, acc reg.VecPhysical) {
		if s.lanes == 16 {
			VMOVUPS_Z(from, reg.K1, t)
		} else {
			VMASKMOVPS(from, mask, t)
		}
		VADDPS(t, acc, acc)
	})
	Label("done")
	VZEROUPPER()
	RET()
}

// Fields of transposeArgs.
const (
	transposeBlocks = iota
	transposeFrom
	transposeStride
	transposeTo
	transposeToStride
)

// transpose builds the transposition of 8 rows of blocks*8 columns to blocks*8 rows of 8 columns, in AVX.
func transpose() {
	_, arg := function("transpose8", "transposeArgs", 0)
	blocks, from, stride, to, toStride, p, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R9
	MOVQ(arg(transposeBlocks, a), blocks)
	MOVQ(arg(transposeFrom, a), from)
	MOVQ(arg(transposeStride, a), stride)
	MOVQ(arg(transposeTo, a), to)
	MOVQ(arg(transposeToStride, a), toStride)
	y := avx2.vectors
	Label("loop")
	MOVQ(from, p)
	for i := range 8 {
		VMOVUPS(Mem{Base: p}, y[i])
		if i < 7 {
			ADDQ(stride, p)
		}
	}
	for i := 0; i < 8; i += 2 { // pairs of rows: y[8+i] has columns 0 1 4 5, y[9+i] 2 3 6 7
		VUNPCKLPS(y[i+1], y[i], y[8+i])
		VUNPCKHPS(y[i+1], y[i], y[9+i])
	}
	for i := 0; i < 8; i += 4 { // fours of rows: y[i+c] has columns c and 4+c
		for h := range 2 {
			VUNPCKLPD(y[8+i+2+h], y[8+i+h], y[i+2*h])
			VUNPCKHPD(y[8+i+2+h], y[8+i+h], y[i+2*h+1])
		}
	}
	for c := range 4 {
		VPERM2F128(Imm(0x20), y[4+c], y[c], y[8+c])
		VPERM2F128(Imm(0x31), y[4+c], y[c], y[12+c])
	}
	for c := range 8 {
		VMOVUPS(y[8+c], Mem{Base: to})
		ADDQ(toStride, to)
	}
	ADDQ(Imm(32), from)
	DECQ(blocks)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
