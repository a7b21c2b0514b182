package statistics

import (
	"math"
	"testing"
)

func TestWilson(t *testing.T) {
	for _, w := range readReference(t).Wilson {
		if got := Wilson(w.K, w.N); !nearInterval(got, w.Interval) {
			t.Errorf("%d of %d: %v, want %v", w.K, w.N, got, w.Interval)
		}
	}
	if got := Wilson(0, 0); got != (Interval{0, 1}) {
		t.Errorf("of none: %v", got)
	}
}

func TestPairs(t *testing.T) {
	for _, r := range readReference(t).Pairs {
		pairs := Pairs{r.Counts[0], r.Counts[1], r.Counts[2], r.Counts[3]}
		d, interval := pairs.Difference()
		if !near(d, r.Difference[0]) || !nearInterval(interval, [2]float64(r.Difference[1:])) {
			t.Errorf("%+v: difference %v %v, want %v", pairs, d, interval, r.Difference)
		}
		mirrored := Pairs{pairs.Both, pairs.ArmOnly, pairs.ControlOnly, pairs.Neither}
		if back, m := mirrored.Difference(); !near(back, -d) || !near(m.Low, -interval.High) || !near(m.High, -interval.Low) {
			t.Errorf("%+v: difference %v %v, mirrored %v %v", pairs, d, interval, back, m)
		}
	}
	// Fagerland, Lydersen and Laake 2017, "Statistical analysis of contingency tables", chapter 8, to four digits: complete
	// response before and after consolidation therapy (Cavo et al. 2012).
	round := func(v float64) float64 { return math.Round(v*1e4) / 1e4 }
	d, interval := Pairs{Both: 59, ArmOnly: 6, ControlOnly: 16, Neither: 80}.Difference()
	if round(d) != -0.0621 || round(interval.Low) != -0.1186 || round(interval.High) != -0.0046 {
		t.Errorf("consolidation therapy: %v %v", d, interval)
	}
	if d, interval := (Pairs{}).Difference(); !math.IsNaN(d) || interval != (Interval{-1, 1}) {
		t.Errorf("of no pairs: %v %v", d, interval)
	}
}

func TestCountPairs(t *testing.T) {
	got := CountPairs([]bool{true, true, true, false, false, true}, []bool{true, false, false, true, false, true})
	if want := (Pairs{Both: 2, ControlOnly: 2, ArmOnly: 1, Neither: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
