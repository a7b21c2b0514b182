package edit

import (
	"strings"

	"dcae/graph"
)

// KerasNames gives names that Keras takes, without slashes, to layers of a model that was nested, and to their variables: the model
// and the variables that it returns can be written to a file. Values are shared with params, which may be nil. (Names have a part
// in first values: a model is to be trained under those that it had.)
func KerasNames(m *graph.Model, params *graph.Params) (*graph.Model, *graph.Params, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	used, renamed := map[string]bool{}, map[string]string{}
	var changed []string
	for _, n := range d.nodes {
		used[n.name] = true
	}
	for _, n := range d.nodes {
		if n.first != nil || !strings.ContainsAny(n.name, `/\`) {
			continue
		}
		name := strings.NewReplacer("/", "_", `\`, "_").Replace(n.name)
		for used[name] {
			name += "_"
		}
		used[name], renamed[n.name], n.name = true, name, name
		changed = append(changed, name)
	}
	out, _, err := d.finish(changed)
	if err != nil || params == nil {
		return out, params, err
	}
	named := &graph.Params{Precision: params.Precision}
	for _, v := range params.All {
		other := *v
		if name, ok := renamed[v.Layer]; ok {
			other.Layer = name
		}
		named.All = append(named.All, &other)
	}
	return out, named, nil
}
