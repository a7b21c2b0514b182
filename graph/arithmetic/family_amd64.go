//go:build amd64 && !noasm

package arithmetic

import "golang.org/x/sys/cpu"

// detect asks for what processor and operating system support; the cpu package's flags include the latter (XCR0).
func detect() Family {
	x := &cpu.X86
	switch {
	case !x.HasAVX2 || !x.HasFMA:
		return Portable
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW:
		return AVX512
	}
	return AVX2
}
