package saved

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/torch"
	"dcae/training"
	"dcae/training/names"
)

// LoadTorch reads a program of PyTorch's torch.export.save (.pt2), with how it is trained from its extra file dcae.json. It fails where the file
// cannot be read or is damaged. All that is not supported about its operations, optimizer and loss is named in one error, [torch.Unsupported].
func LoadTorch(path string) (*Model, error) {
	a, err := torch.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := torchModel(a)
	if err != nil {
		return nil, errors.WithMessage(err, path)
	}
	m.Model.Name, m.Program = NameOf(path), path
	return m, nil
}

// ProgramFile is the name of the program beside weights that dcae train left, of which they are.
const ProgramFile = "program.pt2"

// LoadTorchWeights reads the program beside a .safetensors file, and gives it the weights in there. It fails as [LoadTorch] does, and where the weights
// are not those of the program.
func LoadTorchWeights(path string) (*Model, error) {
	program := filepath.Join(filepath.Dir(path), ProgramFile)
	if _, err := os.Stat(program); err != nil {
		return nil, errors.Errorf("%s holds weights, without the model: there is no %s beside it; give the .pt2 file of the model", path, ProgramFile)
	}
	m, err := LoadTorch(program)
	if err != nil {
		return nil, err
	}
	tensors, err := torch.OpenSafetensors(path)
	if err != nil {
		return nil, err
	}
	m.Model.Name = NameOf(path)
	return m, errors.WithMessage(m.Torch.LoadStateDict(tensors), path)
}

// Save writes a model after so many steps of training: as [SaveKeras] does, or, of one of PyTorch, its state_dict, for
// load_state_dict(safetensors.torch.load_file(path)).
func Save(path string, m *Model, steps int) error {
	if m.Torch == nil {
		return SaveKeras(path, m)
	}
	return torch.SaveSafetensors(path, m.Torch.StateDict(m.Params, steps))
}

func torchModel(a *torch.Archive) (*Model, error) {
	how, unsupported, err := parseTorchTraining(a.Training)
	if err != nil {
		return nil, errors.WithMessage(err, "dcae.json")
	}
	module, err := a.Module()
	var operations torch.Unsupported
	if err != nil && !errors.As(err, &operations) {
		return nil, err
	}
	if operations = append(operations, unsupported...); len(operations) > 0 {
		return nil, operations
	}
	m := &Model{Model: module.Model, Params: module.Params, Torch: module, Optimizer: how.optimizer, Loss: how.loss, Warnings: module.Warnings}
	if err := m.takeLoss(how); err != nil {
		return nil, err
	}
	if err := m.takeGroups(how.groups); err != nil {
		return nil, errors.WithMessage(err, "dcae.json")
	}
	m.noteTorch(how)
	return m, nil
}

// takeLoss decides between the program's own loss and that of the file.
func (m *Model) takeLoss(how torchTraining) error {
	own := graph.Loss{Function: graph.Given}
	switch {
	case m.Torch.GivesLoss:
		if how.hasLoss && how.loss != own {
			m.warn("the program gives its own loss, by which it is trained, and not by the %v of dcae.json", how.loss)
		}
		m.Loss = own
	case how.loss == own:
		return errors.New("dcae.json says that the program gives its own loss, but its first output is no number: return (loss, reconstruction)")
	}
	return nil
}

// takeGroups gives parameter groups to the optimizer, and leaves those parameters untrained that are in none.
func (m *Model) takeGroups(groups []torchGroup) error {
	if len(groups) == 0 {
		return nil
	}
	var trained []string
	for _, g := range groups {
		trained = append(trained, g.params...)
	}
	left, err := m.Torch.TrainOnly(trained)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		m.warn("no parameter group of the optimizer holds %s: they get no step", listed(left, 6))
	}
	base := training.Shared(m.Optimizer)
	for _, g := range groups[1:] {
		group := training.Group{Rate: g.rate, WeightDecay: g.weightDecay}
		for _, name := range g.params {
			if path := m.Torch.Variable(name); path != "" {
				group.Variables = append(group.Variables, path)
			}
		}
		if len(group.Variables) > 0 {
			base.Groups = append(base.Groups, group)
		}
	}
	m.Optimizer = training.WithShared(m.Optimizer, base)
	return nil
}

// noteTorch says what is done with the program.
func (m *Model) noteTorch(how torchTraining) {
	if m.Optimizer == nil {
		m.Optimizer, m.AssumedOptimizer = training.TorchAdam{}, true
	}
	m.AssumedLoss = !how.hasLoss && !m.Torch.GivesLoss
	if others := m.Torch.Others; len(others) > 0 {
		what := "the first output of the target's shape is taken as the reconstruction"
		if r := m.Torch.Reconstruction; r != "" {
			what = fmt.Sprintf("output %s is taken as the reconstruction", names.Shown(r))
		}
		if m.Torch.GivesLoss {
			m.warn("%s; passed over: %s", what, listed(others, 6))
		} else {
			m.warn("%s; passed over: %s; terms of a loss that is computed outside of the program are not seen", what, listed(others, 6))
		}
	}
	if n := m.Torch.MaxBatch; n > 0 && n == m.Torch.MinBatch {
		m.warn("the program is for batches of exactly %d images: it is trained with those, and the rest of an epoch is dropped", n)
	}
	if len(m.Torch.Drawn) > 0 {
		m.warn("it draws at random in evaluation, too (%s): what it draws for an image is drawn once", listed(m.Torch.Drawn, 3))
	}
	if m.Loss.TakesLogits() {
		m.warn("the loss is taken from logits: held-out errors, FVU and pictures are of their sigmoid; what predict writes are the logits, as in PyTorch")
	}
}

// Assumptions is a sentence about what the file of a PyTorch program does not say of how it is trained; empty where nothing is missing.
func (m *Model) Assumptions() string {
	if m.Torch == nil {
		return ""
	}
	var assumed []string
	if m.AssumedOptimizer {
		assumed = append(assumed, fmt.Sprintf("%s with a learning rate of %g", rowOf(m.Optimizer).class, training.LearningRate(m.Optimizer)))
	}
	if m.AssumedLoss {
		assumed = append(assumed, "the mean squared error")
	}
	if len(assumed) == 0 {
		return ""
	}
	return fmt.Sprintf("the file does not say how it is trained: %s taken; give --optimizer, --lr and --loss, or save it with the extra file dcae.json", isOrAre(assumed))
}

// listed are the first of some names.
func listed(all []string, most int) string {
	var out []string
	for _, name := range all[:min(most, len(all))] {
		out = append(out, names.Shown(name))
	}
	if n := len(all) - most; n > 0 {
		out = append(out, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(out, ", ")
}

func isOrAre(what []string) string {
	if len(what) == 1 {
		return what[0] + " is"
	}
	return strings.Join(what, " and ") + " are"
}
