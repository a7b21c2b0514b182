package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is one of the two instruction sets that a kernel is built for, or one with vectors of half the width.
type isa struct {
	name    string
	lanes   int  // float32 in a vector
	opmasks bool // what is masked is by opmask registers
	vectors []reg.VecPhysical
}

var (
	avx2   = isa{"AVX2", 8, false, []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}}
	avx512 = isa{"AVX512", 16, true, []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
		reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}}
	// For few columns: processors that halve a vector of 16 multiply two of 8 in its time.
	halves = isa{"Half", 8, true, append(avx2.vectors[:16:16], reg.Y16, reg.Y17, reg.Y18, reg.Y19, reg.Y20, reg.Y21, reg.Y22, reg.Y23)}
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
				tile(s.isa, rows, vectors, false)
			}
			for _, rows := range s.outer {
				outer(s.isa, rows, vectors)
			}
		}
		tile(s.isa, s.tiles[0], 2, true)
		for _, rows := range []int{12, 4, 1} {
			dots(s.isa, rows)
		}
		derive(s.isa)
		sumRows(s.isa)
		filters(s.isa)
		peak(s.isa)
	}
	for _, rows := range []int{12, 8, 4, 2, 1} {
		tile(halves, rows, 1, false)
	}
	for _, rows := range []int{12, 9, 8, 4, 2, 1} {
		outer(halves, rows, 1)
	}
	nine(avx512)
	transpose()
	controlWord()
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

// controlWord builds access to MXCSR, which says how a thread's floating-point instructions round and what they do with subnormal
// numbers.
func controlWord() {
	TEXT("controlWord", NOSPLIT, "func() uint32")
	Doc("controlWord is the thread's MXCSR register.")
	STMXCSR(NewParamAddr("ret", 0))
	RET()
	TEXT("setControlWord", NOSPLIT, "func(word uint32)")
	Doc("setControlWord changes the thread's MXCSR register.")
	LDMXCSR(NewParamAddr("word", 0))
	RET()
}

// zero clears a vector.
func zero(s isa, v reg.VecPhysical) {
	if s.opmasks {
		VPXORD(v, v, v)
	} else {
		VXORPS(v, v, v)
	}
}

// peak builds a loop that does nothing but multiply and add, twelve independent sums at a time, as often as its argument says.
func peak(s isa) {
	_, arg := function("peak"+s.name, "a number of rounds", 0)
	count := reg.RAX
	MOVQ(arg(0, count), count)
	for _, v := range s.vectors[:14] {
		zero(s, v)
	}
	Label("loop")
	for _, sum := range s.vectors[:12] {
		VFMADD231PS(s.vectors[12], s.vectors[13], sum)
	}
	DECQ(count)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
