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

	forward("decay", "exp(-|x|)", false, func(x, _ reg.VecVirtual) reg.VecVirtual { return decay(s, x) })
	forward("logOnePlusDecay", "log(1 + exp(-|x|))", false, func(x, _ reg.VecVirtual) reg.VecVirtual { return logOnePlus(s, decay(s, x)) })
	forward("normalBelow", "the standard normal distribution's share below x", false, func(x, _ reg.VecVirtual) reg.VecVirtual { return normalBelow(s, x) })

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

// expParts returns n, r and t of e^u = 2^n * (1+r+t); n in the low bits of k, and as float32.
func expParts(s isa, u reg.VecVirtual) (k, n, r, t reg.VecVirtual) {
	k, n = s.register(), s.register()
	high, low, q := s.register(), s.register(), s.register()
	r, t = s.register(), s.register()
	VMULPS(constant(log2e), u, k)
	VADDPS(constant(rounder), k, k)
	VSUBPS(constant(rounder), k, n)
	VMULPS(constant(ln2High), n, high)
	VSUBPS(high, u, high)
	VMULPS(constant(ln2Low), n, low)
	VSUBPS(low, high, r)
	q01, q23 := s.register(), s.register()
	VMULPS(constant(0.16666521), r, q01)
	VADDPS(constant(0.49999994), q01, q01)
	VMULPS(constant(0.008368745), r, q23)
	VADDPS(constant(0.04166839), q23, q23)
	VMULPS(r, r, t)
	VMULPS(constant(0.0013814539), t, q)
	VADDPS(q23, q, q)
	VMULPS(t, q, q)
	VADDPS(q01, q, q)
	VMULPS(q, t, t)
	return k, n, r, t
}

// power2 returns 2^n from an integer whose low bits are n; the rest is shifted out.
func power2(s isa, n reg.VecVirtual) reg.VecVirtual {
	p := s.register()
	VPSLLD(Imm(23), n, p)
	VPADDD(constant(1), p, p)
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
	k, n, r, t := expParts(s, exponent(s, x, 1, -104))
	e := s.register()
	VADDPS(t, r, e)
	VADDPS(constant(1), e, e)
	if s.lanes == 16 {
		VSCALEFPS(n, e, e)
	} else { // 2^n may be too small for a normal number
		half := s.register()
		VPSRAD(Imm(1), k, half)
		VPSUBD(half, k, k)
		VMULPS(power2(s, half), e, e)
		VMULPS(power2(s, k), e, e)
	}
	d, lost, y := s.register(), s.register(), s.load(constant(1))
	numerator := s.register()
	if s.lanes == 16 {
		negative := K()
		VPMOVD2M(x, negative)
		VBLENDMPS(e, y, negative, numerator)
	} else {
		VBLENDVPS(x, e, y, numerator)
	}
	VADDPS(e, y, d)
	VSUBPS(y, d, lost)
	VSUBPS(lost, e, lost)
	VDIVPS(d, numerator, y)
	VMULPS(y, lost, lost)
	VSUBPS(lost, y, y)
	return y
}

// lessOne returns 2^n-1 and e^u-1, where nothing cancels near 0, and leaves 2^n*r and 2^n*t in r and t.
func lessOne(s isa, k, r, t reg.VecVirtual) (s1, less1 reg.VecVirtual) {
	p := power2(s, k)
	s1, less1 = s.register(), s.register()
	VSUBPS(constant(1), p, s1)
	VMULPS(p, r, r)
	VMULPS(p, t, t)
	VADDPS(t, r, less1)
	VADDPS(less1, s1, less1)
	return s1, less1
}

