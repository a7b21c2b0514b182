package statistics

import (
	"cmp"
	"math"
)

// Differences are arm[i] - control[i], where both had the same seed. A value that is NaN counts as +Inf, the worst: so do
// errors of runs that diverged. Two runs that are equally bad differ by 0. It panics when the lengths differ.
func Differences(control, arm []float64) []float64 {
	sameLength(len(control), len(arm))
	differences := make([]float64, len(arm))
	for i := range arm {
		if a, c := worst(arm[i]), worst(control[i]); a != c {
			differences[i] = a - c
		}
	}
	return differences
}

func worst(v float64) float64 {
	if math.IsNaN(v) {
		return math.Inf(1)
	}
	return v
}

// signedRank is a difference's place among all by absolute value: from 1 on, twice so that the mean rank of ties is
// whole; and its sign, -1, 0 or 1.
type signedRank struct{ twice, sign int }

// signedRanks ranks differences, without NaN among them. Those of 0 have the lowest ranks.
func signedRanks(differences []float64) []signedRank {
	sorted := sortedBySize(differences)
	ranks := make([]signedRank, len(sorted))
	for first := 0; first < len(sorted); {
		last := first
		for last+1 < len(sorted) && math.Abs(sorted[last+1]) == math.Abs(sorted[first]) {
			last++
		}
		for i := first; i <= last; i++ {
			ranks[i] = signedRank{first + last + 2, cmp.Compare(sorted[i], 0)}
		}
		first = last + 1
	}
	return ranks
}

// SignedRank is the exact two-sided p value of Wilcoxon's signed-rank test for differences that are spread evenly around
// 0 (Wilcoxon 1945, "Individual comparisons by ranking methods"). Ties have their mean rank, and the distribution is that
// of these ranks under all choices of signs. Differences of 0 take part in the ranking and then drop out (Pratt 1959,
// "Remarks on zeros and ties in the Wilcoxon signed rank procedures"). It is 1 when all are 0, and NaN of none.
func SignedRank(differences []float64) float64 {
	if len(differences) == 0 {
		return math.NaN()
	}
	var twice []int
	positive, total := 0, 0 // of ranks, doubled
	for _, r := range signedRanks(differences) {
		if r.sign == 0 {
			continue
		}
		twice = append(twice, r.twice)
		total += r.twice
		if r.sign > 0 {
			positive += r.twice
		}
	}
	tail := 0.0
	for _, p := range signDistribution(twice)[:min(positive, total-positive)+1] {
		tail += p
	}
	return min(2*tail, 1)
}

// signDistribution gives for each sum the probability that those ranks add up to it that have a positive sign, if each
// has with probability 1/2.
func signDistribution(ranks []int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	probability := make([]float64, total+1)
	probability[0] = 1
	reached := 0
	for _, r := range ranks {
		reached += r
		for sum := reached; sum >= 0; sum-- {
			half := 0.0
			if sum >= r {
				half = float64(probability[sum-r] / 2)
			}
			probability[sum] = float64(probability[sum]/2) + half
		}
	}
	return probability
}
