package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// windows runs over output pixels and their channels, at least as many as a vector has lanes. The last vector of a pixel
// overlaps the one before where the channels are no multiple, so nothing may be added in place. body gets the channel.
func (s isa) windows(pixels, channels reg.GPVirtual, body func(channel reg.GPVirtual), next func()) {
	s.windowsCounted(pixels, GP64(), channels, body, next)
}

// windowsCounted is windows with a place for the last vector's channel; it and pixels may lie in memory.
func (s isa) windowsCounted(pixels, last Op, channels reg.GPVirtual, body func(channel reg.GPVirtual), next func()) {
	channel := GP64()
	LEAQ(Mem{Base: channels, Disp: -s.lanes}, channel)
	MOVQ(channel, last)
	Label("pixel")
	XORQ(channel, channel)
	Label("loop")
	body(channel)
	ADDQ(Imm(uint64(s.lanes)), channel)
	CMPQ(channel, last)
	JLE(LabelRef("loop"))
	CMPQ(channel, channels)
	JGE(LabelRef("done"))
	MOVQ(last, channel)
	JMP(LabelRef("loop"))
	Label("done")
	next()
	DECQ(pixels)
	JNZ(LabelRef("pixel"))
}

// pooling builds max pooling over 2x2 windows with stride 2, for pixels of one output row; x or dx has rows of row bytes.
func pooling(s isa) {
	for _, argmax := range []bool{true, false} {
		name, signature := "maxPool2x2", "func(pixels, channels int, y, x *float32, row int)"
		doc := "computes y = the largest of each window, the first NaN if there is one."
		if argmax {
			name, signature = "maxPool2x2Argmax", "func(pixels, channels int, y, x *float32, row int, argmax *uint8)"
			doc = "computes y = the largest of each window and its index, the first NaN if there is one."
		}
		start(s, name, signature, doc)
		p := parameters("pixels", "channels", "y", "x", "row")
		pixels, channels, y, x := p[0], p[1], p[2], p[3]
		var to reg.GPVirtual
		if argmax {
			to = parameters("argmax")[0]
		}
		corners := corners(x, channels, p[4])
		s.windows(pixels, channels, func(c reg.GPVirtual) {
			best, index := s.load(float(corners[0], c)), s.zeros()
			for i, corner := range corners[1:] {
				v := s.load(float(corner, c))
				if s.lanes == 8 {
					larger := s.largerLanes(v, best)
					VBLENDVPS(larger, v, best, best)
					if argmax {
						VBLENDVPS(larger, bits(uint32(i+1)), index, index)
					}
				} else {
					larger := largerMask(v, best)
					VMOVAPS(v, larger, best)
					if argmax {
						VMOVDQU32(bits(uint32(i+1)), larger, index)
					}
				}
			}
			VMOVUPS(best, float(y, c))
			if !argmax {
				return
			}
			if s.lanes == 16 {
				VPMOVDB(index, Mem{Base: to, Index: c, Scale: 1})
				return
			}
			storeBytes(index, Mem{Base: to, Index: c, Scale: 1})
		}, func() {
			for _, r := range corners {
				LEAQ(Mem{Base: r, Index: channels, Scale: 8}, r)
			}
			LEAQ(float(y, channels), y)
			if argmax {
				ADDQ(channels, to)
			}
		})
		end()
	}

	start(s, "maxPool2x2Gradient", "func(pixels, channels int, dx, dy *float32, row int, argmax *uint8)", "writes dy to its winner's place in dx, and 0 to the window's other places.")
	p := parameters("pixels", "channels", "dx", "dy", "row", "argmax")
	pixels, channels, dy, from := p[0], p[1], p[3], p[5]
	corners := corners(p[2], channels, p[4])
	s.windows(pixels, channels, func(c reg.GPVirtual) {
		d, index := s.load(float(dy, c)), s.register()
		VPMOVZXBD(Mem{Base: from, Index: c, Scale: 1}, index)
		for i, corner := range corners {
			v := s.register()
			if s.lanes == 8 {
				VPCMPEQD(bits(uint32(i)), index, v)
				VANDPS(d, v, v)
			} else {
				k := K()
				VPCMPEQD(bits(uint32(i)), index, k)
				VMOVAPS_Z(d, k, v)
			}
			VMOVUPS(v, float(corner, c))
		}
	}, func() {
		for _, r := range corners {
			LEAQ(Mem{Base: r, Index: channels, Scale: 8}, r)
		}
		LEAQ(float(dy, channels), dy)
		ADDQ(channels, from)
	})
	end()
}

