package experiments

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/models/keras"
)

// Initializer draws a kernel's first values. In YAML a name alone stands for {name: NAME}; settings have Keras' defaults.
type Initializer struct {
	// Name is one of Keras': zeros, ones, constant, orthogonal, random_normal, random_uniform, truncated_normal, variance_scaling; glorot, he or lecun
	// with _normal or _uniform. Or one of these: delta_orthogonal, with a gain (see [graph.DeltaOrthogonal]); mean_field, kernels and biases
	// normal with the variances sigma_w^2 / inputs and sigma_b^2, as in mean field theory; pytorch, both uniform within 1 / sqrt(fan in), as
	// PyTorch's layers begin.
	Name                string `yaml:"name" json:"name"`
	InitializerSettings `yaml:",inline"`
}

// InitializerSettings are those of all initializers.
type InitializerSettings struct {
	Mean   *float64 `yaml:"mean,omitempty" json:"mean,omitempty"`
	StdDev *float64 `yaml:"stddev,omitempty" json:"stddev,omitempty"`
	Min    *float64 `yaml:"minval,omitempty" json:"minval,omitempty"`
	Max    *float64 `yaml:"maxval,omitempty" json:"maxval,omitempty"`
	Value  *float64 `yaml:"value,omitempty" json:"value,omitempty"`
	Gain   *float64 `yaml:"gain,omitempty" json:"gain,omitempty"`
	Scale  *float64 `yaml:"scale,omitempty" json:"scale,omitempty"`
	Mode   string   `yaml:"mode,omitempty" json:"mode,omitempty"`
	Draw   string   `yaml:"distribution,omitempty" json:"distribution,omitempty"`
	SigmaW *float64 `yaml:"sigma_w,omitempty" json:"sigma_w,omitempty" least:"0"` // default 1
	SigmaB *float64 `yaml:"sigma_b,omitempty" json:"sigma_b,omitempty" least:"0"` // default 0
}

// UnmarshalYAML reads a mapping, or a name alone. It fails for anything else.
func (i *Initializer) UnmarshalYAML(decode func(any) error) error {
	if decode(&i.Name) == nil {
		return nil
	}
	type plain Initializer
	return decode((*plain)(i))
}

// String is short: its name, and its standard deviation or sigmas if they are given.
func (i Initializer) String() string {
	if i.Name == meanField {
		w, b := i.sigmas()
		return fmt.Sprintf("sigma_w %.3g, sigma_b %.3g", w, b)
	}
	if i.StdDev != nil {
		return fmt.Sprintf("std %g", *i.StdDev)
	}
	return i.Name
}

// Names of initializers that are not Keras'.
const (
	deltaOrthogonal = "delta_orthogonal"
	meanField       = "mean_field"
	pyTorch         = "pytorch"
)

// byFan tells whether it gives biases, too, and follows from the fans of each layer.
func (i Initializer) byFan() bool { return i.Name == meanField || i.Name == pyTorch }

// sigmas are the settings of mean_field.
func (i Initializer) sigmas() (w, b float64) {
	w = 1
	if i.SigmaW != nil {
		w = *i.SigmaW
	}
	if i.SigmaB != nil {
		b = *i.SigmaB
	}
	return w, b
}

// ofFans are the initializers of a layer's kernel and bias; see [edit.InitializersByFan].
func (i Initializer) ofFans(inputs, in int) (kernel, bias graph.Initializer) {
	if i.Name == pyTorch {
		limit := 1 / math.Sqrt(float64(in))
		return graph.RandomUniform{Min: -limit, Max: limit}, graph.RandomUniform{Min: -limit, Max: limit}
	}
	w, b := i.sigmas()
	if b == 0 {
		return graph.RandomNormal{StdDev: w / math.Sqrt(float64(inputs))}, graph.Zeros{}
	}
	return graph.RandomNormal{StdDev: w / math.Sqrt(float64(inputs))}, graph.RandomNormal{StdDev: b}
}

// check tells why there is no such initializer; nil if there is.
func (i Initializer) check() error {
	if !i.byFan() {
		_, err := i.initializer()
		return err
	}
	others := i.InitializerSettings
	if i.Name == meanField {
		others.SigmaW, others.SigmaB = nil, nil
	}
	if others != (InitializerSettings{}) {
		return errors.Errorf("initializer %s: it has no such settings; mean_field has sigma_w and sigma_b, pytorch none", i.Name)
	}
	return nil
}

// initializer makes that of all kernels.
func (i Initializer) initializer() (graph.Initializer, error) {
	if i.Name == deltaOrthogonal {
		made, err := Initializer{Name: "orthogonal", InitializerSettings: i.InitializerSettings}.initializer()
		if err != nil {
			return nil, errors.WithMessage(err, i.Name)
		}
		return graph.DeltaOrthogonal(made.(graph.Orthogonal)), nil
	}
	settings, err := json.Marshal(i.InitializerSettings)
	if err != nil {
		return nil, errors.Wrap(err, i.Name)
	}
	return keras.ReadInitializer(i.Name, settings)
}
