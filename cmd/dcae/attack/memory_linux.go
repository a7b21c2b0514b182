package main

import (
	"os"
	"syscall"
)

// largestMemory is the most that a program had in memory at a time, in bytes.
func largestMemory(ended *os.ProcessState) int64 {
	if usage, ok := ended.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
