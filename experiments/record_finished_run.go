package experiments

import (
	"os"
	"path/filepath"
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
func RunImages(name string) (d Data, ok bool, err error) {
	if !isFile(filepath.Join(name, "study.json")) {
		return d, false, nil
	}
	study, err := ReadDefinition(name)
	if err != nil {
		return d, false, err
	}
	return study.Data, true, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
