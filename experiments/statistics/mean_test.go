package statistics

import (
	"math"
	"testing"
)

// Values written out by hand; quantiles of Student's t from tables.
func TestMeanDifference(t *testing.T) {
	mean, i := MeanDifference([]float64{5, 7, 4, 9}, []float64{3, 4, 4, 5})
	// Differences 2, 3, 0, 4: mean 2.25, deviation 1.70783, t(3) = 3.182446.
	if half := 3.182446 * 1.707825 / 2; mean != 2.25 || math.Abs(i.Low-(2.25-half)) > 1e-5 || math.Abs(i.High-(2.25+half)) > 1e-5 {
		t.Errorf("%v, %v", mean, i)
	}
	if mean, i = MeanDifference([]float64{1}, []float64{3}); mean != -2 || !math.IsInf(i.Low, -1) || !math.IsInf(i.High, 1) {
		t.Errorf("one pair: %v, %v", mean, i)
	}
	if mean, _ = MeanDifference(nil, nil); !math.IsNaN(mean) {
		t.Errorf("no pair: %v", mean)
	}
}

func TestRatio(t *testing.T) {
	// 6/12; residuals 1-1, 2-2.5, 3-2.5: sum of squares 0.5, times 3/2, root 0.866025, t(2) = 4.302653.
	ratio, i := Ratio([]float64{1, 2, 3}, []float64{2, 5, 5})
	if half := 4.302653 * 0.866025 / 12; ratio != 0.5 || math.Abs(i.Low-(0.5-half)) > 1e-5 || math.Abs(i.High-(0.5+half)) > 1e-5 {
		t.Errorf("%v, %v", ratio, i)
	}
	if ratio, i = Ratio([]float64{2, 4}, []float64{1, 2}); ratio != 2 || i != (Interval{2, 2}) {
		t.Errorf("the same ratio everywhere: %v, %v", ratio, i)
	}
	if _, i = Ratio([]float64{1}, []float64{2}); !math.IsInf(i.High, 1) {
		t.Errorf("one thing: %v", i)
	}
}
