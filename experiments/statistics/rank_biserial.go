package statistics

import (
	"cmp"
	"math"
	"slices"
)

// RankBiserial is the matched-pairs rank biserial correlation, an effect size from -1 to 1: what share of all ranks
// belongs to positive differences, less the share of negative ones (Kerby 2014, "The simple difference formula: an
// approach to teaching nonparametric correlation"). -1: all differences are negative; 0: they are balanced, or all 0.
// Differences of 0 have ranks, and belong to neither side. It is NaN of none.
//
// It goes with the signed-rank test, from the same ranks; Cliff's delta would forget which runs had the same seed.
func RankBiserial(differences []float64) float64 {
	balance, total := 0, 0 // of ranks, doubled
	for _, r := range signedRanks(differences) {
		balance += r.sign * r.twice
		total += r.twice
	}
	return float64(balance) / float64(total)
}

func sortedBySize(differences []float64) []float64 {
	return slices.SortedFunc(slices.Values(differences), func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
}
