package experiments

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/internal/files"
)

// A study's folder holds:
//
//	study.json            all that defines the runs
//	invocation.json       where, when and how the program was last called
//	timing.csv            how long each epoch took
//	results.csv           one line for each finished run
//	images.npz            the images that are reconstructed, and the mean image
//	runs/ARM/seed-N/      steps.csv, epochs.csv, reconstructions.npz of a run; when it is finished, result.json
//	report.html, *.png    the report, and its pictures
//	tensorboard/          event files, if they are wanted
//
// study.json, results.csv and everything in runs/ are the same bytes each time the same study is run. A run that is not
// finished has a checkpoint, and while somebody works on it a .lock. Task K/N writes invocation-K-of-N.json and
// timing-K-of-N.csv, so that tasks can share a folder.
const (
	studyFile           = "study.json"
	invocationFile      = "invocation.json"
	timingFile          = "timing.csv"
	resultsFile         = "results.csv"
	imagesFile          = "images.npz"
	runsFolder          = "runs"
	stepsFile           = "steps.csv"
	epochsFile          = "epochs.csv"
	reconstructionsFile = "reconstructions.npz"
	resultFile          = "result.json"
	checkpointFile      = "checkpoint"
	lockFile            = ".lock"
	tensorBoardFolder   = "tensorboard"
)

// suffixed puts a task's suffix between a file's name and its ending.
func suffixed(file, suffix string) string {
	ending := filepath.Ext(file)
	return strings.TrimSuffix(file, ending) + suffix + ending
}

// allTasks finds a file of which each task may have its own.
func allTasks(dir, file string) []string {
	out := []string{filepath.Join(dir, file)}
	entries, _ := os.ReadDir(dir) // without any there are none of tasks
	for _, e := range entries {
		if ok, _ := filepath.Match(suffixed(file, "-[0-9]*-of-[0-9]*"), e.Name()); ok {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}

func runFolder(dir, arm string, seed uint64) string {
	return filepath.Join(dir, runsFolder, arm, fmt.Sprintf("seed-%d", seed))
}

// PrepareFolder makes sure that dir exists, can be written to, and is empty or holds a study, with which a run may go on.
// With force, a study that lies there already is removed first; other files are left alone. Hidden files do not count.
func PrepareFolder(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.Errorf("cannot make the folder %s: %v", dir, files.Reason(err))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", dir, files.Reason(err))
	}
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
	if len(entries) > 0 && !force && !exists(filepath.Join(dir, studyFile)) {
		return notEmpty(dir)
	}
	probe, err := os.CreateTemp(dir, ".probe")
	if err != nil {
		return errors.Errorf("cannot write to the folder %s: %v", dir, files.Reason(err))
	}
	if err := errors.Wrap(probe.Close(), dir); err != nil {
		return err
	}
	if err := os.Remove(probe.Name()); err != nil {
		return errors.Errorf("cannot remove from the folder %s: %v", dir, files.Reason(err))
	}
	if !force {
		return nil
	}
	return removeStudy(dir)
}

// removeStudy removes all that a study has written.
func removeStudy(dir string) error {
	paths := []string{filepath.Join(dir, studyFile)} // the first to go: what is left without it is no study
	paths = append(append(paths, allTasks(dir, invocationFile)...), allTasks(dir, timingFile)...)
	for _, name := range []string{resultsFile, imagesFile, runsFolder, tensorBoardFolder, pageFile, armsFile, sharesFile} {
		paths = append(paths, filepath.Join(dir, name))
	}
	patterns := []string{"measure-[0-9]*.png"}
	for _, p := range pictures {
		patterns = append(patterns, p.file, "[0-9]*-"+p.file) // of a study of one group, and of several
	}
	for _, path := range paths {
		if err := os.RemoveAll(path); err != nil {
			return errors.Errorf("cannot replace %s: %v", path, files.Reason(err))
		}
	}
	for _, pattern := range patterns {
		if err := removeMatching(dir, pattern); err != nil {
			return err
		}
	}
	return nil
}

func notEmpty(dir string) error {
	return errors.Errorf("the folder %s is not empty; name another with --out, or replace the study in it with --force", dir)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // "FVU 0.3 < 0.5" is to be read
	err := e.Encode(v)
	return b.Bytes(), errors.Wrap(err, "JSON")
}

func writeJSON(path string, v any) error {
	b, err := encodeJSON(v)
	if err != nil {
		return errors.WithMessage(err, path)
	}
	return files.WriteBytes(path, b)
}

func readFile(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Errorf("cannot read %s: %v", path, files.Reason(err))
	}
	return b, nil
}

func readJSON(path string, v any) error {
	b, err := readFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return errors.Errorf("%s is damaged: %v", path, err)
	}
	return nil
}
