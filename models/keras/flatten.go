package keras

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Flat is a model of a file without nesting, ready to be trained.
type Flat struct {
	Model  *graph.Model
	Nested bool // there are models in the model, whose layers stand between the others now

	stored []storedLayer
}

// storedLayer is a layer whose variables are in the file.
type storedLayer struct {
	node int    // index of the node that has its name
	path string // of its group in model.weights.h5
}

// Flatten makes one graph of the layers of a model and of all models in it. A node has the name of its layer; if several layers
// have that name, the path to it, such as encoder/conv2d. Further calls of a layer are nodes of their own that share its
// variables, named conv2d/2 and so on. An activation that was given as a layer is a node behind its layer, see
// [ActivationSuffix]. The order of variables is that of Keras.
//
// It returns [Unsupported], which names everything that cannot be had here, or another error if the model does not hold
// together.
func (m *Model) Flatten() (*Flat, error) {
	f := &flattener{
		flat: &Flat{Model: &graph.Model{Name: m.Name}}, made: map[*Layer]graph.Layer{}, behind: map[*Layer]graph.Layer{}, frozen: map[*Layer]bool{},
		paths: map[*Layer]string{}, names: map[*Layer]string{}, calls: map[*Layer]int{},
	}
	f.locate(m, "", "", !m.Sequential && !m.Trainable)
	f.translateAll(m)
	if len(f.found) > 0 {
		return nil, f.found
	}
	last, err := f.model(m, []int{modelInput})
	if err != nil {
		return nil, err
	}
	if err := f.leadTo(last[0]); err != nil {
		return nil, errors.WithMessagef(err, "model %.80q", m.Name)
	}
	if _, err := f.flat.Model.Shapes(); err != nil {
		return nil, err
	}
	return f.flat, nil
}

// leadTo tells which node does not lead to the output, which must be the last one.
func (f *flattener) leadTo(output int) error {
	read := map[int]bool{output: true}
	for _, n := range f.flat.Model.Nodes {
		for _, from := range n.Inputs {
			read[from] = true
		}
	}
	for i, n := range f.flat.Model.Nodes {
		if !read[i] || i > output {
			return errors.Errorf("layer %s does not lead to the output: take it out", n.Name)
		}
	}
	if output < 0 {
		return errors.New("it has no layers")
	}
	return nil
}

// ActivationSuffix follows the layer's name in that of its activation's node, where the activation is a layer itself.
const ActivationSuffix = "/activation"

// modelInput is the index that stands for the model's input among a node's inputs.
const modelInput = -1

// flattener makes nodes of layers' calls.
type flattener struct {
	flat   *Flat
	layers []*Layer // all that are no models, in Keras' order
	found  Unsupported
	made   map[*Layer]graph.Layer
	behind map[*Layer]graph.Layer // an activation that is a layer
	frozen map[*Layer]bool
	paths  map[*Layer]string // of its variables in the file
	names  map[*Layer]string // path from the outermost model, then the node's name
	calls  map[*Layer]int    // how many nodes it has
	all    int               // calls of layers and of models
}

// locate finds every layer's path in the file, and its path of names. What is frozen about a model stands with each of its layers;
// only of the outermost, if it is a Functional, does Keras read it, and trains nothing.
func (f *flattener) locate(m *Model, group, names string, frozen bool) {
	paths := m.WeightPaths()
	for i := range m.Layers {
		l := &m.Layers[i]
		f.names[l] = names + l.Name
		if l.Model == nil {
			if l.Class != "InputLayer" {
				f.layers = append(f.layers, l)
				f.paths[l], f.frozen[l] = group+paths[i], frozen
			}
			continue
		}
		f.flat.Nested = true
		f.locate(l.Model, group+strings.TrimSuffix(paths[i], "vars"), f.names[l]+"/", frozen)
	}
}

