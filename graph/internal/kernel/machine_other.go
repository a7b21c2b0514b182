//go:build !amd64 || noasm

package kernel

func multiply(rounds int) float64 { return multiplyPortable(rounds) }
