package keras

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras/hdf5"
)

// takeWeights takes the weights of a whole model in an HDF5 file, where each of the model's layers has a group of its name. A model in the model
// is one layer there, and its weights are in two rows: those that are trained of all its layers, and then the others. What the config itself
// lets nobody read is left to [Model.Flatten] to tell.
func (a *Archive) takeWeights(weights *hdf5.Group, names []string) error {
	m, err := ParseConfig(a.Config)
	if err != nil {
		return err
	}
	flat, err := m.Flatten()
	if err != nil {
		return nil
	}
	shapes, err := flat.Model.Shapes()
	if err != nil {
		return err
	}
	if own, err := named(weights.Group("top_level_model_weights")); err != nil || len(own) > 0 {
		return errors.New("the model has weights of its own, outside of its layers, which is not supported: put them into a layer")
	}
	byPath := map[string]storedLayer{}
	for _, s := range flat.stored {
		byPath[s.path] = s
	}
	if len(names) < len(m.Layers) { // an input layer was put before them
		names = append(make([]string, len(m.Layers)-len(names)), names...)
	}
	for i := range m.Layers {
		if m.Layers[i].Class == "InputLayer" {
			continue
		}
		given, err := named(weights.Group(names[i]))
		if err != nil {
			return errors.WithMessagef(err, "layer %.80q", names[i])
		}
		l := &m.Layers[i]
		inOrder := l.Model != nil && !l.Model.Trainable // a frozen model has one row, even where a layer in it is trained again
		places := flat.places(shapes, byPath, storedBelow(l, m.WeightPaths()[i]), inOrder)
		if len(places) != len(given) {
			return errors.Errorf("layer %.80q has %d variables, the file has %d: its weights are not those of its model", names[i], len(places), len(given))
		}
		for k, p := range places {
			if is := lastName(given[k].Name); is != p.name && slices.Contains(alike, is) && slices.Contains(alike, p.name) {
				return errors.Errorf("layer %.80q: %.80q stands where %s was expected: freeze or train all of a model's layers alike, and save it again", names[i], given[k].Name, p.name)
			}
			given[k].Name = strconv.Itoa(p.index)
			vars := makeGroup(a.Weights, p.path)
			vars.Datasets = append(vars.Datasets, given[k])
		}
	}
	return nil
}

// alike are variables of one shape, which an error in their order would mix up without a word.
var alike = []string{"gamma", "beta", "moving_mean", "moving_variance"}

// lastName is a weight's own name, kernel in "encoder/conv2d/kernel:0".
func lastName(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}

// storedBelow are the paths of a layer, or of all layers in a model, in their order.
func storedBelow(l *Layer, path string) []string {
	if l.Model == nil {
		return []string{path}
	}
	var out []string
	for i, p := range l.Model.WeightPaths() {
		out = append(out, storedBelow(&l.Model.Layers[i], strings.TrimSuffix(path, "vars")+p)...)
	}
	return out
}

// variablePlace is where a variable stands in a .keras file.
type variablePlace struct {
	path  string
	index int
	name  string
}

// places are the variables of some layers: those that are trained first, or all in the order of the layers.
func (f *Flat) places(shapes []graph.Shape, byPath map[string]storedLayer, paths []string, inOrder bool) []variablePlace {
	var trained, others []variablePlace
	for _, path := range paths {
		s, ok := byPath[path]
		if !ok {
			continue
		}
		for i, v := range f.declarations(shapes, s) {
			p := variablePlace{path, i, v.Name}
			if v.Trainable && !f.Model.Nodes[s.node].Frozen && !inOrder {
				trained = append(trained, p)
			} else {
				others = append(others, p)
			}
		}
	}
	return append(trained, others...)
}