// translateAll makes all layers, gathers what is not supported, and gives layers their names.
func (f *flattener) translateAll(m *Model) {
	f.refuseModel(m)
	if len(m.Outputs) > 1 {
		f.found = append(f.found, fmt.Sprintf("model %s: %d outputs: only one", m.Name, len(m.Outputs)))
	}
	input, err := m.input()
	if err != nil {
		f.found = append(f.found, err.Error())
	}
	f.flat.Model.Input = input
	used := map[string]int{}
	for _, l := range f.layers {
		used[l.Name]++
	}
	for _, l := range f.layers {
		if used[l.Name] == 1 {
			f.names[l] = l.Name
		}
		p := problems{about: fmt.Sprintf("layer %s (%s)", f.names[l], l.Class)}
		made, frozen := translate(l, place{axes: len(l.InputShape)}, &p)
		if f.frozen[l] && !frozen && l.Class == "BatchNormalization" {
			p.refuse("trainable in a model that is not: freeze it, too (trainable = False)")
		}
		f.made[l], f.frozen[l] = made, frozen || f.frozen[l]
		f.behind[l] = behind(l, &p)
		p.calls(l)
		f.found = append(f.found, p.found...)
	}
}

// calls refuses calls with named arguments, such as training=False.
func (p *problems) calls(l *Layer) {
	for i, c := range l.Calls {
		if err := c.plain(); err != nil {
			p.refuse("call %d: %v", i+1, err)
		}
	}
}

// refuseModel gathers what is not supported about a model and those in it.
func (f *flattener) refuseModel(m *Model) {
	p := problems{about: fmt.Sprintf("model %s", m.Name)}
	p.float32(m.DType)
	f.found = append(f.found, p.found...)
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Model != nil {
			p := problems{about: fmt.Sprintf("model %s", l.Name)}
			p.calls(l)
			f.found = append(f.found, p.found...)
			f.refuseModel(l.Model)
		}
		if l.Class == "InputLayer" {
			p := problems{about: fmt.Sprintf("layer %s (InputLayer)", f.names[l])}
			if s, err := l.inputSettings(); err != nil {
				p.refuse("%v", err)
			} else {
				if m.MixedPrecision() == "" { // else it is that of what flows there, which Keras has cast
					p.float32(s.DType)
				}
				if s.Sparse || s.Ragged || s.Optional {
					p.refuse("sparse, ragged or optional inputs")
				}
			}
			f.found = append(f.found, p.found...)
		}
	}
}

// plain tells which named argument a call has; nulls and lists of them are none. Whether a layer is training is none either: fit, evaluate
// and predict tell each layer anew, whatever it was called with (keras/src/models/functional.py, operation_fn).
func (c Call) plain() error {
	if !isSet(c.Kwargs) {
		return nil
	}
	var named map[string]any
	if err := decodeStrict(c.Kwargs, &named); err != nil {
		return err
	}
	for name, value := range named {
		if name == keptTraining {
			return errors.Errorf("argument training=%v, to which Keras 2 keeps in fit and predict: leave it out, or freeze the layers instead", value)
		}
		if _, told := value.(bool); !isNull(value) && (name != "training" || !told) {
			return errors.Errorf("argument %s=%v", name, value)
		}
	}
	return nil
}

func isNull(value any) bool {
	list, ok := value.([]any)
	return value == nil || ok && !slices.ContainsFunc(list, func(v any) bool { return v != nil })
}

// inputSettings are those of an InputLayer.
type inputSettings struct {
	layerSettings
	BatchShape Shape `json:"batch_shape"`
	Sparse     bool  `json:"sparse"`
	Ragged     bool  `json:"ragged"`
	Optional   bool  `json:"optional"`
}

func (l *Layer) inputSettings() (inputSettings, error) {
	var s inputSettings
	err := l.Decode(&s)
	return s, err
}

// input is the shape of the images that the model takes.
func (m *Model) input() (graph.Shape, error) {
	shape := m.InputShape
	if !m.Sequential && len(m.Inputs) > 1 {
		return nil, errors.Errorf("model %s: %d inputs: only one", m.Name, len(m.Inputs))
	}
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Class != "InputLayer" {
			continue
		}
		s, err := l.inputSettings()
		if err != nil {
			return nil, errors.WithMessagef(err, "layer %s (InputLayer)", l.Name)
		}
		shape = s.BatchShape
	}
	switch {
	case shape == nil && m.Sequential && len(m.Layers) > 0 && m.Layers[0].Model != nil:
		return m.Layers[0].Model.input()
	case len(shape) < 2:
		return nil, errors.Errorf("model %s: it has no input shape: begin it with keras.Input(shape)", m.Name)
	case !shape[1:].fixed():
		return nil, errors.Errorf("model %s: input shape %s has no fixed size: build it with one, such as keras.Input((28, 28, 1))", m.Name, shape.python())
	}
	return graph.Shape(shape[1:]), nil
}

