package experiments

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/files"
)

// TrainOptions say how one model is trained. Its folder is that of a study of one run.
type TrainOptions struct {
	Options
	Seed            uint64
	Epochs, Batch   int
	CheckpointEvery int                      // steps
	Params          *graph.Params            // first values; nil: drawn from the seed
	State           *training.OptimizerState // first state; nil: none
	// Save is given what was trained as soon as all steps are done. It leaves the parameters as they are.
	Save func(*training.Result) error
}

// Train trains one model on any images, and has it saved. With Resume it continues from the folder's last checkpoint.
//
// It fails if the folder is not empty, unless it holds a study and Force is set, or holds this very run, but for its number of epochs, and Resume
// is set; if the run has taken a step, there must be its checkpoint. A call that fails so changes nothing in the folder.
func Train(ctx context.Context, a Arm, set *dataset.Set, o TrainOptions, w Watcher) (*Result, *training.Result, error) {
	s := Study{
		Name: "train", Question: "Does " + a.Name + " learn?", Images: set,
		Groups: []Group{{Name: "model", Control: a.Name, Arms: []Arm{a}}},
		Budget: Budget{Seeds: []uint64{o.Seed}, Epochs: o.Epochs, Batch: o.Batch},
	}
	undo, err := files.MakeFolder(o.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer undo() // where nothing was written
	inUse, err := enterFolder(o.Dir, o.Force)
	if err != nil {
		return nil, nil, err
	}
	defer func() { inUse.Release() }()
	r, err := newRunner(s, o.Options, w)
	if err != nil {
		return nil, nil, err
	}
	threads := graph.NewThreads(o.Threads)
	defer threads.Close()
	j := job{
		arm: a, seed: o.Seed, params: o.Params, state: o.State, save: o.Save, resume: o.Resume, checkpointEvery: o.CheckpointEvery,
	}
	switch {
	case o.Resume:
		if err := r.checkResume(j, threads); err != nil {
			return nil, nil, err
		}
	case o.Force:
		if inUse, err = replaceStudy(o.Dir, inUse); err != nil {
			return nil, nil, err
		}
	}
	res, fitted, err := r.trainAlone(ctx, j, threads)
	if err != nil {
		return nil, fitted, err
	}
	return res, fitted, r.collect()
}

// checkResume tells why the run in the folder cannot go on as this one; nil if it can.
func (r *runner) checkResume(j job, threads *graph.Threads) error {
	path := filepath.Join(r.dir, studyFile)
	if !exists(path) {
		return errors.Errorf("there is no run to resume in %s", r.dir)
	}
	d, err := ReadDefinition(r.dir)
	if err != nil {
		return errors.WithMessage(err, "there is no run to resume")
	}
	if err := arithmetic.CheckBits(d.Kernels, d.Bits); err != nil {
		return errors.Errorf("the run in %s can't be resumed: %v; start it anew with --force", r.dir, err)
	}
	if len(d.arms()) == 1 { // the number of epochs may be another
		d.Groups[0].Arms[0].Epochs = r.definition.arms()[0].Epochs
	}
	there, err := encodeJSON(d)
	if err != nil {
		return err
	}
	own, err := encodeJSON(r.definition)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, own) {
		return errors.Errorf("the run in %s is another one: %s; all but --epochs must be as in the first call",
			r.dir, firstOf(".json", there, own).between("there", "here"))
	}
	dir := runFolder(r.dir, j.arm.Name, j.seed)
	if checkpoint := filepath.Join(dir, checkpointFile); !exists(checkpoint) {
		if notBlank(filepath.Join(dir, stepsFile)) || exists(filepath.Join(dir, resultFile)) {
			return errors.Errorf("there is no %s, from which the run could go on: start it anew with --force", checkpoint)
		}
		return nil // it was ended before its first step, which the first checkpoint precedes
	}
	set := r.data(j.arm.Treatment)
	return training.CheckResume(j.arm.Model, set.Train, set.Validation, r.config(j, dir, threads))
}

// claimRun makes the folder that of this study, and takes the only run in it for this process alone.
func (r *runner) claimRun(j job) (dir string, held *files.Lock, err error) {
	busy := errors.Errorf("another process works on the run in %s: wait for its end", r.dir)
	whole, err := files.TryLock(filepath.Join(r.dir, lockFile))
	if err != nil {
		return "", nil, err
	}
	if whole == nil {
		return "", nil, busy
	}
	defer whole.Release()
	if err := sweepFolder(r.dir); err != nil {
		return "", nil, err
	}
	switch isThere := exists(filepath.Join(r.dir, studyFile)); {
	case !isThere: // first of all: what a kill leaves is a study that can be replaced
		if err := writeJSON(filepath.Join(r.dir, studyFile), r.definition); err != nil {
			return "", nil, err
		}
	case !j.resume:
		return "", nil, errors.Errorf("the folder %s holds a study already; name another with --out, replace the study with --force, or go on with --resume", r.dir)
	}
	if dir, err = makeRunFolder(r.dir, runID{j.arm.Name, j.seed}); err != nil {
		return "", nil, err
	}
	if held, err = files.TryLock(filepath.Join(dir, lockFile)); err != nil {
		return "", nil, err
	}
	if held == nil {
		return "", nil, busy
	}
	if err := r.writeBefore(dir); err != nil {
		held.Release()
		return "", nil, err
	}
	return dir, held, nil
}

// writeBefore writes all that is known before the run in a folder.
func (r *runner) writeBefore(run string) error {
	if err := files.RemoveAbandoned(r.dir, trainedFiles...); err != nil {
		return err
	}
	if err := files.RemoveAbandoned(run, append(slices.Clone(runRecords), checkpointFile)...); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(run, resultFile)); err != nil && !os.IsNotExist(err) { // the run is not finished any more
		return errors.Errorf("cannot remove %s: %v", filepath.Join(run, resultFile), files.Reason(err))
	}
	if err := writeJSON(filepath.Join(r.dir, studyFile), r.definition); err != nil {
		return err
	}
	if err := r.writeImages(filepath.Join(r.dir, imagesFile)); err != nil {
		return err
	}
	return r.writeInvocation()
}

func (r *runner) plannedSteps(a Arm) int {
	return training.PlannedSteps(r.study.Budget.epochs(a), r.definition.Data.Train, r.definition.Budget.Batch, a.Model.Batch.Least, a.Changes)
}

// trainAlone trains the only run of a study, and says in its folder that it is finished.
func (r *runner) trainAlone(ctx context.Context, j job, threads *graph.Threads) (*Result, *training.Result, error) {
	dir, held, err := r.claimRun(j)
	if err != nil {
		return nil, nil, err
	}
	defer held.Release()
	if err := r.begin(j.resume); err != nil {
		return nil, nil, err
	}
	r.watch.Started(j.arm.Name, j.seed, r.plannedSteps(j.arm))
	res, fitted, err := r.train(ctx, j, dir, threads)
	if e := r.timing.close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fitted, err
	}
	if err := writeResult(filepath.Join(dir, resultFile), res); err != nil {
		return nil, fitted, err
	}
	r.watch.Finished(res)
	return res, fitted, nil
}
