//go:build !amd64 || noasm

package arithmetic

func detect() Family { return Portable }
