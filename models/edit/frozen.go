package edit

import (
	"slices"

	"dcae/graph"
)

// Free lets all layers that have variables and are frozen take part in training, with all of their variables, and returns their names.
func Free(m *graph.Model) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	frozen, err := d.frozen()
	if err != nil {
		return nil, nil, err
	}
	for _, n := range frozen {
		n.frozen, n.untrained = false, nil
	}
	return d.finish(names(frozen))
}

// frozen are the layers with variables that would be trained if they were not frozen, as a whole or one by one.
func (d *draft) frozen() ([]*node, error) {
	shapes, err := d.shapes()
	if err != nil {
		return nil, err
	}
	var out []*node
	for _, n := range d.nodes {
		var in []graph.Shape
		for _, i := range n.inputs {
			in = append(in, shapes[i])
		}
		trained, variables := 0, n.layer.Variables(in)
		for _, v := range variables {
			if v.Trainable && !n.frozen && !slices.Contains(n.untrained, v.Name) {
				trained++
			}
		}
		if len(variables) > 0 && trained == 0 && (n.frozen || len(n.untrained) > 0) {
			out = append(out, n)
		}
	}
	return out, nil
}
