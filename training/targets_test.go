package training

import (
	"context"
	"math"
	"testing"

	"dcae/graph"
)

// halved is images whose targets are their first value, halved.
type halved struct{ stripes }

func (halved) TargetSize() int { return 1 }

func (h halved) ReadTargets(dst []float32, indices []int) {
	x := make([]float32, 36)
	for k, i := range indices {
		h.Read(x, []int{i})
		dst[k] = x[0] / 2
	}
}

func TestFitTrainsTowardsTargets(t *testing.T) {
	m := graph.Sequential("regression", graph.Shape{6, 6, 1}, graph.Flatten{}, graph.Dense{Units: 1, KernelInit: graph.Zeros{}})
	images := halved{stripes{64}}
	if mean := MeanTarget(images, 36); len(mean) != 1 {
		t.Fatalf("the mean target has %d values, want 1", len(mean))
	}
	last := math.NaN()
	r, err := Fit(context.Background(), m, images, images, Config{Epochs: 60, Batch: 8, Optimizer: Adam{LearningRate: 0.02}}, epochs(func(e *EpochRecord) { last = e.HeldOut.FVU }))
	if err != nil {
		t.Fatal(err)
	}
	if !(last < 0.01) {
		t.Errorf("a linear target is fitted to FVU %g, want under 0.01", last)
	}
	x := make([]float32, 36)
	images.Read(x, []int{3})
	kernel := r.Params.Lookup("dense/kernel").Value.Data().([]float32)
	y := float64(r.Params.Lookup("dense/bias").Value.Data().([]float32)[0])
	for i, v := range x {
		y += float64(v * kernel[i])
	}
	if want := float64(x[0]) / 2; math.Abs(y-want) > 0.05 {
		t.Errorf("the model gives %g for image 3, want %g", y, want)
	}
}

type epochs func(*EpochRecord)

func (epochs) Step(*StepRecord) error { return nil }
func (e epochs) Epoch(r *EpochRecord) error {
	e(r)
	return nil
}

// A model may give its image back flattened.
func TestFitTakesAFlatOutput(t *testing.T) {
	flat := graph.Sequential("flat", graph.Shape{6, 6, 1}, graph.Flatten{}, graph.Dense{Units: 36})
	deep := graph.Sequential("flat", graph.Shape{6, 6, 1}, graph.Flatten{}, graph.Dense{Units: 36}, graph.Reshape{Target: graph.Shape{6, 6, 1}})
	var losses [2]float64
	for i, m := range []*graph.Model{flat, deep} {
		if _, err := Fit(context.Background(), m, stripes{64}, stripes{64}, Config{Epochs: 1, Batch: 8}, epochs(func(e *EpochRecord) { losses[i] = e.HeldOut.FVU })); err != nil {
			t.Fatal(err)
		}
	}
	if losses[0] != losses[1] || losses[0] == 0 {
		t.Errorf("FVU %g flat, %g as images", losses[0], losses[1])
	}
}

func TestFitRefusesOutputsOfAnotherSizeThanTargets(t *testing.T) {
	m := graph.Sequential("two", graph.Shape{6, 6, 1}, graph.Flatten{}, graph.Dense{Units: 2})
	for _, images := range []Source{halved{stripes{64}}, stripes{64}} {
		if _, err := Fit(context.Background(), m, images, images, Config{}); err == nil {
			t.Errorf("%T: no error", images)
		}
	}
}
