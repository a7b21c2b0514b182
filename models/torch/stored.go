package torch

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// Stored says how one of the model's variables lies in PyTorch's state_dict.
type Stored struct {
	Name     string // as state_dict calls it: enc.0.weight
	Variable string // the variable's path: enc.0/kernel
	Layout

	tensor *Tensor
}

// keep notes where a variable comes from.
func (t *translator) keep(s Stored) {
	s.Name, s.Shape = s.tensor.Name, s.tensor.Shape
	t.kept = append(t.kept, s)
}

// parameter is a parameter, a buffer or a constant as a value that all images have in common.
func (t *translator) parameter(tensor *Tensor) (*value, error) {
	v := &value{dims: tensor.Shape, order: plainOrder(false, tensor.Shape), dtype: tensor.Type, node: -1}
	switch tensor.Type {
	case Float32:
	case Float64:
		return nil, errors.Errorf("%s is float64: call model.float() before the export", tensor.Name)
	default:
		v.integers = tensor.Ints
		return v, nil
	}
	if len(tensor.Float32s) == 0 {
		return nil, errors.Errorf("%s has no values", tensor.Name)
	}
	if !tensor.Trained && len(tensor.Float32s) == 1 {
		number := float64(tensor.Float32s[0])
		v.number = &number
	}
	name := t.unique(plainName(tensor.Name))
	layer := graph.Parameter{Shape: tensor.Shape, Init: t.initializer(tensor, nil), Constant: !tensor.Trained}
	var err error
	if v.node, err = t.addNode(graph.Node{Name: name, Layer: layer}); err != nil {
		return nil, err
	}
	t.keep(Stored{tensor: tensor, Variable: name + "/value", Layout: Layout{Order: v.order}})
	return v, nil
}

// constant is an array of known numbers as a value that all images have in common.
func (t *translator) constant(dims []int, values []float64) (*value, error) {
	v := &value{dims: dims, order: plainOrder(false, dims), dtype: Float32}
	if len(values) == 1 {
		v.number = &values[0]
	}
	var err error
	v.node, err = t.add("", graph.Parameter{Shape: dims, Init: graph.Values(values), Constant: true})
	return v, err
}
