package edit

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// narrow is a model's bottleneck.
type narrow struct {
	tensor *node // the narrowest one
	layer  *node // what made it as narrow: a layer with a kernel, if there is one before it
	values int   // of the tensor, for each image
}

// bottleneck finds the narrowest of the hidden tensors that all paths from input to output go through; of equal ones the first. A
// tensor that paths lead around, as in a U-Net, is none.
func (d *draft) bottleneck(shapes map[*node]graph.Shape) (narrow, error) {
	var found narrow
	for _, n := range d.passed() {
		if s := shapes[n].Size(); found.tensor == nil || s < found.values {
			found = narrow{n, n, s}
		}
	}
	if found.tensor == nil {
		return found, errors.Errorf("model %s has no bottleneck: there is no hidden layer that all paths go through", d.of.Name)
	}
	for n := found.tensor; n != nil && len(n.inputs) == 1; n = n.inputs[0] {
		if w, ok := weightsOf(n.layer); ok && w.width > 0 {
			found.layer = n
			break
		}
	}
	return found, nil
}

// passed are the hidden tensors that all paths from input to output go through, in order.
func (d *draft) passed() []*node {
	at := map[*node]int{nil: -1}
	for i, n := range d.nodes {
		at[n] = i
	}
	around := make([]int, len(d.nodes)+1) // how far paths lead from before each node
	for i, n := range d.nodes {
		for _, in := range n.inputs {
			around[at[in]+1] = max(around[at[in]+1], i)
		}
	}
	end := len(d.nodes)
	for n := range d.outputWeights() {
		end = min(end, at[n])
	}
	var out []*node
	reach := -1
	for i, n := range d.nodes[:end] {
		if reach = max(reach, around[i]); reach <= i {
			out = append(out, n)
		}
	}
	return out
}

// openBottleneck begins a change of a model's bottleneck.
func openBottleneck(m *graph.Model) (*draft, map[*node]graph.Shape, narrow, error) {
	d, err := open(m)
	if err != nil {
		return nil, nil, narrow{}, err
	}
	shapes, err := d.shapes()
	if err != nil {
		return nil, nil, narrow{}, err
	}
	b, err := d.bottleneck(shapes)
	return d, shapes, b, err
}

// BottleneckSize is how many values an image is squeezed into between a model's input and output, and the layer that makes them so
// few: the last one with a kernel before them, if there is one. It counts hidden tensors that all paths go through, and fails
// if there is none.
func BottleneckSize(m *graph.Model) (layer string, values int, err error) {
	_, _, b, err := openBottleneck(m)
	if err != nil {
		return "", 0, err
	}
	return b.layer.name, b.values, nil
}

// Bottleneck gives the layer that [BottleneckSize] names another number of units or filters, and what is added to its output, too;
// targets of Reshape layers follow.
func Bottleneck(m *graph.Model, units int) (*graph.Model, []string, error) {
	if units < 1 {
		return nil, nil, errors.Errorf("a bottleneck needs at least 1 unit, not %d", units)
	}
	d, shapes, b, err := openBottleneck(m)
	if err != nil {
		return nil, nil, err
	}
	w, ok := weightsOf(b.layer.layer)
	t := d.ties(shapes)
	switch {
	case !ok || w.width == 0:
		return nil, nil, errors.Errorf("layer %s (%s) makes the narrowest tensor, and has no units or filters to change", b.layer.name, b.layer.layer.Class())
	case units == w.width:
		return d.finish(nil)
	case t.fixed[t.find(b.layer)]:
		return nil, nil, errors.Errorf("layer %s makes the narrowest tensor, which is added to the model's input or output and must be as wide", b.layer.name)
	}
	var changed []string
	for _, n := range d.nodes {
		if w, ok := weightsOf(n.layer); ok && w.width > 0 && n.first == nil && t.find(n) == t.find(b.layer) {
			w.width = units
			d.set(n, w.in(n.layer))
			changed = append(changed, n.name)
		}
	}
	resized, err := d.fitReshapes(shapes)
	if err != nil {
		return nil, nil, err
	}
	return d.finish(append(changed, resized...))
}

// WidenBottleneck multiplies the units or filters that [Bottleneck] changes by a factor above 1, by at least one more; convolutions in groups
// and Reshape layers behind them may ask for still more.
func WidenBottleneck(m *graph.Model, factor float64) (*graph.Model, []string, error) {
	d, shapes, b, err := openBottleneck(m)
	if err != nil {
		return nil, nil, err
	}
	units := 1
	if w, ok := weightsOf(b.layer.layer); ok {
		units = max(w.width, 1)
	}
	t := d.ties(shapes)
	whole := t.multipleOf(t.find(b.layer))
	units = max(units+1, int(float64(float64(units)*factor)+0.5))
	return Bottleneck(m, (units+whole-1)/whole*whole)
}

// LinearBottleneck takes the activation from the layer that [BottleneckSize] names.
func LinearBottleneck(m *graph.Model) (*graph.Model, []string, error) {
	d, _, b, err := openBottleneck(m)
	if err != nil {
		return nil, nil, err
	}
	if a, _ := activationOf(b.layer.layer); !isWeighted(b.layer.layer) || a == graph.Linear {
		return d.finish(nil)
	}
	d.set(b.layer, withActivation(b.layer.layer, graph.Linear))
	return d.finish([]string{b.layer.name})
}
