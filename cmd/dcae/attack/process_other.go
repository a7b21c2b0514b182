//go:build !linux

package main

import "os"

// largestMemory is 0: only Linux tells it in kibibytes.
func largestMemory(*os.ProcessState) int64 { return 0 }

// isStopped is false: only Linux tells.
func isStopped(int) bool { return false }
