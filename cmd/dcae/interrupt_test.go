//go:build !windows

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the program as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// Whatever a command is at, it ends soon after it is told to.
func TestEveryCommandEndsWhenItIsTold(t *testing.T) {
	model, batch := savedModel(t)
	dir := t.TempDir()
	for _, c := range []struct {
		args     []string
		begun    string // is printed when it is at work
		want     string
		leftover string
	}{
		{[]string{"bench", "sigmoid", "improved"}, "sigmoid: ", "dcae: interrupted\n", ""},
		{[]string{"train", model, "--data", batch, "--epochs", "1000000", "--out", filepath.Join(dir, "train")}, "epoch 1 of", "the same call with --resume continues\n", "train"},
		{[]string{"run", "--epochs", "1000", "--images", "64", "--out", filepath.Join(dir, "run")}, "epoch 1 of", "the same call goes on\n", "run"},
	} {
		for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
			cmd := program(t, c.args...)
			printed := &waitingFor{text: c.begun, found: make(chan struct{})}
			cmd.Stdout, cmd.Stderr = printed, printed
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-printed.found
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			killed := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
			_ = cmd.Wait()
			if !killed.Stop() || cmd.ProcessState.ExitCode() != 1 || !strings.HasSuffix(printed.all.String(), c.want) {
				t.Errorf("%s, %v: exit code %d, printed %q", c.args[0], signal, cmd.ProcessState.ExitCode(), printed.all.String())
			}
			if c.leftover != "" {
				if hidden, err := filepath.Glob(filepath.Join(dir, c.leftover, ".*")); err != nil || len(hidden) > 0 {
					t.Errorf("%s left %v", c.args[0], hidden)
				}
				if err := os.RemoveAll(filepath.Join(dir, c.leftover)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// waitingFor is what a program prints; found is closed as soon as a text is in it.
type waitingFor struct {
	text  string
	found chan struct{}
	all   bytes.Buffer
}

func (w *waitingFor) Write(b []byte) (int, error) {
	before := strings.Contains(w.all.String(), w.text)
	w.all.Write(b)
	if !before && strings.Contains(w.all.String(), w.text) {
		close(w.found)
	}
	return len(b), nil
}

// A pipe whose reader has gone ends nothing: what was trained is saved.
func TestAReaderThatGoesEndsNothing(t *testing.T) {
	model, batch := savedModel(t)
	out := filepath.Join(t.TempDir(), "out")
	cmd := program(t, "train", model, "--data", batch, "--epochs", "20", "--json", "--out", out)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = stdout.Close()
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(errs.String(), "cannot print: broken pipe") {
		t.Errorf("exit code %d, printed %q", code, errs.String())
	}
	if _, err := os.Stat(filepath.Join(out, "last.keras")); err != nil {
		t.Error(err)
	}
}
