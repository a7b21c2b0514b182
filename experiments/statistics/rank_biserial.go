package statistics

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// RankBiserial is the matched-pairs rank biserial correlation, an effect size from -1 to 1: what share of all ranks
// belongs to positive differences, less the share of negative ones (Kerby 2014, "The simple difference formula: an
// approach to teaching nonparametric correlation"). -1: all differences are negative; 0: they are balanced, or all 0.
// Differences of 0 have ranks, and belong to neither side. It is NaN of none.
//
// It goes with the signed-rank test, from the same ranks; Cliff's delta would forget which runs had the same seed.
func RankBiserial(differences []float64) float64 {
	ones := slices.Repeat([]int{1}, len(differences))
	return weightedRankBiserial(sortedBySize(differences), ones)
}

const resamples = 10_000

// RankBiserialInterval is the percentile bootstrap interval of [RankBiserial] (Efron and Tibshirani 1993, "An introduction to
// the bootstrap", chapter 13), from 10,000 draws of as many differences; the same on every call. It is NaN of none.
//
// With few differences it is too narrow: where all have one sign so has every draw, and it is one point.
func RankBiserialInterval(differences []float64) Interval {
	n := len(differences)
	if n == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	sorted := sortedBySize(differences)
	random := rand.New(rand.NewPCG(1, uint64(n)))
	effects := make([]float64, resamples)
	times := make([]int, n)
	for i := range effects {
		clear(times)
		for range n {
			times[random.IntN(n)]++
		}
		effects[i] = weightedRankBiserial(sorted, times)
	}
	return Interval{Quantile(effects, 0.025), Quantile(effects, 0.975)}
}

func sortedBySize(differences []float64) []float64 {
	return slices.SortedFunc(slices.Values(differences), func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) })
}

// weightedRankBiserial is the effect size of differences that each occur several times; they are sorted by absolute
// value.
func weightedRankBiserial(sorted []float64, times []int) float64 {
	n, twice := 0, 0 // differences so far; sum of their signed ranks, doubled
	for first := 0; first < len(sorted); {
		ties, balance := 0, 0
		next := first
		for ; next < len(sorted) && math.Abs(sorted[next]) == math.Abs(sorted[first]); next++ {
			ties += times[next]
			balance += times[next] * cmp.Compare(sorted[next], 0)
		}
		twice += balance * (2*n + ties + 1)
		n += ties
		first = next
	}
	return float64(twice) / float64(n*(n+1))
}
