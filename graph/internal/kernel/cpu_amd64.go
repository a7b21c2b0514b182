//go:build amd64 && !noasm

package kernel

import "golang.org/x/sys/cpu"

// detect reports what CPU and operating system support; the cpu package's flags include the latter (XCR0).
func detect() instructions {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return portable
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW:
		return avx512
	}
	return avx2
}
