package statistics

import (
	"math"
	"slices"
)

// HodgesLehmann is the median of the means of all pairs of differences, each with itself too: the shift of the arm
// against the control that agrees best with the signed-rank test, and the interval of those that it does not reject
// (Hodges and Lehmann 1963, "Estimates of location based on rank tests"; the interval is Tukey's, in Hollander and Wolfe
// 1999, "Nonparametric statistical methods", section 3.4). The interval is exact for differences without ties. Five
// differences or fewer can't exclude any shift with 95% confidence: then it is infinite. The estimate is NaN of none.
//
// The mean of +Inf and -Inf counts as 0, since they rank equally.
func HodgesLehmann(differences []float64) (float64, Interval) {
	var means []float64
	for i, a := range differences {
		for _, b := range differences[i:] {
			means = append(means, between(min(a, b), max(a, b), 0.5))
		}
	}
	slices.Sort(means)
	ranks := make([]int, len(differences))
	for i := range ranks {
		ranks[i] = i + 1
	}
	rejected := -1 // largest sum of positive ranks that is too small
	tail := 0.0
	for sum, p := range signDistribution(ranks) {
		if tail += p; tail > 0.025 {
			break
		}
		rejected = sum
	}
	if rejected < 0 {
		return Median(means), Interval{math.Inf(-1), math.Inf(1)}
	}
	return Median(means), Interval{means[rejected], means[len(means)-1-rejected]}
}
