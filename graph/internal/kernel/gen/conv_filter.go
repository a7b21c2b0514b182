package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func filters(s isa) {
	for _, f := range []struct {
		name string
		m    linearMap
	}{
		{"source3", source3}, {"kernel3", kernel3}, {"gradient3", gradient3}, {"kernelSum3", kernelSum3},
		{"source4", source4}, {"kernel4", kernel4}, {"gradient4", gradient4}, {"kernelSum4", kernelSum4},
		{"sourcePair", sourcePair}, {"kernelPair", kernelPair}, {"gradientPair", gradientPair}, {"kernelSumPair", kernelSumPair},
		{"wideSource", wideSource}, {"wideGradient", wideGradient}, {"thinSource", thinSource}, {"kernel2", kernel2}, {"kernelSum2", kernelSum2},
	} {
		transformTiles(s, f.name, f.m, false)
	}
	for _, f := range []struct {
		name string
		m    linearMap
	}{{"result3", result3}, {"result4", result4}, {"resultPair", resultPair}, {"wideResult", wideResult}, {"thinResult", thinResult}} {
		transformTiles(s, f.name, f.m, true)
	}
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
	filterMiddle
)

// weights returns the constants of a map, in registers that it takes; nil: in memory.
func (m linearMap) weights(free *[]reg.VecPhysical) func(w float64) Op {
	if free == nil {
		return func(w float64) Op { return constant(float32(w)) }
	}
	registers := map[float64]reg.VecPhysical{}
	m.each(func(c combination) {
		for _, t := range c {
			if _, ok := registers[t.weight]; !ok && math.Abs(t.weight) != 1 {
				registers[t.weight] = take(free, 1)[0]
				VBROADCASTSS(constant(float32(t.weight)), registers[t.weight])
			}
		}
	})
	return func(w float64) Op { return registers[w] }
}

// take removes the first n of a list of registers.
func take(free *[]reg.VecPhysical, n int) []reg.VecPhysical {
	list := (*free)[:n]
	*free = (*free)[n:]
	return list
}

func (m linearMap) each(call func(c combination)) {
	for _, list := range [][]combination{m.parts, m.outputs} {
		for _, c := range list {
			call(c)
		}
	}
}

// kept are the inputs that have to be in a register: those that are used more than once, or not just added.
func (m linearMap) kept() []bool {
	uses, kept := make([]int, m.inputs+len(m.parts)), make([]bool, m.inputs)
	m.each(func(c combination) {
		for i, t := range c {
			uses[t.of]++
			if t.of < m.inputs && (uses[t.of] > 1 || i == 0 && len(c) > 1 || t.weight != 1) {
				kept[t.of] = true
			}
		}
	})
	return kept
}

// operands loads the inputs that are kept, computes the parts and returns where all of them are.
func (m linearMap) operands(free []reg.VecPhysical, input func(i int) Op, weight func(w float64) Op) []Op {
	var list []Op
	for i, kept := range m.kept() {
		x := input(i)
		if _, ok := x.(reg.VecPhysical); kept && !ok {
			VMOVUPS(x, free[0])
			x, free = free[0], free[1:]
		}
		list = append(list, x)
	}
	for _, p := range m.parts {
		list, free = append(list, p.combine(list, free[0], weight)), free[1:]
	}
	return list
}

// combine computes c into to and returns where the result is: a single register is not copied.
func (c combination) combine(of []Op, to reg.VecPhysical, weight func(w float64) Op) reg.VecPhysical {
	first := of[c[0].of]
	rest := c[1:]
	switch r, ok := first.(reg.VecPhysical); {
	case c[0].weight != 1:
		VMULPS(weight(c[0].weight), first, to)
	case len(rest) == 0 && ok:
		return r
	case len(rest) == 0:
		VMOVUPS(first, to)
	case rest[0].weight == 1:
		VADDPS(of[rest[0].of], first, to)
		rest = rest[1:]
	case rest[0].weight == -1:
		VSUBPS(of[rest[0].of], first, to)
		rest = rest[1:]
	default:
		VMOVUPS(weight(rest[0].weight), to)
		VFMADD213PS(first, of[rest[0].of], to)
		rest = rest[1:]
	}
	for _, t := range rest {
		switch x := of[t.of]; t.weight {
		case 1:
			VADDPS(x, to, to)
		case -1:
			VSUBPS(x, to, to)
		default:
			VFMADD231PS(weight(t.weight), x, to)
		}
	}
	return to
}

