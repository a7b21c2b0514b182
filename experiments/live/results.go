package live

import (
	"encoding/json"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments"
	"dcae/training/files"
)

// How far the folder of results is looked through.
const (
	mostDepth   = 5
	mostEntries = 20_000
	mostListed  = 500
	mostJSON    = 16 << 20 // bytes of a study.json or diagnosis.json
)

// found is a study, a run or a diagnosis that lies in the folder.
type found struct {
	Path     string    `json:"path"` // with slashes
	Kind     string    `json:"kind"` // study, run, recorded run, diagnosis
	Name     string    `json:"name"`
	Says     string    `json:"says"` // the question of a study, the answer of a diagnosis
	Runs     int       `json:"runs,omitempty"`
	Finished int       `json:"finished,omitempty"`
	Running  bool      `json:"running,omitempty"`
	Page     bool      `json:"page"` // there is a report.html
	Changed  time.Time `json:"changed"`
}

const (
	studyFile     = "study.json"
	diagnosisFile = "diagnosis.json"
	pageFile      = "report.html"
)

func (s *Server) listResults(w http.ResponseWriter, _ *http.Request) {
	out, seen := []found{}, 0
	tree := s.root.FS()
	_ = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error { // what cannot be read is passed over
		if seen++; err != nil || seen > mostEntries || len(out) >= mostListed {
			if e != nil && e.IsDir() || seen > mostEntries || len(out) >= mostListed {
				return fs.SkipDir
			}
			return nil
		}
		if !e.IsDir() {
			return nil
		}
		if name != "." && strings.HasPrefix(e.Name(), ".") || strings.Count(name, "/") >= mostDepth {
			return fs.SkipDir
		}
		for file, look := range map[string]func(string) (found, error){studyFile: s.lookAtStudy, diagnosisFile: s.lookAtDiagnosis} {
			info, err := fs.Lstat(tree, path.Join(name, file))
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			f, err := look(name)
			if err != nil {
				f = found{Kind: "damaged", Name: path.Base(name), Says: err.Error()}
			}
			f.Path, f.Changed = name, info.ModTime()
			f.Page = s.isFile(path.Join(name, pageFile))
			out = append(out, f)
			if file == studyFile {
				return fs.SkipDir // its own files alone are in it
			}
		}
		return nil
	})
	answer(w, out)
}

// definition reads a study's study.json.
func (s *Server) definition(dir string) (*experiments.Definition, error) {
	b, err := s.read(path.Join(dir, studyFile), mostJSON)
	if err != nil {
		return nil, err
	}
	return experiments.ParseDefinition(b, path.Join(dir, studyFile))
}

func (s *Server) lookAtStudy(dir string) (found, error) {
	d, err := s.definition(dir)
	if err != nil {
		return found{}, err
	}
	f := found{Kind: "study", Name: d.Name, Says: d.Question}
	switch {
	case d.RecordedBy != "":
		f.Kind = "recorded run"
	case d.Plan == nil:
		f.Kind = "run"
	}
	for _, run := range d.Records() {
		f.Runs++
		if s.isFile(path.Join(dir, run.Result)) {
			f.Finished++
			continue
		}
		if info, err := s.root.Stat(filepath.FromSlash(path.Join(dir, run.Steps))); err == nil && time.Since(info.ModTime()) < time.Minute {
			f.Running = true
		}
	}
	return f, nil
}

func (s *Server) lookAtDiagnosis(dir string) (found, error) {
	b, err := s.read(path.Join(dir, diagnosisFile), mostJSON)
	if err != nil {
		return found{}, err
	}
	var d struct {
		Name    string `json:"name"`
		Verdict string `json:"verdict"`
		Causes  []struct {
			Cause string `json:"cause"`
		} `json:"causes"`
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return found{}, errors.Errorf("%s is damaged: %v", path.Join(dir, diagnosisFile), err)
	}
	f := found{Kind: "diagnosis", Name: d.Name, Says: d.Verdict}
	if len(d.Causes) > 0 {
		f.Says += ": " + strings.ReplaceAll(d.Causes[0].Cause, "_", " ")
	}
	return f, nil
}

// open opens a regular file of the folder, by its path with slashes.
func (s *Server) open(name string) (io.ReadSeekCloser, fs.FileInfo, error) {
	if !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, nil, errors.Errorf("%q is no path of a file in the folder", name)
	}
	local := filepath.FromSlash(name)
	info, err := s.root.Stat(local)
	if err == nil && !info.Mode().IsRegular() { // to open a pipe would wait for its other end
		err = errors.New("it is no file")
	}
	if err != nil {
		return nil, nil, errors.Errorf("cannot read %s: %v", name, files.Reason(err))
	}
	f, err := s.root.Open(local)
	if err != nil {
		return nil, nil, errors.Errorf("cannot read %s: %v", name, files.Reason(err))
	}
	return f, info, nil
}

func (s *Server) isFile(name string) bool {
	info, err := s.root.Stat(filepath.FromSlash(name))
	return err == nil && info.Mode().IsRegular()
}

// read reads a file of the folder that has so many bytes at most.
func (s *Server) read(name string, most int64) ([]byte, error) {
	f, info, err := s.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read only
	if info.Size() > most {
		return nil, errors.Errorf("%s has %d bytes; %d are the most", name, info.Size(), most)
	}
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil, errors.Errorf("cannot read %s: %v", name, files.Reason(err))
	}
	return b, nil
}

// types are the contents of files that a browser shows; of others it makes files of its user's.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".png": "image/png", ".json": "application/json", ".csv": "text/csv; charset=utf-8",
	".txt": "text/plain; charset=utf-8", ".yaml": "text/plain; charset=utf-8", ".py": "text/plain; charset=utf-8",
}

// serveFile serves a file of the folder as what it may be: foreign.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("path")
	f, info, err := s.open(name)
	if err != nil {
		refuse(w, http.StatusNotFound, err.Error())
		return
	}
	defer func() { _ = f.Close() }()
	serveForeign(w, r, f, path.Base(name), info.ModTime())
}

func serveForeign(w http.ResponseWriter, r *http.Request, f io.ReadSeeker, name string, changed time.Time) {
	w.Header().Set("Content-Security-Policy", foreignPages)
	w.Header().Del("Cross-Origin-Opener-Policy") // with which browsers do not open a sandboxed page
	kind, shown := types[strings.ToLower(path.Ext(name))]
	if !shown {
		kind = "application/octet-stream"
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, name, changed, f)
}
