package saved

import (
	"os"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models"
	"dcae/training"
	"dcae/training/dataset"
)

// variants are the models that are known by name, with the optimizer that is part of each.
var variants = []struct {
	name      string
	model     func(image graph.Shape) *graph.Model
	optimizer training.Optimizer
}{
	{"sigmoid", models.SigmoidFor, training.Adam{LearningRate: 0.001}},
	{"highlr", models.HighLRFor, training.Adam{LearningRate: 0.1}},
	{"improved", models.ImprovedFor, training.Adam{LearningRate: 0.001}},
	{"reliable", models.ReliableFor, training.Adam{LearningRate: 0.001}},
}

// VariantNames lists the models that are known by name.
func VariantNames() []string {
	var names []string
	for _, v := range variants {
		names = append(names, v.name)
	}
	return names
}

// Open reads a model file, or makes a model that is known by name, whose Params are nil, for the given images; nil stands for
// MNIST's. It fails for an unknown name, and as [LoadKeras] does.
func Open(name string, images *dataset.Set) (*Model, error) {
	if strings.HasSuffix(name, ".keras") {
		return LoadKeras(name)
	}
	for _, v := range variants {
		if v.name != name {
			continue
		}
		input := graph.Shape{28, 28, 1}
		if images != nil {
			shape := images.Shape()
			input = graph.Shape{shape.H, shape.W, shape.C}
		}
		return &Model{Model: v.model(input), Optimizer: v.optimizer}, nil
	}
	if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
		return LoadKeras(name) // which says what else it is
	}
	return nil, errors.Errorf("there is no model %q; there are %s, or give a .keras file", name, strings.Join(VariantNames(), ", "))
}
