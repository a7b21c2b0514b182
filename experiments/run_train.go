package experiments

import (
	"context"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
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

// Train trains one model on any images, and has it saved. With Resume it goes on from the folder's last checkpoint.
func Train(ctx context.Context, a Arm, set *dataset.Set, o TrainOptions, w Watcher) (*Result, *training.Result, error) {
	s := Study{
		Name: "train", Question: "Does " + a.Name + " learn?", Images: set,
		Groups: []Group{{Name: "model", Control: a.Name, Arms: []Arm{a}}},
		Budget: Budget{Seeds: []uint64{o.Seed}, Epochs: o.Epochs, Batch: o.Batch},
	}
	r, err := prepare(s, o.Options, w)
	if err != nil {
		return nil, nil, err
	}
	threads := graph.NewThreads(o.Threads)
	defer threads.Close()
	res, fitted, err := r.run(ctx, job{
		arm: a, seed: o.Seed, params: o.Params, state: o.State, save: o.Save, resume: o.Resume, checkpointEvery: o.CheckpointEvery,
	}, threads)
	if e := r.timing.close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, fitted, err
	}
	return res, fitted, writeResults(filepath.Join(o.Dir, resultsFile), []*Result{res})
}

// CheckTrainFolder tells why a run cannot go on in a folder; nil if it can.
func CheckTrainFolder(dir, name string, seed uint64) error {
	d, err := ReadDefinition(dir)
	if err != nil {
		return errors.WithMessage(err, "there is no run to resume")
	}
	if arms := d.arms(); len(arms) != 1 || arms[0].Name != name || len(d.Budget.Seeds) != 1 || d.Budget.Seeds[0] != seed {
		return errors.Errorf("the run in %s is not of model %s with seed %d", dir, name, seed)
	}
	return nil
}
