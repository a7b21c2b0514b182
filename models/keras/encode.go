package keras

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// fields are a JSON object in the order in which they are written.
type fields []field

type field struct {
	name  string
	value any
}

// renamed are the fields with another beginning of those names that begin with the old one.
func (f fields) renamed(old, by string) fields {
	for i, x := range f {
		if rest, ok := strings.CutPrefix(x.name, old); ok {
			f[i].name = by + rest
		}
	}
	return f
}

// MarshalJSON writes the object.
func (f fields) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, x := range f {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(floats(x.value))
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Float is a number that is written as Python writes its floats, 1.0 and not 1. Keras takes 1 for an int: it refuses it as a learning
// rate, and computes a schedule from it in whole numbers.
type Float float64

// MarshalJSON writes the number.
func (f Float) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(float64(f))
	if err == nil && !bytes.ContainsAny(b, ".e") {
		b = append(b, ".0"...)
	}
	return b, err
}

// floats is a setting's value with floats that are written as such.
func floats(value any) any {
	switch v := value.(type) {
	case float64:
		return Float(v)
	case []float64:
		return Floats(v)
	}
	return value
}

// Floats are numbers that are written as floats.
func Floats(values []float64) []Float {
	out := make([]Float, len(values))
	for i, v := range values {
		out[i] = Float(v)
	}
	return out
}

// object is what Keras writes for one of its objects.
func object(module, class string, config fields) fields {
	if config == nil {
		config = fields{}
	}
	return fields{{"module", module}, {"class_name", class}, {"config", config}, {"registered_name", nil}}
}

// batchShape is a shape with null for the batch.
func batchShape(s graph.Shape) []any {
	out := []any{nil}
	for _, n := range s {
		out = append(out, n)
	}
	return out
}

