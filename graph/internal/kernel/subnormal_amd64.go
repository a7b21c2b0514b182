//go:build amd64 && !noasm

package kernel

import (
	"runtime"

	"dcae/graph/arithmetic"
)

// Bits of MXCSR: subnormal operands count as zero, and subnormal results become zero.
const flushing = 1<<6 | 1<<15

// flushSubnormals makes the calling goroutine's arithmetic take subnormal numbers (below 1.2e-38) for zero until
// keepSubnormals is called with what it returns. Some processors take over a hundred cycles for each, and gradients that
// fade away are full of them. The setting is the thread's, so the goroutine stays on its thread for that time. The portable family
// keeps them, since not every processor takes the same numbers for zero.
func flushSubnormals() uint32 {
	if family() == arithmetic.Portable {
		return 0
	}
	runtime.LockOSThread()
	word := controlWord()
	setControlWord(word | flushing)
	return word
}

func keepSubnormals(word uint32) {
	if word == 0 { // which no processor has: exceptions are masked
		return
	}
	setControlWord(word)
	runtime.UnlockOSThread()
}