// transformTiles builds a map applied to the columns and then the rows of tiles of elements, each a number of vectors of channels.
// What is between the two is kept in registers where there are enough, otherwise in the arguments' middle. Results get bias and
// activation, and their last vector may be masked.
func transformTiles(s isa, name string, m linearMap, result bool) {
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
	rows, inRow, col, line, o, outCol, count, act, mask, middle, a := general[:3], general[3], general[4], general[5], general[6], general[7], general[8], general[9], general[10], general[11], general[12]
	rows = rows[:(m.inputs+2)/3] // of which each serves three
	bits := mask
	vectors := s.vectors
	kept := len(m.parts)
	for _, k := range m.kept() {
		if k {
			kept++
		}
	}
	free, to := take(&vectors, kept), take(&vectors, 1)[0]
	var b, slope, w, none, lanes reg.VecPhysical
	if result {
		r := take(&vectors, 5)
		b, slope, w, none, lanes = r[0], r[1], r[2], r[3], r[4]
	}
	for _, c := range [][2]int{{filterTiles, tiles}, {filterOutRow, outRow}, {filterInTile, inTile}, {filterOutTile, outTile}, {filterIn, inStart}, {filterOut, outStart}, {filterStream, stream}} {
		MOVQ(arg(c[0], a), o)
		MOVQ(o, local[c[1]])
	}
	MOVQ(arg(filterInRow, a), inRow)
	MOVQ(arg(filterInColumn, a), col)
	MOVQ(arg(filterOutColumn, a), outCol)
	MOVQ(arg(filterMiddle, a), middle)
	if result {
		zero(s, none)
		MOVQ(arg(filterAct, a), act)
		VBROADCASTSS(arg(filterSlope, a), slope)
	}
	weight := m.weights(nil)
	if s.lanes == 16 {
		weight = m.weights(&vectors)
	}
	between := func(i, j int) Op { return Mem{Base: middle, Disp: (i*m.inputs + j) * s.bytes()} }
	if m.inputs*len(m.outputs) <= len(vectors) {
		between = func(i, j int) Op { return vectors[i*m.inputs+j] }
	}
	Label("tile")
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
	MOVQ(local[inStart], rows[0])
	ADDQ(a, rows[0])
	LEAQ(Mem{Base: inRow, Index: inRow, Scale: 2}, o)
	for i := 1; i < len(rows); i++ {
		LEAQ(Mem{Base: rows[i-1], Index: o, Scale: 1}, rows[i])
	}
	for j := range m.inputs {
		x := m.operands(free, func(i int) Op {
			if i%3 == 0 {
				return Mem{Base: rows[i/3]}
			}
			return Mem{Base: rows[i/3], Index: inRow, Scale: uint8(i % 3)}
		}, weight)
		for i, c := range m.outputs {
			if r, ok := between(i, j).(reg.VecPhysical); ok {
				if y := c.combine(x, r, weight); y != r {
					VMOVAPS(y, r)
				}
				continue
			}
			VMOVUPS(c.combine(x, to, weight), between(i, j))
		}
		if j < m.inputs-1 {
			for _, r := range rows {
				ADDQ(col, r)
			}
		}
	}
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
	for i := range m.outputs {
		x := m.operands(free, func(j int) Op { return between(i, j) }, weight)
		MOVQ(line, o)
		for j, c := range m.outputs {
			y := c.combine(x, to, weight)
			if result {
				label := func(l string) string { return fmt.Sprintf("%s_%d_%d", l, i, j) }
				finishResult(s, y, to, b, slope, w, none, act, label)
				storeResult(s, to, lanes, mask, local[stream], Mem{Base: o}, label)
			} else {
				VMOVUPS(y, Mem{Base: o})
			}
			if j < len(m.outputs)-1 {
				ADDQ(outCol, o)
			}
		}
		if i < len(m.outputs)-1 {
			ADDQ(local[outRow], line)
		}
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
