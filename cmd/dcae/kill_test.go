//go:build long

package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"dcae/training/dataset/npz"
)

// victim is work that is killed and called again until it ends by itself.
type victim struct {
	begin, again []string                       // the call, and that after a kill
	anew         []string                       // that after a kill before the first checkpoint; nil: again
	survives     func(t *testing.T, dir string) // looks at what a kill has left; nil: nothing is to be there
	varies       []string                       // files that hold times, and what shows them
}

// The program itself, killed at random moments: make kill KILLS=1000 SEED=1. In the end all is as if it had been left alone.
func TestManyKills(t *testing.T) {
	root := t.TempDir()
	program := filepath.Join(root, "dcae")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kills, seed := setting(t, "KILLS", 20), setting(t, "SEED", 1)
	images := filepath.Join(root, "blobs.npz") // few, so that most of the time is of records
	writeBlobs(t, images, 40)
	small := []string{"--data", images, "--images", "24", "--batch", "8", "--threads", "2", "--quiet"}
	study := append([]string{"run", "--arms", "sigmoid,improved", "--seeds", "1-2", "--epochs", "2"}, small...)
	for task, dir := range map[string]string{"1/2": filepath.Join(root, "part1"), "2/2": filepath.Join(root, "part2")} {
		if out, err := exec.Command(program, append(study, "--task", task, "--out", dir)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	parts := allFiles(t, filepath.Join(root, "part1"), nil)
	trained := append([]string{"train", "improved", "--epochs", "3", "--checkpoint-every", "2", "--out", "DIR"}, small...)
	merge := []string{"merge", "--out", "DIR", filepath.Join(root, "part1"), filepath.Join(root, "part2")}
	diagnose := []string{"diagnose", "highlr", "--data", images, "--seconds", "1", "--patient", "--quiet", "--out", "DIR"}
	times := []string{"invocation.json", "timing.csv", "report.html", "report.png"}
	for i, c := range []struct {
		name  string
		share int // of ten kills
		victim
	}{
		{"run", 3, victim{append(study, "--out", "DIR"), append(study, "--out", "DIR"), nil, nil, times}},
		{"train", 3, victim{trained, slices.Concat(trained, []string{"--resume"}), slices.Concat(trained, []string{"--force"}), nil, times}},
		{"merge", 2, victim{merge, merge, nil, nil, times}},
		{"diagnose", 2, victim{diagnose, diagnose, nil, hasWholeAnswer, []string{"diagnosis.json", "report.html"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
			c.killOften(t, program, filepath.Join(root, c.name), max(1, kills*c.share/10), random)
		})
	}
	for path, content := range allFiles(t, filepath.Join(root, "part1"), nil) {
		if parts[path] != content {
			t.Errorf("merge has changed %s of a part", path)
		}
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%s is no number", name, text)
	}
	return n
}

// killOften kills the work so many times, in new folders when it has come to its end, each of which is compared with that of work left alone.
func (v victim) killOften(t *testing.T, program, root string, kills int, random *rand.Rand) {
	call := func(args []string, dir string) *exec.Cmd {
		own := append([]string(nil), args...)
		for i, a := range own {
			if a == "DIR" {
				own[i] = dir
			}
		}
		return exec.Command(program, own...)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(root, "whole")
	start := time.Now()
	if out, err := call(v.begin, whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	length := time.Since(start)
	want, done, ends := allFiles(t, whole, v.varies), 0, 0
	for ; done < kills && !t.Failed(); ends++ {
		dir, args := filepath.Join(root, strconv.Itoa(ends)), v.begin
		if v.survives != nil { // an earlier answer is there
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
		}
		for {
			cmd := call(args, dir)
			var out bytes.Buffer
			cmd.Stderr = &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			killer := time.AfterFunc(time.Duration(random.Int64N(int64(length)*11/10)), func() { _ = cmd.Process.Kill() })
			err := cmd.Wait()
			killer.Stop()
			if err == nil {
				break
			}
			if cmd.ProcessState.ExitCode() >= 0 {
				t.Fatalf("after %d kills it failed: %s", done, out.String())
			}
			done++
			if v.survives != nil {
				v.survives(t, dir)
			}
			if _, err := os.Stat(filepath.Join(dir, "study.json")); err == nil {
				args = v.again
			}
			if found, _ := filepath.Glob(filepath.Join(dir, "runs", "*", "*", "checkpoint")); len(found) == 0 && v.anew != nil && len(args) > len(v.begin) {
				args = v.anew // it had not come to its first checkpoint
			}
		}
		got := allFiles(t, dir, v.varies)
		for path, content := range want {
			if got[path] != content {
				t.Errorf("%s differs from that of work that was left alone, after %d kills", path, done)
			}
		}
		for path := range got {
			if _, ok := want[path]; !ok {
				t.Errorf("%s was left over", path)
			}
		}
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	}
	t.Logf("%d kills; %d times it came to its end, which takes %s alone", done, ends, length)
}

// writeBlobs writes images of 28x28 pixels, each of a white disk somewhere.
func writeBlobs(t *testing.T, path string, n int) {
	t.Helper()
	const side = 28
	x := npz.Array{Name: "x", Shape: []int{n, side, side, 1}, Float32: make([]float32, n*side*side)}
	for i := range x.Float32 {
		k, dy, dx := i/(side*side), i/side%side, i%side
		dy, dx = dy-8-k%11, dx-8-k*7%13
		if dy*dy+dx*dx < 20+k%17 {
			x.Float32[i] = 1
		}
	}
	if err := npz.Write(path, []npz.Array{x}); err != nil {
		t.Fatal(err)
	}
}

// hasWholeAnswer looks whether a folder holds the answer of a diagnosis, the former or the new one, with all that belongs to it.
func hasWholeAnswer(t *testing.T, dir string) {
	if _, err := os.Stat(filepath.Join(dir, ".whole")); err == nil {
		return // the new one, which the next call puts in place
	}
	b, err := os.ReadFile(filepath.Join(dir, "diagnosis.json"))
	var answer struct{ Verdict string }
	if err != nil || json.Unmarshal(b, &answer) != nil || answer.Verdict == "" {
		t.Errorf("the answer is gone: %v, %.80s", err, b)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !strings.Contains(string(page), "</html>") {
		t.Errorf("the page is gone or cut short: %v", err)
	}
}

// allFiles reads a folder, but for the content of files that vary.
func allFiles(t *testing.T, dir string, varies []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		for _, v := range varies {
			if rel == v {
				b = nil // that it is there is enough
			}
		}
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
