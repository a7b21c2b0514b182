package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// nine builds what tile computes for sums of three segments of three products and two vectors of columns, one or two pixels at a time: all
// of b stays in registers. tiles is the number of pixels.
func nine(s isa) {
	_, arg := function("nine"+s.name, "tileArgs", 0)
	var rows [3]reg.GPPhysical // in, from each segment's start on
	copy(rows[:], general[:3])
	pixels, results, out, count, act, a, b := general[3], general[4], general[5], general[6], general[7], general[8], general[9]
	off := general[10:12]
	weight := func(k, v int) reg.VecPhysical { return s.vectors[2*k+v] }
	acc := func(m, v int) reg.VecPhysical { return s.vectors[18+2*m+v] }
	bias, tmp, slope, none := s.vectors[22:24], s.vectors[24:28], s.vectors[28], s.vectors[29]

	MOVQ(arg(tileB, a), b)
	MOVQ(arg(tileTaps, a), pixels)
	MOVQ(arg(tileStride, a), out)
	MOVQ(arg(tileIn, a), count)
	for i, row := range rows {
		MOVLQSX(Mem{Base: pixels, Disp: 8*i + 4}, row)
		ADDQ(row, b)
		for k := range 3 {
			for v := range 2 {
				VMOVUPS(Mem{Base: b, Disp: v * s.bytes()}, weight(3*i+k, v))
			}
			ADDQ(out, b)
		}
		MOVLQSX(Mem{Base: pixels, Disp: 8 * i}, row)
		ADDQ(count, row)
	}
	MOVQ(arg(tileBias, a), b)
	for v := range bias {
		VMOVUPS(Mem{Base: b, Disp: v * s.bytes()}, bias[v])
	}
	KMOVW(arg(tileBits, a), reg.K1)
	KMOVW(arg(tileBits, a).Offset(2), reg.K2)
	VBROADCASTSS(arg(tileSlope, a), slope)
	zero(s, none)
	MOVQ(arg(tilePixels, a), pixels)
	MOVQ(arg(tileResults, a), results)
	MOVQ(arg(tileOut, a), out)
	MOVQ(arg(tileAct, a), act)
	MOVQ(arg(tileTiles, a), count)

	pass := func(name string, n int) {
		each := func(f func(m, v int)) {
			for m := range n {
				for v := range 2 {
					f(m, v)
				}
			}
		}
		SUBQ(Imm(uint64(n)), count)
		JL(LabelRef("end" + name))
		Label("loop" + name)
		for m := range n {
			MOVLQSX(Mem{Base: pixels, Disp: 4 * m}, off[m])
		}
		ADDQ(Imm(uint64(4*n)), pixels)
		each(func(m, v int) { VMOVAPS(bias[v], acc(m, v)) })
		for i, row := range rows {
			for k := range 3 {
				for m := range n {
					t := tmp[(n*k+m)%len(tmp)]
					VBROADCASTSS(Mem{Base: row, Index: off[m], Scale: 1, Disp: 4 * k}, t)
					for v := range 2 {
						VFMADD231PS(weight(3*i+k, v), t, acc(m, v))
					}
				}
			}
		}
		CMPQ(act, Imm(1))
		JL(LabelRef("store" + name))
		JE(LabelRef("relu" + name))
		each(func(m, v int) {
			VPMOVD2M(acc(m, v), reg.K3)
			VMULPS(slope, acc(m, v), reg.K3, acc(m, v))
		})
		JMP(LabelRef("store" + name))
		Label("relu" + name)
		each(func(m, v int) { VMAXPS(acc(m, v), none, acc(m, v)) })
		Label("store" + name)
		for m := range n {
			MOVLQSX(Mem{Base: results, Disp: 4 * m}, a)
			for v, mask := range []reg.OpmaskPhysical{reg.K1, reg.K2} {
				VMOVUPS(acc(m, v), mask, Mem{Base: out, Index: a, Scale: 1, Disp: v * s.bytes()})
			}
		}
		ADDQ(Imm(uint64(4*n)), results)
		SUBQ(Imm(uint64(n)), count)
		JGE(LabelRef("loop" + name))
		Label("end" + name)
		ADDQ(Imm(uint64(n)), count)
	}
	pass("Two", 2)
	pass("One", 1)
	VZEROUPPER()
	RET()
}
