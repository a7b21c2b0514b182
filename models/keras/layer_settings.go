package keras

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training/plainjson"
)

// settings are a class' constructor arguments as config.json has them.
type settings interface {
	common() *layerSettings
	// layer is the layer that they make. What it cannot do is refused.
	layer(at place, p *problems) graph.Layer
}

// place is what a layer's settings may refer to.
type place struct {
	axes int // of the input, with the batch; 0 if the file does not say
}

// lastAxis tells whether an axis, counted as Keras does, is the last.
func (at place) lastAxis(axis int) bool { return axis == -1 || at.axes > 0 && axis == at.axes-1 }

// layerSettings are those that every layer has.
type layerSettings struct {
	Name      string `json:"name"`
	Trainable *bool  `json:"trainable"`
	DType     Named  `json:"dtype"`
}

func (s *layerSettings) common() *layerSettings { return s }

// formatted is a layer that could have channels first.
type formatted struct {
	layerSettings
	DataFormat string `json:"data_format"`
}

func (s *formatted) check(p *problems) {
	if s.DataFormat != "" && s.DataFormat != "channels_last" {
		p.refuse("data_format %s: build the model with channels_last", s.DataFormat)
	}
}

// translate makes a layer of a file's. What is not supported about it is added to p.
func translate(l *Layer, at place, p *problems) (made graph.Layer, frozen bool) {
	if l.isOperation() {
		return operation(l, p), false
	}
	s := settingsOf(l.Class)
	switch {
	case !l.IsKeras():
		p.refuse("a layer class of your own, whose code is not in the file; %s", useLayers)
		return nil, false
	case l.Class == "Lambda":
		p.refuse("its function is Python code, which is not run; %s", useLayers)
		return nil, false
	case s == nil:
		p.refuse("there is no such layer here")
		return nil, false
	}
	if err := l.Decode(s); err != nil {
		p.refuse("%v", err)
		return nil, false
	}
	common := s.common()
	p.float32(common.DType)
	return s.layer(at, p), common.Trainable != nil && !*common.Trainable
}

// behind is the layer that computes another's activation, if one does: it was given as an object, as in
// Conv2D(8, 3, activation=keras.layers.LeakyReLU(0.2)), or changes the shape.
func behind(l *Layer, p *problems) graph.Layer {
	s := settingsOf(l.Class)
	if s == nil || l.isOperation() || l.Decode(s) != nil {
		return nil // said before
	}
	w, ok := s.(interface {
		activationLayer() (activation, penalty Named)
	})
	if !ok {
		return nil
	}
	a, penalty := w.activationLayer()
	if a.Object == nil && a.Name != string(graph.GLU) {
		return nil
	}
	if !penalty.IsNone() {
		p.refuse("activity_regularizer beside activation %s", a.name())
	}
	if a.Object == nil {
		return graph.Activate{Function: graph.GLU}
	}
	at := place{axes: len(l.InputShape)}
	return p.activationLayer(a.Object, at)
}

// activationLayer makes a layer that was given as an activation. Those with variables or random numbers are not among them: Keras
// itself reads their variables back wrong.
func (p *problems) activationLayer(o *Object, at place) graph.Layer {
	switch o.Class {
	case "ReLU", "LeakyReLU", "ELU", "Softmax", "Activation", "Identity":
	default:
		p.refuse("activation %s given as an object: put it as a layer of its own behind this one", o.Class)
		return nil
	}
	made, _ := translate(&Layer{Object: *o}, at, p)
	return made
}

// useLayers is what can be done about a layer whose code is not in the file.
const useLayers = "use Keras' layers (Rescaling, Activation, Add, Multiply ...), or train the same model in PyTorch and save it with torch.export"

// float32 refuses any other dtype. Layers of mixed precision keep their variables in float32.
func (p *problems) float32(n Named) {
	switch name, err := n.DType(); {
	case err != nil:
		p.refuse("%v", err)
	case name != "" && name != "float32" && !mixed(name):
		p.refuse("dtype %s: build the model in float32", name)
	}
}

func mixed(policy string) bool { return policy == "mixed_float16" || policy == "mixed_bfloat16" }

