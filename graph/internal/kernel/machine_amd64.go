//go:build amd64 && !noasm

package kernel

import (
	"unsafe"

	"dcae/graph/arithmetic"
)

// multiply multiplies and adds for a number of rounds, and returns how many operations each has.
func multiply(rounds int) float64 {
	switch family() {
	case arithmetic.AVX512:
		peakAVX512((*byte)(unsafe.Pointer(&rounds)))
		return 2 * 12 * 16
	case arithmetic.AVX2:
		peakAVX2((*byte)(unsafe.Pointer(&rounds)))
		return 2 * 12 * 8
	}
	return multiplyPortable(rounds)
}
