//go:build !windows

package main

import (
	"os/signal"
	"syscall"
)

// ignoreSignals leaves it to whoever writes to tell that the reader has gone or that a file may not grow: the work is not lost with it.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }
