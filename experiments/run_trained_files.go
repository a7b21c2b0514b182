package experiments

import (
	"path/filepath"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/training"
	"dcae/training/files"
)

// Models that dcae train leaves in a folder: Keras' whole, of PyTorch's the program as it was given and the state_dict of each.
const (
	BestModel = "model.keras" // after the epoch with the smallest held-out error
	LastModel = "last.keras"  // after the last epoch, with the optimizer's state

	BestWeights  = "model.safetensors"
	LastWeights  = "last.safetensors"
	torchProgram = saved.ProgramFile
)

// trainedFiles are all that there may be.
var trainedFiles = []string{BestModel, LastModel, BestWeights, LastWeights, torchProgram}

// TrainedFiles are those that a model leaves, the one after the best epoch first.
func TrainedFiles(m *saved.Model) []string {
	if m.Framework() == saved.PyTorch {
		return []string{BestWeights, LastWeights}
	}
	return []string{BestModel, LastModel}
}

// SaveTrained writes the model as it is now with the optimizer's state, and after its best epoch.
func SaveTrained(dir string, m *saved.Model, fitted *training.Result) error {
	names := TrainedFiles(m)
	last := *m
	last.Params, last.State = fitted.Params, &fitted.Optimizer
	if m.Program != "" {
		program, err := files.ReadFile(m.Program)
		if err != nil {
			return errors.Errorf("cannot read %s: %v", m.Program, err)
		}
		if err := files.WriteBytes(filepath.Join(dir, torchProgram), program); err != nil {
			return err
		}
	}
	if err := saved.Save(filepath.Join(dir, names[1]), &last, fitted.Steps); err != nil {
		return err
	}
	if fitted.Best == nil {
		return nil // no epoch's held-out error was a number
	}
	values := fitted.Params.Snapshot()
	defer func() { _ = fitted.Params.Restore(values) }() // of the same model: cannot fail
	if err := fitted.Params.Restore(fitted.Best.Values); err != nil {
		return err
	}
	best := last
	best.State = nil // it is that of the last step
	return saved.Save(filepath.Join(dir, names[0]), &best, fitted.Steps*fitted.Best.Epoch/max(fitted.Epochs, 1))
}
