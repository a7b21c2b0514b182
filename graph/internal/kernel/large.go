package kernel

import "unsafe"

const largeBytes = 256 << 10 // from which a slice is large

// NewLarge makes n zeros, on huge pages if there are many.
func NewLarge[T Float](n int) []T {
	s := make([]T, n)
	if bytes := uintptr(n) * unsafe.Sizeof(T(0)); bytes >= largeBytes {
		hugePages(unsafe.Pointer(unsafe.SliceData(s)), bytes)
	}
	return s
}
