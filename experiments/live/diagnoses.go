package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/training/dataset"
)

// Bounds of diagnoses.
const (
	mostDiagnoses = 20 // that are kept
	mostSeconds   = 3600
	mostPrinted   = 16 << 20
)

// jobs are diagnoses. Each is a process of the program itself, so that it computes what the command line does, and so that a file that
// does harm to it does none to the server.
type jobs struct {
	s       *Server
	uploads *uploads
	kept    shelf[*job]
}

type job struct {
	id     string
	name   string
	out    string // folder of the answer
	events *events
	stop   context.CancelFunc
}

func (j *job) address() string { return j.id }
func (j *job) stream() *events { return j.events }

func newJobs(s *Server) *jobs {
	return &jobs{s: s, uploads: &uploads{dir: filepath.Join(s.own, "uploads")}, kept: shelf[*job]{missing: "there is no such diagnosis any more"}}
}

// asked is what a page wants to have diagnosed.
type asked struct {
	Model   string  `json:"model"`  // variant, upload, or file of the folder
	Images  string  `json:"images"` // built-in set, upload, or file of the folder
	Target  string  `json:"target"`
	Scale   string  `json:"scale"`
	Resize  string  `json:"resize"`
	Seconds float64 `json:"seconds"` // default 60
	Look    bool    `json:"look"`    // only tell what is read from the files
}

// command is how the program is called for it.
func (j *jobs) command(a asked, out string) ([]string, error) {
	local := func(name string, known bool) (string, error) {
		if known || name == "" {
			return name, nil
		}
		return j.s.localFile(name)
	}
	model, err := local(a.Model, slices.Contains(saved.VariantNames(), a.Model))
	if err != nil {
		return nil, errors.WithMessage(err, "model")
	}
	images, err := local(a.Images, dataset.IsBuiltIn(a.Images))
	if err != nil {
		return nil, errors.WithMessage(err, "images")
	}
	target, err := local(a.Target, false)
	if err != nil {
		return nil, errors.WithMessage(err, "targets")
	}
	var flags []string
	for _, f := range []struct{ name, value string }{{"data", images}, {"target", target}, {"scale", a.Scale}, {"resize", a.Resize}} {
		if f.value != "" {
			flags = append(flags, "--"+f.name+"="+f.value)
		}
	}
	if !(a.Seconds >= 0 && a.Seconds <= mostSeconds) {
		return nil, errors.Errorf("it may take from 1 to %d seconds", mostSeconds)
	}
	if a.Seconds > 0 {
		flags = append(flags, fmt.Sprintf("--seconds=%g", a.Seconds))
	}
	if model == "" || images == "" {
		return nil, errors.New("give a model and images")
	}
	flags = append(flags, "--out="+out, "--json", "--progress", fmt.Sprintf("--threads=%d", j.s.options.Threads))
	return append([]string{"diagnose", model}, flags...), nil
}

// create begins a diagnosis, which waits for its turn.
func (j *jobs) create(w http.ResponseWriter, r *http.Request) {
	var a asked
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		refuse(w, http.StatusBadRequest, "what is asked for is no JSON, or too long")
		return
	}
	if a.Look {
		j.look(w, r, a)
		return
	}
	id := randomName()
	made := &job{id: id, name: "diagnosis of " + saved.NameOf(a.Model), out: filepath.Join(j.s.own, "diagnoses", id), events: newEvents()}
	args, err := j.command(a, made.out)
	if err == nil && j.s.options.Program == "" {
		err = errors.New("this server does not know the program that diagnoses")
	}
	if err == nil {
		err = j.kept.put(made, mostDiagnoses, release)
	}
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	ctx, stop := context.WithCancel(j.s.ctx)
	made.stop = stop
	j.s.work.Go(func() {
		defer stop()
		defer made.events.end()
		if err := j.run(ctx, made, args); err != nil {
			made.events.add("failed", err.Error())
		}
	})
	answer(w, map[string]string{"id": id})
}

// release lets a diagnosis go that has ended, with its files.
func release(made *job) bool {
	_, _, ended := made.events.since(0)
	if ended {
		_ = os.RemoveAll(made.out) // at the latest it goes with the server
	}
	return ended
}

