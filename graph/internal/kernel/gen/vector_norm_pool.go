package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// normalizedPooling builds normalization by channel together with max pooling over 2x2 windows with stride 2, for pixels of one output row.
// Numbers by channel are there at least once for each channel.
func normalizedPooling(s isa) {
	start(s, "normalizePool", "func(pixels, channels int, y, x *float32, row int, argmax *uint8, winners, mean, scale, beta *float32)",
		"computes y = the largest (x-mean)*scale + beta of each window, the first NaN if there is one, its index, and its x. x has rows of row bytes.")
	p := parameters("pixels", "channels", "y", "x", "row", "argmax", "winners", "mean", "scale", "beta")
	pixels, channels, y, to, winners := p[0], p[1], p[2], p[5], p[6]
	from := corners(p[3], channels, p[4])
	s.windows(pixels, channels, func(c reg.GPVirtual) {
		mean, scale, beta := s.load(float(p[7], c)), s.load(float(p[8], c)), s.load(float(p[9], c))
		normalized := func(x reg.VecVirtual) reg.VecVirtual {
			v := s.register()
			VSUBPS(mean, x, v)
			VMULPS(scale, v, v)
			VADDPS(beta, v, v)
			return v
		}
		winner := s.load(float(from[0], c))
		best, index := normalized(winner), s.zeros()
		for i, corner := range from[1:] {
			x := s.load(float(corner, c))
			v := normalized(x)
			if s.lanes == 8 {
				larger := s.largerLanes(v, best)
				VBLENDVPS(larger, v, best, best)
				VBLENDVPS(larger, x, winner, winner)
				VBLENDVPS(larger, bits(uint32(i+1)), index, index)
			} else {
				larger := largerMask(v, best)
				VMOVAPS(v, larger, best)
				VMOVAPS(x, larger, winner)
				VMOVDQU32(bits(uint32(i+1)), larger, index)
			}
		}
		VMOVUPS(best, float(y, c))
		VMOVUPS(winner, float(winners, c))
		if s.lanes == 16 {
			VPMOVDB(index, Mem{Base: to, Index: c, Scale: 1})
		} else {
			storeBytes(index, Mem{Base: to, Index: c, Scale: 1})
		}
	}, func() {
		for _, r := range from {
			LEAQ(Mem{Base: r, Index: channels, Scale: 8}, r)
		}
		LEAQ(Mem{Base: y, Index: channels, Scale: 4}, y)
		LEAQ(Mem{Base: winners, Index: channels, Scale: 4}, winners)
		ADDQ(channels, to)
	})
	end()

	start(s, "normalizePoolGradient", "func(pixels, channels int, dx, x, dy *float32, row int, argmax *uint8, mean, scale, offset, slope *float32, negative float32)",
		"computes dx = ((dy at its winner's place, else 0) - offset)*scale - (x-mean)*slope, times negative where x <= 0. dx and x have rows of row bytes.")
	count, last := AllocLocal(8), AllocLocal(8)
	MOVQ(parameters("pixels")[0], count)
	p = parameters("channels", "dx", "x", "dy", "row", "argmax", "mean", "scale", "offset", "slope")
	channels, row := p[0], p[4]
	negative := s.broadcast("negative")
	second := GP64()
	LEAQ(Mem{Base: row, Index: channels, Scale: 4}, second)
	s.windowsCounted(count, last, channels, func(c reg.GPVirtual) {
		dx, x := GP64(), GP64()
		LEAQ(float(p[1], c), dx)
		LEAQ(float(p[2], c), x)
		mean, scale, offset, slope := s.load(float(p[6], c)), s.load(float(p[7], c)), s.load(float(p[8], c)), s.load(float(p[9], c))
		index, zero, d, none := s.register(), s.zeros(), s.load(float(p[3], c)), s.register()
		VPMOVZXBD(Mem{Base: p[5], Index: c, Scale: 1}, index)
		VSUBPS(offset, d, d)
		VMULPS(scale, d, d)
		VSUBPS(offset, zero, none)
		VMULPS(scale, none, none)
		for i := range 4 {
			corner := func(base reg.GPVirtual) Mem {
				switch i {
				case 0:
					return Mem{Base: base}
				case 1:
					return float(base, channels)
				case 2:
					return Mem{Base: base, Index: row, Scale: 1}
				}
				return Mem{Base: base, Index: second, Scale: 1}
			}
			v, u, t := s.load(corner(x)), s.register(), s.register()
			VSUBPS(mean, v, t)
			VMULPS(slope, t, t)
			if s.lanes == 8 {
				VPCMPEQD(bits(uint32(i)), index, u)
				VBLENDVPS(u, d, none, u)
				VSUBPS(t, u, u)
				VMULPS(negative, u, t)
				VCMPPS(lessOrEqual, zero, v, v)
				VBLENDVPS(v, t, u, u)
			} else {
				k := K()
				VPCMPEQD(bits(uint32(i)), index, k)
				VBLENDMPS(d, none, k, u)
				VSUBPS(t, u, u)
				VCMPPS(lessOrEqual, zero, v, k)
				VMULPS(negative, u, k, u)
			}
			VMOVUPS(u, corner(dx))
		}
	}, func() {
		LEAQ(Mem{Base: p[1], Index: channels, Scale: 8}, p[1])
		LEAQ(Mem{Base: p[2], Index: channels, Scale: 8}, p[2])
		LEAQ(float(p[3], channels), p[3])
		ADDQ(channels, p[5])
	})
	end()
}
