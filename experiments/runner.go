package experiments

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

// Options say where and how a study runs; no result depends on them.
type Options struct {
	Dir        string
	Threads    int  // processors to use
	Resume     bool // go on with what lies in the folder
	Invocation any  // written to invocation.json
}

// Run trains every arm of a study with every seed and leaves records in the folder. Runs go side by side, each on as few
// threads as keep all processors busy. When ctx ends, Run returns the finished runs and ctx's error; what was recorded stays.
func Run(ctx context.Context, s Study, o Options, w Watcher) (finished []*Result, err error) {
	r, err := prepare(s, o, w)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := r.timing.close(); err == nil {
			err = e
		}
	}()

	var tasks []job
	for _, seed := range s.Budget.Seeds {
		for _, a := range s.Arms() {
			tasks = append(tasks, job{arm: a, seed: seed})
		}
	}
	workers := max(1, min(o.Threads, len(tasks)))
	results, failures := make([]*Result, len(tasks)), make([]error, len(tasks))
	queue := make(chan int)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			threads := graph.NewThreads(max(1, o.Threads/workers))
			defer threads.Close()
			for i := range queue {
				if ctx.Err() != nil {
					continue
				}
				if results[i], _, failures[i] = r.run(ctx, tasks[i], threads); failures[i] != nil && ctx.Err() == nil {
					failures[i] = errors.WithMessagef(failures[i], "arm %s, seed %d", tasks[i].arm.Name, tasks[i].seed)
					stop() // the disk is full, say: the other runs would fail in the same way
				}
			}
		})
	}
	for i := range tasks {
		queue <- i
	}
	close(queue)
	done.Wait()

	// in the order of the study, whichever finished first
	for _, a := range s.Arms() {
		for i, t := range tasks {
			if t.arm.Name == a.Name && results[i] != nil {
				finished = append(finished, results[i])
			}
		}
	}
	if err := writeResults(filepath.Join(o.Dir, resultsFile), finished); err != nil {
		return finished, err
	}
	for _, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return finished, err
		}
	}
	return finished, ctx.Err()
}

// prepare loads the data, and writes all that is known before the first run.
func prepare(s Study, o Options, w Watcher) (*runner, error) {
	set, err := dataset.Open(s.Data, dataset.Options{})
	if err != nil {
		return nil, err
	}
	return prepareOn(set, s, o, w)
}

func prepareOn(full *dataset.Set, s Study, o Options, w Watcher) (*runner, error) {
	set := *full
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
	for _, a := range s.Arms() {
		if shape := set.Shape(); !slices.Equal(a.Model.Input, graph.Shape{shape.H, shape.W, shape.C}) {
			return nil, errors.Errorf("model %s takes images of %v, but those of %s are %v; --resize makes them fit in height and width", a.Name, a.Model.Input, set.Name, shape)
		}
	}
	mean := set.Train.Mean()
	definition, err := define(s, &set, mean)
	if err != nil {
		return nil, err
	}
	r := &runner{study: s, set: &set, definition: definition, dir: o.Dir, mean: mean, watch: w}
	if err := writeJSON(filepath.Join(o.Dir, studyFile), definition); err != nil {
		return nil, err
	}
	if err := writeJSON(filepath.Join(o.Dir, invocationFile), o.Invocation); err != nil {
		return nil, err
	}
	shown := make([][]float32, min(shownImages, set.Test.Len()))
	for i := range shown {
		shown[i] = make([]float32, set.Shape().Size())
		set.Test.Read(shown[i], []int{i})
	}
	err = npz.Write(filepath.Join(o.Dir, imagesFile), []npz.Array{
		imageArray("test", shown, set.Shape()), imageArray("mean", [][]float32{r.mean}, set.Shape()),
	})
	if err != nil {
		return nil, err
	}
	r.timing, err = newTiming(filepath.Join(o.Dir, timingFile), o.Resume)
	return r, err
}
