package experiments

import (
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models"
	"dcae/training"
	"dcae/training/dataset"
)

// variants are the models that are known by name, with the optimizer that is part of each; mean is that of the training images' values.
var variants = []struct {
	name      string
	model     func(input graph.Shape, mean float64) *graph.Model
	optimizer training.Optimizer
}{
	{"sigmoid", forAnyMean(models.SigmoidFor), training.Adam{LearningRate: 0.001}},
	{"highlr", forAnyMean(models.HighLRFor), training.Adam{LearningRate: 0.1}},
	{"improved", forAnyMean(models.ImprovedFor), training.Adam{LearningRate: 0.001}},
	{"reliable", models.ReliableFor, training.Adam{LearningRate: 0.001}},
}

func forAnyMean(model func(graph.Shape) *graph.Model) func(graph.Shape, float64) *graph.Model {
	return func(input graph.Shape, _ float64) *graph.Model { return model(input) }
}

// VariantNames lists the models that are known by name.
func VariantNames() []string {
	var names []string
	for _, v := range variants {
		names = append(names, v.name)
	}
	return names
}

// OpenModel reads a .keras file, or makes a model that is known by name, whose Params are nil, for the given images; nil stands for
// MNIST's.
func OpenModel(name string, images *dataset.Set) (*SavedModel, error) {
	if strings.HasSuffix(name, ".keras") {
		return LoadKeras(name)
	}
	for _, v := range variants {
		if v.name != name {
			continue
		}
		input, mean := graph.Shape{28, 28, 1}, models.MeanPixel
		if images != nil {
			shape := images.Shape()
			input, mean = graph.Shape{shape.H, shape.W, shape.C}, meanPixel(images)
		}
		return &SavedModel{Model: v.model(input, mean), Optimizer: v.optimizer}, nil
	}
	return nil, errors.Errorf("there is no model %q; there are %s, or give a .keras file", name, strings.Join(VariantNames(), ", "))
}

// meanPixel is the mean of the training images' values, which a sigmoid can print: from 0.01 to 0.99.
func meanPixel(images *dataset.Set) float64 {
	sum := 0.0
	mean := images.Train.Mean()
	for _, v := range mean {
		sum += float64(v)
	}
	return min(max(sum/float64(len(mean)), 0.01), 0.99)
}
