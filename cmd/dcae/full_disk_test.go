//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// writing are commands that write, each with what it writes to as OUT in a folder DIR. Before, OUT is there from the same call.
var writing = []struct {
	args  []string
	grows bool // records are added to what is there, and an error leaves those that are whole
}{
	{args: strings.Fields("run STUDY --quiet --tensorboard --out DIR/OUT"), grows: true},
	{args: strings.Fields("train MODEL --data DATA --epochs 3 --checkpoint-every 1 --quiet --tensorboard --out DIR/OUT"), grows: true},
	{args: strings.Fields("merge PARTS/1 PARTS/2 --out DIR/OUT"), grows: true},
	{args: strings.Fields("plot DIR/OUT")},
	{args: strings.Fields("compare PARTS/0 PARTS/0 --out DIR/OUT.html")},
	{args: strings.Fields("diagnose MODEL --data DATA --seconds 1 --quiet --out DIR/OUT")},
	{args: strings.Fields("predict MODEL --data DATA --png --out DIR/OUT.npz")},
	{args: strings.Fields("trace MODEL --data DATA --steps 1 --out DIR/OUT.npz")},
	{args: strings.Fields("verify PARTS/0 --quiet")},
	{args: strings.Fields("man DIR/OUT")},
}

// material is what the commands read.
func material(t *testing.T) *strings.Replacer {
	t.Helper()
	model, batch := savedModel(t)
	dir := t.TempDir()
	study := filepath.Join(dir, "study.yaml")
	text := "name: small\nquestion: Q?\ndata: " + batch + "\nseeds: 1-2\nbudget: {epochs: 2, batch: 4}\ngroups:\n  - {name: g, control: a, settings: {model: " + model + "}, arms: [{name: a}, {name: b, learning_rate: 0.1}]}\n"
	if err := os.WriteFile(study, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for out, task := range map[string]string{"0": "1/1", "1": "1/2", "2": "2/2"} {
		if code, _, errs := call("run", study, "--quiet", "--task", task, "--out", filepath.Join(dir, out)); code != 0 {
			t.Fatal(errs)
		}
	}
	return strings.NewReplacer("STUDY", study, "MODEL", model, "DATA", batch, "PARTS", dir)
}

// filesBelow are the contents of all files below a folder.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		out[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// oneLine runs a command that is to fail with one clear line.
func oneLine(t *testing.T, c *exec.Cmd, about string, want ...string) {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	line := errs.String()
	clear := strings.HasPrefix(line, "dcae: ") && strings.Count(line, "\n") == 1 && !regexp.MustCompile(`: (open|write|mkdir) /`).MatchString(line)
	for _, w := range want {
		clear = clear && strings.Contains(line, w)
	}
	if c.ProcessState.ExitCode() != 1 || !clear {
		t.Errorf("%s: exit code %d, want 1; printed %q, want a line with %q", about, c.ProcessState.ExitCode(), line, want)
	}
}

// Whatever a command writes: a disk that is full, a limit of files' sizes, and a folder that must not be written to end it with one clear line;
// what was there before stays whole, and nothing is left half written.
func TestWhatCannotBeWrittenCostsNothing(t *testing.T) {
	inputs := material(t)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("only root can mount:", err)
	}
	defer func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	}()
	for _, w := range writing {
		t.Run(w.args[0], func(t *testing.T) {
			dir := filepath.Join(disk, w.args[0])
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := os.RemoveAll(dir); err != nil {
					t.Error(err)
				}
			}()
			fill := func(args []string, out string) []string {
				filled := make([]string, len(args))
				for i, a := range args {
					filled[i] = strings.NewReplacer("DIR", dir, "OUT", out).Replace(inputs.Replace(a))
				}
				return filled
			}
			if w.args[0] == "plot" {
				if code, _, errs := call(fill(writing[0].args, "there")...); code != 0 {
					t.Fatal(errs)
				}
			}
			if code, _, errs := call(fill(w.args, "there")...); code != 0 {
				t.Fatal(errs)
			}
			whole := filesBelow(t, dir)
			unchanged := func(about string) {
				t.Helper()
				now := filesBelow(t, dir)
				for path, content := range whole {
					if now[path] != content && !isTimed(path) {
						t.Errorf("%s: %s was changed", about, path)
					}
				}
				for path := range now {
					if _, ok := whole[path]; !ok {
						t.Errorf("%s: %s was left", about, path)
					}
				}
			}
			again := func(args []string) *exec.Cmd {
				c := program(t, args...)
				c.Env = append(c.Env, "TMPDIR="+dir)
				return c
			}
			out, there := "there", fill(w.args, "there")
			if w.grows {
				out = "new"
			}
			goOn := func(about string) {
				t.Helper()
				if !w.grows {
					return
				}
				for _, more := range []string{"--quiet", "--resume", "--force"} { // as the messages say
					more := strings.ReplaceAll(more, "--quiet", "--out="+filepath.Join(dir, out))
					if code, _, errs := call(append(fill(w.args, out), more)...); code == 0 {
						break
					} else if more == "--force" || w.args[0] != "train" {
						t.Errorf("%s: it does not go on: %s", about, errs)
					}
				}
				for path, content := range whole {
					own := strings.Replace(path, "there", out, 1)
					if now, err := os.ReadFile(own); !isTimed(path) && (err != nil || string(now) != content) {
						t.Errorf("%s: %s is another one afterwards, error %v", about, own, err)
					}
				}
				if left, _ := filepath.Glob(filepath.Join(dir, out, ".*")); len(left) > 0 {
					t.Errorf("%s: %v was left", about, left)
				}
				if err := os.RemoveAll(filepath.Join(dir, out)); err != nil {
					t.Fatal(err)
				}
			}
			for _, blocks := range []int{0, 1, 8} { // of 512 bytes
				about := fmt.Sprintf("files of at most %d bytes", 512*blocks)
				c := again(fill(w.args, out))
				c.Args = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -f %d; exec "$0" "$@"`, blocks), c.Path}, c.Args[1:]...)
				c.Path = "/bin/sh"
				if blocks == 8 && !w.grows {
					continue // all that it has to write may fit
				}
				oneLine(t, c, about, "file too large")
				if !w.grows {
					unchanged(about)
				}
				goOn(about)
			}
			ballast := filepath.Join(disk, "ballast")
			if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o644); err == nil {
				t.Fatal("the disk is not full")
			}
			if !w.grows {
				oneLine(t, again(there), "a full disk", "no space left on device")
			}
			if out := fill(w.args, "new"); w.args[0] != "plot" && w.args[0] != "verify" {
				oneLine(t, again(out), "a full disk", "no space left on device")
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			if !w.grows {
				unchanged("a full disk")
			}
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=4m"); err != nil {
				t.Skip("this file system cannot be made read-only here:", err)
			}
			before := filesBelow(t, dir)
			for _, out := range []string{"there", "new"} {
				if w.args[0] != "plot" || out == "there" {
					oneLine(t, again(fill(w.args, out)), "read-only", "read-only file system")
				}
			}
			if after := filesBelow(t, dir); len(after) != len(before) {
				t.Errorf("read-only: %d files have become %d", len(before), len(after))
			}
			if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=4m"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// isTimed tells whether a file holds times.
func isTimed(path string) bool {
	switch filepath.Base(path) {
	case "invocation.json", "timing.csv", "report.html", "diagnosis.json", "report.png":
		return true
	}
	return strings.Contains(path, "tfevents")
}
