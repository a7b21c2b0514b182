package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"

	"dcae/training"
)

// train trains the first arm of a study alone.
func train(t *testing.T, s Study, dir string, o TrainOptions) error {
	t.Helper()
	return trainUntil(t, s, dir, o, 0)
}

// trainUntil is train that is interrupted at the end of an epoch; with 0 never.
func trainUntil(t *testing.T, s Study, dir string, o TrainOptions, epoch int) error {
	t.Helper()
	set := *s.Images
	set.Train, set.Validation, set.Test = set.Train.Head(48), set.Validation.Head(20), set.Test.Head(20)
	o.Dir, o.Threads, o.Invocation, o.Batch, o.Seed = dir, 1, "test", 16, 1
	if o.Epochs == 0 {
		o.Epochs = 3
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = 100
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := 0
	_, _, err := Train(ctx, s.Groups[0].Arms[0], &set, o, watcher{epoch: func() {
		if ended++; ended == epoch {
			cancel()
		}
	}})
	return err
}

func resumed(epochs int) TrainOptions {
	return TrainOptions{Options: Options{Resume: true}, Epochs: epochs}
}

// A run that is trained in two parts leaves the records of one that is trained at once.
func TestTrainGoesOnAsIfNothingHadHappened(t *testing.T) {
	s, whole, dir := tiny(t), t.TempDir(), t.TempDir()
	check(t, train(t, s, whole, TrainOptions{}))
	if err := trainUntil(t, s, dir, TrainOptions{}, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	check(t, train(t, s, dir, resumed(3)))
	want, got := records(t, whole), records(t, dir)
	for path, content := range want {
		if !strings.HasSuffix(path, checkpointFile) && got[path] != content {
			t.Errorf("%s differs", path)
		}
	}

	longer := t.TempDir() // a finished run may be given more epochs
	check(t, train(t, s, longer, TrainOptions{Epochs: 5}))
	check(t, train(t, s, dir, resumed(5)))
	want, got = records(t, longer), records(t, dir)
	for path, content := range want {
		if !strings.HasSuffix(path, checkpointFile) && got[path] != content {
			t.Errorf("after more epochs: %s differs", path)
		}
	}
	if _, err := Compare([]string{dir, longer}); err != nil {
		t.Error(err)
	}
}

// A call that cannot go on says why, and changes nothing.
func TestTrainRefusesToResumeAnotherRun(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	check(t, train(t, s, dir, TrainOptions{Epochs: 3}))
	before := tree(t, dir)
	refused := func(what, want string, s Study, o TrainOptions) {
		t.Helper()
		if err := train(t, s, dir, o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", what, err, want)
		}
		unchanged(t, dir, before)
	}
	refused("fewer epochs", "past the 2 epochs", s, resumed(2))
	refused("no --resume", "holds a study already", s, TrainOptions{})
	other := s
	other.Groups = []Group{{Name: "other", Control: "normalized", Arms: []Arm{s.Groups[0].Arms[1]}}}
	refused("another model", "is another one", other, resumed(4))
	faster := s
	arm := s.Groups[0].Arms[0]
	arm.Optimizer = training.Adam{LearningRate: 0.5}
	faster.Groups = []Group{{Name: "model", Control: arm.Name, Arms: []Arm{arm}}}
	refused("another rate", `optimizer is "adam(learning_rate=0.001`, faster, resumed(4))

	checkpoint := filepath.Join(runFolder(dir, "relu", 1), checkpointFile)
	damaged := []byte(before[filepath.Join("runs", "relu", "seed-1", checkpointFile)])
	damaged[len(damaged)/2] ^= 1
	check(t, os.WriteFile(checkpoint, damaged, 0o644))
	before = tree(t, dir)
	refused("damaged checkpoint", "damaged", s, resumed(4))
	check(t, os.Remove(checkpoint))
	before = tree(t, dir)
	refused("no checkpoint", "checkpoint, from which the run could go on", s, resumed(4))
	check(t, os.Truncate(filepath.Join(runFolder(dir, "relu", 1), stepsFile), 0))
	before = tree(t, dir)
	refused("a result alone", "checkpoint, from which the run could go on", s, resumed(4))
	dir = t.TempDir()
	before = tree(t, dir)
	refused("empty folder", "no run to resume", s, resumed(4))
}

// A run that was ended before its first checkpoint goes on from its beginning, whichever of its files had been written.
func TestTrainGoesOnFromItsBeginning(t *testing.T) {
	s, whole := tiny(t), t.TempDir()
	check(t, train(t, s, whole, TrainOptions{}))
	want := records(t, whole)
	for _, written := range [][]string{{}, {imagesFile}, {imagesFile, filepath.Join(runsFolder, "relu", "seed-1", stepsFile)}} {
		dir := t.TempDir()
		for _, file := range append(written, studyFile) {
			content := []byte(want[file])
			if filepath.Base(file) == stepsFile {
				content = nil
			}
			check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
			check(t, os.WriteFile(filepath.Join(dir, file), content, 0o644))
		}
		check(t, train(t, s, dir, resumed(3)))
		got := records(t, dir)
		for path, content := range want {
			if got[path] != content {
				t.Errorf("%v was there: %s differs", written, path)
			}
		}
	}
}

func TestSingleRunsAreNoStudies(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	check(t, train(t, s, dir, TrainOptions{Epochs: 1}))
	if _, err := Verify(context.Background(), dir, VerifyOptions{Threads: 1}, watcher{}); err == nil || !strings.Contains(err.Error(), "single run of dcae train") {
		t.Errorf("verify: error %v", err)
	}
	if _, _, err := Merge(context.Background(), []string{dir}, MergeOptions{}); err == nil || !strings.Contains(err.Error(), "single run of dcae train") {
		t.Errorf("merge: error %v", err)
	}
}
