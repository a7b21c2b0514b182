package experiments

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments/outcome"
	"dcae/experiments/saved"
	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/internal/files"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
	"dcae/training/tensorboard"
)

// shownImages is how many test images each run reconstructs for the pictures.
const shownImages = 8

// Result is how one run ended.
type Result struct {
	Arm     string
	Seed    uint64
	Outcome outcome.Outcome
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
	options    Options
	images     treated   // the study's, of which only the budget is taken
	treated    []treated // one for each of the arms' treatments
	definition *Definition
	dir        string
	watch      Watcher
	timing     *timing
}

// treated is what arms train on.
type treated struct {
	*dataset.Set
	mean      []float32 // mean training image
	treatment dataset.Treatment
}

// job is one run to be done.
type job struct {
	arm             Arm
	seed            uint64
	params          *graph.Params            // first values; nil: drawn from the seed
	state           *training.OptimizerState // first state; nil: none
	keepBest        bool
	resume          bool // go on from the run's checkpoint
	checkpointEvery int  // steps; 0: the run keeps no checkpoint
}

// run trains one arm with one seed and leaves its records in its folder.
func (r *runner) run(ctx context.Context, j job, threads *graph.Threads) (*Result, *training.Result, error) {
	dir := runFolder(r.dir, j.arm.Name, j.seed)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, errors.Errorf("cannot make the folder %s: %v", dir, files.Reason(err))
	}
	r.watch.Started(j.arm.Name, j.seed, r.study.Budget.epochs(j.arm)*r.definition.stepsPerEpoch())
	res, fitted, err := r.train(ctx, j, dir, threads)
	if err == nil {
		r.watch.Finished(res)
	}
	return res, fitted, err
}

// train trains a run, or trains it on from its checkpoint, and judges it.
func (r *runner) train(ctx context.Context, j job, dir string, threads *graph.Threads) (res *Result, fitted *training.Result, err error) {
	stepsOut, err := openRecord(filepath.Join(dir, stepsFile), j.resume)
	if err != nil {
		return nil, nil, err
	}
	defer closing(stepsOut, &err)
	epochsOut, err := openRecord(filepath.Join(dir, epochsFile), j.resume)
	if err != nil {
		return nil, nil, err
	}
	defer closing(epochsOut, &err)
	steps, epochs := training.NewStepsCSV(stepsOut), training.NewEpochsCSV(epochsOut)
	defer func() {
		if e := steps.Flush(); err == nil {
			err = e
		}
	}()

	set := r.data(j.arm.Treatment)
	f := &follower{arm: j.arm.Name, seed: j.seed, watch: r.watch, timing: r.timing, epochs: r.study.Budget.epochs(j.arm)}
	config := training.Config{
		Seed: j.seed, Epochs: f.epochs, Batch: r.study.Budget.Batch, Optimizer: j.arm.Optimizer, Loss: j.arm.Loss, Threads: threads,
		Mean: set.mean, Params: j.params, State: j.state, Plateau: j.arm.Plateau, KeepBest: j.keepBest,
	}
	fit := training.Fit
	if j.checkpointEvery > 0 {
		config.CheckpointPath, config.CheckpointEvery = filepath.Join(dir, checkpointFile), j.checkpointEvery
		if j.resume {
			fit = training.Resume
		}
	}
	recorders := []training.Recorder{steps, epochs, f}
	if r.options.TensorBoard {
		gray := saved.GrayOf(set.Validation.Targets().Head(shownImages))
		folder := filepath.Join(r.dir, tensorBoardFolder, j.arm.Name, fmt.Sprintf("seed-%d", j.seed)) // outside of runs/: event files hold times
		events := tensorboard.NewWriter(folder, tensorboard.Config{Images: shownImages, Black: gray.Black, White: gray.White})
		defer func() {
			if e := events.Close(); err == nil {
				err = e
			}
		}()
		recorders = append(recorders, events)
	}
	if fitted, err = fit(ctx, j.arm.Model, set.Train, set.Validation, config, recorders...); err != nil {
		if j.resume && fitted == nil {
			err = cannotResume{err}
		}
		return nil, fitted, err
	}
	if err := steps.Flush(); err != nil {
		return nil, fitted, err
	}
	for _, out := range []*os.File{stepsOut, epochsOut} { // the result must not outlive them
		if err := out.Sync(); err != nil {
			return nil, fitted, errors.Errorf("cannot write %s: %v", out.Name(), files.Reason(err))
		}
	}
	described, err := describe(j.arm, f.epochs)
	if err != nil {
		return nil, fitted, err
	}
	evidence, start, end, err := readEvidence(dir, described)
	if err != nil {
		return nil, fitted, err
	}
	res = &Result{
		Arm: j.arm.Name, Seed: j.seed, Epochs: fitted.Epochs, Steps: fitted.Steps,
		Test: training.Scores{MSE: math.NaN(), FVU: math.NaN(), Spread: math.NaN(), Mean: math.NaN()}, Reestimated: math.NaN(),
		RatioStart: start, RatioEnd: end, ImagesPerSecond: statistics.Median(readSpeeds(r.dir)[runID{j.arm.Name, j.seed}]),
	}
	if !fitted.Diverged {
		if err := r.test(j.arm, fitted.Params, threads, res, dir); err != nil {
			return nil, fitted, err
		}
	}
	evidence.FVU, evidence.Spread, evidence.Mean = res.Test.FVU, res.Test.Spread, res.Test.Mean
	res.Outcome, res.Why = outcome.Judge(evidence)
	if res.Outcome != outcome.Learned && !fitted.Diverged && training.HasStatistics(fitted.Params) {
		if err := r.testReestimated(j.arm, fitted.Params, config, res); err != nil {
			return nil, fitted, err
		}
	}
	return res, fitted, nil
}

