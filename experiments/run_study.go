package experiments

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
	"dcae/training/files"
)

// Options say where and how a study runs; no result depends on them.
type Options struct {
	Dir         string
	Threads     int          // processors to use
	Task        Task         // which part of the study; default all
	Force       bool         // replace the study that lies in the folder
	Resume      bool         // Train continues the run that lies in the folder; Run always does
	TensorBoard bool         // write event files, too
	Invocation  any          // written to invocation.json
	Notice      func(string) // is told what a run waits for; may be nil
}

// Run trains every arm of a study with every seed, or the task's part of them, and leaves records in the folder. Several
// runs are trained at the same time, as many as processors and memory allow. Each has as few threads as keep all processors busy.
//
// If the folder holds the same study already, Run continues it: finished runs are taken from their records, others from
// their last checkpoint. Several processes may work in one folder at a time. If it holds another study, the error says how
// they differ.
//
// When ctx ends, Run returns the finished runs and ctx's error; what was recorded stays.
func Run(ctx context.Context, s Study, o Options, w Watcher) (finished []*Result, err error) {
	if o.Force && !o.Task.whole() {
		return nil, errors.New("a task cannot replace the study, which other tasks are at: replace it before the first of them begins")
	}
	undo, err := files.MakeFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	defer undo() // where nothing was written
	inUse, err := enterFolder(o.Dir, o.Force)
	if err != nil {
		return nil, err
	}
	defer func() { inUse.Release() }()
	r, err := newRunner(s, o, w)
	if err != nil {
		return nil, err
	}
	if o.Force { // only now: it is certain that this study can run
		if inUse, err = replaceStudy(o.Dir, inUse); err != nil {
			return nil, err
		}
	}
	if err := r.claim(ctx); err != nil {
		return nil, err
	}
	if err := r.begin(true); err != nil {
		return nil, err
	}
	results, err := r.finishAll(ctx, r.jobs())
	if e := r.timing.close(); err == nil {
		err = e
	}
	if e := r.collect(); err == nil {
		err = e
	}
	return results, err
}

// jobs are the runs of the task, in the order in which they are begun.
func (r *runner) jobs() []job {
	var out []job
	arms := len(r.study.Arms())
	for i, run := range r.study.Runs() {
		if r.options.Task.holds(i, arms) {
			out = append(out, job{arm: run.Arm, seed: run.Seed})
		}
	}
	return out
}

// finishAll takes runs to their ends, side by side, and returns the results in the study's order.
func (r *runner) finishAll(ctx context.Context, jobs []job) ([]*Result, error) {
	all := make([]int, len(jobs))
	for i := range jobs {
		all[i] = i
	}
	results, failures := make([]*Result, len(jobs)), make([]error, len(jobs))
	workers, err := r.workers(jobs)
	if err != nil {
		return nil, err
	}
	r.pool(ctx, workers, jobs, all, results, failures, false)
	var busy []int // jobs that other processes work on, and may leave unfinished
	for i, err := range failures {
		if errors.Is(err, errBusy) {
			busy = append(busy, i)
		}
	}
	if ctx.Err() == nil {
		r.pool(ctx, workers, jobs, busy, results, failures, true)
	}

	var finished []*Result
	for _, a := range r.study.Arms() { // in the order of the study, whichever finished first
		for i, j := range jobs {
			if j.arm.Name == a.Name && results[i] != nil {
				finished = append(finished, results[i])
			}
		}
	}
	for _, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errBusy) {
			return finished, err
		}
	}
	return finished, ctx.Err()
}

// workers is how many of the runs go side by side.
func (r *runner) workers(jobs []job) (int, error) {
	largest := 1.0
	for _, a := range r.study.Arms() {
		bytes, err := training.Memory(a.Model, r.study.training(a), r.images.Train.Len(), 1)
		if err != nil {
			return 0, errors.WithMessagef(err, "arm %s", a.Name)
		}
		if slices.ContainsFunc(jobs, func(j job) bool { return j.arm.Name == a.Name }) {
			largest = max(largest, float64(bytes))
		}
	}
	return max(1, min(r.options.Threads, len(jobs), workersFor(largest, training.FreeMemory()))), nil
}

// training is what decides how much memory a run of an arm needs.
func (s Study) training(a Arm) training.Config {
	return training.Config{Batch: training.LargestBatch(s.Budget.Batch, a.Changes), Loss: a.Loss, Optimizer: a.Optimizer, KeepBest: true}
}

// workersFor is how many runs that need so many bytes fit into the memory at the same time, at least one. A fifth stays free.
func workersFor(bytes, memory float64) int {
	return int(max(1, min(0.8*memory/bytes, math.MaxInt32)))
}

