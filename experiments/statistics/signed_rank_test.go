package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSignedRankAndEffect(t *testing.T) {
	for _, s := range readReference(t).Samples {
		before := slices.Clone(s.Differences)
		if p := SignedRank(s.Differences); !near(p, s.P) {
			t.Errorf("%s: p %v, want %v", s.Name, p, s.P)
		}
		if r := RankBiserial(s.Differences); !near(r, s.Effect) {
			t.Errorf("%s: effect %v, want %v", s.Name, r, s.Effect)
		}
		if !slices.Equal(s.Differences, before) {
			t.Errorf("%s: the argument was changed", s.Name)
		}
	}
}

func TestHodgesLehmann(t *testing.T) {
	for _, s := range readReference(t).Samples {
		if s.Shift == nil {
			continue
		}
		want := [2]float64{-inf, inf}
		if low, high := s.Shift[1], s.Shift[2]; low != nil {
			want = [2]float64{*low, *high}
		}
		shift, interval := HodgesLehmann(s.Differences)
		if !near(shift, *s.Shift[0]) || !nearInterval(interval, want) {
			t.Errorf("%s: shift %v %v, want %v %v", s.Name, shift, interval, *s.Shift[0], want)
		}
	}
	// Hollander and Wolfe 1999, examples 3.1, 3.3 and 3.4: patients' scores on a depression scale.
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	shift, interval := HodgesLehmann(Differences(before, after))
	if !near(shift, -0.46) || !nearInterval(interval, [2]float64{-0.786, -0.010}) {
		t.Errorf("depression scale: %v %v", shift, interval)
	}
}

// The interval holds the true shift in as many samples as theory says, and those in which it does not are those in which
// the test rejects it.
func TestHodgesLehmannCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	const samples, n, center = 4000, 10, 0.7
	covered, rejected := 0, 0
	for range samples {
		d := make([]float64, n)
		for i := range d {
			d[i] = center + random.NormFloat64()
		}
		if _, interval := HodgesLehmann(d); interval.Low <= center && center <= interval.High {
			covered++
		}
		for i := range d {
			d[i] -= center
		}
		if SignedRank(d) <= 0.05 {
			rejected++
		}
	}
	// Of the 1,024 choices of signs for ten ranks, ten give a sum of 8 or less on one side: 1+1+1+2+2+3+4+5+6 = 25 for
	// sums of 0 to 8, so that 50 are rejected. Five standard errors.
	const exact = 1 - 50.0/1024
	margin := 5 * math.Sqrt(exact*(1-exact)/samples)
	if share := float64(covered) / samples; math.Abs(share-exact) > margin || covered+rejected != samples {
		t.Errorf("covered in %v of samples, want %v; rejected in %d of %d", share, exact, rejected, samples)
	}
}

func TestDifferencesOfDivergedRuns(t *testing.T) {
	got := Differences([]float64{0.5, inf, nan, 0.25, 1, inf}, []float64{0.25, nan, 0.5, inf, nan, inf})
	if want := []float64{-0.25, 0, -inf, inf, inf, 0}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	// How bad the worst is does not matter to ranks: any number larger than all others gives the same.
	large := []float64{-0.25, 0, -1e9, 1e9, 1e9, 0}
	if p, q := SignedRank(got), SignedRank(large); p != q {
		t.Errorf("p %v of infinite differences, %v of large ones", p, q)
	}
	if r, s := RankBiserial(got), RankBiserial(large); r != s {
		t.Errorf("effect %v of infinite differences, %v of large ones", r, s)
	}
	shift, interval := HodgesLehmann(got)
	if other, _ := HodgesLehmann(large); shift != other || interval != (Interval{-inf, inf}) {
		t.Errorf("shift %v %v of infinite differences, %v of large ones", shift, interval, other)
	}
}

func TestSmallSamples(t *testing.T) {
	if shift, interval := HodgesLehmann(nil); !math.IsNaN(shift) || interval != (Interval{-inf, inf}) {
		t.Errorf("shift of none: %v %v", shift, interval)
	}
	if p, r := SignedRank(nil), RankBiserial(nil); !math.IsNaN(p) || !math.IsNaN(r) {
		t.Errorf("of none: %v %v", p, r)
	}
	zeros := make([]float64, 12)
	shift, interval := HodgesLehmann(zeros)
	p, r := SignedRank(zeros), RankBiserial(zeros)
	if p != 1 || r != 0 || shift != 0 || interval != (Interval{}) {
		t.Errorf("of zeros: p %v, effect %v, shift %v %v", p, r, shift, interval)
	}
}
