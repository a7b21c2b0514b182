package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func activations(s isa) {
	forward := func(name, formula string, slope bool, f func(x, slope reg.VecVirtual) reg.VecVirtual) {
		signature := "func(n int, y, x *float32)"
		if slope {
			signature = "func(n int, y, x *float32, slope float32)"
		}
		start(s, name, signature, "computes y = "+formula+" for n elements, a multiple of 16.")
		p := parameters("n", "y", "x")
		var a reg.VecVirtual
		if slope {
			a = s.broadcast("slope")
		}
		s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
			VMOVUPS(f(s.load(at(1)), a), at(0))
		})
		end()
	}
	forward("relu", "max(x, 0)", false, func(x, _ reg.VecVirtual) reg.VecVirtual {
		zero, y := s.zeros(), s.register()
		VMAXPS(x, zero, y) // NaN is taken from the first operand
		VADDPS(zero, y, y) // -0 becomes 0
		return y
	})
	forward("leaky", "x, or slope*x for x < 0", true, func(x, slope reg.VecVirtual) reg.VecVirtual {
		t := s.register()
		VMULPS(slope, x, t)
		return s.choose(lessThan, x, s.zeros(), t, x)
	})
	forward("sigmoid", "1/(1+exp(-x))", false, func(x, _ reg.VecVirtual) reg.VecVirtual { return sigmoid(s, x) })
	forward("tanh", "tanh(x)", false, func(x, _ reg.VecVirtual) reg.VecVirtual { return tanh(s, x) })

	gradient := func(name, formula string, slope bool, f func(y, slope reg.VecVirtual) reg.VecVirtual) {
		signature := "func(n int, dx, y, dy *float32)"
		if slope {
			signature = "func(n int, dx, y, dy *float32, slope float32)"
		}
		start(s, name+"Gradient", signature, "computes dx = dy * "+formula+" for n elements, a multiple of 16.")
		p := parameters("n", "dx", "y", "dy")
		var a reg.VecVirtual
		if slope {
			a = s.broadcast("slope")
		}
		s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
			d := f(s.load(at(1)), a)
			VMULPS(at(2), d, d)
			VMOVUPS(d, at(0))
		})
		end()
	}
	gradient("relu", "(0 for y <= 0, else 1)", false, func(y, _ reg.VecVirtual) reg.VecVirtual {
		zero := s.zeros()
		return s.choose(lessOrEqual, y, zero, zero, s.load(constant(1)))
	})
	gradient("leaky", "(slope for y <= 0, else 1)", true, func(y, slope reg.VecVirtual) reg.VecVirtual {
		return s.choose(lessOrEqual, y, s.zeros(), slope, s.load(constant(1)))
	})
	gradient("sigmoid", "y*(1-y)", false, func(y, _ reg.VecVirtual) reg.VecVirtual {
		d := s.load(constant(1))
		VSUBPS(y, d, d)
		VMULPS(d, y, d)
		return d
	})
	gradient("tanh", "(1-y*y)", false, func(y, _ reg.VecVirtual) reg.VecVirtual {
		d, t := s.load(constant(1)), s.register()
		VMULPS(y, y, t)
		VSUBPS(t, d, d)
		return d
	})
}

// The numbers of the kernel's activation_float32.go, and its formulas step by step.
const (
	log2e   = 1.44269504
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
	rounder = 1.5 * (1 << 23)
	signBit = 1 << 31
)

// expParts returns n (as an integer), r and t of e^u = 2^n * (1+r+t).
func expParts(s isa, u reg.VecVirtual) (n, r, t reg.VecVirtual) {
	k, f, high, low, lost, q := s.register(), s.register(), s.register(), s.register(), s.register(), s.register()
	n, r, t = s.register(), s.register(), s.register()
	VMULPS(constant(log2e), u, k)
	VADDPS(constant(rounder), k, k)
	VPSUBD(constant(rounder), k, n)
	VSUBPS(constant(rounder), k, f)
	VMULPS(constant(ln2High), f, high)
	VSUBPS(high, u, high)
	VMULPS(constant(ln2Low), f, low)
	VSUBPS(low, high, r)
	VSUBPS(r, high, lost)
	VSUBPS(low, lost, lost)
	VMULPS(constant(0.0013814539), r, q)
	for _, c := range []float32{0.008368745, 0.04166839, 0.16666521} {
		VADDPS(constant(c), q, q)
		VMULPS(r, q, q)
	}
	VADDPS(constant(0.49999994), q, q)
	VMULPS(r, r, t)
	VMULPS(q, t, t)
	VADDPS(lost, t, t)
	return n, r, t
}

// power2 returns 2^n.
func power2(s isa, n reg.VecVirtual) reg.VecVirtual {
	p := s.register()
	VPADDD(bits(127), n, p)
	VPSLLD(Imm(23), p, p)
	return p
}

// exponent returns max(-factor*|x|, smallest), or NaN.
func exponent(s isa, x reg.VecVirtual, factor, smallest float32) reg.VecVirtual {
	u, least := s.register(), s.load(constant(smallest))
	VORPS(bits(signBit), x, u)
	if factor != 1 {
		VMULPS(constant(factor), u, u)
	}
	VMAXPS(u, least, u)
	return u
}

func sigmoid(s isa, x reg.VecVirtual) reg.VecVirtual {
	n, r, t := expParts(s, exponent(s, x, 1, -104))
	half, e := s.register(), s.register()
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	VADDPS(t, r, e)
	VADDPS(constant(1), e, e)
	VMULPS(power2(s, half), e, e)
	VMULPS(power2(s, n), e, e)
	d, lost, y := s.register(), s.register(), s.load(constant(1))
	numerator := s.choose(lessThan, x, s.zeros(), e, y)
	VADDPS(e, y, d)
	VSUBPS(y, d, lost)
	VSUBPS(lost, e, lost)
	VDIVPS(d, numerator, y)
	VMULPS(y, lost, lost)
	VSUBPS(lost, y, y)
	return y
}

func tanh(s isa, x reg.VecVirtual) reg.VecVirtual {
	n, r, t := expParts(s, exponent(s, x, 2, -40))
	p := power2(s, n)
	s1, less1, d, lost := s.register(), s.register(), s.register(), s.register()
	VSUBPS(constant(1), p, s1)
	VMULPS(p, r, r)
	VMULPS(p, t, t)
	VADDPS(t, r, less1)
	VADDPS(less1, s1, less1)
	VADDPS(constant(2), less1, d)
	VSUBPS(constant(2), d, lost)
	VSUBPS(lost, less1, lost)
	VMULPS(lost, less1, lost)
	VSUBPS(lost, t, t)
	VADDPS(t, r, r)
	VADDPS(r, s1, s1)
	y, sign := s.register(), s.register()
	VDIVPS(d, s1, y)
	VANDPS(bits(signBit-1), y, y)
	VANDPS(bits(signBit), x, sign)
	VORPS(sign, y, y)
	return y
}
