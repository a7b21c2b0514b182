package statistics

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// reference is what scipy and statsmodels compute; testdata/make_reference.py writes it.
type reference struct {
	Samples []struct {
		Name        string
		Differences []float64
		P           float64
		Effect      float64
		Shift       *[3]*float64
	}
	Wilson []struct {
		K, N     int
		Interval [2]float64
	}
	Pairs []struct {
		Counts     [4]int
		Difference [3]float64
	}
	Holm []struct{ P, Adjusted []float64 }
}

func readReference(t *testing.T) reference {
	t.Helper()
	file, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(file, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// near allows for rounding alone.
func near(a, b float64) bool { return a == b || math.Abs(a-b) < 1e-10 }

func nearInterval(got Interval, want [2]float64) bool {
	return near(got.Low, want[0]) && near(got.High, want[1])
}

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{5, 1}, 3},
		{[]float64{5, 1, 2}, 2},
		{[]float64{inf, 1, 2}, 2},
		{[]float64{inf, 1}, inf},
		{[]float64{inf, inf}, inf},
		{[]float64{inf, -inf}, 0},
		{[]float64{1e308, 1.5e308}, 1.25e308},
	} {
		if got := Median(test.values); got != test.want {
			t.Errorf("median of %v is %v", test.values, got)
		}
	}
	for _, values := range [][]float64{nil, {nan}, {1, nan, 2}} {
		r := Range(values)
		for _, v := range []float64{Median(values), r.Low, r.High} {
			if !math.IsNaN(v) {
				t.Errorf("%v: %v", values, v)
			}
		}
	}
	values := []float64{3, -1, 10, 0.25}
	if got := Range(values); got != (Interval{-1, 10}) || values[0] != 3 {
		t.Errorf("range %v of %v", got, values)
	}
}

func TestHolm(t *testing.T) {
	for _, h := range readReference(t).Holm {
		got := Holm(h.P)
		for i := range got {
			if !near(got[i], h.Adjusted[i]) {
				t.Errorf("%v: %v, want %v", h.P, got, h.Adjusted)
			}
		}
	}
	p := []float64{nan, 0.04, nan, 0.03}
	got := Holm(p)
	if !math.IsNaN(got[0]) || !math.IsNaN(got[2]) || !near(got[1], 0.06) || !near(got[3], 0.06) || p[3] != 0.03 {
		t.Errorf("%v of %v", got, p)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("%v of none", got)
	}
}
