package diagnosis

import (
	"encoding/json"
	"fmt"
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

// allFiles are those that an answer may have, the answer itself as the first.
var allFiles = []string{answerFile, pageFile, pictureFile, fixedFile, fixedTorch}

// Claim makes a folder that can take an answer, and keeps it for this one until it is left. It fails if the folder cannot be made or written to, if another
// diagnosis is to go there, if it holds a study, or if files of the answer's names are there that are not of an earlier answer, or are
// inputs of this one.
func Claim(dir string, inputs ...string) (leave func(), err error) {
	undo, err := files.MakeFolder(dir)
	if err != nil {
		return nil, err
	}
	held, err := claim(dir, inputs)
	if err != nil {
		undo()
		return nil, err
	}
	return func() {
		held.Release()
		undo() // where no answer was written
	}, nil
}

func claim(dir string, inputs []string) (*files.Lock, error) {
	held, err := files.TryLock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, errors.WithMessage(err, "the answer cannot be saved")
	}
	if held == nil {
		return nil, errors.Errorf("another diagnosis is to go into the folder %s: wait for its end, or name another with --out", dir)
	}
	_, err = putInPlace(dir) // what a program that was killed has left
	if err == nil {
		err = files.RemoveAbandoned(dir, allFiles...) // as it has on Windows, when it looked whether it can write
	}
	if err == nil {
		err = checkFolder(dir, inputs)
	}
	if err != nil {
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
	there, _ := answerIn(dir)
	return there
}

// Save writes the repaired model, if there is one, the answer, and a page with a picture to a folder, see [Claim], in place of what an
// earlier answer left there. All is written beside it first: whatever goes wrong, and whenever the program is killed, the folder keeps the
// earlier answer as a whole or has the new one.
//
// It fails where something cannot be written. A model that no file can hold, a picture that cannot be drawn, and a file other than the answer in whose
// place something else stands are warnings: they must not cost the answer.
func (e *Examination) Save(dir string) (warnings []string, err error) {
	if _, err := files.MakeFolder(dir); err != nil {
		return nil, err
	}
	beside := filepath.Join(dir, newFolder)
	if err := os.RemoveAll(beside); err != nil { // of a program that was killed
		return nil, errors.Errorf("cannot remove %s: %v", beside, files.Reason(err))
	}
	if err := os.Mkdir(beside, 0o755); err != nil {
		return nil, errors.Errorf("cannot make the folder %s: %v", beside, files.Reason(err))
	}
	defer func() { _ = os.RemoveAll(beside) }() // the next answer removes what is left
	warn := func(err error, what string) error {
		if err != nil && !files.IsUnwritten(err) {
			warnings = append(warnings, fmt.Sprintf("%s: %v", what, err))
			err = nil
		}
		return err
	}
	if err := warn(e.saveRepaired(beside, dir), "the repaired model could not be saved"); err != nil {
		return warnings, err
	}
	b, err := json.MarshalIndent(e.Diagnosis, "", "  ")
	if err != nil {
		return warnings, errors.Wrap(err, "answer as JSON")
	}
	if err := files.WriteBytes(filepath.Join(beside, answerFile), append(b, '\n')); err != nil {
		return warnings, err
	}
	pictures, err := e.savePicture(beside)
	if err := warn(err, "before and after could not be drawn"); err != nil {
		return warnings, err
	}
	if err := warn(e.savePage(beside, pictures), "the page could not be written"); err != nil {
		return warnings, err
	}
	unplaced, err := commit(dir)
	if err == nil && !e.Interrupted {
		removeInterrupted(dir)
	}
	return append(warnings, unplaced...), err
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
