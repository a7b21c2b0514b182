//go:build amd64 && !noasm

package kernel

import "dcae/graph/arithmetic"

// Operations by channel run over rows whose width is a multiple of the vector: several pixels, if the channels are no
// multiple themselves. What belongs to channels is repeated to that width.

// minWidth keeps the sums of a row apart that is added to again soon.
const minWidth = 64

// vectorWidth is the width of rows for that many channels: a multiple of both.
func vectorWidth(channels int) int {
	if family() == arithmetic.Portable {
		return channels
	}
	width := channels
	for width%vectorUnit != 0 || width < minWidth {
		width *= 2
	}
	return width
}

// vectorMoments computes mean and sum of squared distances by channel for as many rows of x as are whole vectors. guess is about the mean;
// nil: that is to be found out first. scratch is four times the width.
func vectorMoments(moments []float64, x []float32, guess []float64, scratch []float32) (rows int) {
	channels, width := len(moments)/2, len(scratch)/4
	rows = whole(len(x), max(width, 1)) / max(width, 1)
	if rows == 0 {
		return 0
	}
	shift, sums, squares := scratch[:width], scratch[width:2*width], scratch[2*width:3*width]
	clear(scratch)
	mean, square := moments[:channels], moments[channels:]
	n := float64(rows * (width / channels))
	if guess == nil {
		if family() == arithmetic.AVX512 {
			columnSumsAVX512(rows, width, &x[0], &sums[0])
		} else {
			columnSumsAVX2(rows, width, &x[0], &sums[0])
		}
		clear(mean)
		foldChannels(mean, sums)
		for c := range mean {
			mean[c] /= n
		}
		guess = mean
		clear(sums)
	}
	for c, v := range guess {
		shift[c] = float32(v)
	}
	repeatChannels(shift, channels)
	if family() == arithmetic.AVX512 {
		columnDeviationsAVX512(rows, width, &x[0], &shift[0], &sums[0], &squares[0])
	} else {
		columnDeviationsAVX2(rows, width, &x[0], &shift[0], &sums[0], &squares[0])
	}
	clear(moments)
	foldChannels(mean, sums)
	foldChannels(square, squares)
	for c, v := range mean {
		mean[c] = float64(shift[c]) + v/n
		square[c] -= v * v / n
	}
	return rows * (width / channels)
}

// vectorNormalize returns the number of elements that it did.
func vectorNormalize(y, x, mean, scale, beta []float32) int {
	width := max(len(mean), 1)
	n := whole(len(x), width)
	if n == 0 {
		return 0
	}
	y, scale, beta = y[:n], scale[:width], beta[:width]
	if family() == arithmetic.AVX512 {
		normalizeAVX512(n/width, width, &y[0], &x[0], &mean[0], &scale[0], &beta[0])
	} else {
		normalizeAVX2(n/width, width, &y[0], &x[0], &mean[0], &scale[0], &beta[0])
	}
	return n
}

// vectorGradientSums adds to the sums by channel and returns the number of elements that it did. scratch is twice mean's width.
func vectorGradientSums(plain, product []float64, x, dy, mean, scratch []float32) int {
	width := max(len(mean), 1)
	n := whole(len(x), width)
	if n == 0 {
		return 0
	}
	dy = dy[:n]
	clear(scratch)
	sums, products := scratch[:width], scratch[width:2*width]
	if family() == arithmetic.AVX512 {
		gradientSumsAVX512(n/width, width, &x[0], &dy[0], &mean[0], &sums[0], &products[0])
	} else {
		gradientSumsAVX2(n/width, width, &x[0], &dy[0], &mean[0], &sums[0], &products[0])
	}
	foldChannels(plain, sums)
	foldChannels(product, products)
	return n
}

// vectorNormalizeGradient returns the number of elements that it did.
func vectorNormalizeGradient(dx, x, dy, mean, scale, offset, slope []float32) int {
	width := max(len(mean), 1)
	n := whole(len(x), width)
	if n == 0 {
		return 0
	}
	dx, dy, scale, offset, slope = dx[:n], dy[:n], scale[:width], offset[:width], slope[:width]
	if family() == arithmetic.AVX512 {
		normalizeGradientAVX512(n/width, width, &dx[0], &x[0], &dy[0], &mean[0], &scale[0], &offset[0], &slope[0])
	} else {
		normalizeGradientAVX2(n/width, width, &dx[0], &x[0], &dy[0], &mean[0], &scale[0], &offset[0], &slope[0])
	}
	return n
}

// foldChannels adds a row's columns to the channels that they belong to.
func foldChannels(sums []float64, row []float32) {
	for ; len(row) > 0; row = row[len(sums):] {
		for c, v := range row[:len(sums)] {
			sums[c] += float64(v)
		}
	}
}
