package statistics

import "math"

// enoughPairs is from how many pairs on a p value is worth giving: the smallest that the signed-rank test can reach is
// 0.002 with 10 pairs, and 0.06 with 5.
const enoughPairs = 10

// Comparison sets an arm against its control over the same seeds. Values are errors such as FVU: a negative shift says
// that the arm is better. Fields may be infinite or NaN, where runs diverged or are too few.
type Comparison struct {
	Shift         float64  // [HodgesLehmann]
	ShiftInterval Interval // infinite with fewer than 6 pairs
	Effect        float64  // [RankBiserial], -1 to 1
	PValue        float64  // [SignedRank]; NaN with fewer than 10 pairs
}

// Compare compares runs of an arm with those of its control; both arguments are in the order of the seeds. A value that is
// NaN counts as +Inf, the worst. It panics when lengths differ.
func Compare(control, arm []float64) Comparison {
	differences := Differences(control, arm)
	c := Comparison{Effect: RankBiserial(differences), PValue: math.NaN()}
	c.Shift, c.ShiftInterval = HodgesLehmann(differences)
	if len(differences) >= enoughPairs {
		c.PValue = SignedRank(differences)
	}
	return c
}
