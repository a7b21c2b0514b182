package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
	outerFresh
	outerFar
)

// outer builds a sum of outer products over pixels:
//
//	sum[m][0..columns) += sum over pixels p of in[pixels[p]+rows[m]] * b[p][0..columns)
//
// What sum has before is overwritten where it is fresh, fetched in advance where it is far.
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
	MOVQ(arg(outerRows, x), x)
	for m := range off {
		MOVLQSX(Mem{Base: x, Disp: 4 * m}, off[m])
	}
	for m := range rows {
		for v := range vectors {
			zero(s, acc(m, v))
		}
	}
	CMPQ(arg(outerFar, x), Imm(0))
	JE(LabelRef("near"))
	MOVQ(arg(outerSumStride, x), b)
	MOVQ(arg(outerSum, x), x)
	for m := range rows {
		for v := range vectors {
			PREFETCHT0(Mem{Base: x, Disp: v * s.bytes()})
		}
		if m < rows-1 {
			ADDQ(b, x)
		}
	}
	Label("near")
	MOVQ(arg(outerB, b), b)
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
	CMPQ(arg(outerFresh, x), Imm(0))
	MOVQ(arg(outerSumStride, x), b)
	MOVQ(arg(outerSum, x), x)
	JNE(LabelRef("fresh"))
	for _, add := range []bool{true, false} {
		for m := range rows {
			for v := range vectors {
				to := Mem{Base: x, Disp: v * s.bytes()}
				if add {
					VADDPS(to, acc(m, v), acc(m, v))
				}
				VMOVUPS(acc(m, v), to)
			}
			if m < rows-1 {
				ADDQ(b, x)
			}
		}
		VZEROUPPER()
		RET()
		if add {
			Label("fresh")
		}
	}
}
