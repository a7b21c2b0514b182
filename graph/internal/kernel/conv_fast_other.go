//go:build !amd64 || noasm

package kernel

func fastProduct[T Float](Window, Activation, bool, bool) imageProduct { return nil }

// kernelSum has no fast form here.
type kernelSum struct{}

func fastKernelSum[T Float](Window, bool, bool) *kernelSum { return nil }

func (*kernelSum) run(*Pool, int, operand[float32], operand[float32], []float32, []float32) {}
