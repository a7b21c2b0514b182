package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTasksMergeAndVerify(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	task := func(k string) {
		t.Helper()
		code, out, errs := call("run", "--out", dir, "--images", "64", "--epochs", "1", "--seeds", "1-2", "--arms", "sigmoid", "--quiet", "--task", k)
		if code != 0 || errs != "" || !strings.Contains(out, "task "+k) {
			t.Fatalf("task %s: exit code %d, %q, %q", k, code, out, errs)
		}
	}
	task("2/2")
	if code, _, errs := call("merge", dir); code != 1 || !strings.Contains(errs, "1 of 2 runs are not finished: sigmoid seed 1") {
		t.Errorf("merge of one part: exit code %d, %q", code, errs)
	}
	task("1/2")
	if code, out, errs := call("merge", dir); code != 0 || errs != "" || !strings.Contains(out, "sigmoid: 2 of 2 ") {
		t.Errorf("merge: exit code %d, %q, %q", code, out, errs)
	}
	if code, out, errs := call("verify", dir, "--runs", "1", "--quiet"); code != 0 || errs != "" || !strings.Contains(out, "1 of 2 finished runs were run again: every record is the same") {
		t.Errorf("verify: exit code %d, %q, %q", code, out, errs)
	}
	if err := os.Remove(filepath.Join(dir, "results.csv")); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call("verify", dir, "--runs", "1", "--quiet"); code != 1 || !strings.HasPrefix(out, "results.csv is nothing on record, a file now") || strings.Count(errs, "\n") != 1 {
		t.Errorf("verify without results.csv: exit code %d, %q, %q", code, out, errs)
	}
}

func TestMergeAndVerifyMistakes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"merge"}, 2, "call it as dcae merge DIR..."},
		{[]string{"merge", "a", "b"}, 2, "--out"},
		{[]string{"merge", filepath.Join(t.TempDir(), "nowhere")}, 1, "cannot read"},
		{[]string{"verify"}, 2, "call it as dcae verify DIR"},
		{[]string{"verify", t.TempDir()}, 1, "cannot read"},
		{[]string{"verify", t.TempDir(), "--runs", "-1"}, 2, "--runs"},
		{[]string{"run", "--task", "3/2"}, 2, `bad task "3/2"`},
	} {
		if code, out, errs := call(c.args...); code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
}