// pool does the chosen jobs. After a failure it begins no others: when the disk is full, for example, they would fail too.
func (r *runner) pool(ctx context.Context, workers int, jobs []job, chosen []int, results []*Result, failures []error, wait bool) {
	queue := make(chan int)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var done sync.WaitGroup
	for w := range workers {
		done.Go(func() {
			threads := graph.NewThreads(max(1, (r.options.Threads+w)/workers)) // the last workers get one more where the division leaves a rest
			defer threads.Close()
			for i := range queue {
				if ctx.Err() != nil {
					continue
				}
				j := jobs[i]
				results[i], failures[i] = r.finish(ctx, j, threads, wait)
				if err := failures[i]; err != nil && !errors.Is(err, errBusy) && ctx.Err() == nil {
					failures[i] = errors.WithMessagef(err, "arm %s, seed %d", j.arm.Name, j.seed)
					stop()
				}
			}
		})
	}
	for _, i := range chosen {
		queue <- i
	}
	close(queue)
	done.Wait()
}

// newRunner makes the study ready to run on its images, and writes nothing.
func newRunner(s Study, o Options, w Watcher) (*runner, error) {
	set := *s.Images
	if s.Budget.Images > 0 && !s.Budget.Full {
		set.Train = set.Train.Head(s.Budget.Images)
	}
	if s.Budget.ValidationImages > 0 && !s.Budget.Full {
		set.Validation = set.Validation.Head(s.Budget.ValidationImages)
	}
	if s.Budget.TestImages > 0 && !s.Budget.Full {
		set.Test = set.Test.Head(s.Budget.TestImages)
	}
	if err := set.CheckFinite(); err != nil {
		return nil, err
	}
	for i, a := range s.Arms() {
		fitted, _, err := saved.FitImages(a.Model, &set, s.Plan != nil && s.Plan.Data.Resize != "")
		if err != nil {
			return nil, errors.WithMessagef(err, "arm %s, data %s", a.Name, set.Name)
		}
		if i > 0 && fitted.Train.HasTargets() != set.Train.HasTargets() {
			return nil, errors.Errorf("arm %s makes its input, other arms make the targets of %s: arms of one study are compared by the same error", a.Name, set.Name)
		}
		set = *fitted
	}
	o.Threads = max(1, o.Threads)
	for _, a := range s.Arms() {
		if err := training.CheckMemory(a.Model, s.training(a), set.Train.Len(), 1, training.FreeMemory()); err != nil {
			return nil, err
		}
	}
	r := &runner{study: s, options: o, dir: o.Dir, images: treated{Set: &set, mean: set.Train.Targets().Mean()}, watch: w}
	for _, a := range s.Arms() {
		if err := r.treat(a.Treatment); err != nil {
			return nil, errors.WithMessagef(err, "arm %s", a.Name)
		}
	}
	var err error
	r.definition, err = define(s, &set, r.images.mean, r.scaling)
	return r, err
}

// treat makes ready the images of a treatment.
func (r *runner) treat(t dataset.Treatment) error {
	if r.data(t) != nil {
		return nil
	}
	set, err := r.images.Treated(t, treatmentSeed)
	if err != nil {
		return err
	}
	r.treated = append(r.treated, treated{Set: set, mean: set.Train.Targets().Mean(), treatment: t})
	return nil
}

// data is what arms with a treatment train on; nil if it is not ready.
func (r *runner) data(t dataset.Treatment) *treated {
	if t == (dataset.Treatment{}) {
		return &r.images
	}
	for i := range r.treated {
		if r.treated[i].treatment == t {
			return &r.treated[i]
		}
	}
	return nil
}

// scaling is that of the images that arms with a treatment train on.
func (r *runner) scaling(t dataset.Treatment) dataset.Scaling { return r.data(t).Scaling }

// collect writes results.csv from all runs that are finished in the folder, whichever process did them.
func (r *runner) collect() error {
	held, err := waitForFolder(context.Background(), r.dir, r.options.Notice)
	if err != nil {
		return err
	}
	defer held.Release()
	finished, _, err := readFinished(r.dir, r.definition)
	if err != nil {
		return err
	}
	return writeResults(filepath.Join(r.dir, resultsFile), finished)
}

// begin opens the file that says how long each epoch takes.
func (r *runner) begin(goOn bool) (err error) {
	path, err := files.Inside(r.dir, suffixed(timingFile, r.options.Task.suffix()))
	if err != nil {
		return err
	}
	r.timing, err = newTiming(path, goOn)
	return err
}

func (r *runner) invocationFile() string { return suffixed(invocationFile, r.options.Task.suffix()) }

// writeInvocation writes down how the program was called.
func (r *runner) writeInvocation() error {
	return writeJSON(filepath.Join(r.dir, r.invocationFile()), r.options.Invocation)
}

// writeImages writes the images that every run reconstructs, their targets if they are not their own, and the mean training target.
func (r *runner) writeImages(path string) error {
	test := r.images.Test
	arrays := []npz.Array{shownArray("test", test)}
	if test.HasTargets() {
		arrays = append(arrays, shownArray("target", test.Targets()))
	}
	err := npz.Write(path, append(arrays, imageArray("mean", [][]float32{r.images.mean}, test.Targets().Shape())))
	return errors.WithMessage(err, "images that are reconstructed")
}

func shownArray(name string, images *dataset.Images) npz.Array {
	shown := make([][]float32, min(shownImages, images.Len()))
	for i := range shown {
		shown[i] = make([]float32, images.Shape().Size())
		images.Read(shown[i], []int{i})
	}
	return imageArray(name, shown, images.Shape())
}
