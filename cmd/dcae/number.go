package main

import (
	"cmp"
	"math"

	"github.com/pkg/errors"
)

const (
	mostThreads = 1024        // more only cost time
	mostSeconds = 7 * 86400.0 // a week
	unlimited   = math.MaxInt
)

// inRange refuses a flag's number outside of its limits, or none.
func inRange[T int | float64](flag string, value, least, most T) error {
	switch {
	case !(value >= least):
		return usageError{errors.Errorf("--%s must be at least %v, not %v", flag, least, value)}
	case value > most:
		return usageError{errors.Errorf("--%s must be at most %v, not %v", flag, most, value)}
	}
	return nil
}

// firstError is the first that is one.
func firstError(all ...error) error { return cmp.Or(all...) }
