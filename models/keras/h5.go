package keras

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"dcae/models/keras/hdf5"
)

// decodeH5 reads a whole model in an HDF5 file, and brings it into the form of a .keras file.
func decodeH5(r io.ReaderAt, size int64) (*Archive, error) {
	if size > maxWeights {
		return nil, errors.Errorf("the file has %d bytes, the most are %d", size, maxWeights)
	}
	var b bytes.Buffer
	if _, err := io.Copy(&b, io.NewSectionReader(r, 0, size)); err != nil {
		return nil, errors.Wrap(err, "cannot be read")
	}
	root, err := hdf5.Read(b.Bytes())
	if err != nil {
		return nil, err
	}
	model, err := jsonAttribute(root, "model_config")
	if err != nil {
		return nil, err
	}
	weights := root.Group("model_weights")
	if model == nil || weights == nil {
		if root.Attribute("layer_names") != nil || root.Group("layers") != nil {
			return nil, errors.New("the file has the weights alone, as save_weights writes them: save the whole model, with model.save(\"NAME.keras\")")
		}
		return nil, errors.New("the HDF5 file holds no Keras model (there is no model_config or no model_weights): save the model with model.save(\"NAME.keras\")")
	}
	version := text(root, "keras_version")
	if strings.HasPrefix(version, "1.") {
		return nil, errors.Errorf("the file is of Keras %.20s, whose layers have other settings: load it in Keras 2, which still knows them, and save it again", version)
	}
	if text(root, "backend") == "theano" {
		return nil, errors.New("the model was saved under Theano, whose kernels are flipped: load it in Keras under TensorFlow, and save it again")
	}
	training, err := jsonAttribute(root, "training_config")
	if err != nil {
		return nil, err
	}
	t := &older{keras2: !strings.HasPrefix(version, "3."), multiBackend: multiBackend.MatchString(version)}
	names := layerNames(model)
	config, err := t.config(model, training)
	if err != nil {
		return nil, err
	}
	a := &Archive{Config: config, Metadata: json.RawMessage(`{"keras_version": ` + strconv.Quote(version) + `}`), Weights: &hdf5.Group{}, Warnings: t.warnings}
	if err := a.takeWeights(weights, names); err != nil {
		return nil, err
	}
	return a, a.takeOptimizer(root.Group("optimizer_weights"), t.keras2)
}

// multiBackend are the versions of Keras 2 that stood apart from TensorFlow; those within TensorFlow say so, or are later.
var multiBackend = regexp.MustCompile(`^2\.[0-3]\.\d+$`)

// text is a text attribute; empty if there is none.
func text(g *hdf5.Group, name string) string {
	if a := g.Attribute(name); a != nil {
		if s, ok := a.Data.([]string); ok && len(s) == 1 {
			return s[0]
		}
	}
	return ""
}

// jsonAttribute is an attribute that holds JSON; nil if there is none.
func jsonAttribute(g *hdf5.Group, name string) (any, error) {
	s := text(g, name)
	if s == "" {
		return nil, nil
	}
	if len(s) > maxConfig {
		return nil, errors.Errorf("%s has %d bytes, the most are %d", name, len(s), maxConfig)
	}
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if infinite.MatchString(s) {
			return nil, errors.Errorf("%s has a setting that is infinite or no number, which is not supported: leave it out of the model, or give a number", name)
		}
		return nil, errors.Errorf("%s is no valid JSON: the file is damaged", name)
	}
	return v, nil
}

// namesIn lists the names in an attribute; a long list is split into NAME0, NAME1, ...
func namesIn(g *hdf5.Group, name string) []string {
	if a := g.Attribute(name); a != nil {
		names, _ := a.Data.([]string) // an empty list is one of floats
		return names
	}
	var out []string
	for i := 0; ; i++ {
		a := g.Attribute(name + strconv.Itoa(i))
		if a == nil {
			return out
		}
		names, _ := a.Data.([]string)
		out = append(out, names...)
	}
}

// named are the datasets of a group in the order of its attribute weight_names.
func named(g *hdf5.Group) ([]*hdf5.Dataset, error) {
	if g == nil {
		return nil, nil
	}
	var out []*hdf5.Dataset
	for _, name := range namesIn(g, "weight_names") {
		d := g.Dataset(name)
		if d == nil {
			return nil, errors.Errorf("the weights lack %.80q: the file is damaged", name)
		}
		out = append(out, &hdf5.Dataset{Name: name, Shape: d.Shape, Data: d.Data})
	}
	return out, nil
}

// takeOptimizer takes the optimizer's variables. Keras 3 keeps them in the order of a .keras file; Keras 2 in one of its own, but with telling
// names.
func (a *Archive) takeOptimizer(g *hdf5.Group, keras2 bool) error {
	given, err := named(g)
	if err != nil {
		return errors.WithMessage(err, "optimizer")
	}
	if keras2 {
		a.Keras2Optimizer = given
		return nil
	}
	vars := makeGroup(a.Weights, OptimizerPath)
	for i, d := range given {
		d.Name = strconv.Itoa(i)
		vars.Datasets = append(vars.Datasets, d)
	}
	return nil
}

// layerNames are the names of a model's layers, by which their weights are found. An input layer that is made up has none.
func layerNames(model any) []string {
	m, _ := model.(dict)
	layers, ok := m["config"].([]any)
	if !ok {
		config, _ := m["config"].(dict)
		layers, _ = config["layers"].([]any)
	}
	var out []string
	for _, l := range layers {
		layer, _ := l.(dict)
		config, _ := layer["config"].(dict)
		name, ok := layer["name"].(string)
		if !ok {
			name, _ = config["name"].(string)
		}
		out = append(out, name)
	}
	return out
}
