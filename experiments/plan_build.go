package experiments

import (
	"slices"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models"
	"dcae/training"
	"dcae/training/dataset"
)

// Names of the models that are made of settings alone.
const (
	stackModel = "stack"
	plainModel = "plain"
)

// SettingsModels are the names of models that are made of settings alone. An arm that names no model has the first.
func SettingsModels() []string { return []string{stackModel, plainModel} }

// IsMadeOfSettings tells whether an arm's model is made of its settings alone.
func IsMadeOfSettings(model string) bool {
	return model == "" || slices.Contains(SettingsModels(), model)
}

// Study makes the plan's models for some images. It fails if a model cannot be made or changed for them; the error names the arm.
func (p *Plan) Study(images *dataset.Set) (Study, error) {
	s := Study{
		Name: p.Name, Question: p.Question, Images: images, Plan: p,
		Budget: Budget{
			Seeds: p.Seeds, Epochs: p.Budget.Epochs, Full: p.Budget.Full, Images: p.Budget.Images, Batch: p.Budget.Batch,
			ValidationImages: p.Budget.ValidationImages, TestImages: p.Budget.TestImages,
		},
	}
	for _, g := range p.Groups {
		group := Group{Name: g.Name, Control: g.Control, Seeds: g.Seeds}
		for _, a := range g.Arms {
			arm, err := p.arm(a, images)
			if err != nil {
				return s, errors.WithMessagef(err, "arm %s", a.Name)
			}
			group.Arms = append(group.Arms, arm)
		}
		s.Groups = append(s.Groups, group)
	}
	return s, nil
}

func (p *Plan) arm(a ArmPlan, images *dataset.Set) (Arm, error) {
	arm := Arm{Name: a.Name, Factors: a.Factors, FullEpochs: a.FullEpochs, Settings: a.Settings, Plateau: a.Plateau.plateau()}
	if arm.FullEpochs == 0 {
		arm.FullEpochs = p.Budget.Epochs
	}
	own, err := a.baseModel(images, p.from.Models)
	if err != nil {
		return arm, err
	}
	if arm.Model, err = a.changed(own.Model, images); err != nil {
		return arm, err
	}
	if arm.Optimizer, err = a.optimizer(own.Optimizer); err != nil {
		return arm, err
	}
	arm.Loss, arm.Changes = a.loss(own.Loss), a.changes()
	if err := training.CheckChanges(arm.Changes, arm.Optimizer, arm.Model); err != nil {
		return arm, errors.WithMessage(err, "changes")
	}
	arm.Treatment, err = a.treatment()
	return arm, err
}

// baseModel is the model before changes, with its own optimizer and loss. The path of a file starts from a folder.
func (s Settings) baseModel(images *dataset.Set, folder string) (*saved.Model, error) {
	shape := images.Shape()
	input := graph.Shape{shape.H, shape.W, shape.C}
	switch s.Model {
	case "", stackModel:
		m, err := s.stack(input).Model()
		return &saved.Model{Model: m, Optimizer: training.Adam{}}, err
	case plainModel:
		m, err := s.plain(input).Model()
		made := &saved.Model{Model: m, Optimizer: training.Adam{}}
		if s.Variational != "" {
			made.Loss = graph.Loss{Function: graph.Given}
		}
		return made, err
	}
	if saved.IsFile(s.Model) {
		return saved.Open(startingFrom(folder, s.Model), images)
	}
	return saved.Open(s.Model, images)
}

// stack takes all settings that a stack has itself; changed has then nothing left to change in it.
func (s Settings) stack(input graph.Shape) models.Stack {
	out := models.Stack{
		Input: input, Convolutions: s.Convolutions, Filters: s.Filters, Bottleneck: s.Bottleneck,
		Activation: graph.Activation(s.Activation), OutputActivation: graph.Activation(s.OutputActivation),
		BatchNormalization: s.BatchNormalization != nil && *s.BatchNormalization, Decoder: s.decoder(),
	}
	if s.Initializer != nil && !s.Initializer.byFan() {
		out.Initializer, _ = s.Initializer.initializer() // it was checked
	}
	return out
}

// plain takes all settings that a plain model has itself.
func (s Settings) plain(input graph.Shape) models.Plain {
	out := models.Plain{
		Input: input, Layers: s.Layers, Units: s.Units, Convolutional: s.Convolutional != nil && *s.Convolutional, Bottleneck: s.Bottleneck,
		Activation: graph.Activation(s.Activation), OutputActivation: graph.Activation(s.OutputActivation),
		BatchNormalization: s.BatchNormalization != nil && *s.BatchNormalization, Variational: models.ErrorOf(s.Variational),
	}
	if s.Initializer != nil && !s.Initializer.byFan() {
		out.Initializer, _ = s.Initializer.initializer() // it was checked
	}
	return out
}

func (s Settings) decoder() models.Decoder {
	if s.Decoder == models.UpSampling.String() {
		return models.UpSampling
	}
	return models.Transposed
}

// treatment is what is done to the data.
func (s Settings) treatment() (dataset.Treatment, error) {
	t := dataset.Treatment{Multiply: s.Multiply}
	if s.Outliers != nil {
		t.Outliers = *s.Outliers
	}
	if s.Noise != nil {
		t.Noise = *s.Noise
	}
	if s.Clip != nil && *s.Clip > 0 {
		t.Clip = dataset.Quantiles{Low: *s.Clip, High: 1 - *s.Clip}
	}
	var err error
	if s.Scale != "" {
		if t.Scale, err = dataset.ParseScale(s.Scale); err != nil {
			return t, err
		}
	}
	return t, t.Check()
}
