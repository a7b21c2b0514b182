package edit

import (
	"slices"

	"dcae/graph"
)

// FewerLayers takes out up to n hidden layers with a kernel, each with the normalization, activation and dropout behind it, and returns
// the names of all that it took out. It takes layers that keep their input's shape (convolutions without strides, dense layers of
// as many units as inputs), spread evenly over the model; then such that change only the number of channels, from the middle of
// the model on, if what follows can do without. The bottleneck and the layers that give the output stay, and so do layers that are
// called more than once.
func FewerLayers(m *graph.Model, n int) (*graph.Model, []string, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	now := d.build()
	var removed []string
	taken := 0
	take := func(names []string, n int) {
		for _, name := range names {
			if n == 0 {
				return
			}
			if shorter, gone := withoutLayer(now, name); shorter != nil {
				now, removed, taken, n = shorter, append(removed, gone...), taken+1, n-1
			}
		}
	}
	same, _, err := dispensable(now)
	if err != nil {
		return nil, nil, err
	}
	take(append(spread(same, n), same...), n)
	for before := -1; taken > before && taken < n; {
		before = taken
		same, other, err := dispensable(now)
		if err != nil {
			return nil, nil, err
		}
		take(append(same, fromMiddle(other)...), 1) // one alone, since others' shapes change with it
	}
	return now, removed, nil
}

// dispensable names the hidden layers with a kernel that keep their input's shape, and those that change only the number of channels.
func dispensable(m *graph.Model) (same, other []string, err error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	shapes, err := d.shapes()
	if err != nil {
		return nil, nil, err
	}
	outputs := d.outputWeights()
	b, err := d.bottleneck(shapes)
	if err != nil {
		b = narrow{} // there is none to be kept
	}
	for _, n := range d.nodes {
		if !isWeighted(n.layer) || outputs[n] || n == b.layer || len(d.calls(n)) > 1 || d.gates(n) {
			continue
		}
		in, out := shapes[n.inputs[0]], shapes[n]
		switch {
		case slices.Equal(in, out):
			same = append(same, n.name)
		case len(in) == len(out) && slices.Equal(in[:len(in)-1], out[:len(out)-1]):
			other = append(other, n.name)
		}
	}
	return same, other, nil
}

// spread picks n of the names, evenly from first to last.
func spread(all []string, n int) []string {
	n = min(n, len(all))
	var out []string
	for i := range n {
		out = append(out, all[(2*i+1)*len(all)/(2*n)])
	}
	return out
}

// fromMiddle puts the names in the middle first.
func fromMiddle(all []string) []string {
	var out []string
	for low, high := len(all)/2-1, len(all)/2; low >= 0 || high < len(all); low, high = low-1, high+1 {
		if high < len(all) {
			out = append(out, all[high])
		}
		if low >= 0 {
			out = append(out, all[low])
		}
	}
	return out
}

// withoutLayer takes out a layer and what belongs to it; it returns nil if there is no such layer any more, or if that would change
// more than that: another bottleneck, a sum of a tensor and itself, or shapes that do not fit.
func withoutLayer(m *graph.Model, name string) (*graph.Model, []string) {
	d, err := open(m)
	if err != nil {
		return nil, nil
	}
	i := slices.IndexFunc(d.nodes, func(n *node) bool { return n.name == name })
	if i < 0 {
		return nil, nil
	}
	out := []*node{d.nodes[i]}
	for _, next := range d.chain(d.nodes[i]) {
		_, activation := activationOf(next.layer)
		_, random := graph.Noise(next.layer)
		if !activation && !random && !normalizes(next.layer) || len(d.calls(next)) > 1 {
			break
		}
		out = append(out, next)
	}
	gone := names(out)
	for _, n := range out {
		d.remove(n)
	}
	for _, n := range d.nodes {
		for k, in := range n.inputs {
			if slices.Contains(n.inputs[:k], in) {
				return nil, nil
			}
		}
	}
	shorter, _, err := d.finish(gone)
	if err != nil {
		return nil, nil
	}
	_, was, errWas := BottleneckSize(m)
	_, is, errIs := BottleneckSize(shorter)
	if was != is || (errWas == nil) != (errIs == nil) {
		return nil, nil
	}
	return shorter, gone
}
