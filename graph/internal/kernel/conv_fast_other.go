//go:build !amd64 || noasm

package kernel

func fastProduct[T Float](Window, Activation, bool, *Activation) imageProduct { return nil }

func fastKernelSum[T Float](Window, bool, bool) kernelGradient { return nil }
