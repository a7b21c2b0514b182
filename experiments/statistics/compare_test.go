package statistics

import (
	"math"
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	control, arm := make([]float64, 12), make([]float64, 12)
	for i := range control {
		control[i], arm[i] = 1, 0.1+float64(i)/100
	}
	control[3], arm[7] = inf, nan
	control[5] = 0.3
	c := Compare(control, arm)
	d := Differences(control, arm)
	shift, shiftInterval := HodgesLehmann(d)
	if want := (Comparison{Shift: shift, ShiftInterval: shiftInterval, Effect: RankBiserial(d), PValue: SignedRank(d)}); c != want {
		t.Errorf("%+v, want %+v", c, want)
	}
	if !(c.Shift < 0 && c.ShiftInterval.Low <= c.Shift && c.Shift <= c.ShiftInterval.High && c.Effect < 0) {
		t.Errorf("a better arm does not look better: %+v", c)
	}
}

func TestCompareFewRuns(t *testing.T) {
	for n := range 11 {
		c := Compare(make([]float64, n), slices.Repeat([]float64{0.5}, n))
		if enough := n == 10; enough && !near(c.PValue, 2.0/1024) || !enough && !math.IsNaN(c.PValue) {
			t.Errorf("%d pairs of one sign: p %v", n, c.PValue)
		}
		if n > 0 && (c.Effect != 1 || c.Shift != 0.5) {
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
	Compare([]float64{1, 2}, []float64{1})
}
