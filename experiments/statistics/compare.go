package statistics

import "math"

// enoughPairs is from how many pairs on a p value is worth giving: the smallest that the signed-rank test can reach is
// 0.002 with 10 pairs, and 0.06 with 5.
const enoughPairs = 10

// Comparison sets an arm against its control over the same seeds. Values are errors such as FVU: a negative difference
// says that the arm is better. Fields may be infinite or NaN, where runs diverged or are too few.
type Comparison struct {
	Pairs              int
	Control, Arm       float64 // medians
	ControlLearned     int     // of Pairs
	ArmLearned         int
	ControlProportion  Interval // of learned runs, [Wilson]
	ArmProportion      Interval
	ProportionChange   float64  // arm minus control
	ProportionInterval Interval // [Pairs.Difference]

	MedianDifference float64  // median of arm minus control, over pairs
	Shift            float64  // [HodgesLehmann]
	ShiftInterval    Interval // infinite with fewer than 6 pairs
	Effect           float64  // [RankBiserial], -1 to 1

	// Enough says that there are 10 pairs or more; with fewer, the fields below are NaN.
	Enough         bool
	EffectInterval Interval // [RankBiserialInterval]
	PValue         float64  // of the values: [SignedRank]
	PLearned       float64  // of learned or not: [Pairs.McNemar]
}

// Compare compares runs of an arm with those of its control; all arguments are in the order of the seeds. A value that is
// NaN counts as +Inf, the worst. It panics when lengths differ.
func Compare(control, arm []float64, controlLearned, armLearned []bool) Comparison {
	differences := Differences(control, arm)
	learned := CountPairs(controlLearned, armLearned)
	sameLength(len(differences), learned.N())
	c := Comparison{
		Pairs:            len(differences),
		Control:          medianOfErrors(control),
		Arm:              medianOfErrors(arm),
		ControlLearned:   learned.Both + learned.ControlOnly,
		ArmLearned:       learned.Both + learned.ArmOnly,
		MedianDifference: Median(differences),
		Effect:           RankBiserial(differences),
		Enough:           len(differences) >= enoughPairs,
		EffectInterval:   Interval{math.NaN(), math.NaN()},
		PValue:           math.NaN(),
		PLearned:         math.NaN(),
	}
	c.ControlProportion = Wilson(c.ControlLearned, c.Pairs)
	c.ArmProportion = Wilson(c.ArmLearned, c.Pairs)
	c.ProportionChange, c.ProportionInterval = learned.Difference()
	c.Shift, c.ShiftInterval = HodgesLehmann(differences)
	if c.Enough {
		c.EffectInterval = RankBiserialInterval(differences)
		c.PValue = SignedRank(differences)
		c.PLearned = learned.McNemar()
	}
	return c
}

func medianOfErrors(values []float64) float64 {
	errors := make([]float64, len(values))
	for i, v := range values {
		errors[i] = worst(v)
	}
	return Median(errors)
}
