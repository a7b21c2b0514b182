package diagnosis

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/experiments"
)

// ModelFile is the model that a name stands for: in the folder of a finished run the model after its last epoch, else the name
// itself.
func ModelFile(name string) string {
	if last := filepath.Join(name, "last.keras"); isFile(last) {
		return last
	}
	return name
}

// RunImages is what the study.json in a run's folder says about its images; ok is false where name is no such folder.
func RunImages(name string) (d experiments.Data, ok bool, err error) {
	path := filepath.Join(name, "study.json")
	if !isFile(path) {
		return d, false, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return d, false, errors.Wrap(err, "what the run was trained on")
	}
	var study experiments.Definition
	if err := json.Unmarshal(b, &study); err != nil {
		return d, false, errors.Wrapf(err, "%s is damaged", path)
	}
	return study.Data, true, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
