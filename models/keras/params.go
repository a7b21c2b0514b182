package keras

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras/hdf5"
)

// Params reads the variables of a model from the file's weights. Values that are not finite are let through; warnings tell
// where they are. It is an error if a variable is missing, is one too many, or has another shape than the model's.
func (f *Flat) Params(weights *hdf5.Group) (params *graph.Params, warnings []string, err error) {
	shapes, err := f.Model.Shapes()
	if err != nil {
		return nil, nil, err
	}
	given := make([][]*hdf5.Dataset, len(f.stored))
	for i, s := range f.stored { // before memory is taken for what the config merely claims
		given[i] = Variables(weights.Group(s.path))
		if err := f.compare(shapes, s, given[i]); err != nil {
			return nil, nil, err
		}
	}
	if params, err = f.Model.Init(0, graph.Float32); err != nil {
		return nil, nil, err
	}
	for i, s := range f.stored {
		for k, v := range variablesOf(params, f.Model.Nodes[s.node].Name) {
			values, err := given[i][k].Float32s()
			if err != nil {
				return nil, nil, errors.WithMessage(err, v.Path())
			}
			copy(v.Float32s(), values)
			if n := notFinite(values); n > 0 {
				warnings = append(warnings, fmt.Sprintf("%s has %d of %d values that are not finite", v.Path(), n, len(values)))
			}
		}
	}
	return params, warnings, nil
}

// declarations are the variables that a layer has, in Keras' order.
func (f *Flat) declarations(shapes []graph.Shape, s storedLayer) []graph.Declaration {
	n := f.Model.Nodes[s.node]
	var in []graph.Shape
	for _, from := range n.Inputs {
		if from == modelInput {
			in = append(in, f.Model.Input)
		} else {
			in = append(in, shapes[from])
		}
	}
	return n.Layer.Variables(in)
}

// compare tells why a layer's variables in a file are not those that it needs.
func (f *Flat) compare(shapes []graph.Shape, s storedLayer, given []*hdf5.Dataset) error {
	n, own := f.Model.Nodes[s.node], f.declarations(shapes, s)
	if len(given) != len(own) {
		return errors.Errorf("layer %s has %d variables, the file has %d at %s: its weights are not those of its model, or the layer is part of two models, which Keras cannot read either", n.Name, len(own), len(given), s.path)
	}
	for i, v := range own {
		if !slices.Equal(given[i].Shape, v.Shape) {
			return errors.Errorf("%s/%s must have shape %v, the file's has %v: its weights are not those of its model", n.Name, v.Name, []int(v.Shape), given[i].Shape)
		}
	}
	return nil
}

// variablesOf are a layer's variables in Keras' order.
func variablesOf(params *graph.Params, layer string) []*graph.Variable {
	var out []*graph.Variable
	for _, v := range params.All {
		if v.Layer == layer {
			out = append(out, v)
		}
	}
	return out
}

// Variables are the datasets 0, 1, ... of a group of variables; none if there is no group.
func Variables(g *hdf5.Group) []*hdf5.Dataset {
	if g == nil {
		return nil
	}
	var out []*hdf5.Dataset
	for {
		d := g.Dataset(strconv.Itoa(len(out)))
		if d == nil {
			return out
		}
		out = append(out, d)
	}
}

func notFinite(values []float32) (n int) {
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			n++
		}
	}
	return n
}

// OptimizerPath is where the variables of the optimizer are.
const OptimizerPath = "optimizer/vars"

// Weights are the weights of a file for the model that config describes: all variables of params, and the optimizer's if
// there are any. It fails if config has what cannot be flattened, or other variables than params.
func Weights(config *Model, params *graph.Params, optimizer []*hdf5.Dataset) (*hdf5.Group, error) {
	flat, err := config.Flatten()
	if err != nil {
		return nil, err
	}
	root := &hdf5.Group{}
	addGroups(root, config)
	n := 0
	for _, s := range flat.stored {
		layer := flat.Model.Nodes[s.node].Name
		vars := root.Group(s.path)
		for i, v := range variablesOf(params, layer) {
			vars.Datasets = append(vars.Datasets, &hdf5.Dataset{Name: strconv.Itoa(i), Shape: v.Shape, Data: slices.Clone(v.Float32s())})
			n++
		}
	}
	if n != len(params.All) {
		return nil, errors.Errorf("%d variables are to be written, the model in the file has %d of them", len(params.All), n)
	}
	if config.Compile != nil {
		vars := makeGroup(root, OptimizerPath)
		vars.Attributes = []*hdf5.Attribute{nameAttribute(snakeCase(config.Compile.Optimizer.Class))}
		vars.Datasets = optimizer
	}
	return root, nil
}

// addGroups makes the groups of a model, its layers and the models in it, with their names as Keras writes them.
func addGroups(g *hdf5.Group, m *Model) {
	makeGroup(g, "vars").Attributes = []*hdf5.Attribute{nameAttribute(m.Name)}
	for i, path := range m.WeightPaths() {
		if path == "" {
			continue
		}
		l := &m.Layers[i]
		vars := makeGroup(g, path)
		vars.Attributes = []*hdf5.Attribute{nameAttribute(l.Name)}
		if l.Model != nil {
			addGroups(g.Group(path[:len(path)-len("/vars")]), l.Model)
		}
	}
}
