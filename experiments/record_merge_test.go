package experiments

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runTask runs one part of the tiny study.
func runTask(t *testing.T, s Study, dir string, task Task) {
	t.Helper()
	if _, err := Run(context.Background(), s, Options{Dir: dir, Threads: 1, Task: task, Invocation: "test"}, watcher{}); err != nil {
		t.Fatal(err)
	}
}

func TestPartsMergeToTheWhole(t *testing.T) {
	s, root := tiny(t), t.TempDir()
	var parts []string
	for k := 1; k <= 3; k++ {
		parts = append(parts, filepath.Join(root, fmt.Sprint(k)))
		runTask(t, s, parts[k-1], Task{k, 3})
	}
	out := filepath.Join(root, "out")
	_, missing, err := Merge(context.Background(), parts[:2], MergeOptions{Out: out})
	if err == nil || len(missing) != 1 || !strings.Contains(err.Error(), missing[0]) || !strings.Contains(err.Error(), "--partial") {
		t.Errorf("missing %v, error %v", missing, err)
	}
	results, missing, err := Merge(context.Background(), parts[:2], MergeOptions{Out: out, Partial: true})
	if err != nil || len(missing) != 1 || len(results) != 3 {
		t.Errorf("%d results, missing %v, error %v", len(results), missing, err)
	}
	results, missing, err = Merge(context.Background(), []string{parts[2]}, MergeOptions{Out: out}) // what is in the folder stays
	if err != nil || len(missing) != 0 || len(results) != 4 {
		t.Fatalf("%d results, missing %v, error %v", len(results), missing, err)
	}
	for _, r := range results {
		if !(r.ImagesPerSecond > 0) {
			t.Errorf("the speed of %s seed %d is lost", r.Arm, r.Seed)
		}
	}
	if _, err := os.Stat(filepath.Join(out, invocationFile)); err == nil {
		t.Errorf("%s is there, which none of the tasks has written", invocationFile)
	}
	sameMerged(t, out)

	again := filepath.Join(root, "again")
	if _, _, err := Merge(context.Background(), []string{parts[2], parts[0], parts[1], parts[0]}, MergeOptions{Out: again}); err != nil {
		t.Fatal(err)
	}
	sameMerged(t, again)

	killed := filepath.Join(root, "killed") // when only study.json had been written
	if err := os.Mkdir(killed, 0o755); err != nil {
		t.Fatal(err)
	}
	study, err := os.ReadFile(filepath.Join(parts[0], studyFile))
	if err == nil {
		err = os.WriteFile(filepath.Join(killed, studyFile), study, 0o644)
	}
	part := filepath.Join(killed, "."+suffixed(timingFile, Task{1, 2}.suffix())+"123") // and of that file a part
	if err == nil {
		err = os.WriteFile(part, nil, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Merge(context.Background(), parts, MergeOptions{Out: killed}); err != nil {
		t.Fatal(err)
	}
	sameMerged(t, killed)
	if exists(part) {
		t.Error("what a killed merge left of a file is still there")
	}
}

// sameMerged compares with a study that was run at once, but for invocation.json.
func sameMerged(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, invocationFile), []byte("\"test\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	sameAsUninterrupted(t, dir)
}

func TestTasksInOneFolder(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	runTask(t, s, dir, Task{2, 2})
	if _, _, err := Merge(context.Background(), []string{dir}, MergeOptions{}); err == nil || !strings.Contains(err.Error(), "2 of 4 runs are not finished") {
		t.Errorf("error %v", err)
	}
	runTask(t, s, dir, Task{1, 2})
	runTask(t, s, dir, Task{1, 2}) // twice does no harm
	if err := os.Remove(filepath.Join(dir, resultsFile)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Merge(context.Background(), []string{dir}, MergeOptions{}); err != nil {
		t.Fatal(err)
	}
	sameMerged(t, dir)
}

func TestMergeRefuses(t *testing.T) {
	s, root := tiny(t), t.TempDir()
	first, second, other := filepath.Join(root, "1"), filepath.Join(root, "2"), filepath.Join(root, "other")
	runTask(t, s, first, Task{1, 2})
	runTask(t, s, second, Task{1, 2})
	o := s
	o.Budget.Seeds = []uint64{1}
	runTask(t, o, other, Task{})
	foreign := filepath.Join(root, "foreign")
	if err := os.MkdirAll(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "mine.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refused := func(dirs []string, out, want string) {
		t.Helper()
		if _, _, err := Merge(context.Background(), dirs, MergeOptions{Out: out, Partial: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	refused([]string{first, other}, filepath.Join(root, "out"), "different studies: study.json, budget / seeds is [1,2] in the first, [1] in the second")
	refused([]string{first}, other, "different studies")
	refused([]string{first}, foreign, "is not empty")
	refused([]string{filepath.Join(root, "nowhere")}, filepath.Join(root, "out"), "cannot read")

	run := filepath.Join(runFolder(second, "relu", 1), stepsFile)
	change(t, run, func(b []byte) []byte { return []byte(strings.Replace(string(b), "\n1,2,", "\n1,2,9", 1)) })
	refused([]string{first, second}, filepath.Join(root, "out"), "different records: relu seed 1: steps.csv, line 3 (step 2), column loss is ")
}
