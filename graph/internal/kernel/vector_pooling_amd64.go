//go:build amd64 && !noasm

package kernel

import "dcae/graph/arithmetic"

// Max pooling is vectorized along the channels, from 8 on. Vectors of a pixel may overlap, where that does no harm.

// vectorMaxPool computes the given number of pixels of an output row, where windows are 2x2, and returns how many it did. x starts
// at the first window and has rows of width elements.
func vectorMaxPool(pixels, channels int, y, x []float32, width int, argmax []uint8) int {
	if pixels == 0 || channels < 8 || family() == arithmetic.Portable || y == nil {
		return 0
	}
	y, x = y[:pixels*channels], x[:width+2*pixels*channels]
	switch fast := wide(channels); {
	case argmax == nil && fast:
		maxPool2x2AVX512(pixels, channels, &y[0], &x[0], 4*width)
	case argmax == nil:
		maxPool2x2AVX2(pixels, channels, &y[0], &x[0], 4*width)
	case fast:
		argmax = argmax[:len(y)]
		maxPool2x2ArgmaxAVX512(pixels, channels, &y[0], &x[0], 4*width, &argmax[0])
	default:
		argmax = argmax[:len(y)]
		maxPool2x2ArgmaxAVX2(pixels, channels, &y[0], &x[0], 4*width, &argmax[0])
	}
	return pixels
}

// vectorMaxPoolGradient writes both input rows of the windows of that many pixels, and returns how many it did.
func vectorMaxPoolGradient(pixels, channels int, dx, dy []float32, width int, argmax []uint8) int {
	if pixels == 0 || channels < 8 || family() == arithmetic.Portable || dx == nil {
		return 0
	}
	dx, dy, argmax = dx[:width+2*pixels*channels], dy[:pixels*channels], argmax[:pixels*channels]
	if wide(channels) {
		maxPool2x2GradientAVX512(pixels, channels, &dx[0], &dy[0], 4*width, &argmax[0])
	} else {
		maxPool2x2GradientAVX2(pixels, channels, &dx[0], &dy[0], 4*width, &argmax[0])
	}
	return pixels
}

// wide reports whether AVX-512 suits so many channels.
func wide(channels int) bool { return family() == arithmetic.AVX512 && channels >= 16 }

// vectorRaise raises pixels of y by those of x, which are stride elements apart, and reports whether it did.
func vectorRaise(pixels, channels int, y, x []float32, stride int, argmax []uint8, tap uint8) bool {
	if pixels == 0 || channels < 8 || family() == arithmetic.Portable || y == nil {
		return false
	}
	y, x = y[:pixels*channels], x[:(pixels-1)*stride+channels]
	switch {
	case argmax == nil && wide(channels):
		raiseAVX512(pixels, channels, &y[0], &x[0], 4*stride)
	case argmax == nil:
		raiseAVX2(pixels, channels, &y[0], &x[0], 4*stride)
	case wide(channels):
		argmax = argmax[:len(y)]
		raiseArgmaxAVX512(pixels, channels, &y[0], &x[0], 4*stride, &argmax[0], uint32(tap))
	default:
		argmax = argmax[:len(y)]
		raiseArgmaxAVX2(pixels, channels, &y[0], &x[0], 4*stride, &argmax[0], uint32(tap))
	}
	return true
}

// vectorAddWinners adds dy to the pixels of dx, which are stride elements apart, where argmax is tap, and reports whether it did.
func vectorAddWinners(pixels, channels int, dx, dy []float32, stride int, argmax []uint8, tap uint8) bool {
	if pixels == 0 || channels%8 != 0 || family() == arithmetic.Portable || dx == nil {
		return false
	}
	dx, dy, argmax = dx[:(pixels-1)*stride+channels], dy[:pixels*channels], argmax[:pixels*channels]
	if family() == arithmetic.AVX512 && channels%16 == 0 {
		addWinnersAVX512(pixels, channels, &dx[0], &dy[0], 4*stride, &argmax[0], uint32(tap))
	} else {
		addWinnersAVX2(pixels, channels, &dx[0], &dy[0], 4*stride, &argmax[0], uint32(tap))
	}
	return true
}

