package experiments

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"dcae/experiments/outcome"
	"dcae/training"
)

// watcher calls epoch at the end of each epoch.
type watcher struct{ epoch func() }

func (watcher) Started(string, uint64, int)          {}
func (watcher) Stepped(string, uint64, int, float64) {}
func (w watcher) EpochEnded(string, uint64, int, *training.EpochRecord) {
	if w.epoch != nil {
		w.epoch()
	}
}
func (watcher) Finished(*Result)              {}
func (watcher) Warned(string, uint64, string) {}

// small is a short study of the named arms; of all, if none is named.
func small(t *testing.T, arms ...string) Study {
	t.Helper()
	p, err := LookupPlan("failure-modes")
	if err != nil {
		t.Fatal(err)
	}
	if len(arms) > 0 {
		if err := p.Only(arms); err != nil {
			t.Fatal(err)
		}
	}
	s, err := p.Open()
	if err != nil {
		t.Fatal(err)
	}
	s.Budget = Budget{Seeds: []uint64{1, 2}, Epochs: 2, Images: 70, Batch: 32, ValidationImages: 40, TestImages: 50}
	return s
}

func runIn(t *testing.T, s Study, threads int) (string, []*Result) {
	t.Helper()
	dir := t.TempDir()
	results, err := Run(context.Background(), s, Options{Dir: dir, Threads: threads, Invocation: "test"}, watcher{})
	if err != nil {
		t.Fatal(err)
	}
	return dir, results
}

// records reads what must be the same on every run.
func records(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == timingFile {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRecordsAreTheSameBytes(t *testing.T) {
	s := small(t)
	dir, results := runIn(t, s, 1)
	want := records(t, dir)
	if len(results) != len(s.Runs()) || len(want) < 3*len(results) {
		t.Fatalf("%d results, %d files", len(results), len(want))
	}
	compare := func(what string, got map[string]string, only string) {
		for path, content := range want {
			if strings.Contains(path, only) && got[path] != content {
				t.Errorf("%s: %s differs", what, path)
			}
		}
	}
	two, _ := runIn(t, s, 2)
	compare("two threads", records(t, two), "")

	alone := small(t, "improved")
	alone.Budget.Seeds = []uint64{2}
	one, _ := runIn(t, alone, 2) // one run on two threads
	compare("one run alone on two threads", records(t, one), filepath.Join("improved", "seed-2"))
}

func TestInterruptedStudyLeavesItsRecords(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var epochs atomic.Int32
	w := watcher{epoch: func() {
		if epochs.Add(1) == 3 {
			cancel()
		}
	}}
	dir := t.TempDir()
	results, err := Run(ctx, small(t), Options{Dir: dir, Threads: 1, Invocation: "test"}, w)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if len(results) != 1 {
		t.Errorf("%d results, want the one run that had finished", len(results))
	}
	cut, err := readTable(filepath.Join(runFolder(dir, "highlr", 1), stepsFile))
	if err != nil || cut.len() != 3 {
		t.Errorf("the run that was cut off has %d steps on record, want 3 (%v)", cut.len(), err)
	}
	if err := Draw(context.Background(), dir, results, nil); err != nil {
		t.Error(err)
	}
}

func TestDivergedRunKeepsItsRecordsAndLetsOthersGoOn(t *testing.T) {
	s := small(t, "highlr", "sigmoid")
	for i := range s.Groups[0].Arms {
		if a := &s.Groups[0].Arms[i]; a.Name == "highlr" {
			a.Optimizer = training.SGD{LearningRate: 1e20}
		}
	}
	dir, results := runIn(t, s, 2)
	if len(results) != 4 {
		t.Fatalf("%d results", len(results))
	}
	for _, r := range results {
		if (r.Outcome == outcome.Diverged) != (r.Arm == "highlr") {
			t.Errorf("%s seed %d: %s (%s)", r.Arm, r.Seed, r.Outcome, r.Why)
		}
	}
	steps, err := readTable(filepath.Join(runFolder(dir, "highlr", 1), stepsFile))
	if err != nil {
		t.Fatal(err)
	}
	losses, err := steps.numbers("loss")
	if err != nil || len(losses) == 0 {
		t.Fatalf("%v, %v", losses, err)
	}
	if last := losses[len(losses)-1]; !math.IsNaN(last) && !math.IsInf(last, 0) {
		t.Errorf("the record of the diverged run ends with loss %v", last)
	}
	if err := Draw(context.Background(), dir, results, nil); err != nil {
		t.Error(err)
	}
}