// python writes the shape as Python does, None where a length is not fixed.
func (s Shape) python() string {
	parts := make([]string, len(s))
	for i, n := range s {
		if parts[i] = fmt.Sprint(n); n == Unknown {
			parts[i] = "None"
		}
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// model adds the nodes of one call of a model, whose inputs are the outputs of the given nodes, and returns the nodes of its
// outputs.
func (f *flattener) model(m *Model, inputs []int) (outputs []int, err error) {
	if !m.Sequential {
		return f.functional(m, inputs)
	}
	at := inputs
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Class == "InputLayer" {
			continue
		}
		if len(at) != 1 {
			return nil, errors.Errorf("model %.80q: layer %.80q takes one input, not %d", m.Name, l.Name, len(at))
		}
		if at, err = f.call(l, at); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// output names the result of a layer's call within one model.
type output struct {
	layer string
	call  int
}

// functional goes through the layers in their order, again and again if need be, and takes the calls whose inputs are there.
func (f *flattener) functional(m *Model, inputs []int) (outputs []int, err error) {
	if len(inputs) != len(m.Inputs) {
		return nil, errors.Errorf("model %.80q takes %d inputs, not %d", m.Name, len(m.Inputs), len(inputs))
	}
	nodes := map[output][]int{}
	for i, t := range m.Inputs {
		nodes[output{t.Layer, t.Call}] = inputs[i : i+1]
	}
	for progress := true; progress; {
		progress = false
		for i := range m.Layers {
			l := &m.Layers[i]
			for k, c := range l.Calls {
				if _, done := nodes[output{l.Name, k}]; done {
					continue
				}
				in, ready := f.ready(nodes, c.Inputs)
				if !ready {
					continue
				}
				made, err := f.call(l, in)
				if err != nil {
					return nil, err
				}
				nodes[output{l.Name, k}], progress = made, true
			}
		}
	}
	outputs, ok := f.ready(nodes, m.Outputs)
	if !ok {
		return nil, errors.Errorf("model %.80q: no path leads from its input to its output", m.Name)
	}
	return outputs, nil
}

// ready returns the nodes of tensors, if all of them are there.
func (f *flattener) ready(nodes map[output][]int, tensors []Tensor) (in []int, ok bool) {
	for _, t := range tensors {
		made := nodes[output{t.Layer, t.Call}]
		if t.Output >= len(made) {
			return nil, false
		}
		in = append(in, made[t.Output])
	}
	return in, true
}

// maxCalls bounds what shared models in shared models can grow to, whose calls count even if no layer is in them.
const maxCalls = 10_000

// call adds the nodes of one call of a layer and returns those of its outputs.
func (f *flattener) call(l *Layer, in []int) ([]int, error) {
	if f.all++; f.all > maxCalls {
		return nil, errors.Errorf("the model calls its layers, and the models in it, more than %d times", maxCalls)
	}
	if l.Model != nil {
		return f.model(l.Model, in)
	}
	nodes := &f.flat.Model.Nodes
	at := len(*nodes)
	n := graph.Node{Name: f.names[l], Layer: f.made[l], Inputs: in, Frozen: f.frozen[l]}
	if f.calls[l]++; f.calls[l] > 1 {
		n.Name, n.SharedWith = fmt.Sprintf("%s/%d", f.names[l], f.calls[l]), f.names[l]
	} else {
		f.flat.stored = append(f.flat.stored, storedLayer{at, f.paths[l]})
	}
	*nodes = append(*nodes, n)
	if activation := f.behind[l]; activation != nil {
		*nodes = append(*nodes, graph.Node{Name: n.Name + ActivationSuffix, Layer: activation, Inputs: []int{at}})
		at++
	}
	return []int{at}, nil
}
