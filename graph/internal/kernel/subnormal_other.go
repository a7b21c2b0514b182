//go:build !amd64 || noasm

package kernel

func flushSubnormals() uint32 { return 0 }

func keepSubnormals(uint32) {}
