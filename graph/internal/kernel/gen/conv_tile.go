package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
	tileAdd
)

const (
	cacheLine = 64
	rowsAhead = 4 // b's rows are fetched 1<<rowsAhead before they are needed
)

// tile builds a product of rows pixels with a panel of one or two vectors of columns:
//
//	for each tile: out[results[m]][0..columns) = act(bias + sum over segments s, k of in[pixels[m]+taps[s].in+k] * b[k][0..columns))
//
// where b goes on behind the last segment's rows and taps[s].skip. Offsets are in bytes. All accumulators stay in registers; what does not fit is local.
// The far form fetches b in advance, for one that is not likely to be in the core's own caches.
func tile(s isa, rows, vectors int, far bool) {
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
		leftOver = locals // of the far form
	)
	name, variables := "tile", locals
	if far {
		name, variables = "tileFar", locals+1
	}
	local, arg := function(fmt.Sprintf("%s%s_%dx%d", name, s.name, rows, vectors), "tileArgs", variables)
	off, a, b, count := general[:rows], general[12], general[13], general[14]
	acc := func(m, v int) reg.VecPhysical { return s.vectors[m*vectors+v] }
	bv := s.vectors[rows*vectors : rows*vectors+vectors]
	tmp := s.vectors[rows*vectors+vectors:]
	tmp = tmp[:min(len(tmp), 4)]

	for _, c := range [][2]int{{tileIn, in}, {tileStride, stride}, {tilePixels, pixels}, {tileResults, results}, {tileTiles, tiles}, {tileB, b0}, {tileLength, length}} {
		MOVQ(arg(c[0], a), b)
		MOVQ(b, local[c[1]])
	}
	if s.opmasks {
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

	ahead := count // of b, where it counts in memory
	step := func(k int, fetch bool) {
		for v := range vectors {
			VMOVUPS(Mem{Base: b, Disp: v * s.bytes()}, bv[v])
		}
		for at := 0; fetch && at < vectors*s.bytes(); at += cacheLine {
			PREFETCHT0(Mem{Base: b, Index: ahead, Scale: 1, Disp: at})
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
	left := Op(count)
	if far {
		left = local[leftOver]
		MOVQ(count, left)
		MOVQ(local[stride], ahead)
		SHLQ(Imm(rowsAhead), ahead)
	}
	Label("loop4")
	for k := range 4 {
		step(k, far)
	}
	ADDQ(Imm(16), a)
	SUBQ(Imm(4), left)
	JGE(LabelRef("loop4"))
	if far {
		MOVQ(left, count)
	}
	Label("rest")
	ADDQ(Imm(4), count)
	JZ(LabelRef("next"))
	Label("loop1")
	step(0, false)
	ADDQ(Imm(4), a)
	DECQ(count)
	JNZ(LabelRef("loop1"))
	Label("next")
	DECQ(local[segments])
	JNZ(LabelRef("segment"))

	CMPQ(arg(tileAdd, a), Imm(0))
	JE(LabelRef("activate"))
	addResults(s, rows, vectors, acc, bv, tmp[0], local[results], arg, a, b, count)
	Label("activate")
	CMPQ(arg(tileAct, a), Imm(1))
	JL(LabelRef("store"))
	JE(LabelRef("relu"))
	slope := bv[0]
	VBROADCASTSS(arg(tileSlope, a), slope)
	for m := range rows {
		for v := range vectors {
			if s.opmasks {
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
	if s.opmasks {
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

// addResults adds to the accumulators of a tile what is in its place: the sum over other segments.
func addResults(s isa, rows, vectors int, acc func(m, v int) reg.VecPhysical, masks []reg.VecPhysical, tmp reg.VecPhysical,
	results Mem, arg func(i int, via reg.GPPhysical) Mem, a, b, offset reg.GPPhysical) {
	add := func(op func(from Mem, m, v int)) {
		MOVQ(arg(tileOut, b), b)
		for m := range rows {
			MOVLQSX(Mem{Base: a, Disp: 4 * m}, offset)
			for v := range vectors {
				op(Mem{Base: b, Index: offset, Scale: 1, Disp: v * s.bytes()}, m, v)
			}
		}
	}
	if s.opmasks {
		MOVQ(results, a)
		k := []reg.OpmaskPhysical{reg.K1, reg.K2}
		add(func(from Mem, m, v int) { VADDPS(from, acc(m, v), k[v], acc(m, v)) })
		return
	}
	MOVQ(arg(tileMask, b), b)
	MOVQ(results, a)
	TESTQ(b, b)
	JNZ(LabelRef("addMasked"))
	add(func(from Mem, m, v int) { VADDPS(from, acc(m, v), acc(m, v)) })
	JMP(LabelRef("activate"))
	Label("addMasked")
	for v := range vectors {
		VMOVUPS(Mem{Base: b, Disp: v * s.bytes()}, masks[v])
	}
	add(func(from Mem, m, v int) {
		VMASKMOVPS(from, masks[v], tmp)
		VADDPS(tmp, acc(m, v), acc(m, v))
	})
}
