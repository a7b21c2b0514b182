package edit

import "dcae/graph"

// Free lets all layers that have variables and are frozen take part in training, and returns their names.
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
		n.frozen = false
	}
	return d.finish(names(frozen))
}

// frozen are the layers with variables that would be trained if they were not frozen.
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
		if n.frozen && len(n.layer.Variables(in)) > 0 {
			out = append(out, n)
		}
	}
	return out, nil
}
