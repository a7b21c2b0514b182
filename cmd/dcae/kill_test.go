//go:build long

package main

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// The program itself, killed at twenty random moments: make kill.
func TestRunGoesOnAfterManyKills(t *testing.T) {
	root := t.TempDir()
	program := filepath.Join(root, "dcae")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	study := func(dir string) *exec.Cmd {
		return exec.Command(program, "run", "--out", dir, "--arms", "sigmoid,improved", "--seeds", "1-2", "--epochs", "2", "--images", "600", "--quiet")
	}
	whole := filepath.Join(root, "whole")
	start := time.Now()
	if out, err := study(whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	length := time.Since(start)
	want := allFiles(t, whole)
	random := rand.New(rand.NewPCG(uint64(start.UnixNano()), 0))
	for kills, studies := 0, 0; kills < 20; studies++ { // a new study when one has come to its end
		dir := filepath.Join(root, strconv.Itoa(studies))
		for {
			cmd := study(dir)
			var out bytes.Buffer
			cmd.Stderr = &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			killer := time.AfterFunc(time.Duration(random.Int64N(int64(length))), func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			killer.Stop()
			if out.Len() > 0 {
				t.Errorf("it printed %q", out.String())
			}
			if err == nil {
				break
			}
			kills++
			results, _ := filepath.Glob(filepath.Join(dir, "runs/*/*/result.json"))
			checkpoints, _ := filepath.Glob(filepath.Join(dir, "runs/*/*/checkpoint"))
			t.Logf("kill %d: %d runs finished, %d have a checkpoint", kills, len(results), len(checkpoints))
		}
		got := allFiles(t, dir)
		for path, content := range want {
			if got[path] != content {
				t.Errorf("%s differs from the uninterrupted study's", path)
			}
		}
		for path := range got {
			if _, ok := want[path]; !ok {
				t.Errorf("%s was left over", path)
			}
		}
	}
	t.Logf("a whole study takes %s", length)
}

// allFiles reads a study's folder, but for what says when, where and how fast, and shows that.
func allFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		switch rel {
		case "invocation.json", "timing.csv", "report.html", "report.png":
			b = nil // that they are there is enough
		}
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
