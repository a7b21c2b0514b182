package dataset

import (
	"math"

	"github.com/pkg/errors"
)

// quantiles finds, among all finite values that Read gives, the smallest ones that at least the shares q.Low and q.High
// do not exceed (definition 1 of Hyndman and Fan 1996, "Sample quantiles in statistical packages"). It is exact, and needs
// no memory for the values: a first pass counts the upper halves of their bits, a second one the lower halves of those
// that share the upper half with a quantile.
func (s *Images) quantiles(q Quantiles) (low, high float64, err error) {
	const half = 1 << 16
	upper := make([]int, half)
	n := 0
	s.eachFinite(func(ordered uint32) {
		upper[ordered>>16]++
		n++
	})
	if err := s.Err(); err != nil {
		return 0, 0, err
	}
	if n == 0 {
		return 0, 0, errors.New("the training images hold no finite value")
	}
	lowHead, lowRank := find(upper, rank(q.Low, n))
	highHead, highRank := find(upper, rank(q.High, n))
	lowTails, highTails := make([]int, half), make([]int, half)
	s.eachFinite(func(ordered uint32) {
		if int(ordered>>16) == lowHead {
			lowTails[ordered%half]++
		}
		if int(ordered>>16) == highHead {
			highTails[ordered%half]++
		}
	})
	lowTail, _ := find(lowTails, lowRank)
	highTail, _ := find(highTails, highRank)
	value := func(head, tail int) float64 { return float64(unordered(uint32(head<<16 | tail))) }
	return value(lowHead, lowTail), value(highHead, highTail), s.Err()
}

// rank is the place, from 0 to n-1, of a quantile among n sorted values.
func rank(share float64, n int) int {
	return max(int(math.Ceil(share*float64(n)))-1, 0)
}

// find returns the bin that the value of a rank lies in, and its rank within.
func find(counts []int, rank int) (bin, within int) {
	for counts[bin] <= rank {
		rank -= counts[bin]
		bin++
	}
	return bin, rank
}

func (s *Images) eachFinite(use func(ordered uint32)) {
	s.each(func(_ int, image []float32) {
		for _, v := range image {
			if v-v == 0 {
				use(ordered(v))
			}
		}
	})
}

// ordered maps floats to integers of the same order.
func ordered(v float32) uint32 {
	bits := math.Float32bits(v)
	if bits>>31 == 1 {
		return ^bits
	}
	return bits | 1<<31
}

func unordered(bits uint32) float32 {
	if bits>>31 == 1 {
		return math.Float32frombits(bits &^ (1 << 31))
	}
	return math.Float32frombits(^bits)
}