// Encode writes a model as config.json of a .keras file: as a Sequential if its layers are a chain, else as a Functional. It
// is an error if a layer's name is one that Keras does not take, as those of a model that was nested may be, or if Keras has no such layer.
func Encode(m *graph.Model) (json.RawMessage, error) {
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	if len(m.OwnLoss) > 0 {
		return nil, errors.Errorf("model %s gives its own loss, which cannot be written", m.Name)
	}
	for _, n := range m.Nodes {
		if why := foreign(n.Layer); why != "" {
			return nil, errors.Errorf("layer %s (%s) cannot be written: Keras has no such %s", n.Name, n.Layer.Class(), why)
		}
		if n.SharedWith == "" && strings.ContainsAny(n.Name, `/\`) {
			return nil, errors.Errorf("layer name %q cannot be written: Keras takes no slashes in it", n.Name)
		}
	}
	e := encoder{model: m, shapes: shapes, input: inputName(m)}
	config := e.sequential()
	if !isChain(m) {
		config = e.functional()
	}
	b, err := json.Marshal(config)
	return b, errors.Wrap(err, "config.json")
}

// foreign names what Keras does not have: a layer, or a setting of one. It is empty if Keras has all.
func foreign(l graph.Layer) string {
	switch l := l.(type) {
	case graph.Conv2D:
		if l.Margins != (graph.Margins{}) {
			return "margins of a convolution"
		}
	case graph.Conv1D:
		if l.Margins != (graph.Ends{}) {
			return "margins of a convolution"
		}
	case graph.BatchNormalization:
		if l.Unbiased {
			return "unbiased moving variance"
		}
	case graph.Supplied:
		return "layer whose weights are computed"
	case graph.Conv2DTranspose:
		if l.Margins != (graph.Margins{}) || l.Groups > 1 {
			return "margins or groups of a transposed convolution"
		}
	case graph.Conv1DTranspose:
		if l.Margins != (graph.Ends{}) || l.Groups > 1 {
			return "margins or groups of a transposed convolution"
		}
	case graph.MaxPooling2D:
		if l.Margins != (graph.Margins{}) || l.Ceil || l.Dilation != (graph.Size{}) && l.Dilation != graph.Square(1) {
			return "margins, rounding or dilation of a pooling"
		}
	case graph.AveragePooling2D:
		if l.Margins != (graph.Margins{}) || l.Ceil || l.Divisor != 0 {
			return "margins, rounding or divisor of a pooling"
		}
	case graph.SoftmaxLayer:
		if l.Log {
			return "logarithm of a softmax in a layer of its own"
		}
	case graph.RMSNormalization:
		if l.NoScale {
			return "RMSNormalization without scale"
		}
	}
	if settingsOf(l.Class()) == nil {
		return "layer"
	}
	return ""
}

type encoder struct {
	model  *graph.Model
	shapes []graph.Shape
	input  string // name of the input layer
}

// inputName is one that no layer has.
func inputName(m *graph.Model) string {
	name := "input_layer"
	for i := 0; i < len(m.Nodes); i++ {
		if m.Nodes[i].Name == name {
			name, i = name+"_0", -1
		}
	}
	return name
}

// isChain tells whether each layer takes the output of the one before, and none is called twice.
func isChain(m *graph.Model) bool {
	for i, n := range m.Nodes {
		if n.SharedWith != "" || len(n.Inputs) != 1 || n.Inputs[0] != i-1 {
			return false
		}
	}
	return true
}

func (e encoder) inputLayer() fields {
	return object("keras.layers", "InputLayer", fields{
		{"batch_shape", batchShape(e.model.Input)}, {"dtype", "float32"}, {"sparse", false}, {"ragged", false}, {"name", e.input}, {"optional", false},
	})
}

func (e encoder) sequential() fields {
	layers := []fields{e.inputLayer()}
	for i := range e.model.Nodes {
		layers = append(layers, e.layer(i))
	}
	shape := batchShape(e.model.Input)
	config := object("keras", "Sequential", fields{
		{"name", e.model.Name}, {"trainable", true}, {"dtype", float32Policy()}, {"layers", layers}, {"build_input_shape", shape},
	})
	return append(config, field{"build_config", fields{{"input_shape", shape}}})
}

func (e encoder) functional() fields {
	layers := []fields{append(e.inputLayer(), field{"name", e.input}, field{"inbound_nodes", []int{}})}
	for i, n := range e.model.Nodes {
		if n.SharedWith != "" {
			continue
		}
		var calls []fields
		for k, other := range e.model.Nodes {
			if k == i || other.SharedWith == n.Name {
				calls = append(calls, fields{{"args", e.arguments(k)}, {"kwargs", fields{}}})
			}
		}
		layers = append(layers, append(e.layer(i), field{"name", n.Name}, field{"inbound_nodes", calls}))
	}
	last, call := e.tensor(len(e.model.Nodes) - 1)
	config := object("keras.src.models.functional", "Functional", fields{
		{"name", e.model.Name}, {"trainable", true}, {"layers", layers},
		{"input_layers", []any{e.input, 0, 0}}, {"output_layers", []any{last, call, 0}},
	})
	config[len(config)-1].value = "Functional"
	return append(config, field{"build_config", fields{{"input_shape", nil}}})
}

// tensor names a node's output by its layer and the number of the layer's call.
func (e encoder) tensor(node int) (layer string, call int) {
	if node < 0 {
		return e.input, 0
	}
	layer = e.model.Nodes[node].Name
	if shared := e.model.Nodes[node].SharedWith; shared != "" {
		layer = shared
		for _, n := range e.model.Nodes[:node] {
			if n.Name == shared || n.SharedWith == shared {
				call++
			}
		}
	}
	return layer, call
}

// arguments are a node's inputs; merging layers have them in a list.
func (e encoder) arguments(node int) []any {
	var tensors []any
	for _, from := range e.model.Nodes[node].Inputs {
		layer, call := e.tensor(from)
		tensors = append(tensors, fields{{"class_name", tensorClass}, {"config", fields{
			{"shape", batchShape(e.shape(from))}, {"dtype", "float32"}, {"keras_history", []any{layer, call, 0}},
		}}})
	}
	if merges(e.model.Nodes[node].Layer) {
		return []any{tensors}
	}
	return tensors
}

// merges tells whether Keras gives a layer its inputs in a list.
func merges(l graph.Layer) bool {
	switch l.(type) {
	case graph.Add, graph.Subtract, graph.Multiply, graph.Average, graph.Maximum, graph.Minimum, graph.Concatenate:
		return true
	}
	return false
}

func (e encoder) shape(node int) graph.Shape {
	if node < 0 {
		return e.model.Input
	}
	return e.shapes[node]
}

// layer is what Keras writes for the layer of a node.
func (e encoder) layer(node int) fields {
	n := e.model.Nodes[node]
	config := fields{{"name", n.Name}, {"trainable", !n.Frozen}, {"dtype", float32Policy()}}
	if _, odd := n.Layer.(graph.SpatialDropout2D); odd {
		config = fields{config[0], config[2]} // Keras' constructor takes no trainable
	}
	config = append(config, layerFields(n.Layer)...)
	var shape any
	if merges(n.Layer) {
		var all [][]any
		for _, from := range n.Inputs {
			all = append(all, batchShape(e.shape(from)))
		}
		shape = all
	} else {
		shape = batchShape(e.shape(n.Inputs[0]))
	}
	return append(object("keras.layers", n.Layer.Class(), config), field{"build_config", fields{{"input_shape", shape}}})
}

func float32Policy() fields {
	return object("keras", "DTypePolicy", fields{{"name", "float32"}})
}
