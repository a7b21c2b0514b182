package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The transforms of Winograd's minimal filtering F(2x2,3x3): Lavin and Gray, "Fast algorithms for convolutional neural
// networks", 2015, section 4.1. A "position" is one of the 16 elements of a transformed 4x4 tile.

func winograd(s isa) {
	winogradSource(s)
	winogradKernel(s)
	winogradKernelGradient(s)
	for vectors := 1; vectors <= 2; vectors++ {
		winogradResult(s, vectors)
		winogradGradient(s, vectors)
	}
}

// Fields of winogradArgs.
const (
	winoTiles = iota
	winoVectors
	winoImage
	winoRow
	winoColumn
	winoTransformed
	winoTile
	winoPosition
	winoBias
	winoBits
	winoMask
	winoAct
	winoSlope
)

// winogradSource builds the transform B'dB of tiles of an image row, each 4x4 pixels, two pixels apart.
func winogradSource(s isa) {
	_, arg := function("winogradSource"+s.name, "winogradArgs", 1) // a local, so that the frame pointer is saved
	tiles, from, row, col, to, tile, position := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	r0, r1, r2, r3, o, count, col3, a, v := reg.R9, reg.R10, reg.R11, reg.R12, reg.R13, reg.R14, reg.R15, reg.R9, reg.RBP
	MOVQ(arg(winoTiles, a), tiles)
	MOVQ(arg(winoImage, a), from)
	MOVQ(arg(winoRow, a), row)
	MOVQ(arg(winoColumn, a), col)
	MOVQ(arg(winoTransformed, a), to)
	MOVQ(arg(winoTile, a), tile)
	MOVQ(arg(winoPosition, a), position)
	LEAQ(Mem{Base: col, Index: col, Scale: 2}, col3)
	Label("tile")
	MOVQ(from, r0)
	LEAQ(Mem{Base: r0, Index: row, Scale: 1}, r1)
	LEAQ(Mem{Base: r0, Index: row, Scale: 2}, r2)
	LEAQ(Mem{Base: r1, Index: row, Scale: 2}, r3)
	MOVQ(to, v)
	MOVQ(arg(winoVectors, count), count)
	Label("loop")
	at := func(r reg.GPPhysical, j int) Mem {
		switch j {
		case 0:
			return Mem{Base: r}
		case 3:
			return Mem{Base: r, Index: col3, Scale: 1}
		}
		return Mem{Base: r, Index: col, Scale: uint8(j)}
	}
	MOVQ(v, o)
	for i := range 4 {
		t, u := s.vectors[0:4], s.vectors[4:8]
		for j := range 4 {
			switch i {
			case 0:
				VMOVUPS(at(r0, j), t[j])
				VSUBPS(at(r2, j), t[j], t[j])
			case 1:
				VMOVUPS(at(r1, j), t[j])
				VADDPS(at(r2, j), t[j], t[j])
			case 2:
				VMOVUPS(at(r2, j), t[j])
				VSUBPS(at(r1, j), t[j], t[j])
			case 3:
				VMOVUPS(at(r1, j), t[j])
				VSUBPS(at(r3, j), t[j], t[j])
			}
		}
		VSUBPS(t[2], t[0], u[0])
		VADDPS(t[2], t[1], u[1])
		VSUBPS(t[1], t[2], u[2])
		VSUBPS(t[3], t[1], u[3])
		for j := range 4 {
			VMOVUPS(u[j], Mem{Base: o})
			ADDQ(position, o)
		}
	}
	for _, r := range []reg.GPPhysical{r0, r1, r2, r3, v} {
		ADDQ(Imm(uint64(s.bytes())), r)
	}
	DECQ(count)
	JNZ(LabelRef("loop"))
	LEAQ(Mem{Base: from, Index: col, Scale: 2}, from)
	ADDQ(tile, to)
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// winogradResult builds the transform A'mA of tiles of an image row to 2x2 pixels each, with bias and activation.
func winogradResult(s isa, vectors int) {
	_, arg := function(fmt.Sprintf("winogradResult%s_%d", s.name, vectors), "winogradArgs", 0)
	tiles, to, row, col, from, tile, position := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	o, act, a, mask := reg.R9, reg.R10, reg.R11, reg.R12
	MOVQ(arg(winoTiles, a), tiles)
	MOVQ(arg(winoImage, a), to)
	MOVQ(arg(winoRow, a), row)
	MOVQ(arg(winoColumn, a), col)
	MOVQ(arg(winoTransformed, a), from)
	MOVQ(arg(winoTile, a), tile)
	MOVQ(arg(winoPosition, a), position)
	MOVQ(arg(winoAct, a), act)
	s0, s1, y, t := s.vectors[0:4], s.vectors[4:8], s.vectors[8:12], s.vectors[12]
	slope, m := s.vectors[13], s.vectors[14]
	VBROADCASTSS(arg(winoSlope, a), slope)
	if s.lanes == 16 {
		KMOVW(arg(winoBits, a), reg.K1)
		KMOVW(arg(winoBits, a).Offset(2), reg.K2)
	} else {
		MOVQ(arg(winoMask, a), mask)
	}
	Label("loop")
	for v := range vectors {
		name := func(l string) string { return fmt.Sprintf("%s%d", l, v) }
		LEAQ(Mem{Base: from, Disp: v * s.bytes()}, o)
		for i := range 4 {
			for j := range 4 {
				switch i {
				case 0:
					VMOVUPS(Mem{Base: o}, s0[j])
				case 1:
					VMOVUPS(Mem{Base: o}, s1[j])
					VADDPS(s1[j], s0[j], s0[j])
				case 2:
					VMOVUPS(Mem{Base: o}, t)
					VADDPS(t, s0[j], s0[j])
					VSUBPS(t, s1[j], s1[j])
				case 3:
					VSUBPS(Mem{Base: o}, s1[j], s1[j])
				}
				ADDQ(position, o)
			}
		}
		MOVQ(arg(winoBias, a), a)
		VMOVUPS(Mem{Base: a, Disp: v * s.bytes()}, t)
		for i, r := range [][]reg.VecPhysical{s0, s1} {
			VADDPS(r[1], r[0], y[2*i])
			VADDPS(r[2], y[2*i], y[2*i])
			VADDPS(t, y[2*i], y[2*i])
			VSUBPS(r[2], r[1], y[2*i+1])
			VSUBPS(r[3], y[2*i+1], y[2*i+1])
			VADDPS(t, y[2*i+1], y[2*i+1])
		}
		CMPQ(act, Imm(1))
		JL(LabelRef(name("store")))
		JE(LabelRef(name("relu")))
		for _, r := range y {
			if s.lanes == 16 {
				VPMOVD2M(r, reg.K3)
				VMULPS(slope, r, reg.K3, r)
			} else {
				VMULPS(slope, r, t)
				VBLENDVPS(r, t, r, r)
			}
		}
		JMP(LabelRef(name("store")))
		Label(name("relu"))
		zero(s, t)
		for _, r := range y {
			VMAXPS(r, t, r)
		}
		Label(name("store"))
		LEAQ(Mem{Base: to, Index: row, Scale: 1}, a)
		store := func(op func(r reg.VecPhysical, m Mem)) {
			for i, base := range []reg.GPPhysical{to, a} {
				op(y[2*i], Mem{Base: base, Disp: v * s.bytes()})
				op(y[2*i+1], Mem{Base: base, Index: col, Scale: 1, Disp: v * s.bytes()})
			}
		}
		if s.lanes == 16 {
			k := []reg.OpmaskPhysical{reg.K1, reg.K2}[v]
			store(func(r reg.VecPhysical, to Mem) { VMOVUPS(r, k, to) })
			continue
		}
		TESTQ(mask, mask)
		JNZ(LabelRef(name("masked")))
		store(func(r reg.VecPhysical, to Mem) { VMOVUPS(r, to) })
		JMP(LabelRef(name("stored")))
		Label(name("masked"))
		VMOVUPS(Mem{Base: mask, Disp: v * s.bytes()}, m)
		store(func(r reg.VecPhysical, to Mem) { VMASKMOVPS(r, m, to) })
		Label(name("stored"))
	}
	LEAQ(Mem{Base: to, Index: col, Scale: 2}, to)
	ADDQ(tile, from)
	DECQ(tiles)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// winogradGradient builds the transform AyA' of tiles of a gradient row, each 2x2 pixels.
func winogradGradient(s isa, vectors int) {
	_, arg := function(fmt.Sprintf("winogradGradient%s_%d", s.name, vectors), "winogradArgs", 0)
	tiles, from, row, col, to, tile, position := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	o, r1, a := reg.R9, reg.R10, reg.R11
	MOVQ(arg(winoTiles, a), tiles)
	MOVQ(arg(winoImage, a), from)
	MOVQ(arg(winoRow, a), row)
	MOVQ(arg(winoColumn, a), col)
	MOVQ(arg(winoTransformed, a), to)
	MOVQ(arg(winoTile, a), tile)
	MOVQ(arg(winoPosition, a), position)
	y, p, q, t, none := s.vectors[0:4], s.vectors[4], s.vectors[5], s.vectors[6:9], s.vectors[9]
	zero(s, none)
	Label("loop")
	LEAQ(Mem{Base: from, Index: row, Scale: 1}, r1)
	for v := range vectors {
		LEAQ(Mem{Base: to, Disp: v * s.bytes()}, o)
		for i, base := range []reg.GPPhysical{from, r1} {
			VMOVUPS(Mem{Base: base, Disp: v * s.bytes()}, y[2*i])
			VMOVUPS(Mem{Base: base, Index: col, Scale: 1, Disp: v * s.bytes()}, y[2*i+1])
		}
		for i := range 4 {
			left, right := p, q
			switch i {
			case 0:
				left, right = y[0], y[1]
			case 1:
				VADDPS(y[2], y[0], p)
				VADDPS(y[3], y[1], q)
			case 2:
				VSUBPS(y[2], y[0], p)
				VSUBPS(y[3], y[1], q)
			case 3:
				VSUBPS(y[2], none, p)
				VSUBPS(y[3], none, q)
			}
			VADDPS(right, left, t[0])
			VSUBPS(right, left, t[1])
			VSUBPS(right, none, t[2])
			for _, r := range []reg.VecPhysical{left, t[0], t[1], t[2]} {
				VMOVUPS(r, Mem{Base: o})
				ADDQ(position, o)
			}
		}
	}
	LEAQ(Mem{Base: from, Index: col, Scale: 2}, from)
	ADDQ(tile, to)
	DECQ(tiles)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// half is the constant 1/2 in all lanes.
func half(s isa, x reg.VecPhysical, via reg.VecPhysical) {
	MOVL(U32(0x3f000000), reg.R12L)
	VMOVD(reg.R12L, via)
	VBROADCASTSS(via, x)
}

// winogradKernel builds the transform GgG' of 3x3 kernels: winoVectors vectors of them. The image is the kernel, winoRow the
// distance of its taps.
func winogradKernel(s isa) {
	_, arg := function("winogradKernel"+s.name, "winogradArgs", 0)
	count, from, tap, to, position, p, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	MOVQ(arg(winoVectors, a), count)
	MOVQ(arg(winoImage, a), from)
	MOVQ(arg(winoRow, a), tap)
	MOVQ(arg(winoTransformed, a), to)
	MOVQ(arg(winoPosition, a), position)
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

// winogradKernelGradient builds the transform G'uG of sums in the transformed domain to gradients of 3x3 kernels.
func winogradKernelGradient(s isa) {
	_, arg := function("winogradKernelGradient"+s.name, "winogradArgs", 0)
	count, to, tap, from, position, p, a := reg.RAX, reg.RCX, reg.RDX, reg.RBX, reg.RSI, reg.RDI, reg.R8
	MOVQ(arg(winoVectors, a), count)
	MOVQ(arg(winoImage, a), to)
	MOVQ(arg(winoRow, a), tap)
	MOVQ(arg(winoTransformed, a), from)
	MOVQ(arg(winoPosition, a), position)
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
	combine := func(out [3]reg.VecPhysical, in []reg.VecPhysical) {
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
			combine(three, u)
			VMOVAPS(three[row], columns[j])
		}
		combine([3]reg.VecPhysical{u[0], u[1], u[2]}, columns)
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
