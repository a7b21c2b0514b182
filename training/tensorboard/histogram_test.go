package tensorboard

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestHistogramCountsEachValueWhereItLies(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	normal := make([]float32, 5000)
	for i := range normal {
		normal[i] = float32(random.NormFloat64())
	}
	grid := make([]float32, 301) // every tenth lies on an edge
	for i := range grid {
		grid[i] = float32(i) / 10
	}
	for name, values := range map[string][]float32{
		"normal": normal, "on edges": grid, "two values": {-3, 5, 5}, "largest": {-math.MaxFloat32, 0, math.MaxFloat32}, "smallest": {0, 1e-45, 2e-45},
	} {
		buckets, notFinite := histogramOf(values)
		if len(buckets) != 30 || notFinite != 0 {
			t.Fatalf("%s: %d buckets, %d not finite", name, len(buckets), notFinite)
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range values {
			low, high = math.Min(low, float64(v)), math.Max(high, float64(v))
		}
		if buckets[0].left != low || buckets[29].right != high {
			t.Errorf("%s: from %g to %g, want %g to %g", name, buckets[0].left, buckets[29].right, low, high)
		}
		for i, b := range buckets {
			want := 0
			for _, v := range values {
				if x := float64(v); b.left <= x && (x < b.right || i == 29 && x == b.right) {
					want++
				}
			}
			if b.count != want {
				t.Errorf("%s: bucket %d from %g to %g counts %d, want %d", name, i, b.left, b.right, b.count, want)
			}
			if i > 0 && b.left != buckets[i-1].right {
				t.Errorf("%s: bucket %d begins at %g, the one before ends at %g", name, i, b.left, buckets[i-1].right)
			}
		}
	}
}

func TestHistogramOfOneValueAndOfNone(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		values           []float32
		edge             float64
		count, notFinite int
	}{{[]float32{2, 2, 2}, 2, 3, 0}, {[]float32{nan, 2, -inf, inf}, 2, 1, 3}, {[]float32{nan, inf}, 0, 0, 2}, {nil, 0, 0, 0}} {
		buckets, notFinite := histogramOf(c.values)
		if notFinite != c.notFinite {
			t.Errorf("%v: %d not finite, want %d", c.values, notFinite, c.notFinite)
		}
		for i, b := range buckets {
			want := bucket{c.edge, c.edge, 0}
			if i == 29 {
				want.count = c.count
			}
			if b != want {
				t.Errorf("%v: bucket %d is %v, want %v", c.values, i, b, want)
			}
		}
	}
}
