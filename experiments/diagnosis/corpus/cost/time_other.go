//go:build !unix

package main

import "time"

// processorTime is half of the clock's time for each of two processors.
func processorTime() time.Duration { return 2 * time.Since(start) }
