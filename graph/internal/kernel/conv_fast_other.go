//go:build !amd64 || noasm

package kernel

func hasFast[T Float](Window) bool { return false }

func fastProduct[T Float](Window, Activation, bool, origin) imageProduct { return nil }

func fastKernelSum[T Float](Window, bool, bool) kernelGradient { return nil }
