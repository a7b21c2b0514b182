package torch

import (
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Variable is the path of the model's variable that a parameter or buffer of state_dict is; empty if the model does not use it.
func (m *Module) Variable(name string) string {
	name = m.canonicalName(name)
	for _, s := range m.Stored {
		if s.Name == name {
			return s.Variable
		}
	}
	return ""
}

// StoredAs says how a variable lies in state_dict; nil if it is none of the file's.
func (m *Module) StoredAs(variable string) *Stored {
	for i := range m.Stored {
		if m.Stored[i].Variable == variable {
			return &m.Stored[i]
		}
	}
	return nil
}

// LoadStateDict gives the model's variables, and what StateDict gives besides, the values of a state_dict of the same program. It fails, naming the tensor,
// where one lacks or has another shape or type; more than the program has are an error, too.
func (m *Module) LoadStateDict(tensors []*Tensor) error {
	for _, t := range tensors {
		if find(m.archive.Weights, t.Name) == nil {
			return errors.Errorf("the program has no %s", t.Name)
		}
	}
	for _, own := range m.archive.Weights {
		t := find(tensors, own.Name)
		switch {
		case t == nil:
			return errors.Errorf("it lacks %s", own.Name)
		case t.Type != own.Type || !slices.Equal(t.Shape, own.Shape):
			return errors.Errorf("%s is %v %v, the program takes %v %v", own.Name, t.Type, t.Shape, own.Type, own.Shape)
		}
		own.Float32s, own.Float64s, own.Ints = t.Float32s, t.Float64s, t.Ints
	}
	for _, s := range m.Stored {
		if v := m.Params.Lookup(s.Variable); v != nil {
			copy(v.Float32s(), Inward(s.Layout, s.tensor.Float32s))
		}
	}
	return nil
}

// ChangedStateDict is the program's state_dict with the values of a changed model's variables. It fails, naming the first, where the model has other
// variables than the program.
func (m *Module) ChangedStateDict(params *graph.Params) ([]*Tensor, error) {
	for _, v := range params.All {
		s := m.StoredAs(v.Path())
		if s == nil {
			return nil, errors.Errorf("the repaired model has %s, which the program has not: build it as the code says, and train it there", v.Path())
		}
		if own := m.Params.Lookup(v.Path()); own == nil || !slices.Equal(own.Shape, v.Shape) {
			return nil, errors.Errorf("%s of the repaired model is of another size than in the program: build it as the code says, and train it there", s.Name)
		}
	}
	return m.StateDict(params, 0), nil
}
