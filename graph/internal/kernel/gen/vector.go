package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector builds the element-wise functions, the reductions, and those by channel.
//
// Both instruction sets compute the same bits: an iteration covers the same number of elements, and lanes are summed alike.
func vector() {
	for _, s := range []isa{avx2, avx512} {
		activations(s)
		logitSlope(s)
		exponentialLinear(s)
		pairwise(s)
		reductions(s)
		updates(s)
		normalization(s)
		pooling(s)
		poolingTap(s)
		pairs(s)
		twice(s)
		blends(s)
		normalizedPooling(s)
	}
}

// unit is the number of elements that an iteration of an element-wise function covers.
const unit = 16

// register returns a vector register.
func (s isa) register() reg.VecVirtual {
	if s.lanes == 8 {
		return YMM()
	}
	return ZMM()
}

// half returns a register of half the width.
func (s isa) half() reg.VecVirtual {
	if s.lanes == 8 {
		return XMM()
	}
	return YMM()
}

// load returns a register with what is there.
func (s isa) load(m Op) reg.VecVirtual {
	r := s.register()
	VMOVUPS(m, r)
	return r
}

// zeros returns a register of zeros.
func (s isa) zeros() reg.VecVirtual {
	r := s.register()
	if s.lanes == 8 {
		VXORPS(r, r, r)
	} else {
		VPXORD(r, r, r)
	}
	return r
}

// broadcast returns a register full of a float32 parameter.
func (s isa) broadcast(name string) reg.VecVirtual {
	m, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	r := s.register()
	VBROADCASTSS(m.Addr, r)
	return r
}

// float is the i-th float32 from p.
func float(p, i reg.GPVirtual) Mem { return Mem{Base: p, Index: i, Scale: 4} }

// constants are full vectors in memory, by their bits.
var constants = map[uint32]Mem{}

// bits returns a vector of a constant in memory.
func bits(v uint32) Mem {
	if m, ok := constants[v]; ok {
		return m
	}
	base := NewDataAddr(NewStaticSymbol("vectorConstants"), 0)
	if len(constants) == 0 {
		GLOBL("vectorConstants", RODATA|NOPTR)
	}
	m := base.Offset(64 * len(constants))
	for i := range 16 {
		DATA(m.Disp+4*i, U32(v))
	}
	constants[v] = m
	return m
}

func constant(v float32) Mem { return bits(math.Float32bits(v)) }

// Predicates of VCMPPS; the second operand comes first.
const (
	lessThan     = U8(0x11)
	lessOrEqual  = U8(0x12)
	notLessEqual = U8(0x16) // true for NaN
	ordered      = U8(0x07)
	unordered    = U8(0x03)
)

// choose returns a ? b : c for the lanes where "x predicate y" holds.
func (s isa) choose(predicate U8, x, y Op, b, c reg.VecVirtual) reg.VecVirtual {
	r := s.register()
	if s.lanes == 8 {
		m := s.register()
		VCMPPS(predicate, y, x, m)
		VBLENDVPS(m, b, c, r)
	} else {
		k := K()
		VCMPPS(predicate, y, x, k)
		VBLENDMPS(b, c, k, r)
	}
	return r
}

// start begins a function.
func start(s isa, name, signature, doc string) {
	TEXT(name+s.name, NOSPLIT, signature)
	Doc(name + s.name + " " + doc)
	Pragma("noescape")
}

// parameters loads integer and pointer parameters.
func parameters(names ...string) []reg.GPVirtual {
	var list []reg.GPVirtual
	for _, n := range names {
		r := GP64()
		Load(Param(n), r)
		list = append(list, r)
	}
	return list
}

// each runs body for every vector of n > 0 elements at the pointers; n is a multiple of step. body gets the vector's number in
// its iteration, and a function for the vector's place at the i-th pointer.
func (s isa) each(step int, n reg.GPVirtual, pointers []reg.GPVirtual, body func(i int, at func(pointer int) Mem)) {
	SHLQ(Imm(2), n)
	for _, p := range pointers {
		ADDQ(n, p)
	}
	NEGQ(n)
	Label("loop")
	for i := range step / s.lanes {
		body(i, func(p int) Mem { return Mem{Base: pointers[p], Index: n, Scale: 1, Disp: i * s.bytes()} })
	}
	ADDQ(U32(uint32(4*step)), n)
	JL(LabelRef("loop"))
}

func end() {
	VZEROUPPER()
	RET()
}
