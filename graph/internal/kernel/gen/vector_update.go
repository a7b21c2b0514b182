package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// squareSum adds squares of float32 in eight lanes of float64.
type squareSum struct {
	isa
	lanes []reg.VecVirtual // 2 of AVX2, 1 of AVX-512
}

func newSquareSum(s isa) squareSum {
	sum := squareSum{isa: s, lanes: []reg.VecVirtual{s.zeros()}}
	if s.lanes == 8 {
		sum.lanes = append(sum.lanes, s.zeros())
	}
	return sum
}

// add adds x's squares; a vector of 16 goes in two steps, as two vectors of 8 would.
func (q squareSum) add(x reg.VecVirtual) {
	low, high, upper := q.register(), q.register(), q.half()
	if q.isa.lanes == 8 {
		VCVTPS2PD(x.AsX(), low)
		VEXTRACTF128(Imm(1), x, upper)
	} else {
		VCVTPS2PD(x.AsY(), low)
		VEXTRACTF64X4(Imm(1), x, upper)
	}
	VCVTPS2PD(upper, high)
	VFMADD231PD(low, low, q.lanes[0])
	VFMADD231PD(high, high, q.lanes[len(q.lanes)-1])
}

// store writes the lanes.
func (q squareSum) store(to reg.GPVirtual, disp int) {
	for i, r := range q.lanes {
		VMOVUPD(r, Mem{Base: to, Disp: disp + i*q.bytes()})
	}
}

func updates(s isa) {
	const sums = "; sums receives 8 lanes each of the sums of g^2, w^2 and step^2. n is a multiple of 16."
	build := func(name, variables, scalars, doc string, pointers []string, names []string, step func(at func(int) Mem, c []reg.VecVirtual) (g, before, after reg.VecVirtual)) {
		start(s, name, "func(n int, "+variables+" *float32, "+scalars+" float32, sums *float64)", doc+sums)
		p := parameters(append([]string{"n"}, pointers...)...)
		var c []reg.VecVirtual
		for _, n := range names {
			c = append(c, s.broadcast(n))
		}
		gradient, weight, change := newSquareSum(s), newSquareSum(s), newSquareSum(s)
		s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
			g, before, after := step(at, c)
			VMOVUPS(after, at(0))
			gradient.add(g)
			weight.add(before)
			VSUBPS(before, after, after)
			change.add(after)
		})
		to := parameters("sums")[0]
		for i, q := range []squareSum{gradient, weight, change} {
			q.store(to, 64*i)
		}
		end()
	}
	build("adam", "w, gradient, m, v", "rate, m1, v1, epsilon", "takes the step of update.adam", []string{"w", "gradient", "m", "v"}, []string{"rate", "m1", "v1", "epsilon"},
		func(at func(int) Mem, c []reg.VecVirtual) (g, before, after reg.VecVirtual) {
			g, m, v, t := s.load(at(1)), s.load(at(2)), s.load(at(3)), s.register()
			VSUBPS(m, g, t)
			VMULPS(c[1], t, t)
			VADDPS(t, m, m)
			VMOVUPS(m, at(2))
			VMULPS(g, g, t)
			VSUBPS(v, t, t)
			VMULPS(c[2], t, t)
			VADDPS(t, v, v)
			VMOVUPS(v, at(3))
			VMULPS(c[0], m, m)
			VSQRTPS(v, v)
			VADDPS(c[3], v, v)
			VDIVPS(v, m, m)
			before = s.load(at(0))
			VSUBPS(m, before, m)
			return g, before, m
		})
	build("descend", "w, gradient", "rate", "takes the step of update.descend", []string{"w", "gradient"}, []string{"rate"},
		func(at func(int) Mem, c []reg.VecVirtual) (g, before, after reg.VecVirtual) {
			g, before, after = s.load(at(1)), s.load(at(0)), s.register()
			VMULPS(c[0], g, after)
			VSUBPS(after, before, after)
			return
		})
	velocity := func(at func(int) Mem, c []reg.VecVirtual) (g, step, v reg.VecVirtual) {
		g, step, v = s.load(at(1)), s.register(), s.load(at(2))
		VMULPS(c[0], g, step)
		VMULPS(c[1], v, v)
		VSUBPS(step, v, v)
		VMOVUPS(v, at(2))
		return
	}
	build("momentum", "w, gradient, m", "rate, keep", "takes the step of update.momentum", []string{"w", "gradient", "m"}, []string{"rate", "keep"},
		func(at func(int) Mem, c []reg.VecVirtual) (g, before, after reg.VecVirtual) {
			g, _, v := velocity(at, c)
			before = s.load(at(0))
			VADDPS(v, before, v)
			return g, before, v
		})
	build("nesterov", "w, gradient, m", "rate, keep", "takes the step of update.nesterov", []string{"w", "gradient", "m"}, []string{"rate", "keep"},
		func(at func(int) Mem, c []reg.VecVirtual) (g, before, after reg.VecVirtual) {
			g, step, v := velocity(at, c)
			VMULPS(c[1], v, v)
			VSUBPS(step, v, v)
			before = s.load(at(0))
			VADDPS(v, before, v)
			return g, before, v
		})
}
