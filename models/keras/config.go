package keras

import (
	"encoding/json"
	"strings"

	"github.com/pkg/errors"

	"dcae/training/plainjson"
)

// maxNesting is how deep models may be nested in models.
const maxNesting = 32

// Model is a Sequential or Functional model as config.json describes it.
type Model struct {
	Name      string
	Trainable bool
	DType     Named // of a Sequential's input; empty for a Functional
	// Layers in Keras' order, which is also the order of their weights in the file: a Sequential's in the order in which they
	// are applied, a Functional's by depth. Input layers are among them.
	Layers []Layer
	// Sequential: each layer takes the output of the one before, and Calls, Inputs and Outputs are empty.
	Sequential bool
	// InputShape of a Sequential that was built, else nil.
	InputShape Shape
	// Inputs and Outputs of a Functional, in order.
	Inputs, Outputs []Tensor
	// Compile is nil if the model was not compiled.
	Compile *Compile
}

// Layer is a layer or a model that is used as one.
type Layer struct {
	Object
	Name  string
	Build json.RawMessage // what the layer was built for, as it stands in the file; nil if nothing
	// InputShape is the shape of the one input that the layer was built for, nil where the file doesn't say.
	InputShape Shape
	// Calls are the uses of the layer within a Functional; a shared layer has several, an input layer none.
	Calls []Call
	// Model is set if this is a Sequential or Functional.
	Model *Model
}

// Call is one use of a layer in a Functional.
type Call struct {
	Inputs []Tensor        // in order; a merging layer has several
	Kwargs json.RawMessage // named arguments, for example {"training": true}; holds no tensors
}

// Tensor is the output of a layer's call.
type Tensor struct {
	Layer  string // name
	Call   int    // index in that layer's Calls; 0 for an input layer
	Output int    // index, for layers of several outputs
	Shape  Shape  // nil among a model's Inputs and Outputs
	DType  string // empty among a model's Inputs and Outputs
}

// ParseConfig reads config.json of a .keras file. It is an error if the model is neither Sequential nor Functional, if
// something is there that Keras 3 does not write, or if names and tensors don't fit together. What the settings of a layer mean is
// not looked at, see Object.Decode.
func ParseConfig(config []byte) (*Model, error) {
	var s serialized
	if err := decodeStrict(config, &s); err != nil {
		return nil, errors.WithMessage(err, configName)
	}
	var o Object
	if err := s.object(&o); err != nil {
		return nil, errors.WithMessage(err, configName)
	}
	if !isModel(&o) {
		return nil, errors.Errorf("%s: a model of class %.80q (module %.80q) is not supported: %s", configName, o.Class, o.Module, buildAs)
	}
	m, err := parseModel(&o, s.Compile, 0)
	if err != nil {
		return nil, errors.WithMessage(err, configName)
	}
	return m, nil
}

// buildAs is what can be done about a model whose code is not in its file.
const buildAs = "its code is not in the file; build it as keras.Sequential or keras.Model(inputs, outputs), or train the same in PyTorch and save it with torch.export"

func isModel(o *Object) bool {
	return o.IsKeras() && (o.Class == "Sequential" || o.Class == "Functional")
}

// modelConfig is the "config" of a Sequential or Functional.
type modelConfig struct {
	Name       string            `json:"name"`
	Trainable  *bool             `json:"trainable"`
	DType      Named             `json:"dtype"`
	Layers     []json.RawMessage `json:"layers"`
	BuildShape Shape             `json:"build_input_shape"`
	Inputs     json.RawMessage   `json:"input_layers"`
	Outputs    json.RawMessage   `json:"output_layers"`
}

func parseModel(o *Object, compile json.RawMessage, depth int) (*Model, error) {
	if depth > maxNesting {
		return nil, errors.Errorf("models are nested deeper than %d", maxNesting)
	}
	var c modelConfig
	if err := o.Decode(&c); err != nil {
		return nil, err
	}
	m := &Model{Name: c.Name, Trainable: c.Trainable == nil || *c.Trainable, DType: c.DType, Sequential: o.Class == "Sequential", InputShape: c.BuildShape}
	if err := checkName(c.Name); err != nil {
		return nil, errors.WithMessage(err, "model")
	}
	err := m.fill(&c, compile, depth)
	return m, errors.WithMessagef(err, "model %.80q", m.Name)
}

func (m *Model) fill(c *modelConfig, compile json.RawMessage, depth int) (err error) {
	if m.Sequential && (c.Inputs != nil || c.Outputs != nil) {
		return errors.New("a Sequential with input_layers or output_layers")
	}
	for i, b := range c.Layers {
		l, err := parseLayer(b, depth)
		if err != nil {
			return errors.WithMessagef(err, "layer %d", i)
		}
		m.Layers = append(m.Layers, *l)
	}
	if m.Inputs, err = parseEnds(c.Inputs); err != nil {
		return errors.WithMessage(err, "input_layers")
	}
	if m.Outputs, err = parseEnds(c.Outputs); err != nil {
		return errors.WithMessage(err, "output_layers")
	}
	if m.Compile, err = parseCompile(compile); err != nil {
		return errors.WithMessage(err, "compile_config")
	}
	return m.connect()
}

func parseLayer(b json.RawMessage, depth int) (*Layer, error) {
	var s serialized
	if err := decodeStrict(b, &s); err != nil {
		return nil, err
	}
	l := &Layer{Name: s.Name, Build: s.Build}
	if err := s.object(&l.Object); err != nil {
		return nil, err
	}
	var named struct {
		Name string `json:"name"`
	}
	if err := plainjson.Decode(s.Config, &named); err != nil {
		return nil, errors.Wrap(err, l.Class)
	}
	switch {
	case l.Name == "":
		l.Name = named.Name // within a Sequential the name is nowhere else
	case l.Name != named.Name:
		return nil, errors.Errorf("%s is named %.80q and %.80q", l.Class, l.Name, named.Name)
	}
	if err := checkName(l.Name); err != nil {
		return nil, errors.WithMessage(err, l.Class)
	}
	l.InputShape = builtFor(s.Build)
	var err error
	if l.Calls, err = parseCalls(s.Inbound); err != nil {
		return nil, errors.WithMessagef(err, "%s %.80q", l.Class, l.Name)
	}
	if isModel(&l.Object) {
		l.Model, err = parseModel(&l.Object, s.Compile, depth+1)
	}
	return l, err
}

// checkName refuses a name that no HDF5 file can hold, in which Keras writes it beside the weights.
func checkName(name string) error {
	if strings.Contains(name, "\x00") {
		return errors.Errorf("the name %.80q holds a NUL, with which Keras cannot save it either: give it another name", name)
	}
	return nil
}

// builtFor returns the shape of a single input in build_config; layers of several inputs and layers that build themselves have
// other contents there, which are no error.
func builtFor(build json.RawMessage) Shape {
	var b struct {
		InputShape Shape `json:"input_shape"`
	}
	if build == nil || json.Unmarshal(build, &b) != nil {
		return nil
	}
	return b.InputShape
}