// largerLanes is AVX2's mask of the lanes where v wins over best.
func (s isa) largerLanes(v, best reg.VecVirtual) reg.VecVirtual {
	larger, number := s.register(), s.register()
	VCMPPS(notLessEqual, best, v, larger)
	VCMPPS(ordered, best, best, number)
	VANDPS(number, larger, larger)
	return larger
}

// largerMask is the same in AVX-512.
func largerMask(v, best reg.VecVirtual) reg.OpmaskVirtual {
	number, larger := K(), K()
	VCMPPS(ordered, best, best, number)
	VCMPPS(notLessEqual, best, v, number, larger)
	return larger
}

// storeBytes stores the numbers of 0 to 255 of an AVX2 register as bytes.
func storeBytes(numbers reg.VecVirtual, to Mem) {
	upper := XMM()
	VEXTRACTI128(Imm(1), numbers, upper)
	VPACKSSDW(upper, numbers.AsX(), upper)
	VPACKUSWB(upper, upper, upper)
	VMOVQ(upper, to)
}

// poolingTap builds the operations for one tap of any window, and as many pixels as it has inside of the image's row.
func poolingTap(s isa) {
	for _, argmax := range []bool{true, false} {
		name, signature := "raise", "func(pixels, channels int, y, x *float32, stride int)"
		doc := "replaces what is smaller in y, the first NaN winning, by x, whose pixels are stride bytes apart."
		if argmax {
			name, signature = "raiseArgmax", "func(pixels, channels int, y, x *float32, stride int, argmax *uint8, tap uint32)"
			doc = "replaces what is smaller in y, the first NaN winning, by x, whose pixels are stride bytes apart, and the winner in argmax by tap."
		}
		start(s, name, signature, doc)
		p := parameters("pixels", "channels", "y", "x", "stride")
		pixels, channels, y, x, stride := p[0], p[1], p[2], p[3], p[4]
		var to reg.GPVirtual
		var tap reg.VecVirtual
		if argmax {
			to, tap = parameters("argmax")[0], s.broadcast("tap")
		}
		s.windows(pixels, channels, func(c reg.GPVirtual) {
			v, best := s.load(float(x, c)), s.load(float(y, c))
			if s.lanes == 8 {
				larger := s.largerLanes(v, best)
				VBLENDVPS(larger, v, best, best)
				VMOVUPS(best, float(y, c))
				if argmax {
					index := s.register()
					VPMOVZXBD(Mem{Base: to, Index: c, Scale: 1}, index)
					VBLENDVPS(larger, tap, index, index)
					storeBytes(index, Mem{Base: to, Index: c, Scale: 1})
				}
				return
			}
			larger := largerMask(v, best)
			VMOVUPS(v, larger, float(y, c))
			if argmax {
				VPMOVDB(tap, larger, Mem{Base: to, Index: c, Scale: 1})
			}
		}, func() {
			LEAQ(float(y, channels), y)
			ADDQ(stride, x)
			if argmax {
				ADDQ(channels, to)
			}
		})
		end()
	}

	start(s, "addWinners", "func(pixels, channels int, dx, dy *float32, stride int, argmax *uint8, tap uint32)", "adds dy to dx, whose pixels are stride bytes apart, where argmax is tap. channels is a multiple of the vector.")
	p := parameters("pixels", "channels", "dx", "dy", "stride", "argmax")
	pixels, channels, dx, dy, stride, from := p[0], p[1], p[2], p[3], p[4], p[5]
	tap := s.broadcast("tap")
	s.windows(pixels, channels, func(c reg.GPVirtual) {
		sum, index := s.load(float(dx, c)), s.register()
		VPMOVZXBD(Mem{Base: from, Index: c, Scale: 1}, index)
		if s.lanes == 8 {
			VPCMPEQD(tap, index, index)
			VANDPS(float(dy, c), index, index)
			VADDPS(index, sum, sum)
		} else {
			k := K()
			VPCMPEQD(tap, index, k)
			VADDPS(float(dy, c), sum, k, sum)
		}
		VMOVUPS(sum, float(dx, c))
	}, func() {
		ADDQ(stride, dx)
		LEAQ(float(dy, channels), dy)
		ADDQ(channels, from)
	})
	end()
}

