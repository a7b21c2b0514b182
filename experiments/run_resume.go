package experiments

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/internal/files"
)

// errBusy says that another process works on a run.
var errBusy = errors.New("another process works on the run")

// cannotResume is why a run cannot go on from its checkpoint.
type cannotResume struct{ error }

// finish takes a run of the study to its end from wherever it stands: nowhere, somewhere in the middle with a checkpoint, or at
// the end with a result. Where another process works on it, it waits for that one's end, or returns errBusy.
func (r *runner) finish(ctx context.Context, j job, threads *graph.Threads, wait bool) (*Result, error) {
	dir := runFolder(r.dir, j.arm.Name, j.seed)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Errorf("cannot make the folder %s: %v", dir, files.Reason(err))
	}
	path := filepath.Join(dir, lockFile)
	held, err := files.TryLock(path)
	if held == nil && err == nil {
		if !wait {
			return nil, errBusy
		}
		held, err = files.WaitForLock(ctx, path)
	}
	if err != nil {
		return nil, err
	}
	defer held.Release()

	j.checkpointEvery = checkpointSteps(j.arm.Model, r.study.Budget.Batch)
	r.watch.Started(j.arm.Name, j.seed, r.study.Budget.epochs(j.arm)*r.definition.stepsPerEpoch())
	result := filepath.Join(dir, resultFile)
	if exists(result) {
		res, err := readResult(result)
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
	if err := files.RemoveAbandoned(dir, checkpointFile, resultFile, reconstructionsFile); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, checkpointFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Errorf("cannot remove %s: %v", filepath.Join(dir, checkpointFile), files.Reason(err))
	}
	return nil
}

// removeMatching removes files by a pattern of their names.
func removeMatching(dir, pattern string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", dir, files.Reason(err))
	}
	for _, e := range entries {
		if ok, _ := filepath.Match(pattern, e.Name()); !ok { // the pattern is well formed
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return errors.Errorf("cannot remove %s: %v", filepath.Join(dir, e.Name()), files.Reason(err))
		}
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

// readFinished reads the results that lie in a study's folder, in the study's order, and names the runs that have none.
func readFinished(dir string, d *Definition) (finished []*Result, missing []runID, err error) {
	speeds := readSpeeds(dir)
	for _, id := range d.runIDs() {
		path := filepath.Join(runFolder(dir, id.arm, id.seed), resultFile)
		if !exists(path) {
			missing = append(missing, id)
			continue
		}
		res, err := readResult(path)
		if err != nil {
			return nil, nil, err
		}
		res.ImagesPerSecond = statistics.Median(speeds[id])
		finished = append(finished, res)
	}
	return finished, missing, nil
}
