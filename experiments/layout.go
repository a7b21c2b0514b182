package experiments

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/pkg/errors"
)

// A study's folder holds:
//
//	study.json            all that defines the runs
//	invocation.json       where, when and how the program was called
//	timing.csv            how long each epoch took
//	results.csv           one line for each finished run
//	images.npz            the digits that are reconstructed, and the mean image
//	runs/ARM/seed-N/      steps.csv, epochs.csv, reconstructions.npz of a run
//	*.png                 pictures
//
// study.json, results.csv and everything in runs/ are the same bytes each time the same study is run.
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
	checkpointFile      = "checkpoint"
)

func runFolder(dir, arm string, seed uint64) string {
	return filepath.Join(dir, runsFolder, arm, fmt.Sprintf("seed-%d", seed))
}

// PrepareFolder makes sure that dir exists, can be written to and is empty. With force, a study that lies there already is
// removed first; other files are left alone.
func PrepareFolder(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.Errorf("cannot make the folder %s: %v", dir, reason(err))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return errors.Errorf("cannot read the folder %s: %v", dir, reason(err))
	}
	if len(entries) > 0 && !force {
		return errors.Errorf("the folder %s is not empty; name another with --out, or replace the study in it with --force", dir)
	}
	probe, err := os.CreateTemp(dir, ".probe")
	if err != nil {
		return errors.Errorf("cannot write to the folder %s: %v", dir, reason(err))
	}
	if err := errors.Wrap(probe.Close(), dir); err != nil {
		return err
	}
	if err := os.Remove(probe.Name()); err != nil {
		return errors.Errorf("cannot remove from the folder %s: %v", dir, reason(err))
	}
	names := []string{studyFile, invocationFile, timingFile, resultsFile, imagesFile, runsFolder}
	for _, p := range pictures {
		names = append(names, p.file)
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return errors.Errorf("cannot replace %s: %v", filepath.Join(dir, name), reason(err))
		}
	}
	return nil
}

// reason is what the operating system says, without the path, which the caller's message has.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return errors.Wrap(err, path)
	}
	return writeFile(path, append(b, '\n'))
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return errors.Errorf("cannot read %s: %v", path, reason(err))
	}
	if err := json.Unmarshal(b, v); err != nil {
		return errors.Errorf("%s is damaged: %v", path, err)
	}
	return nil
}

func writeFile(path string, b []byte) error {
	if err := renameio.WriteFile(path, b, 0o644); err != nil {
		return errors.Errorf("cannot write %s: %v", path, reason(err))
	}
	return nil
}
