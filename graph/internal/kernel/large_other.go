//go:build !linux

package kernel

import "unsafe"

func hugePages(unsafe.Pointer, uintptr) {}
