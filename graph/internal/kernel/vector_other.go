//go:build !amd64 || noasm

package kernel

// Without assembly everything is left to the portable form.

func vectorActivate(Activation, []float32, []float32) int                              { return 0 }
func vectorActivationGradient(Activation, []float32, []float32, []float32) int         { return 0 }
func vectorDecays([]float32, []float32) int                                            { return 0 }
func vectorLogsOnePlusDecay([]float32, []float32) int                                  { return 0 }
func vectorELU([]float32, []float32, float32, float32) int                             { return 0 }
func vectorELUSlopes([]float32, []float32, float32, float32) int                       { return 0 }
func vectorAdd([]float32, []float32) int                                               { return 0 }
func vectorMultiply([]float32, []float32) int                                          { return 0 }
func vectorLogitSlopes([]float32, []float32, []float32, float32, float32, float32) int { return 0 }
func vectorAddPairs(int, int, []float32, []float32) bool                               { return false }
func vectorTwice(int, []float32, []float32) bool                                       { return false }
func vectorNormalBelow([]float32, []float32) int                                       { return 0 }
func vectorSquaredDistance([]float32, []float32) (sum float64, n int)                  { return 0, 0 }
func vectorScaledDifference([]float32, []float32, []float32, float32) int              { return 0 }
func vectorUpdate(update[float32], []float32, []float32, []float32, []float32) (sums Sums, n int) {
	return Sums{}, 0
}

func vectorWidth(channels int) int                                              { return channels }
func vectorMoments([]float64, []float32, []float64, []float32) (rows int)       { return 0 }
func vectorNormalize([]float32, []float32, []float32, []float32, []float32) int { return 0 }
func vectorGradientSums([]float64, []float64, []float32, []float32, []float32, []float32) int {
	return 0
}
func vectorNormalizeGradient([]float32, []float32, []float32, []float32, []float32, []float32, []float32) int {
	return 0
}
func vectorMaxPool(int, int, []float32, []float32, int, []uint8) int            { return 0 }
func vectorMaxPoolGradient(int, int, []float32, []float32, int, []uint8) int    { return 0 }
func vectorRaise(int, int, []float32, []float32, int, []uint8, uint8) bool      { return false }
func vectorAddWinners(int, int, []float32, []float32, int, []uint8, uint8) bool { return false }
func vectorNormalizePool(int, int, []float32, []float32, []uint8, []float32, []float32, []float32, []float32) bool {
	return false
}
func vectorNormalizePoolGradient(int, int, []float32, []float32, []float32, []uint8, []float32, []float32, []float32, []float32, float32) bool {
	return false
}

func vectorBlend(int, []float32, []float32, []quad[float32]) int   { return 0 }
func vectorUnblend(int, []float32, []float32, []quad[float32]) int { return 0 }
