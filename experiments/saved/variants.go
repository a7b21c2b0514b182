package saved

import (
	"os"
	"path/filepath"
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

// torchEnding is that of files that hold PyTorch's programs, weightsEnding of those that hold the weights of one.
const torchEnding, weightsEnding = ".pt2", ".safetensors"

// endings are those of files that hold models.
var endings = []string{".keras", ".h5", ".hdf5", torchEnding, weightsEnding}

// otherFiles are files that people save models to, by their endings, and why they cannot be read.
var otherFiles = map[string]string{
	".pt":   "it holds PyTorch's weights or pickled code: " + exportInstead,
	".pth":  "it holds PyTorch's weights or pickled code: " + exportInstead,
	".ckpt": "it holds a checkpoint, without the model: " + exportInstead,
	".onnx": "it holds a program for inference alone: " + exportInstead,
}

const exportInstead = "save the model itself, in Keras with model.save(\"model.keras\"), in PyTorch with torch.export.save(torch.export.export(model.train(), (x,), dynamic_shapes=({0: torch.export.Dim(\"batch\", min=2)},)), \"model.pt2\")"

// FrameworkOfFile is that of a model's file, by its name.
func FrameworkOfFile(path string) Framework {
	if strings.HasSuffix(path, torchEnding) || strings.HasSuffix(path, weightsEnding) {
		return PyTorch
	}
	return Keras
}

// IsFile tells whether a model's name is that of a file.
func IsFile(name string) bool { return NameOf(name) != filepath.Base(name) }

// NameOf is a model's name without folder and ending.
func NameOf(path string) string {
	name := filepath.Base(path)
	for _, ending := range endings {
		if bare, ok := strings.CutSuffix(name, ending); ok {
			return bare
		}
	}
	return name
}

// Open reads a model's file, or makes a model that is known by name, whose Params are nil, for the given images; nil stands for
// MNIST's. It fails for an unknown name, and as [LoadKeras] and [LoadTorch] do.
func Open(name string, images *dataset.Set) (*Model, error) {
	if IsFile(name) {
		return Load(name)
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
		return Load(name) // which says what else it is
	}
	return nil, errors.Errorf("there is no model %q; there are %s, or give a file (%s)", name, strings.Join(VariantNames(), ", "), strings.Join(endings, ", "))
}

// Load reads a model's file, Keras' or PyTorch's.
func Load(path string) (*Model, error) {
	if why, known := otherFiles[filepath.Ext(path)]; known {
		return nil, errors.Errorf("%s is no model that can be read: %s", path, why)
	}
	switch {
	case strings.HasSuffix(path, weightsEnding):
		return LoadTorchWeights(path)
	case FrameworkOfFile(path) == PyTorch:
		return LoadTorch(path)
	}
	return LoadKeras(path)
}
