//go:build !amd64 || noasm

package kernel

// Without assembly all elements are left to the portable form.

func vectorActivate(Activation, []float32, []float32) int                      { return 0 }
func vectorActivationGradient(Activation, []float32, []float32, []float32) int { return 0 }
