package live

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"dcae/experiments"
)

// How a study is followed.
const (
	followEvery  = 400 * time.Millisecond
	followPoints = 400     // of a run's steps, at even distances
	followChunk  = 1 << 20 // bytes of a record that are read at once
	mostFollowed = 20      // studies at a time
)

// follows are the studies that somebody watches.
type follows struct {
	s   *Server
	mu  sync.Mutex
	all map[string]*events // by the study's path
}

func newFollows(s *Server) *follows { return &follows{s: s, all: map[string]*events{}} }

// follow sends a study's records, and what is added to them.
func (s *Server) follow(w http.ResponseWriter, r *http.Request) {
	dir := r.PathValue("path")
	e, err := s.follows.of(dir)
	if err != nil {
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	e.serve(s.ctx, w, r)
}

// of are the events of a study. The first who asks sets off that its records are read.
func (f *follows) of(dir string) (*events, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e := f.all[dir]; e != nil {
		return e, nil
	}
	if len(f.all) >= mostFollowed {
		return nil, errTooMany
	}
	d, err := f.s.definition(dir)
	if err != nil {
		return nil, err
	}
	e := newEvents()
	f.all[dir] = e
	f.s.work.Go(func() {
		newFollower(f.s, dir, d, e).follow(f.s.ctx)
		f.mu.Lock()
		delete(f.all, dir)
		f.mu.Unlock()
		e.end()
	})
	return e, nil
}

// follower reads a study's records as they grow.
type follower struct {
	s    *Server
	dir  string
	e    *events
	runs []*followedRun
}

type followedRun struct {
	experiments.RunRecords
	number   int
	steps    followedFile
	epochs   followedFile
	finished bool
}

// followedFile is how far a record has been read.
type followedFile struct {
	path   string
	read   int64
	feed   *feed
	failed bool
}

// What a page is told of a study and its runs.
type (
	studyEvent struct {
		Name     string     `json:"name"`
		Question string     `json:"question"`
		Data     string     `json:"data"`
		Runs     []runEvent `json:"runs"`
	}
	runEvent struct {
		Group string `json:"group"`
		Arm   string `json:"arm"`
		Seed  uint64 `json:"seed"`
		Steps int    `json:"steps"` // planned
	}
	columnsEvent struct {
		Run   int      `json:"run"`
		Table string   `json:"table"` // steps or epochs
		Names []string `json:"names"`
	}
	linesEvent struct {
		Run   int    `json:"run"`
		Table string `json:"table"`
		Text  string `json:"text"`
	}
	resultEvent struct {
		Run    int             `json:"run"`
		Result json.RawMessage `json:"result"`
	}
	warningEvent struct {
		Run     int    `json:"run"`
		Warning string `json:"warning"`
	}
)

// wantedColumn tells which columns of steps.csv are followed.
func wantedColumn(name string) bool {
	return !strings.HasSuffix(name, "/gradient_rms") && !strings.HasSuffix(name, "/weight_norm")
}

func newFollower(s *Server, dir string, d *experiments.Definition, e *events) *follower {
	f := &follower{s: s, dir: dir, e: e}
	about := studyEvent{Name: d.Name, Question: d.Question, Data: d.Data.Name, Runs: []runEvent{}}
	for i, r := range d.Records() {
		about.Runs = append(about.Runs, runEvent{r.Group, r.Arm, r.Seed, r.PlannedSteps})
		f.runs = append(f.runs, &followedRun{
			RunRecords: r, number: i,
			steps:  followedFile{path: r.Steps, feed: &feed{every: max(1, r.PlannedSteps/followPoints), wanted: wantedColumn}},
			epochs: followedFile{path: r.Epochs, feed: &feed{}},
		})
	}
	e.add("study", about)
	return f
}

// follow reads on until all runs are finished, ctx ends, nobody has watched for a while, or the study is another one.
func (f *follower) follow(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		for _, r := range f.runs {
			if !r.finished && ctx.Err() == nil && !f.look(r) {
				f.e.add("restart", nil)
				return
			}
		}
		if !slices.ContainsFunc(f.runs, func(r *followedRun) bool { return !r.finished }) || f.e.alone() > f.s.wait {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look reads on in a run's records. It is false where a record has become shorter: the run began anew, and so must who follows it.
func (f *follower) look(r *followedRun) bool {
	result, err := f.s.read(path.Join(f.dir, r.Result), mostJSON)
	isFinished := err == nil && json.Valid(result)
	for table, file := range map[string]*followedFile{"steps": &r.steps, "epochs": &r.epochs} {
		if !f.readOn(r.number, table, file) {
			return false
		}
	}
	if isFinished {
		r.finished = true
		f.e.add("result", resultEvent{r.number, result})
	}
	return true
}

func (f *follower) readOn(run int, table string, file *followedFile) bool {
	in, info, err := f.s.open(path.Join(f.dir, file.path))
	if err != nil {
		return file.read == 0 // it has not begun, or is gone
	}
	defer func() { _ = in.Close() }()
	if info.Size() < file.read {
		return false
	}
	if file.failed || info.Size() == file.read {
		return true
	}
	if _, err := in.Seek(file.read, io.SeekStart); err != nil {
		return true
	}
	buffer := make([]byte, min(followChunk, info.Size()-file.read))
	for {
		n, err := in.Read(buffer)
		file.read += int64(n)
		columns, lines, failed := file.feed.take(buffer[:n])
		if columns != nil {
			f.e.add("columns", columnsEvent{run, table, columns})
		}
		if lines != "" {
			f.e.add("lines", linesEvent{run, table, lines})
		}
		if failed != nil {
			file.failed = true
			f.e.add("warning", warningEvent{run, table + ".csv: " + failed.Error()})
			return true
		}
		if err != nil || n == 0 {
			return true
		}
	}
}