// vectorNormalizePool normalizes x, the two input rows of the windows of that many pixels, chooses each window's largest and writes to
// winners what it was before; it reports whether it did.
func vectorNormalizePool(pixels, channels int, y, x []float32, argmax []uint8, winners, mean, scale, beta []float32) bool {
	if pixels == 0 || channels < 8 || family() == arithmetic.Portable || y == nil {
		return false
	}
	n := pixels * channels
	y, x, argmax, winners = y[:n], x[:4*n], argmax[:n], winners[:n]
	mean, scale, beta = mean[:channels], scale[:channels], beta[:channels]
	if wide(channels) {
		normalizePoolAVX512(pixels, channels, &y[0], &x[0], 8*n, &argmax[0], &winners[0], &mean[0], &scale[0], &beta[0])
	} else {
		normalizePoolAVX2(pixels, channels, &y[0], &x[0], 8*n, &argmax[0], &winners[0], &mean[0], &scale[0], &beta[0])
	}
	return true
}

// vectorNormalizePoolGradient writes the gradient by the two input rows of the windows of that many pixels, times negative where x is not
// positive, and reports whether it did.
func vectorNormalizePoolGradient(pixels, channels int, dx, x, dy []float32, argmax []uint8, mean, scale, offset, slope []float32, negative float32) bool {
	if pixels == 0 || channels < 8 || family() == arithmetic.Portable || dx == nil {
		return false
	}
	n := pixels * channels
	dx, x, dy, argmax = dx[:4*n], x[:4*n], dy[:n], argmax[:n]
	mean, scale, offset, slope = mean[:channels], scale[:channels], offset[:channels], slope[:channels]
	if wide(channels) {
		normalizePoolGradientAVX512(pixels, channels, &dx[0], &x[0], &dy[0], 8*n, &argmax[0], &mean[0], &scale[0], &offset[0], &slope[0], negative)
	} else {
		normalizePoolGradientAVX2(pixels, channels, &dx[0], &x[0], &dy[0], 8*n, &argmax[0], &mean[0], &scale[0], &offset[0], &slope[0], negative)
	}
	return true
}

// vectorAddPairs adds to each of that many pixels two neighbours of dy, and reports whether it did.
func vectorAddPairs(pixels, channels int, dx, dy []float32) bool {
	if pixels == 0 || channels == 0 || channels%8 != 0 || family() == arithmetic.Portable || dx == nil {
		return false
	}
	dx, dy = dx[:pixels*channels], dy[:2*pixels*channels]
	if family() == arithmetic.AVX512 && channels%16 == 0 {
		addPairsAVX512(pixels, channels, &dx[0], &dy[0])
	} else {
		addPairsAVX2(pixels, channels, &dx[0], &dy[0])
	}
	return true
}

// vectorTwice writes each pixel of x twice, and reports whether it did.
func vectorTwice(channels int, y, x []float32) bool {
	if len(x) == 0 || channels%8 != 0 || family() == arithmetic.Portable {
		return false
	}
	pixels := len(x) / channels
	y = y[:2*pixels*channels]
	if family() == arithmetic.AVX512 && channels%16 == 0 {
		twiceAVX512(pixels, channels, &y[0], &x[0])
	} else {
		twiceAVX2(pixels, channels, &y[0], &x[0])
	}
	return true
}

// vectorBlend makes the pixels of y of four of x each, and returns of how many of the channels.
func vectorBlend(channels int, y, x []float32, quads []quad[float32]) int {
	return vectorQuads(channels, y, x, quads, blendAVX2, blendAVX512)
}

// vectorUnblend adds the gradient of pixels to those of the four that each was made of, and returns of how many of the channels.
func vectorUnblend(channels int, dx, dy []float32, quads []quad[float32]) int {
	return vectorQuads(channels, dy, dx, quads, unblendAVX2, unblendAVX512)
}

type quadKernel func(n int, y, a, b, c, d *float32, shareA, shareB, shareC, shareD float32)

func vectorQuads(channels int, pixels, x []float32, quads []quad[float32], do, fast quadKernel) int {
	n := whole(channels, vectorUnit)
	if n == 0 || pixels == nil {
		return 0
	}
	if family() == arithmetic.AVX512 {
		do = fast
	}
	for i := range quads {
		q := &quads[i]
		pixel := pixels[i*channels:][:n]
		a, b, c, d := x[q.at[0]:][:n], x[q.at[1]:][:n], x[q.at[2]:][:n], x[q.at[3]:][:n]
		do(n, &pixel[0], &a[0], &b[0], &c[0], &d[0], q.shares[0], q.shares[1], q.shares[2], q.shares[3])
	}
	return n
}
