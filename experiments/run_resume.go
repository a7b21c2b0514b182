package experiments

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/training/files"
)

// errBusy says that another process works on a run.
var errBusy = errors.New("another process works on the run")

// cannotResume is why a run cannot go on from its checkpoint.
type cannotResume struct{ error }

// finish takes a run of the study to its end. The run may not have begun, may have a checkpoint in the middle, or may have its result
// already. If another process works on the run, finish waits until that one ends, or returns errBusy.
func (r *runner) finish(ctx context.Context, j job, threads *graph.Threads, wait bool) (*Result, error) {
	dir, err := makeRunFolder(r.dir, runID{j.arm.Name, j.seed})
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, lockFile)
	held, err := files.TryLock(path)
	if held == nil && err == nil {
		if !wait {
			return nil, errBusy
		}
		held, err = files.WaitForLock(ctx, path, func() {
			if r.options.Notice != nil {
				r.options.Notice("waiting for another process, which works on " + runID{j.arm.Name, j.seed}.String())
			}
		})
	}
	if err != nil {
		return nil, err
	}
	defer held.Release()

	j.checkpointEvery = checkpointSteps(j.arm.Model, r.study.Budget.Batch)
	r.watch.Started(j.arm.Name, j.seed, r.plannedSteps(j.arm))
	result := filepath.Join(dir, resultFile)
	if exists(result) {
		res, err := r.definition.readRun(r.dir, runID{j.arm.Name, j.seed})
		if err == nil {
			res.ImagesPerSecond = statistics.Median(readSpeeds(r.dir)[runID{res.Arm, res.Seed}])
			r.watch.Finished(res)
			return res, removeUnfinished(dir)
		}
		r.warn(j, err.Error()+"; the run starts over")
	} else if j.resume = exists(filepath.Join(dir, checkpointFile)); !j.resume && notBlank(filepath.Join(dir, stepsFile)) {
		r.warn(j, "its checkpoint is gone; the run starts over")
	}
	res, _, err := r.train(ctx, j, dir, threads)
	if unusable := (cannotResume{}); errors.As(err, &unusable) {
		r.warn(j, strings.TrimSuffix(unusable.Error(), "; start the run anew")+"; the run starts over")
		j.resume = false
		res, _, err = r.train(ctx, j, dir, threads)
	}
	if err != nil {
		return nil, err
	}
	if err := writeResult(result, res); err != nil {
		return nil, err
	}
	if err := removeUnfinished(dir); err != nil {
		return nil, err
	}
	r.watch.Finished(res)
	return res, nil
}

func (r *runner) warn(j job, warning string) { r.watch.Warned(j.arm.Name, j.seed, warning) }

func notBlank(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// removeUnfinished removes from a finished run's folder what served to finish it, and files in the middle of whose writing
// the program was killed.
func removeUnfinished(dir string) error {
	if err := files.RemoveAbandoned(dir, append(slices.Clone(runRecords), checkpointFile)...); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, checkpointFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Errorf("cannot remove %s: %v", filepath.Join(dir, checkpointFile), files.Reason(err))
	}
	return nil
}

// checkpointSteps is how many steps a run takes between checkpoints within an epoch; there is one at its end in any case.
// Writing one takes some 10 ms, so that 5 s of work between them keep it well below 1%. The steps in 5 s follow from the
// model's cost on a fast processor, 500 GFLOP/s; a slow one may work for a minute or two, which a kill can cost.
func checkpointSteps(m *graph.Model, batch int) int {
	flops, err := m.FLOPs()
	if err != nil || flops.Training == 0 {
		return 1000
	}
	return max(1, int(5*500e9/(flops.Training*float64(batch))))
}

// runIDs are the study's runs, in its order.
func (d *Definition) runIDs() []runID {
	var out []runID
	for _, g := range d.Groups {
		for _, a := range g.Arms {
			for _, seed := range g.Seeds {
				out = append(out, runID{a.Name, seed})
			}
		}
	}
	return out
}

// readFinished reads the results of finished runs that lie in a study's folder, in the study's order, and names the runs that have none. It
// fails if a run's records do not fit together, see readRun.
func readFinished(dir string, d *Definition) (finished []*Result, missing []runID, err error) {
	return d.readAll(dir, d.readRun)
}

func (d *Definition) readAll(dir string, read func(string, runID) (*Result, error)) (finished []*Result, missing []runID, err error) {
	speeds := readSpeeds(dir)
	for _, id := range d.runIDs() {
		res, err := read(dir, id)
		if err != nil {
			return nil, nil, err
		}
		if res == nil {
			missing = append(missing, id)
			continue
		}
		res.ImagesPerSecond = statistics.Median(speeds[id])
		finished = append(finished, res)
	}
	return finished, missing, nil
}