// MixedPrecision is the dtype policy of layers that compute in half precision in Keras, and in float32 here; empty where there are none.
func (m *Model) MixedPrecision() string {
	for i := range m.Layers {
		l := &m.Layers[i]
		if l.Model != nil {
			if inner := l.Model.MixedPrecision(); inner != "" {
				return inner
			}
			continue
		}
		var s layerSettings
		if plainjson.Decode(l.Settings, &s) != nil {
			continue // said before
		}
		if name, err := s.DType.DType(); err == nil && mixed(name) {
			return name
		}
	}
	return ""
}

// size is a height and a width of at least one, which may be written as one number.
type size graph.Size

// UnmarshalJSON reads n or [height, width]; null leaves the value.
func (s *size) UnmarshalJSON(b []byte) error {
	var two rowsAndColumns
	if string(b) == "null" {
		return nil
	}
	if err := two.UnmarshalJSON(b); err != nil {
		return err
	}
	if two.H < 1 || two.W < 1 {
		return errors.Errorf("%.40s: kernel, strides, dilation, pool and factors must be at least 1", b)
	}
	*s = size(two)
	return nil
}

// rowsAndColumns is a number for the rows and one for the columns, which may be written as one.
type rowsAndColumns graph.Size

// UnmarshalJSON reads n or [rows, columns]; null leaves the value.
func (s *rowsAndColumns) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var n int
	if json.Unmarshal(b, &n) == nil {
		*s = rowsAndColumns(graph.Square(n))
		return nil
	}
	var two []int
	if err := json.Unmarshal(b, &two); err != nil || len(two) != 2 {
		return errors.Errorf("%.40s is neither a number nor a height and a width", b)
	}
	*s = rowsAndColumns{two[0], two[1]}
	return nil
}

// margins are rows and columns at an image's border.
type margins graph.Margins

// UnmarshalJSON reads n, [rows, columns] or [[top, bottom], [left, right]].
func (m *margins) UnmarshalJSON(b []byte) error {
	var sides [2]rowsAndColumns
	if err := json.Unmarshal(b, &sides); err == nil && b[0] == '[' {
		*m = margins{sides[0].H, sides[0].W, sides[1].H, sides[1].W}
		return nil
	}
	var n int
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.Errorf("%.40s is no margin: [[top, bottom], [left, right]]", b)
	}
	*m = margins(graph.AllAround(n))
	return nil
}

func (p *problems) padding(name string) graph.Padding {
	switch name {
	case "same":
		return graph.Same
	case "valid", "":
	default:
		p.refuse("padding %s", name)
	}
	return graph.Valid
}

// activation reads an activation; linear where there is none, and where it is a layer, see [behind].
func (p *problems) activation(n Named) graph.Activation {
	if n.Object != nil || n.Name == string(graph.GLU) {
		return graph.Linear
	}
	a := graph.Activation(n.Name)
	if err := a.Check(); err != nil {
		p.refuse("%v", err)
		return graph.Linear
	}
	if a == "" {
		return graph.Linear
	}
	return a
}

// axes reads one axis or a list of them.
func axes(b json.RawMessage) []int {
	var list []int
	if json.Unmarshal(b, &list) == nil {
		return list
	}
	var one int
	if json.Unmarshal(b, &one) != nil {
		return nil
	}
	return []int{one}
}

// last refuses anything but the last axis.
func (p *problems) last(at place, setting json.RawMessage) {
	if list := axes(setting); len(list) != 1 || !at.lastAxis(list[0]) {
		p.refuse("axis %s: only the last axis, -1", setting)
	}
}

// numbers reads one number or a list of them.
func (p *problems) numbers(setting string, b json.RawMessage) []float64 {
	if !isSet(b) {
		return nil
	}
	var list []float64
	if json.Unmarshal(b, &list) == nil {
		return list
	}
	var one float64
	if json.Unmarshal(b, &one) != nil {
		p.refuse("%s %.40s is neither a number nor a list of numbers", setting, b)
	}
	return []float64{one}
}

// exactly is x as a setting of a layer whose 0 means a default: the least number above 0, which is 0 in float32.
func exactly(x float64) float64 {
	if x == 0 {
		return math.SmallestNonzeroFloat64
	}
	return x
}

// fixed tells whether all lengths of a shape are known.
func (s Shape) fixed() bool { return !slices.Contains(s, Unknown) }
