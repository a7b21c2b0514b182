package main

import (
	"bytes"
	"fmt"
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

// isStopped tells whether somebody has stopped a program, as Ctrl-Z does.
func isStopped(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	state := b[bytes.LastIndexByte(b, ')')+1:]
	return err == nil && bytes.HasPrefix(state, []byte(" T"))
}
