package experiments

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments/outcome"
	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
	"dcae/training/files"
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
	params          *graph.Params                // first values; nil: drawn from the seed
	state           *training.OptimizerState     // first state; nil: none
	save            func(*training.Result) error // if not nil, is given what was trained, with its best epoch, before it is judged
	resume          bool                         // go on from the run's checkpoint
	checkpointEvery int                          // steps; 0: the run keeps no checkpoint
}

// train trains a run, from its start or from its checkpoint, and judges it.
func (r *runner) train(ctx context.Context, j job, dir string, threads *graph.Threads) (res *Result, fitted *training.Result, err error) {
	records, err := openRecords(dir, j.resume)
	if err != nil {
		return nil, nil, err
	}
	defer records.close(&err)

	set, config := r.data(j.arm.Treatment), r.config(j, dir, threads)
	f := &follower{arm: j.arm.Name, seed: j.seed, watch: r.watch, timing: r.timing, epochs: config.Epochs}
	fit := training.Fit
	if j.resume {
		fit = training.Resume
	}
	recorders := []training.Recorder{records.steps, records.epochs, f}
	if r.options.TensorBoard {
		events, err := r.events(j, set)
		if err != nil {
			return nil, nil, err
		}
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
	if j.save != nil { // first: whatever comes after may fail
		if err := j.save(fitted); err != nil {
			return nil, fitted, err
		}
	}
	if err := records.sync(); err != nil { // the result must not outlive them
		return nil, fitted, err
	}
	res, err = r.judge(ctx, j.arm, j.seed, fitted, config, dir)
	return res, fitted, err
}

// events writes TensorBoard's event files. They hold times, and so lie outside of runs/.
func (r *runner) events(j job, set *treated) (*tensorboard.Writer, error) {
	gray := saved.GrayOf(set.Validation.Targets().Head(shownImages))
	folder, err := files.Inside(r.dir, tensorBoardFolder, runID{j.arm.Name, j.seed}.folder())
	return tensorboard.NewWriter(folder, tensorboard.Config{Images: shownImages, Black: gray.Black, White: gray.White}), err
}

// config is how a run is trained, in its folder.
func (r *runner) config(j job, dir string, threads *graph.Threads) training.Config {
	c := training.Config{
		Seed: j.seed, Epochs: r.study.Budget.epochs(j.arm), Batch: r.study.Budget.Batch, Optimizer: j.arm.Optimizer, Loss: j.arm.Loss, Threads: threads,
		Mean: r.data(j.arm.Treatment).mean, Params: j.params, State: j.state, Plateau: j.arm.Plateau, Changes: j.arm.Changes, KeepBest: j.save != nil,
	}
	if j.checkpointEvery > 0 {
		c.CheckpointPath, c.CheckpointEvery = filepath.Join(dir, checkpointFile), j.checkpointEvery
	}
	return c
}

// recording is the files that a run writes while it trains.
type recording struct {
	stepsOut, epochsOut *os.File
	steps               *training.StepsCSV
	epochs              *training.EpochsCSV
}

func openRecords(dir string, resume bool) (*recording, error) {
	stepsOut, err := openRecord(filepath.Join(dir, stepsFile), resume)
	if err != nil {
		return nil, err
	}
	epochsOut, err := openRecord(filepath.Join(dir, epochsFile), resume)
	if err != nil {
		closing(stepsOut, &err)
		return nil, err
	}
	return &recording{stepsOut, epochsOut, training.NewStepsCSV(stepsOut), training.NewEpochsCSV(epochsOut)}, nil
}

// sync writes down all that was recorded.
func (r *recording) sync() error {
	if err := r.steps.Flush(); err != nil {
		return err
	}
	for _, out := range []*os.File{r.stepsOut, r.epochsOut} {
		if err := out.Sync(); err != nil {
			return errors.Errorf("cannot write %s: %v", out.Name(), files.Reason(err))
		}
	}
	return nil
}

// close writes what is not yet written; the first error stays in err.
func (r *recording) close(err *error) {
	if e := r.steps.Flush(); *err == nil {
		*err = e
	}
	closing(r.epochsOut, err)
	closing(r.stepsOut, err)
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

func imageArray(name string, images [][]float32, s dataset.Shape) npz.Array {
	out := npz.Array{Name: name, Shape: []int{len(images), s.H, s.W, s.C}}
	for _, img := range images {
		for _, v := range img {
			out.Float32 = append(out.Float32, arithmetic.OneNaN(v))
		}
	}
	return out
}

func closing(f *os.File, err *error) {
	if e := f.Close(); e != nil && *err == nil {
		*err = errors.Errorf("cannot write %s: %v", f.Name(), files.Reason(e))
	}
}

// follower tells the watcher of a run's progress, and writes down its speed.
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
