package statistics

import (
	"math"
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	control, arm := make([]float64, 12), make([]float64, 12)
	controlLearned, armLearned := make([]bool, 12), make([]bool, 12)
	for i := range control {
		control[i], arm[i] = 1, 0.1+float64(i)/100
		armLearned[i] = true
	}
	control[3], arm[7] = inf, nan
	control[5], controlLearned[5] = 0.3, true
	armLearned[7] = false
	c := Compare(control, arm, controlLearned, armLearned)
	d := Differences(control, arm)
	shift, shiftInterval := HodgesLehmann(d)
	pairs := Pairs{Both: 1, ArmOnly: 10, Neither: 1}
	change, changeInterval := pairs.Difference()
	want := Comparison{
		Pairs: 12, Control: 1, Arm: (arm[5] + arm[6]) / 2, ControlLearned: 1, ArmLearned: 11,
		ControlProportion: Wilson(1, 12), ArmProportion: Wilson(11, 12),
		ProportionChange: change, ProportionInterval: changeInterval,
		MedianDifference: Median(d), Shift: shift, ShiftInterval: shiftInterval, Effect: RankBiserial(d),
		Enough: true, EffectInterval: RankBiserialInterval(d), PValue: SignedRank(d), PLearned: pairs.McNemar(),
	}
	if c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	if !(c.MedianDifference < 0 && c.Effect < 0 && c.ProportionChange > 0) {
		t.Errorf("a better arm does not look better: %+v", c)
	}
	if !near(c.PLearned, 2.0/1024) { // ten of ten pairs
		t.Errorf("p %v of learning", c.PLearned)
	}
}

func TestCompareFewRuns(t *testing.T) {
	for n := range 11 {
		control, arm, learned := make([]float64, n), slices.Repeat([]float64{0.5}, n), make([]bool, n)
		c := Compare(control, arm, learned, learned)
		enough := n == 10
		if c.Pairs != n || c.Enough != enough || !enough && (!math.IsNaN(c.PValue) || !math.IsNaN(c.PLearned) || !math.IsNaN(c.EffectInterval.Low)) {
			t.Errorf("%d pairs: %+v", n, c)
		}
		if enough && !near(c.PValue, 2.0/1024) {
			t.Errorf("p %v of ten differences of one sign", c.PValue)
		}
		if n > 0 && (c.MedianDifference != 0.5 || c.Effect != 1 || c.Shift != 0.5) {
			t.Errorf("%d pairs: %+v", n, c)
		}
	}
}

func TestCompareRefusesUnequalLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Compare([]float64{1, 2}, []float64{1}, nil, nil)
}
