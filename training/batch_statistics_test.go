package training

import (
	"math"
	"slices"
	"testing"

	"dcae/graph"
)

// ramp is images of 2x1x1: image i has the values i and 0, so that each batch has statistics of its own.
type ramp struct{ n int }

func (r ramp) Len() int { return r.n }

func (r ramp) Read(dst []float32, indices []int) {
	for k, i := range indices {
		dst[2*k], dst[2*k+1] = float32(i), 0
	}
}

// Statistics are the mean of those of the first 30 batches in order, whatever they were before; weights stay.
func TestStatisticsAreReestimated(t *testing.T) {
	const batch, images = 10, 405 // 40 whole batches
	m := graph.Sequential("normalized", graph.Shape{2, 1, 1}, graph.BatchNormalization{}, graph.Dense{Units: 1})
	params, err := m.Init(3, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range params.All {
		if !v.Trainable {
			if err := v.Set(slices.Repeat([]float64{77}, v.Shape.Size())); err != nil {
				t.Fatal(err)
			}
		}
	}
	var before [][]float64
	for _, v := range params.All {
		before = append(before, v.Values())
	}
	threads := graph.NewThreads(2)
	defer threads.Close()
	if err := ReestimateStatistics(m, params, ramp{images}, Config{Batch: batch, Threads: threads}); err != nil {
		t.Fatal(err)
	}
	mean, variance := 0.0, 0.0
	for k := range reestimationBatches {
		sum, squares := 0.0, 0.0
		for i := range batch {
			x := float64(k*batch + i)
			sum += x
			squares += x * x
		}
		m := sum / (2 * batch)
		mean += m / reestimationBatches
		variance += (squares/(2*batch) - m*m) / reestimationBatches
	}
	for i, v := range params.All {
		got := v.Values()
		switch v.Name {
		case "moving_mean":
			if math.Abs(got[0]-mean) > 1e-5 {
				t.Errorf("the mean is %g, want %g", got[0], mean)
			}
		case "moving_variance":
			if math.Abs(got[0]/variance-1) > 1e-5 {
				t.Errorf("the variance is %g, want %g", got[0], variance)
			}
		default:
			if !slices.Equal(got, before[i]) {
				t.Errorf("%s changed from %v to %v", v.Path(), before[i], got)
			}
		}
	}
}

// With fewer images than make 30 batches all whole ones count, and with fewer than one batch they all do.
func TestStatisticsOfFewImages(t *testing.T) {
	m := graph.Sequential("normalized", graph.Shape{2, 1, 1}, graph.BatchNormalization{}, graph.Dense{Units: 1})
	params, err := m.Init(3, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for images, want := range map[int]float64{
		25: (9.1875 + 56.6875) / 2, // of 0..9 with ten zeros: 14.25 - 2.25², and of 10..19 with ten zeros: 109.25 - 7.25²
		4:  1.1875,                 // of 0..3 with four zeros: 1.75 - 0.75²
	} {
		if err := ReestimateStatistics(m, params, ramp{images}, Config{Batch: 10}); err != nil {
			t.Fatal(err)
		}
		for _, v := range params.All {
			if got := v.Values(); v.Name == "moving_variance" && math.Abs(got[0]/want-1) > 1e-5 {
				t.Errorf("%d images: the variance is %g, want %g", images, got[0], want)
			}
		}
	}
	if !HasStatistics(params) {
		t.Error("a model with batch normalization has no statistics")
	}
}
