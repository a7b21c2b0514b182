package keras

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// initializer reads a kernel_initializer or the like; nil where there is none.
func (p *problems) initializer(setting string, n Named) graph.Initializer {
	if n.IsNone() {
		return nil
	}
	if n.Object != nil && !n.Object.IsKeras() {
		p.refuse("%s %s of your own", setting, n.Object.Class)
		return nil
	}
	var i graph.Initializer
	var err error
	if n.Object != nil {
		i, err = decodeInitializer(n.Object)
	} else {
		i, err = ReadInitializer(n.Name, nil)
	}
	if err != nil {
		p.refuse("%s: %v", setting, err)
		return nil
	}
	return i
}

// ReadInitializer makes one of Keras' initializers of its name, as he_normal, and its settings as JSON; nil means their defaults. It
// fails if there is no such initializer, or for settings that it cannot have.
func ReadInitializer(name string, settings json.RawMessage) (graph.Initializer, error) {
	if settings == nil {
		settings = json.RawMessage("{}")
	}
	return decodeInitializer(&Object{Class: name, Module: "keras.initializers", Settings: settings})
}

// initializerBut is nil for the initializer that a variable has by default.
func (p *problems) initializerBut(setting string, n Named, def graph.Initializer) graph.Initializer {
	if made := p.initializer(setting, n); made != def {
		return made
	}
	return nil
}

// randomSettings are those of all initializers; the seed is passed over, since values are drawn by this program's own.
type randomSettings struct {
	Seed       json.RawMessage `json:"seed"`
	InputAxes  json.RawMessage `json:"input_axes"`
	OutputAxes json.RawMessage `json:"output_axes"`
	Value      float64         `json:"value"`
	Mean       float64         `json:"mean"`
	StdDev     float64         `json:"stddev"`
	Min        float64         `json:"minval"`
	Max        float64         `json:"maxval"`
	Gain       float64         `json:"gain"`
	Scale      float64         `json:"scale"`
	Mode       string          `json:"mode"`
	Draw       string          `json:"distribution"`
}

func decodeInitializer(o *Object) (graph.Initializer, error) {
	s := randomSettings{StdDev: 0.05, Min: -0.05, Max: 0.05, Gain: 1, Scale: 1, Mode: "fan_in", Draw: "truncated_normal"}
	if err := o.Decode(&s); err != nil {
		return nil, err
	}
	if isSet(s.InputAxes) || isSet(s.OutputAxes) {
		return nil, errors.Errorf("%s with input_axes or output_axes", o.Class)
	}
	if made := initializers[strings.TrimSuffix(snakeCase(o.Class), "_initializer")]; made != nil {
		return made(s)
	}
	return nil, errors.Errorf("there is no initializer %s here", o.Class)
}

// initializers are those of Keras that are read, by their names in small letters.
var initializers = map[string]func(s randomSettings) (graph.Initializer, error){
	"zeros": plainly(graph.Zeros{}), "zero": plainly(graph.Zeros{}), "ones": plainly(graph.Ones{}), "one": plainly(graph.Ones{}),
	"glorot_normal": plainly(graph.GlorotNormal()), "glorot_uniform": plainly(graph.GlorotUniform()), "he_normal": plainly(graph.HeNormal()), "he_uniform": plainly(graph.HeUniform()),
	"lecun_normal": plainly(graph.LecunNormal()), "lecun_uniform": plainly(graph.LecunUniform()),
	"constant":       func(s randomSettings) (graph.Initializer, error) { return graph.Constant{Value: s.Value}, nil },
	"random_normal":  normal,
	"normal":         normal,
	"random_uniform": uniform,
	"uniform":        uniform,
	"truncated_normal": func(s randomSettings) (graph.Initializer, error) {
		return graph.RandomTruncatedNormal{Mean: s.Mean, StdDev: s.StdDev}, nil
	},
	"variance_scaling": varianceScaling,
	"orthogonal":       func(s randomSettings) (graph.Initializer, error) { return graph.Orthogonal{Gain: s.Gain}, nil },
	"identity":         func(s randomSettings) (graph.Initializer, error) { return graph.IdentityMatrix{Gain: s.Gain}, nil },
	"stft": func(randomSettings) (graph.Initializer, error) {
		return nil, errors.New("STFT, which is for Conv1D alone")
	},
}

// Initializers lists the initializers of Keras that are read, by all of their names, in order.
func Initializers() []string {
	names := slices.Sorted(maps.Keys(initializers))
	return slices.DeleteFunc(names, func(name string) bool { return name == "stft" })
}

// plainly is an initializer without settings.
func plainly(made graph.Initializer) func(randomSettings) (graph.Initializer, error) {
	return func(randomSettings) (graph.Initializer, error) { return made, nil }
}

func normal(s randomSettings) (graph.Initializer, error) {
	return graph.RandomNormal{Mean: s.Mean, StdDev: s.StdDev}, nil
}

func uniform(s randomSettings) (graph.Initializer, error) {
	return graph.RandomUniform{Min: s.Min, Max: s.Max}, nil
}

func varianceScaling(s randomSettings) (graph.Initializer, error) {
	v := graph.VarianceScaling{Scale: s.Scale}
	switch s.Mode {
	case "fan_in":
		v.Fan = graph.FanIn
	case "fan_out":
		v.Fan = graph.FanOut
	case "fan_avg":
		v.Fan = graph.FanAverage
	default:
		return nil, errors.Errorf("VarianceScaling with mode %q", s.Mode)
	}
	switch s.Draw {
	case "truncated_normal", "normal":
		v.Distribution = graph.TruncatedNormal
	case "untruncated_normal":
		v.Distribution = graph.UntruncatedNormal
	case "uniform":
		v.Distribution = graph.Uniform
	default:
		return nil, errors.Errorf("VarianceScaling with distribution %q", s.Draw)
	}
	return v, nil
}

// isSet tells whether a setting is there and not null.
func isSet(b json.RawMessage) bool { return len(b) > 0 && string(b) != "null" }

// regularizer reads a kernel_regularizer or the like.
func (p *problems) regularizer(setting string, n Named) graph.Regularizer {
	if n.IsNone() {
		return graph.Regularizer{}
	}
	if n.Object == nil || !n.Object.IsKeras() {
		p.refuse("%s %s", setting, n.name())
		return graph.Regularizer{}
	}
	var s struct {
		L1 float64 `json:"l1"`
		L2 float64 `json:"l2"`
	}
	switch n.Object.Class {
	case "L1", "L2", "L1L2":
		if err := n.Object.Decode(&s); err != nil {
			p.refuse("%s: %v", setting, err)
		}
	default:
		p.refuse("%s %s", setting, n.Object.Class)
	}
	return graph.Regularizer{L1: s.L1, L2: s.L2}
}

// absent refuses a setting that must be null.
func (p *problems) absent(setting string, n Named) {
	if !n.IsNone() {
		p.refuse("%s %s", setting, n.name())
	}
}

// name is what the thing is called, however it was given.
func (n Named) name() string {
	if n.Object != nil {
		return n.Object.Class
	}
	return n.Name
}
