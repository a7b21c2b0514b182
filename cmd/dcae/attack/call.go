package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	timeLimit   = 60 * time.Second // of a call that does not train
	trainFor    = 8 * time.Second  // after which one that trains is told to end
	endsIn      = 20 * time.Second // after that
	memoryLimit = 1 << 30          // bytes, besides what the program reckons that the models need
	wordsLimit  = 6000             // bytes of an error
)

// call is one call of the program, in a folder of its own.
type call struct {
	program string
	root    string // holds the working folder "in", and "cache" and "tmp", where the program may write
	random  *rand.Rand

	args           []string
	damaged        string // the file that was damaged, and how
	code           int
	took           time.Duration
	computed       time.Duration // by all its threads
	stopped        bool          // by somebody else, until its time was over: that says nothing
	slow           bool          // longer than it may
	memory         int64
	stdout, stderr string
}

// make makes the call with copies of all material, one of which is damaged, and returns what is wrong with what came out.
func (c *call) make(material string) (problems []string, err error) {
	in := filepath.Join(c.root, "in")
	for _, folder := range []string{in, filepath.Join(c.root, "cache"), filepath.Join(c.root, "tmp"), filepath.Join(c.root, "beside")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(c.root, "beside", "mine"), []byte("mine"), 0o644); err != nil {
		return nil, err
	}
	if err := os.CopyFS(in, os.DirFS(material)); err != nil {
		return nil, err
	}
	target := c.chooseArguments(in)
	if target != "" && c.random.IntN(5) > 0 {
		if c.damaged, err = damage(in, target, c.random); err != nil {
			return nil, err
		}
	}
	before, err := snapshot(c.root)
	if err != nil {
		return nil, err
	}
	if err := c.run(in); err != nil {
		return nil, err
	}
	after, err := snapshot(c.root)
	if err != nil || c.stopped { // and killed in the end, so that it could not remove what it had
		return nil, err
	}
	return append(c.judge(in), c.changes(before, after)...), nil
}

// run runs the program. One that trains is told to end after a while.
func (c *call) run(in string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit+endsIn)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", append([]string{"-c", `ulimit -v 12000000; ulimit -f 400000; exec "$0" "$@"`, c.program}, c.args...)...)
	cmd.Dir = in
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(c.root, "cache"), "TMPDIR="+filepath.Join(c.root, "tmp"), "HOME="+c.root)
	cmd.Cancel = func() error {
		c.stopped = isStopped(cmd.Process.Pid)
		return cmd.Process.Kill()
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	var tell *time.Timer
	if c.trains() {
		tell = time.AfterFunc(trainFor, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	}
	err := cmd.Wait()
	if tell != nil {
		tell.Stop()
	}
	c.took, c.code = time.Since(start), cmd.ProcessState.ExitCode()
	c.computed = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	c.memory = largestMemory(cmd.ProcessState)
	c.stdout, c.stderr = stdout.String(), stderr.String()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}

// trains tells whether the command may take as long as it is told to.
func (c *call) trains() bool {
	switch c.args[0] {
	case "train", "run", "diagnose", "verify", "bench", "trace":
		return true
	}
	return false
}

// insides are words of Go and of packages that mean nothing to whoever uses the program.
var insides = regexp.MustCompile(`panic|goroutine \d|runtime error|nil pointer|unmarshal|(^|: )(json|yaml|zip|flate|gzip|png|gob|csv|strconv|runtime|reflect)[:.] ?[a-zA-Z]|invalid character|\bEOF\b|interface \{|%!|0xc0|<nil>|struct field|context canceled|cannot allocate|out of memory`)

// judge tells what is wrong with how the program ended and with what it printed.
func (c *call) judge(in string) []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if c.stopped {
		return nil
	}
	if c.code < 0 || c.code > 2 {
		add("exit code %d", c.code)
	}
	limit := timeLimit
	if c.trains() {
		limit = trainFor + endsIn
	}
	// On a busy machine a program may wait for its turn; one that hangs is killed in the end.
	if c.slow = c.code < 0 || c.took > limit && c.computed > limit/2; c.slow {
		add("it took %.0f s, and computed for %.0f", c.took.Seconds(), c.computed.Seconds())
	}
	if c.memory > memoryLimit {
		if need := c.reckoned(in); float64(c.memory) > memoryLimit+need {
			add("it took %d MiB, and reckons with %.0f MiB for its models", c.memory>>20, need/(1<<20))
		}
	}
	if where := insides.FindString(c.stderr); where != "" {
		add("its inside is seen: %s", where)
	}
	if c.code == 0 {
		return problems
	}
	lines := strings.Split(strings.TrimSuffix(c.stderr, "\n"), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "dcae: ") || strings.TrimSpace(last) == "dcae:" {
		add("the last line is no error of dcae's: %.200q", last)
	}
	if len(c.stderr) > wordsLimit && !c.trains() {
		add("it printed %d bytes about an error", len(c.stderr))
	}
	return problems
}

// out is the folder or file that the call may write, "" if none.
func (c *call) out() string {
	for i := len(c.args) - 2; i > 0; i-- { // the last one counts
		if c.args[i] == "--out" {
			return filepath.Clean(c.args[i+1])
		}
	}
	switch c.args[0] {
	case "plot", "merge":
		if len(c.args) > 1 {
			return filepath.Clean(c.args[1])
		}
	}
	return "results"
}
