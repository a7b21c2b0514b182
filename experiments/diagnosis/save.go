package diagnosis

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/models/edit"
)

// What a diagnosis' folder holds.
const (
	answerFile = "diagnosis.json"
	fixedFile  = "fixed.keras"
)

// Save writes the answer, a page and the repaired model, if there is one, to a folder.
func (d *Diagnosis) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.Wrap(err, "folder for the answer")
	}
	if r := d.Repaired; r != nil {
		path := filepath.Join(dir, fixedFile)
		m, params, err := edit.KerasNames(r.Model, r.Params)
		if err != nil {
			return err
		}
		if err := saved.SaveKeras(path, &saved.Model{Model: m, Params: params, Optimizer: r.Optimizer, Loss: r.Loss}); err != nil {
			return err
		}
		d.Fix.Model = path
	}
	if err := d.savePage(dir); err != nil {
		return err
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return errors.Wrap(err, "answer as JSON")
	}
	return errors.Wrap(renameio.WriteFile(filepath.Join(dir, answerFile), append(b, '\n'), 0o644), "writing the answer")
}
