package experiments

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

// shownImages is how many test images each run reconstructs for the pictures.
const shownImages = 8

// Result is how one run ended.
type Result struct {
	Arm     string
	Seed    uint64
	Outcome Outcome
	Why     string // the numbers that decided the outcome
	Epochs  int
	Steps   int
	Test    training.Scores
	// Reestimated is the FVU with batch normalization's statistics taken anew from fixed training batches, where the outcome
	// is not learned and the model has such statistics; otherwise NaN. Moving averages lag behind in short runs.
	Reestimated float64
	RatioStart  float64 // gradient norm of the first layer with a kernel / of the last, at the first step
	RatioEnd    float64 // and at the last
	// ImagesPerSecond is the median over epochs of training, without evaluation; it is not part of the records.
	ImagesPerSecond float64
}

// runner trains the runs of one study.
type runner struct {
	study      Study
	set        *dataset.Set
	definition *Definition
	dir        string
	mean       []float32 // mean training image
	watch      Watcher
	timing     *timing
}

// run trains one arm with one seed and leaves its records in its folder.
func (r *runner) run(ctx context.Context, a Arm, seed uint64, threads *graph.Threads) (res *Result, err error) {
	dir := runFolder(r.dir, a.Name, seed)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Errorf("cannot make the folder %s: %v", dir, reason(err))
	}
	stepsOut, err := os.Create(filepath.Join(dir, stepsFile))
	if err != nil {
		return nil, errors.Errorf("cannot write %s: %v", filepath.Join(dir, stepsFile), reason(err))
	}
	defer closing(stepsOut, &err)
	epochsOut, err := os.Create(filepath.Join(dir, epochsFile))
	if err != nil {
		return nil, errors.Errorf("cannot write %s: %v", filepath.Join(dir, epochsFile), reason(err))
	}
	defer closing(epochsOut, &err)
	steps, epochs := training.NewStepsCSV(stepsOut), training.NewEpochsCSV(epochsOut)
	defer func() {
		if e := steps.Flush(); err == nil {
			err = e
		}
	}()

	described, err := describe(a, 0)
	if err != nil {
		return nil, err
	}
	s := &summary{arm: described, name: a.Name, seed: seed, watch: r.watch, timing: r.timing, epochs: r.study.Budget.epochs(a), stepsPerEpoch: r.definition.stepsPerEpoch()}
	r.watch.Started(a.Name, seed, s.epochs*s.stepsPerEpoch)
	config := training.Config{
		Seed: seed, Epochs: s.epochs, Batch: r.study.Budget.Batch, Optimizer: a.Optimizer, Loss: a.Loss, Threads: threads,
	}
	fitted, err := training.Fit(ctx, a.Model, r.set.Train, r.set.Validation, config, steps, epochs, s)
	if err != nil {
		return nil, err
	}
	res = &Result{
		Arm: a.Name, Seed: seed, Epochs: fitted.Epochs, Steps: fitted.Steps,
		Test: training.Scores{MSE: math.NaN(), FVU: math.NaN(), Spread: math.NaN(), Mean: math.NaN()}, Reestimated: math.NaN(),
		RatioStart: s.ratioStart, RatioEnd: s.ratioEnd, ImagesPerSecond: median(s.speeds),
	}
	if !fitted.Diverged {
		if err := r.test(a, fitted.Params, threads, res, dir); err != nil {
			return nil, err
		}
	}
	res.Outcome, res.Why = Judge(Evidence{
		FirstLoss: s.firstLoss, LastLoss: s.lastLoss, EpochLosses: s.losses, FVU: res.Test.FVU, Spread: res.Test.Spread, Mean: res.Test.Mean,
	})
	if res.Outcome != Learned && !fitted.Diverged && training.HasStatistics(fitted.Params) {
		if err := r.testReestimated(a, fitted.Params, config, res); err != nil {
			return nil, err
		}
	}
	r.watch.Finished(res)
	return res, nil
}

// test scores the model on the test images, once, and writes what it makes of the first ones.
func (r *runner) test(a Arm, params *graph.Params, threads *graph.Threads, res *Result, dir string) error {
	e, err := training.NewEvaluator(a.Model, params, r.set.Test, 0, r.mean, threads, false)
	if err != nil {
		return err
	}
	defer e.Close()
	if res.Test, err = e.Scores(); err != nil {
		return err
	}
	images, err := e.Reconstruct(shownImages)
	if err != nil {
		return err
	}
	return npz.Write(filepath.Join(dir, reconstructionsFile), []npz.Array{imageArray("y", images, r.set.Shape())})
}

func (r *runner) testReestimated(a Arm, params *graph.Params, config training.Config, res *Result) error {
	if err := training.ReestimateStatistics(a.Model, params, r.set.Train, config); err != nil {
		return err
	}
	e, err := training.NewEvaluator(a.Model, params, r.set.Test, 0, r.mean, config.Threads, false)
	if err != nil {
		return err
	}
	defer e.Close()
	scores, err := e.Scores()
	if err != nil {
		return err
	}
	if res.Reestimated = scores.FVU; scores.FVU < 0.5 {
		res.Why += fmt.Sprintf("; with re-estimated statistics FVU %.3f", scores.FVU)
	}
	return nil
}

func imageArray(name string, images [][]float32, s dataset.Shape) npz.Array {
	out := npz.Array{Name: name, Shape: []int{len(images), s.H, s.W, s.C}}
	for _, img := range images {
		out.Float32 = append(out.Float32, img...)
	}
	return out
}

func closing(f *os.File, err *error) {
	if e := f.Close(); e != nil && *err == nil {
		*err = errors.Errorf("cannot write %s: %v", f.Name(), reason(e))
	}
}

// summary keeps what a run's result needs, and tells the watcher.
type summary struct {
	arm                   arm
	name                  string
	seed                  uint64
	epochs, stepsPerEpoch int
	watch                 Watcher
	timing                *timing
	firstLoss, lastLoss   float64
	ratioStart, ratioEnd  float64
	losses, speeds        []float64
	firstLayer, lastLayer int
	lastReport            time.Time
}

// Step keeps the first and the last step.
func (s *summary) Step(r *training.StepRecord) error {
	if r.Step == 1 {
		first, last := s.arm.kernelLayers()
		for i, l := range r.Layers {
			if l.Layer == first {
				s.firstLayer = i
			}
			if l.Layer == last {
				s.lastLayer = i
			}
		}
	}
	s.lastLoss = r.Loss
	s.ratioEnd = r.Layers[s.firstLayer].GradientNorm / r.Layers[s.lastLayer].GradientNorm
	if r.Step == 1 {
		s.firstLoss, s.ratioStart = r.Loss, s.ratioEnd
	}
	if now := time.Now(); now.Sub(s.lastReport) > 100*time.Millisecond {
		s.lastReport = now
		s.watch.Stepped(s.name, s.seed, r.Step, r.Loss)
	}
	return nil
}

// Epoch keeps the loss and the speed.
func (s *summary) Epoch(r *training.EpochRecord) error {
	s.losses = append(s.losses, r.TrainLoss)
	s.speeds = append(s.speeds, float64(r.Images)/r.Training.Seconds())
	s.watch.EpochEnded(s.name, s.seed, s.epochs, r)
	return s.timing.write(s.name, s.seed, r)
}
