//go:build amd64 && !noasm

package kernel

import "runtime"

// Bits of MXCSR: subnormal operands count as zero, and subnormal results become zero.
const flushing = 1<<6 | 1<<15

// flushSubnormals makes the calling goroutine's arithmetic take subnormal numbers (below 1.2e-38) for zero until
// keepSubnormals is called with what it returns. Some processors take over a hundred cycles for each, and gradients that
// fade away are full of them. The setting is the thread's, so the goroutine stays on its thread for that time.
func flushSubnormals() uint32 {
	runtime.LockOSThread()
	word := controlWord()
	setControlWord(word | flushing)
	return word
}

func keepSubnormals(word uint32) {
	setControlWord(word)
	runtime.UnlockOSThread()
}
