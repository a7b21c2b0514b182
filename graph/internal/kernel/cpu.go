package kernel

// The families of kernels, by the instructions that they need.
type instructions uint8

const (
	portable instructions = iota // Go
	avx2                         // AVX2 and FMA
	avx512                       // AVX-512 F, VL, DQ and BW besides
)

// family is what this machine runs; it is set at start, and by tests.
var family = detect()

// Family names the kernels that were chosen at start by the CPU's features alone: "avx512", "avx2" or "portable".
func Family() string {
	switch family {
	case avx512:
		return "avx512"
	case avx2:
		return "avx2"
	}
	return "portable"
}
