package statistics

import (
	"cmp"
	"math"
	"slices"
)

// Holm adjusts the p values of several tests, so that the chance of even one false finding stays below the level at which
// they are read (Holm 1979, "A simple sequentially rejective multiple test procedure"). NaN, no test, stays NaN and does
// not count.
func Holm(p []float64) []float64 {
	adjusted := slices.Clone(p)
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(float64(len(order)-rank)*p[i], 1))
		adjusted[i] = largest
	}
	return adjusted
}
