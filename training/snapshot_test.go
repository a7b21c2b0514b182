package training

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"dcae/graph"
)

// observer keeps what it is shown, and checks it against the records.
type observer struct {
	memory
	every     int
	snapshots []Snapshot
	weights   [][][]float64
	gradients [][][]float32
	images    [][][]float32
	outputs   [][][]float32
}

func (o *observer) WantsSnapshot(step int) bool { return o.every > 0 && step%o.every == 0 }

func (o *observer) Snapshot(s *Snapshot) error {
	images, outputs, err := s.Reconstruct(1000)
	if err != nil {
		return err
	}
	var gradients [][]float32
	for _, g := range s.Gradients {
		gradients = append(gradients, slices.Clone(g))
	}
	o.snapshots, o.weights, o.gradients = append(o.snapshots, *s), append(o.weights, s.Params.Snapshot()), append(o.gradients, gradients)
	o.images, o.outputs = append(o.images, images), append(o.outputs, outputs)
	return nil
}

func (o *observer) steps() (out []int) {
	for _, s := range o.snapshots {
		out = append(out, s.Step)
	}
	return out
}

func TestSnapshotsShowTheRun(t *testing.T) {
	config := Config{Seed: 1, Epochs: 2, Batch: 16, Optimizer: SGD{LearningRate: 0.1, Base: Base{ClipValue: 1e-4}}}
	o := &observer{every: 1}
	if _, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, o); err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3, 4, 4, 5, 6, 7, 8, 8}; !slices.Equal(o.steps(), want) {
		t.Fatalf("snapshots after steps %v, want %v", o.steps(), want)
	}
	for i, s := range o.snapshots {
		if end := i == 4 || i == 9; s.EpochEnd != end || s.Epoch != 1+i/5 {
			t.Errorf("snapshot %d: epoch %d, end %v", i, s.Epoch, s.EpochEnd)
		}
		// gradients are before clipping, as the norm on record is
		at := map[string]float64{}
		for k, v := range s.Params.Trainable() {
			at[v.Layer] += sumOfSquares(o.gradients[i][k])
		}
		for _, l := range o.memory.steps[s.Step-1].Layers {
			if norm := math.Sqrt(at[l.Layer]); math.Abs(norm-l.GradientNorm) > 1e-5*l.GradientNorm {
				t.Errorf("snapshot %d: gradient norm of %s is %g, on record %g", i, l.Layer, norm, l.GradientNorm)
			}
		}
		if s.Step == 8 {
			continue
		}
		// weights are those that the next step begins with
		clear(at)
		for k, v := range s.Params.All {
			for _, x := range o.weights[i][k] {
				if v.Trainable {
					at[v.Layer] += x * x
				}
			}
		}
		for _, l := range o.memory.steps[s.Step].Layers {
			if norm := math.Sqrt(at[l.Layer]); math.Abs(norm-l.WeightNorm) > 1e-5*l.WeightNorm {
				t.Errorf("snapshot %d: weight norm of %s is %g, on record %g", i, l.Layer, norm, l.WeightNorm)
			}
		}
	}
	// all 20 held-out images, whose error is on record
	for epoch, i := range []int{4, 9} {
		squared := 0.0
		for k, image := range o.images[i] {
			want := make([]float32, 36)
			stripes{20}.Read(want, []int{k})
			if !slices.Equal(image, want) {
				t.Errorf("image %d is not held-out image %d", k, k)
			}
			for p, x := range image {
				squared += math.Pow(float64(x-o.outputs[i][k][p]), 2)
			}
		}
		if mse := squared / (20 * 36); len(o.images[i]) != 20 || math.Abs(mse-o.epochs[epoch].HeldOut.MSE) > 1e-6*mse {
			t.Errorf("%d reconstructions with squared error %g, on record %g", len(o.images[i]), mse, o.epochs[epoch].HeldOut.MSE)
		}
		if got := o.epochs[epoch].Step; got != 4*(epoch+1) {
			t.Errorf("epoch %d ends with step %d", epoch+1, got)
		}
	}
}

// Looking at a run changes nothing in it.
func TestSnapshotsLeaveTheRecordsAsTheyAre(t *testing.T) {
	config := Config{Seed: 1, Epochs: 3, Batch: 16, Optimizer: Adam{LearningRate: 0.01}}
	fit := func(recorders ...Recorder) string {
		rec := openRecords(t, t.TempDir())
		defer rec.close()
		r, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, append(recorders, NewStepsCSV(rec.steps), NewEpochsCSV(rec.epochs))...)
		if err != nil {
			t.Fatal(err)
		}
		return outcome(t, rec.dir, r)
	}
	if fit() != fit(&observer{every: 1}) {
		t.Error("records or weights differ")
	}
}

func TestSnapshotWhereARunDiverges(t *testing.T) {
	o := &observer{}
	r, err := Fit(context.Background(), wideModel(), stripes{50}, stripes{20}, Config{Epochs: 5, Batch: 16, Optimizer: SGD{LearningRate: 1e15}}, o)
	if err != nil || !r.Diverged {
		t.Fatalf("diverged: %v, %v", r.Diverged, err)
	}
	if last := o.snapshots[len(o.snapshots)-1]; last.Step != r.Steps || last.EpochEnd {
		t.Errorf("the last snapshot is after step %d of %d", last.Step, r.Steps)
	}
}

// wideModel has no limit to its outputs.
func wideModel() *graph.Model {
	return graph.Sequential("wide", graph.Shape{6, 6, 1}, graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same})
}

// A run that goes on from between an epoch's last step and its end has no gradients to show there.
func TestSnapshotAfterResumeAtTheEndOfAnEpoch(t *testing.T) {
	rec := openRecords(t, t.TempDir())
	defer rec.close()
	config := Config{Epochs: 2, Batch: 16, CheckpointPath: rec.checkpoint(), CheckpointEvery: 4}
	if _, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, config, &killer{step: 4, epochEnd: true}); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	o := &observer{}
	if _, err := Resume(context.Background(), smallModel(), stripes{50}, stripes{20}, config, o); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.steps(), []int{4, 8}) || o.snapshots[0].Gradients != nil || o.snapshots[1].Gradients == nil {
		t.Errorf("snapshots after steps %v", o.steps())
	}
}

func TestErrorOfASnapshotEndsTheRun(t *testing.T) {
	if _, err := Fit(context.Background(), smallModel(), stripes{50}, stripes{20}, Config{}, failingObserver{}); !errors.Is(err, errKilled) {
		t.Errorf("%v", err)
	}
}

// failingObserver cannot record what it is shown.
type failingObserver struct{}

func (failingObserver) Step(*StepRecord) error      { return nil }
func (failingObserver) Epoch(*EpochRecord) error    { return nil }
func (failingObserver) WantsSnapshot(step int) bool { return step == 2 }
func (failingObserver) Snapshot(s *Snapshot) error  { return errKilled }
