package experiments

import (
	"os"
	"path/filepath"
)

// ModelFile is the model that a name stands for: in the folder of a finished run the model after its last epoch, else the name
// itself.
func ModelFile(name string) string {
	for _, model := range []string{LastModel, LastWeights} {
		if last := filepath.Join(name, model); isFile(last) {
			return last
		}
	}
	return name
}

// RunImages is what a run's folder says about the images that it was trained on, and where they came from; ok is false where name is no such
// folder. It fails if the folder's files are damaged.
func RunImages(name string) (d Data, from DataPlan, ok bool, err error) {
	if !isFile(filepath.Join(name, studyFile)) {
		return d, from, false, nil
	}
	study, err := ReadDefinition(name)
	if err != nil {
		return d, from, false, err
	}
	invocation := struct {
		Data DataPlan `json:"data"`
	}{DataPlan{Source: study.Data.Name}}
	if path := filepath.Join(name, invocationFile); isFile(path) {
		err = readJSON(path, &invocation)
	}
	return study.Data, invocation.Data, err == nil, err
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
