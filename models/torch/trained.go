package torch

import (
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// findUnreached finds parameters that no gradient of the loss flows to. PyTorch's optimizers take no step with those.
func (m *Module) findUnreached() {
	nodes := slices.Concat(m.Model.Nodes, m.Model.OwnLoss)
	reached := map[int]bool{}
	for next := []int{len(nodes) - 1}; len(next) > 0; next = next[1:] {
		if n := next[0]; n >= 0 && !reached[n] {
			reached[n] = true
			next = append(next, passesGradient(nodes[n])...)
		}
	}
	trained := map[string]bool{}
	for i, n := range nodes {
		if reached[i] {
			trained[owner(n)] = true
		}
	}
	var names []string
	for _, s := range m.Stored {
		if node, _, _ := strings.Cut(s.Variable, "/"); s.tensor.Trained && !trained[node] {
			names = append(names, s.Name)
		}
	}
	if len(names) > 0 {
		m.Warnings = append(m.Warnings, "no gradient of the loss flows to "+strings.Join(names, ", ")+": they are not trained")
		m.untrain(names)
	}
}

// owner is the node whose variables a node uses.
func owner(n graph.Node) string {
	if n.SharedWith != "" {
		return n.SharedWith
	}
	return n.Name
}

// passesGradient are those of a node's inputs that a gradient flows to.
func passesGradient(n graph.Node) []int {
	switch l := n.Layer.(type) {
	case graph.StopGradient, graph.Sample, graph.OneHotMax, graph.Compare:
		return nil
	case graph.Elementwise:
		switch l.Function {
		case graph.Greater, graph.GreaterEqual, graph.Less, graph.LessEqual, graph.Equal, graph.NotEqual:
			return nil
		}
	case graph.Where:
		return n.Inputs[1:]
	case graph.MaxUnpooling2D:
		return n.Inputs[:1]
	}
	return n.Inputs
}

// untrain says that parameters are not trained.
func (m *Module) untrain(names []string) {
	for _, s := range m.Stored {
		if !slices.Contains(names, s.Name) {
			continue
		}
		node, variable, _ := strings.Cut(s.Variable, "/")
		for _, nodes := range [][]graph.Node{m.Model.Nodes, m.Model.OwnLoss} {
			if i := slices.IndexFunc(nodes, func(n graph.Node) bool { return n.Name == node }); i >= 0 && !slices.Contains(nodes[i].Untrained, variable) {
				nodes[i].Untrained = append(nodes[i].Untrained, variable)
			}
		}
		if m.Params != nil {
			m.Params.Lookup(s.Variable).Trainable = false
		}
	}
}

// TrainOnly says that of all parameters no others are trained than those named, as those that an optimizer was given. It returns the names of
// those that were trained until now, and fails if there is no parameter of a name.
func (m *Module) TrainOnly(names []string) (left []string, err error) {
	for _, name := range names {
		if t := find(m.archive.Weights, name); t == nil || !t.IsParameter {
			return nil, errors.Errorf("the program has no parameter %q", name)
		}
	}
	named := map[string]bool{}
	for _, name := range names {
		named[m.canonicalName(name)] = true
	}
	for _, s := range m.Stored {
		if v := m.Params.Lookup(s.Variable); v.Trainable && !named[s.Name] {
			left = append(left, s.Name)
		}
	}
	m.untrain(left)
	return left, nil
}

// canonicalName is the first name of a parameter that may be tied to others.
func (m *Module) canonicalName(name string) string {
	if t := find(m.archive.Weights, name); t != nil && t.SameAs != "" {
		return t.SameAs
	}
	return name
}

// StateDict is the program's state_dict with the values of variables in the place of those of the file, after so many steps of training with them.
// Tied parameters and buffers are there under all of their names, and what the model does not use as it was.
func (m *Module) StateDict(params *graph.Params, steps int) []*Tensor {
	values := map[string][]float32{}
	for _, s := range m.Stored {
		if v := params.Lookup(s.Variable); v != nil {
			values[s.Name] = Outward(s.Layout, v.Float32s())
		}
	}
	var out []*Tensor
	for _, t := range m.archive.Weights {
		made := *t
		name := m.canonicalName(t.Name)
		if v, there := values[name]; there {
			made.Float32s = v
		}
		if by := m.countsByStep[name]; by != 0 {
			made.Ints = slices.Clone(t.Ints)
			for i := range made.Ints {
				made.Ints[i] += int64(by * steps)
			}
		}
		out = append(out, &made)
	}
	return out
}
