package diagnosis

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/internal/files"
	"dcae/models/edit"
)

// What a diagnosis' folder holds.
const (
	answerFile = "diagnosis.json"
	fixedFile  = "fixed.keras"
)

// Save writes the repaired model, if there is one, then the answer, then a page with a picture to a folder, which is made.
//
// Only where the answer cannot be written is that an error. A model that cannot be saved and a page that cannot be drawn are warnings:
// they must not cost the answer.
func (e *Examination) Save(dir string) (warnings []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, errors.Wrap(err, "folder for the answer")
	}
	warn := func(err error, what string) {
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("%s: %v", what, err))
		}
	}
	warn(e.saveRepaired(dir), "the repaired model could not be saved")
	b, err := json.MarshalIndent(e.Diagnosis, "", "  ")
	if err != nil {
		return warnings, errors.Wrap(err, "answer as JSON")
	}
	if err := files.WriteBytes(filepath.Join(dir, answerFile), append(b, '\n')); err != nil {
		return warnings, err
	}
	pictures, err := e.savePicture(dir)
	warn(err, "before and after could not be drawn")
	warn(e.savePage(dir, pictures), "the page could not be written")
	return warnings, nil
}

// saveRepaired writes the repaired model, if there is one, and says in the answer where it is.
func (e *Examination) saveRepaired(dir string) error {
	r := e.Repaired
	if r == nil {
		return nil
	}
	m, params, err := edit.KerasNames(r.Model, r.Params)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, fixedFile)
	if err := saved.SaveKeras(path, &saved.Model{Model: m, Params: params, Optimizer: r.Optimizer, Loss: r.Loss}); err != nil {
		return err
	}
	e.Fix.Model = path
	return nil
}
