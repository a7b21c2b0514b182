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

// victim is work that is killed, or told to end, and called again until it ends by itself.
type victim struct {
	name         string
	begin, again []string                                   // the call, and that after a kill
	survives     func(t *testing.T, dir string)             // looks at what a kill has left of an earlier answer; nil: there is none
	varies       []string                                   // files that hold times, and what shows them
	stop         func(*os.Process) error                    // how it is ended
	ended        func(*testing.T, []string, string, ending) // looks at how it ended when it was stopped
}

// ending is how a program ended that was stopped.
type ending struct {
	state   *os.ProcessState
	after   time.Duration // it was told to
	printed string        // to stderr
}

// surroundings are what victims read, and the program itself.
type surroundings struct {
	root, program, images string
	study, small          []string // the call that made the parts, but for --out; flags that keep work small
}

func makeSurroundings(t *testing.T) surroundings {
	t.Helper()
	root := t.TempDir()
	s := surroundings{root: root, program: filepath.Join(root, "dcae"), images: filepath.Join(root, "blobs.npz")}
	if out, err := exec.Command("go", "build", "-o", s.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	writeBlobs(t, s.images, 40) // few, so that most of the time is of records
	s.small = []string{"--data", s.images, "--images", "24", "--batch", "8", "--threads", "2", "--quiet"}
	s.study = append([]string{"run", "--arms", "sigmoid,improved", "--seeds", "1-2", "--epochs", "2"}, s.small...)
	for task, dir := range map[string]string{"1/2": "part1", "2/2": "part2"} {
		if out, err := exec.Command(s.program, append(s.study, "--task", task, "--out", filepath.Join(root, dir))...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return s
}

// writers are the commands that leave a folder.
func (s surroundings) writers() []victim {
	times := []string{"invocation.json", "timing.csv", "report.html", "report.png"}
	study := append(slices.Clone(s.study), "--out", "DIR")
	train := append([]string{"train", "improved", "--epochs", "3", "--checkpoint-every", "2", "--out", "DIR"}, s.small...)
	merge := []string{"merge", "--out", "DIR", filepath.Join(s.root, "part1"), filepath.Join(s.root, "part2")}
	diagnose := []string{"diagnose", "highlr", "--data", s.images, "--seconds", "1", "--patient", "--quiet", "--out", "DIR"}
	return []victim{
		{name: "run", begin: study, again: study, varies: times},
		{name: "train", begin: train, again: slices.Concat(train, []string{"--resume"}), varies: times},
		{name: "merge", begin: merge, again: merge, varies: times},
		{name: "diagnose", begin: diagnose, again: diagnose, survives: hasWholeAnswer, varies: []string{"diagnosis.json", "report.html"}},
	}
}

// The program itself, killed at random moments: make kill KILLS=1000 SEED=1. In the end all is as if it had been left alone.
func TestManyKills(t *testing.T) {
	s := makeSurroundings(t)
	kills, seed := setting(t, "KILLS", 20), setting(t, "SEED", 1)
	parts := allFiles(t, filepath.Join(s.root, "part1"), nil)
	victims := s.writers()
	for i, v := range victims {
		v.stop = (*os.Process).Kill
		v.ended = func(t *testing.T, _ []string, _ string, e ending) {
			if e.state.ExitCode() >= 0 {
				t.Fatalf("it failed: %s", e.printed)
			}
		}
		t.Run(v.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
			v.stopOften(t, s, max(1, kills/len(victims)), random)
		})
	}
	for path, content := range allFiles(t, filepath.Join(s.root, "part1"), nil) {
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

// stopOften stops the work so many times, in new folders when it has come to its end, each of which is compared with that of work left alone.
func (v victim) stopOften(t *testing.T, s surroundings, stops int, random *rand.Rand) {
	root := filepath.Join(s.root, t.Name())
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	folder := func(name string) string {
		dir := filepath.Join(root, name)
		if !slices.Contains(v.begin, "DIR") { // it does not make the folder itself
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	whole := folder("whole")
	start := time.Now()
	if out, err := s.call(v.begin, whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	length := time.Since(start)
	want, done, ends := allFiles(t, whole, v.varies), 0, 0
	for ; done < stops && !t.Failed(); ends++ {
		dir, args := folder(strconv.Itoa(ends)), v.begin
		if v.survives != nil { // an earlier answer is there
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
		}
		within := length / 3 // so that much is killed for little work; it grows until the work comes to its end
		for {
			begun := time.Now()
			if !v.stopped(t, s.call(args, dir), dir, time.Duration(random.Int64N(int64(within)))) {
				length = min(length, time.Since(begun)) // the machine may have been busy before
				break
			}
			done++
			within += length / 8
			if v.survives != nil {
				v.survives(t, dir)
			}
			if _, err := os.Stat(filepath.Join(dir, "study.json")); err == nil {
				args = v.again
			}
		}
		got := allFiles(t, dir, v.varies)
		for path, content := range want {
			if got[path] != content {
				t.Errorf("%s differs from that of work that was left alone, after %d stops", path, done)
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
	t.Logf("stopped %d times; %d times it came to its end, which takes %s alone", done, ends, length)
}

// stopped runs a command and stops it after a while, and tells whether it was stopped before its end.
func (v victim) stopped(t *testing.T, cmd *exec.Cmd, dir string, after time.Duration) bool {
	var printed bytes.Buffer
	cmd.Stderr = &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(chan time.Time, 1)
	timer := time.AfterFunc(after, func() {
		told <- time.Now()
		_ = v.stop(cmd.Process)
	})
	err := cmd.Wait()
	if err == nil {
		timer.Stop()
		return false
	}
	e := ending{state: cmd.ProcessState, printed: printed.String()}
	if !timer.Stop() {
		e.after = time.Since(<-told)
	} else if e.state.ExitCode() >= 0 {
		t.Fatalf("it failed before it was stopped: %s", e.printed)
	}
	v.ended(t, cmd.Args, dir, e)
	return true
}

// call is a command of the program's, with the folder in the place of DIR.
func (s surroundings) call(args []string, dir string) *exec.Cmd {
	own := make([]string, len(args))
	for i, a := range args {
		own[i] = strings.Replace(a, "DIR", dir, 1)
	}
	return exec.Command(s.program, own...)
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