// corners returns pointers to the pixels of the first window.
func corners(x, channels, row reg.GPVirtual) []reg.GPVirtual {
	list := []reg.GPVirtual{x, GP64(), GP64(), GP64()}
	LEAQ(float(x, channels), list[1])
	LEAQ(Mem{Base: x, Index: row, Scale: 1}, list[2])
	LEAQ(float(list[2], channels), list[3])
	return list
}

// pairs builds the sum of pixels' gradients where each pixel was repeated along its row. Channels are a multiple of the lanes.
func pairs(s isa) {
	start(s, "addPairs", "func(pixels, channels int, dx, dy *float32)", "computes dx = (dx + dy of the first) + dy of the second pixel of each pair.")
	p := parameters("pixels", "channels", "dx", "dy")
	pixels, channels, dx, dy := p[0], p[1], p[2], p[3]
	s.pixelPairs(pixels, channels, dx, dy, func(c, second reg.GPVirtual) {
		sum := s.load(float(dx, c))
		VADDPS(float(dy, c), sum, sum)
		VADDPS(float(second, c), sum, sum)
		VMOVUPS(sum, float(dx, c))
	})
	end()
}

// twice builds copies of pixels, each repeated along its row. Channels are a multiple of the lanes.
func twice(s isa) {
	start(s, "twice", "func(pixels, channels int, y, x *float32)", "writes each pixel of x twice.")
	p := parameters("pixels", "channels", "y", "x")
	pixels, channels, y, x := p[0], p[1], p[2], p[3]
	s.pixelPairs(pixels, channels, x, y, func(c, second reg.GPVirtual) {
		v := s.load(float(x, c))
		VMOVUPS(v, float(y, c))
		VMOVUPS(v, float(second, c))
	})
	end()
}

// blends builds what makes a pixel of four, each times its share, and what hands its gradient to the four.
func blends(s isa) {
	const signature = "func(n int, y, a, b, c, d *float32, shareA, shareB, shareC, shareD float32)"
	four := func(name, doc string, do func(pixel Mem, from []Mem, shares []reg.VecVirtual)) {
		start(s, name, signature, doc)
		p := parameters("n", "y", "a", "b", "c", "d")
		var shares []reg.VecVirtual
		for _, of := range []string{"shareA", "shareB", "shareC", "shareD"} {
			shares = append(shares, s.broadcast(of))
		}
		s.each(unit, p[0], p[1:], func(_ int, at func(int) Mem) {
			do(at(0), []Mem{at(1), at(2), at(3), at(4)}, shares)
		})
		end()
	}
	four("blend", "computes y = ((a*shareA + b*shareB) + c*shareC) + d*shareD for n elements, a multiple of 16.", func(pixel Mem, from []Mem, shares []reg.VecVirtual) {
		sum, product := s.register(), s.register()
		VMULPS(from[0], shares[0], sum)
		for k := 1; k < len(from); k++ {
			VMULPS(from[k], shares[k], product)
			VADDPS(product, sum, sum)
		}
		VMOVUPS(sum, pixel)
	})
	four("unblend", "adds y*shareA to a, y*shareB to b and so on for n elements, a multiple of 16, one after the other, as some may be the same.", func(pixel Mem, to []Mem, shares []reg.VecVirtual) {
		g, product := s.load(pixel), s.register()
		for k := range to {
			VMULPS(g, shares[k], product)
			VADDPS(to[k], product, product)
			VMOVUPS(product, to[k])
		}
	})
}

// pixelPairs goes over pixels beside pairs of pixels that follow each other; do is given a channel and where the second pixel of the pair is.
func (s isa) pixelPairs(pixels, channels, single, pair reg.GPVirtual, do func(c, second reg.GPVirtual)) {
	second := GP64()
	LEAQ(float(pair, channels), second)
	s.windows(pixels, channels, func(c reg.GPVirtual) { do(c, second) }, func() {
		LEAQ(float(single, channels), single)
		LEAQ(Mem{Base: pair, Index: channels, Scale: 8}, pair)
		LEAQ(Mem{Base: second, Index: channels, Scale: 8}, second)
	})
}