func (j *jobs) run(ctx context.Context, made *job, args []string) error {
	made.events.add("state", stateEvent{State: "waiting", Queue: j.s.queue.state()})
	end, err := j.s.queue.wait(ctx, made.name)
	if err != nil {
		return errors.New("it was stopped before its turn came")
	}
	defer end()
	made.events.add("state", stateEvent{State: "running", Queue: j.s.queue.state()})
	printed, err := j.call(ctx, args, func(line string) { made.events.add("progress", line) })
	if !json.Valid(printed) {
		if err == nil {
			err = errors.New("there is no answer")
		}
		return err
	}
	files := []string{}
	if entries, err := os.ReadDir(made.out); err == nil { // else there are none to show
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, e.Name())
			}
		}
	}
	made.events.add("answer", answerEvent{printed, files})
	return nil
}

type answerEvent struct {
	Diagnosis json.RawMessage `json:"diagnosis"`
	Files     []string        `json:"files"`
}

// call calls the program, and returns what it printed. progress is told of each line on standard error. Its last one is the error, if it fails.
func (j *jobs) call(ctx context.Context, args []string, progress func(string)) ([]byte, error) {
	c := exec.CommandContext(ctx, j.s.options.Program, args...)
	c.Cancel = func() error {
		if c.Process.Signal(os.Interrupt) != nil { // Windows has no such signal
			return c.Process.Kill()
		}
		return nil
	}
	c.WaitDelay = 5 * time.Second
	var printed bytes.Buffer
	c.Stdout = &limited{to: &printed, left: mostPrinted}
	said, err := c.StderrPipe()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	if err := c.Start(); err != nil {
		return nil, errors.Wrap(err, "starting the program")
	}
	last := ""
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		last = lines.Text()
		var e struct {
			Text string `json:"text"`
		}
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Text != "" {
			last = e.Text
		}
		progress(last)
	}
	_, _ = io.Copy(io.Discard, said) // of a line that is too long
	if err := c.Wait(); err != nil {
		if ctx.Err() != nil {
			return printed.Bytes(), errors.New("it was stopped")
		}
		return printed.Bytes(), errors.New(strings.TrimPrefix(last, "dcae: "))
	}
	return printed.Bytes(), nil
}

// limited passes over what is too much.
type limited struct {
	to   io.Writer
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.left -= n
	if _, err := l.to.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}

// look tells what is read from a model's file, or from images.
func (j *jobs) look(w http.ResponseWriter, r *http.Request, a asked) {
	name, args := a.Model, []string{"summary"}
	known := false
	if slices.Contains(saved.VariantNames(), name) {
		answer(w, map[string]string{"text": name + " is one of the program's own models; dcae list and the lab show more of it.\n"})
		return
	}
	if name == "" {
		name, args = a.Images, []string{"data"}
		known = dataset.IsBuiltIn(name)
	}
	if !known {
		local, err := j.s.localFile(name)
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		name = local
	}
	ctx, stop := context.WithTimeout(r.Context(), time.Minute)
	defer stop()
	said := ""
	args = append(args, name)
	if args[0] == "data" && a.Scale != "" {
		args = append(args, "--scale="+a.Scale)
	}
	if args[0] == "data" && a.Resize != "" {
		args = append(args, "--resize="+a.Resize)
	}
	printed, err := j.call(ctx, args, func(line string) { said += line + "\n" })
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	answer(w, map[string]string{"text": string(printed) + said})
}

func (j *jobs) cancel(w http.ResponseWriter, r *http.Request) {
	if made, ok := j.kept.find(w, r); ok {
		made.stop()
		answer(w, true)
	}
}

// serveFile serves a file of the answer.
func (j *jobs) serveFile(w http.ResponseWriter, r *http.Request) {
	made, ok := j.kept.find(w, r)
	if !ok {
		return
	}
	const noFile = "there is no such file"
	name := r.PathValue("file")
	if name != filepath.Base(name) || !filepath.IsLocal(name) {
		refuse(w, http.StatusNotFound, noFile)
		return
	}
	f, err := os.OpenInRoot(made.out, name)
	if err != nil {
		refuse(w, http.StatusNotFound, noFile)
		return
	}
	defer func() { _ = f.Close() }() // it was read only
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		refuse(w, http.StatusNotFound, noFile)
		return
	}
	serveForeign(w, r, f, name, info.ModTime())
}
