package diagnosis

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/models/edit"
	"dcae/models/torch"
	"dcae/training/files"
)

// What a diagnosis' folder holds.
const (
	answerFile = "diagnosis.json"
	fixedFile  = "fixed.keras"
	fixedTorch = "fixed.safetensors" // state_dict of a module of PyTorch
	pageFile   = "report.html"
	lockFile   = ".lock" // while a diagnosis runs whose answer goes there
)

// allFiles are those that an answer may have, the answer itself as the last.
var allFiles = []string{fixedFile, fixedTorch, pictureFile, pageFile, answerFile}

// Claim makes a folder that can take an answer, until the lock is released. It fails if the folder cannot be made or written to, if another
// diagnosis is to go there, if it holds a study, or if files of the answer's names are there that are not of an earlier answer, or are
// inputs of this one.
func Claim(dir string, inputs ...string) (*files.Lock, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Errorf("cannot make the folder %s: %v", dir, files.Reason(err))
	}
	held, err := files.TryLock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, errors.WithMessage(err, "the answer cannot be saved")
	}
	if held == nil {
		return nil, errors.Errorf("another diagnosis is to go into the folder %s: wait for its end, or name another with --out", dir)
	}
	if err := checkFolder(dir, inputs); err != nil {
		held.Release()
		return nil, err
	}
	return held, nil
}

func checkFolder(dir string, inputs []string) error {
	if _, err := os.Lstat(filepath.Join(dir, "study.json")); err == nil {
		return errors.Errorf("the folder %s holds a study: name another with --out", dir)
	}
	isOwn := hasAnswer(dir)
	for _, file := range allFiles {
		if err := files.CheckOutput(filepath.Join(dir, file), func() bool { return isOwn }, inputs...); err != nil {
			return errors.WithMessage(err, "the answer cannot be saved")
		}
	}
	return nil
}

// hasAnswer tells whether a folder holds the answer of a diagnosis.
func hasAnswer(dir string) bool {
	b, err := os.ReadFile(filepath.Join(dir, answerFile))
	var d struct {
		Verdict *string          `json:"verdict"`
		Causes  *json.RawMessage `json:"causes"`
	}
	return err == nil && json.Unmarshal(b, &d) == nil && d.Verdict != nil && d.Causes != nil
}

// Save writes the repaired model, if there is one, the answer, and a page with a picture to a folder, see [Claim], in place of what an
// earlier answer left there. All is written beside it first, so that a kill leaves the earlier answer as it was.
//
// Only where the answer cannot be written is that an error. A model that cannot be saved and a page that cannot be drawn are warnings:
// they must not cost the answer.
func (e *Examination) Save(dir string) (warnings []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Errorf("cannot make the folder %s: %v", dir, files.Reason(err))
	}
	beside := filepath.Join(dir, ".new")
	if err := os.RemoveAll(beside); err != nil { // of a program that was killed
		return nil, errors.Errorf("cannot remove %s: %v", beside, files.Reason(err))
	}
	if err := os.Mkdir(beside, 0o755); err != nil {
		return nil, errors.Errorf("cannot make the folder %s: %v", beside, files.Reason(err))
	}
	defer func() { _ = os.RemoveAll(beside) }() // the next answer removes what is left
	warn := func(err error, what string) {
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("%s: %v", what, err))
		}
	}
	warn(e.saveRepaired(beside, dir), "the repaired model could not be saved")
	b, err := json.MarshalIndent(e.Diagnosis, "", "  ")
	if err != nil {
		return warnings, errors.Wrap(err, "answer as JSON")
	}
	if err := files.WriteBytes(filepath.Join(beside, answerFile), append(b, '\n')); err != nil {
		return warnings, err
	}
	pictures, err := e.savePicture(beside)
	warn(err, "before and after could not be drawn")
	warn(e.savePage(beside, pictures), "the page could not be written")
	for _, file := range allFiles {
		if err = putInPlace(beside, dir, file); file != answerFile {
			warn(err, file+" could not be put in its place")
		}
	}
	return warnings, err
}

// putInPlace moves a file of an answer to its folder, or removes the one that an earlier answer had if this one has none.
func putInPlace(from, to, file string) error {
	err := os.Rename(filepath.Join(from, file), filepath.Join(to, file))
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Remove(filepath.Join(to, file))
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Errorf("cannot write %s: %v", filepath.Join(to, file), files.Reason(err))
}

// saveRepaired writes the repaired model, if there is one, and says in the answer where it will be.
func (e *Examination) saveRepaired(beside, dir string) error {
	r := e.Repaired
	if r == nil {
		return nil
	}
	if r.Torch != nil {
		state, err := r.Torch.ChangedStateDict(r.Params)
		if err != nil {
			return err
		}
		if err := torch.SaveSafetensors(filepath.Join(beside, fixedTorch), state); err != nil {
			return err
		}
		e.Fix.Model = filepath.Join(dir, fixedTorch)
		return nil
	}
	m, params, err := edit.KerasNames(r.Model, r.Params)
	if err != nil {
		return err
	}
	if err := saved.SaveKeras(filepath.Join(beside, fixedFile), &saved.Model{Model: m, Params: params, Optimizer: r.Optimizer, Loss: r.Loss}); err != nil {
		return err
	}
	e.Fix.Model = filepath.Join(dir, fixedFile)
	return nil
}
