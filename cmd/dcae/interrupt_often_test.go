//go:build long && linux

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// How long a command may take to end when it is told to: seconds of computing, and, since the machine may be busy with other things, of all.
const (
	endsWithin = 2 * time.Second
	busyWithin = 2 * time.Minute
)

// Every command, told to end at random moments by Ctrl-C and SIGTERM: make interrupt KILLS=100 SEED=1. It ends soon, with exit code 1 and one line, leaves
// nothing half written, and the same call then does what it would have done.
func TestManyInterrupts(t *testing.T) {
	s := makeSurroundings(t)
	many := filepath.Join(s.root, "many.npz")
	writeBlobs(t, many, 3_000)
	trained, part := filepath.Join(s.root, "trained"), filepath.Join(s.root, "part1")
	if out, err := s.call(append([]string{"train", "improved", "--epochs", "1", "--out", trained}, s.small...), "").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	model := filepath.Join(trained, "last.keras")
	victims := s.writers()
	for _, call := range [][]string{
		{"predict", model, "--data", many, "--png", "--out", "DIR/out.npz"},
		{"trace", model, "--data", s.images, "--steps", "2", "--out", "DIR/out.npz"},
		{"bench", "sigmoid"},
		{"data", many},
		{"summary", model},
		{"graph", "improved"},
		{"plot", part},
		{"compare", part, filepath.Join(s.root, "part2"), "--out", "DIR/page.html"},
		{"verify", part, "--quiet"},
	} {
		victims = append(victims, victim{name: call[0], begin: call, again: call, varies: []string{"page.html"}})
	}
	stops, seed := setting(t, "KILLS", 20), setting(t, "SEED", 1)
	for i, v := range victims {
		random := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
		var computed time.Duration // until it was told to end
		v.stop = func(p *os.Process) error {
			computed = computing(p.Pid)
			return p.Signal([]os.Signal{os.Interrupt, syscall.SIGTERM}[random.IntN(2)])
		}
		v.ended = func(t *testing.T, args []string, dir string, e ending) {
			endedWell(t, args, dir, e)
			if more := e.state.UserTime() + e.state.SystemTime() - computed; more > endsWithin || e.after > busyWithin {
				t.Errorf("%q computed for %s after it was told to end, and ended after %s", args[1:], more, e.after)
			}
		}
		v.survives = nil
		t.Run(v.name, func(t *testing.T) { v.stopOften(t, s, max(1, stops/len(victims)), random) })
	}
}

// computing is for how long a process has computed until now; the system counts in hundredths of a second.
func computing(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // the third of all is the first here
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// endedWell looks at how a program ended that was told to.
func endedWell(t *testing.T, args []string, dir string, e ending) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(e.printed, "\n"), "\n")
	last := lines[len(lines)-1]
	switch code := e.state.ExitCode(); {
	case code < 0 && e.printed == "": // before it could listen
	case code != 1 || !strings.HasPrefix(last, "dcae: interrupted") || len(lines) > 1 && !strings.Contains(strings.Join(args, " "), "bench"):
		t.Errorf("%q: exit code %d, printed %q", args[1:], code, e.printed)
	}
	hidden, err := filepath.Glob(filepath.Join(dir, "*", ".*"))
	more, err2 := filepath.Glob(filepath.Join(dir, ".*"))
	if hidden = append(hidden, more...); err != nil || err2 != nil || len(hidden) > 0 {
		t.Errorf("%q left %v", args[1:], hidden)
	}
	for _, file := range []string{"out.npz", "page.html"} { // another call makes them whole, or they are not there
		if info, err := os.Stat(filepath.Join(dir, file)); err == nil && info.Size() == 0 {
			t.Errorf("%q left an empty %s", args[1:], file)
		}
	}
}
