package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reduced is the number of elements that an iteration of a reduction covers, and of its lanes.
const reduced = 32

func reductions(s isa) {
	// eachHalf runs body for every half vector, which is as many float32 as a vector holds float64.
	eachHalf := func(n reg.GPVirtual, pointers []reg.GPVirtual, body func(i int, at func(int) Mem)) {
		s.each(reduced, n, pointers, func(i int, at func(int) Mem) {
			for h := range 2 {
				body(2*i+h, func(p int) Mem { return at(p).Offset(h * s.bytes() / 2) })
			}
		})
	}
	accumulators := func(count int) []reg.VecVirtual {
		list := make([]reg.VecVirtual, count)
		for i := range list {
			list[i] = s.zeros()
		}
		return list
	}
	store := func(acc []reg.VecVirtual) {
		to := parameters("sums")[0]
		for i, r := range acc {
			VMOVUPD(r, Mem{Base: to, Disp: i * s.bytes()})
		}
	}

	start(s, "squaredDistance", "func(n int, y, target *float32, sums *float64)", "writes 32 lanes of the sum of (y-target)^2 over n elements, a multiple of 32.")
	p := parameters("n", "y", "target")
	acc := accumulators(2 * reduced / s.lanes)
	eachHalf(p[0], p[1:], func(i int, at func(int) Mem) {
		h, d := s.half(), s.register()
		VMOVUPS(at(0), h)
		VSUBPS(at(1), h, h)
		VCVTPS2PD(h, d)
		VFMADD231PD(d, d, acc[i])
	})
	store(acc)
	end()

	start(s, "scaledDifference", "func(n int, dy, y, target *float32, factor float32)", "computes dy = factor*(y-target) for n elements, a multiple of 16.")
	p = parameters("n", "dy", "y", "target")
	factor := s.broadcast("factor")
	s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
		d := s.load(at(1))
		VSUBPS(at(2), d, d)
		VMULPS(factor, d, d)
		VMOVUPS(d, at(0))
	})
	end()
}
