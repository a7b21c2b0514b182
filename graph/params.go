package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// Precision is the element type of a model's variables and graphs.
type Precision uint8

// Float32 is what training uses. Float64 runs the portable kernels; gradients are checked in it.
const (
	Float32 Precision = iota
	Float64
)

func (p Precision) dtype() tensor.Dtype {
	if p == Float64 {
		return tensor.Float64
	}
	return tensor.Float32
}

// Variable is one array of a layer's state: a weight that is trained or a statistic that is not.
type Variable struct {
	Layer     string // the layer's name
	Name      string // as Keras calls it: kernel, bias, gamma, beta, alpha, moving_mean, moving_variance
	Shape     Shape
	Trainable bool
	Value     *tensor.Dense

	Regularizer Regularizer
}

// Path is LAYER/NAME.
func (v *Variable) Path() string { return v.Layer + "/" + v.Name }

// Float32s is the memory of a variable in float32; with another precision it panics.
func (v *Variable) Float32s() []float32 { return data[float32](v.Value) }

// Set overwrites the values, which are converted to the variable's precision. It fails for another number of values.
func (v *Variable) Set(values []float64) error {
	if err := v.fits(values); err != nil {
		return err
	}
	switch own := v.Value.Data().(type) {
	case []float32:
		for i, x := range values {
			own[i] = float32(x)
		}
	case []float64:
		copy(own, values)
	}
	return nil
}

func (v *Variable) fits(values []float64) error {
	if len(values) != v.Shape.Size() {
		return errors.Errorf("variable %s has shape %v, %d values, but %d are given", v.Path(), v.Shape, v.Shape.Size(), len(values))
	}
	return nil
}

// Values returns a copy of the values.
func (v *Variable) Values() []float64 {
	out := make([]float64, v.Shape.Size())
	switch own := v.Value.Data().(type) {
	case []float32:
		for i, x := range own {
			out[i] = float64(x)
		}
	case []float64:
		copy(out, own)
	}
	return out
}

// Params is a model's state: every variable, named, in the model's order. Training and evaluation graphs of the same model
// share it.
type Params struct {
	Precision Precision
	All       []*Variable
}

// Trainable lists the variables that are trained, in order.
func (p *Params) Trainable() []*Variable {
	var out []*Variable
	for _, v := range p.All {
		if v.Trainable {
			out = append(out, v)
		}
	}
	return out
}

// Lookup finds the variable with the path LAYER/NAME; nil if there is none.
func (p *Params) Lookup(path string) *Variable {
	for _, v := range p.All {
		if v.Path() == path {
			return v
		}
	}
	return nil
}

// Count is the number of values in all variables, and in the trainable ones.
func (p *Params) Count() (all, trainable int) {
	for _, v := range p.All {
		all += v.Shape.Size()
		if v.Trainable {
			trainable += v.Shape.Size()
		}
	}
	return all, trainable
}

// Snapshot copies all values; Restore puts such a copy back.
func (p *Params) Snapshot() [][]float64 {
	out := make([][]float64, len(p.All))
	for i, v := range p.All {
		out[i] = v.Values()
	}
	return out
}

// Restore overwrites all values by those of a Snapshot of the same model. It fails, and leaves all as they are, for another number of variables or of
// their values.
func (p *Params) Restore(snapshot [][]float64) error {
	if len(snapshot) != len(p.All) {
		return errors.Errorf("the model has %d variables, the snapshot %d", len(p.All), len(snapshot))
	}
	for i, v := range p.All {
		if err := v.fits(snapshot[i]); err != nil {
			return err
		}
	}
	for i, v := range p.All {
		if err := v.Set(snapshot[i]); err != nil {
			return err
		}
	}
	return nil
}

// NewValues makes n zeros, on huge pages if there are many: what steps pass over is found faster there.
func NewValues(n int) []float32 { return kernel.NewLarge[float32](n) }

func newDense(p Precision, shape Shape) *tensor.Dense {
	if p == Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(kernel.NewLarge[float64](shape.Size())))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(NewValues(shape.Size())))
}
