// Package statistics compares the arms of a study: figures of several runs, and of pairs of runs that share a seed.
// Intervals are at 95%. Functions change none of their arguments.
package statistics

import (
	"math"
	"slices"
)

// z is the 97.5% quantile of the standard normal distribution.
const z = 1.959963984540054

// Interval goes from Low to High, both included.
type Interval struct{ Low, High float64 }

// Median is the middle value, the mean of the two middle ones for an even number. It is NaN of none, and when any value
// is NaN.
func Median(values []float64) float64 {
	sorted, ok := sort(values)
	if !ok {
		return math.NaN()
	}
	n := len(sorted)
	return between(sorted[(n-1)/2], sorted[n/2], 0.5)
}

// Range goes from the smallest to the largest value; both are NaN of none, and when any value is NaN.
func Range(values []float64) Interval {
	sorted, ok := sort(values)
	if !ok {
		return Interval{math.NaN(), math.NaN()}
	}
	return Interval{sorted[0], sorted[len(sorted)-1]}
}

// sort gives a sorted copy, unless values are none or one is NaN.
func sort(values []float64) (sorted []float64, ok bool) {
	sorted = slices.Sorted(slices.Values(values)) // NaN first
	return sorted, len(sorted) > 0 && !math.IsNaN(sorted[0])
}

// between is the value a share t of the way from a to b, a <= b. From -Inf to +Inf it is 0.
func between(a, b, t float64) float64 {
	switch {
	case a == b || t == 0:
		return a
	case math.IsInf(a, -1) && math.IsInf(b, 1):
		return 0
	case t == 0.5:
		return float64(a/2) + float64(b/2)
	}
	return a + float64(t*(b-a))
}
