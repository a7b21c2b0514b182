package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