// openRecord opens a file for a recorder, which on resuming cuts it off where the checkpoint was made.
func openRecord(path string, resume bool) (*os.File, error) {
	flags := os.O_RDWR | os.O_CREATE
	if !resume {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, errors.Errorf("cannot write %s: %v", path, files.Reason(err))
	}
	return f, nil
}

// test scores the model on the test images, once, and writes what it makes of the first ones.
func (r *runner) test(a Arm, params *graph.Params, threads *graph.Threads, res *Result, dir string) error {
	set := r.data(a.Treatment)
	e, err := training.NewEvaluator(a.Model, a.Loss, params, set.Test, 0, set.mean, threads, false)
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
	return npz.Write(filepath.Join(dir, reconstructionsFile), []npz.Array{imageArray("y", images, set.Train.Targets().Shape())})
}

func (r *runner) testReestimated(a Arm, params *graph.Params, config training.Config, res *Result) error {
	set := r.data(a.Treatment)
	before := params.Snapshot()
	defer func() { _ = params.Restore(before) }() // of the same model: cannot fail
	if err := training.ReestimateStatistics(a.Model, params, set.Train, config); err != nil {
		return err
	}
	e, err := training.NewEvaluator(a.Model, a.Loss, params, set.Test, 0, set.mean, config.Threads, false)
	if err != nil {
		return err
	}
	defer e.Close()
	scores, err := e.Scores()
	if err != nil {
		return err
	}
	if res.Reestimated = scores.FVU; scores.FVU < outcome.LearnedFVU {
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
		*err = errors.Errorf("cannot write %s: %v", f.Name(), files.Reason(e))
	}
}

// follower tells the watcher how a run goes on, and times it.
type follower struct {
	arm        string
	seed       uint64
	epochs     int
	watch      Watcher
	timing     *timing
	lastReport time.Time
}

// Step reports now and then.
func (f *follower) Step(r *training.StepRecord) error {
	if now := time.Now(); now.Sub(f.lastReport) > 100*time.Millisecond {
		f.lastReport = now
		f.watch.Stepped(f.arm, f.seed, r.Step, r.Loss)
	}
	return nil
}

// Epoch reports, and writes down the speed.
func (f *follower) Epoch(r *training.EpochRecord) error {
	f.watch.EpochEnded(f.arm, f.seed, f.epochs, r)
	return f.timing.write(f.arm, f.seed, r)
}

// readEvidence takes from a run's records what its outcome is judged by, but for the test scores, and the ratios of the first to
// the last layer's gradient norm at the first and at the last step.
func readEvidence(folder string, a arm) (e outcome.Evidence, start, end float64, err error) {
	start, end = math.NaN(), math.NaN()
	steps, err := readTable(filepath.Join(folder, stepsFile))
	if err != nil || steps.len() == 0 {
		return e, start, end, err
	}
	losses, err := steps.numbers("loss")
	if err != nil {
		return e, start, end, err
	}
	last := len(losses) - 1
	e.FirstLoss, e.LastLoss = losses[0], losses[last]
	firstLayer, lastLayer := a.kernelLayers()
	above, err := steps.numbers(firstLayer + "/gradient_norm")
	if err != nil {
		return e, start, end, err
	}
	below, err := steps.numbers(lastLayer + "/gradient_norm")
	if err != nil {
		return e, start, end, err
	}
	start, end = above[0]/below[0], above[last]/below[last]
	epochs, err := readTable(filepath.Join(folder, epochsFile))
	if err != nil {
		return e, start, end, err
	}
	e.EpochLosses, err = epochs.numbers("train_loss")
	return e, start, end, err
}