func tanh(s isa, x reg.VecVirtual) reg.VecVirtual {
	k, _, r, t := expParts(s, exponent(s, x, 2, -40))
	s1, less1 := lessOne(s, k, r, t)
	d, lost := s.register(), s.register()
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

func decay(s isa, x reg.VecVirtual) reg.VecVirtual {
	k, _, r, t := expParts(s, exponent(s, x, 1, -87))
	VADDPS(t, r, r)
	VADDPS(constant(1), r, r)
	VMULPS(power2(s, k), r, r)
	return r
}

// logOnePlus returns log(1+u) for 0 <= u <= 1.
func logOnePlus(s isa, u reg.VecVirtual) reg.VecVirtual {
	w, square, sum := s.register(), s.register(), s.load(constant(1.0/15))
	VADDPS(constant(2), u, w)
	VDIVPS(w, u, w)
	VMULPS(w, w, square)
	for _, c := range []float32{1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1} {
		VMULPS(square, sum, sum)
		VADDPS(constant(c), sum, sum)
	}
	VADDPS(w, w, w)
	VMULPS(sum, w, w)
	return w
}

// logitSlope builds the derivative of a cross-entropy by what its sigmoid is taken of.
func logitSlope(s isa) {
	start(s, "logitSlope", "func(n int, dy, y, target *float32, factor, keep, half float32)",
		"computes dy = factor * ((1-t)*sigmoid(y) - t*sigmoid(-y)), t = keep*target + half, for n elements, a multiple of 16.")
	p := parameters("n", "dy", "y", "target")
	factor, keep, half := s.broadcast("factor"), s.broadcast("keep"), s.broadcast("half")
	s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
		y, t, rest := s.load(at(1)), s.register(), s.load(constant(1))
		q := decay(s, y)
		VMULPS(at(2), keep, t)
		VADDPS(half, t, t)
		VSUBPS(t, rest, rest)
		one := s.load(constant(1))
		above, below := s.choose(lessThan, s.zeros(), y, one, q), s.choose(lessThan, s.zeros(), y, q, one)
		VMULPS(above, rest, rest)
		VMULPS(below, t, t)
		VSUBPS(t, rest, rest)
		VADDPS(one, q, q)
		VDIVPS(q, rest, rest)
		VMULPS(factor, rest, rest)
		VMOVUPS(rest, at(0))
	})
	end()
}

// exponentialLinear builds a straight line above 0 beside an exponential function below, and its derivative.
func exponentialLinear(s isa) {
	build := func(name, formula string, f func(z, above, below reg.VecVirtual) reg.VecVirtual) {
		start(s, name, "func(n int, y, z *float32, above, below float32)", "computes y = "+formula+" for n elements, a multiple of 16.")
		p := parameters("n", "y", "z")
		above, below := s.broadcast("above"), s.broadcast("below")
		s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) { VMOVUPS(f(s.load(at(1)), above, below), at(0)) })
		end()
	}
	build("elu", "above*max(z, 0) + below*(exp(min(z, 0))-1)", func(z, above, below reg.VecVirtual) reg.VecVirtual {
		y, zero := decayLessOne(s, z), s.zeros()
		line := s.choose(lessThan, zero, z, z, zero)
		VMULPS(above, line, line)
		VMULPS(below, y, y)
		VADDPS(y, line, y)
		return y
	})
	build("eluSlope", "below*exp(min(z, 0)), and above more for z > 0", func(z, above, below reg.VecVirtual) reg.VecVirtual {
		y, zero := decayLessOne(s, z), s.zeros()
		VADDPS(constant(1), y, y)
		VMULPS(below, y, y)
		VADDPS(s.choose(lessThan, zero, z, above, zero), y, y)
		return y
	})
}

// pairwise builds sums and products of two arrays.
func pairwise(s isa) {
	for _, f := range []struct {
		name, sign string
		operation  func(ops ...Op)
	}{{"add", "+", VADDPS}, {"multiply", "*", VMULPS}} {
		start(s, f.name, "func(n int, y, x *float32)", "computes y "+f.sign+"= x for n elements, a multiple of 16.")
		p := parameters("n", "y", "x")
		s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
			y := s.load(at(0))
			f.operation(at(1), y, y)
			VMOVUPS(y, at(0))
		})
		end()
	}
}

func decayLessOne(s isa, x reg.VecVirtual) reg.VecVirtual {
	u := s.register()
	VMINPS(x, s.zeros(), u) // NaN is taken from the first operand
	k, _, r, t := expParts(s, exponent(s, u, 1, -87))
	_, less1 := lessOne(s, k, r, t)
	return less1
}

func normalBelow(s isa, z reg.VecVirtual) reg.VecVirtual {
	x, d, t, p := s.register(), s.register(), s.load(constant(1)), s.register()
	VANDPS(bits(signBit-1), z, x)
	VMULPS(constant(0.70710678), x, x)
	VMULPS(constant(0.5), x, d)
	VADDPS(constant(1), d, d)
	VDIVPS(d, t, t)
	VMULPS(constant(0.17087277), t, p)
	for _, c := range []float32{-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368} {
		VADDPS(constant(c), p, p)
		VMULPS(t, p, p)
	}
	VADDPS(constant(-1.26551223), p, p)
	VMULPS(x, x, x)
	VSUBPS(x, p, p)
	e := decay(s, p)
	VMULPS(t, e, e)
	VMULPS(constant(0.5), e, e)
	rest, y := s.load(constant(1)), s.register()
	VSUBPS(e, rest, rest)
	if s.lanes == 16 {
		negative := K()
		VPMOVD2M(z, negative)
		VBLENDMPS(e, rest, negative, y)
	} else {
		VBLENDVPS(z, e, rest, y)
	}
	return y
}
