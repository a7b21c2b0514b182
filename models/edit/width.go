package edit

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Width multiplies the filters and units of all hidden layers by a factor and rounds them, to at least 1. What gives the model's
// output stays as wide as it is, so does the bottleneck, and so does what is added to either of them or to the input. Targets of
// Reshape layers follow; a dense layer before one is rounded to whole images.
func Width(m *graph.Model, factor float64) (*graph.Model, []string, error) {
	if !(factor > 0) || math.IsInf(factor, 1) {
		return nil, nil, errors.Errorf("widths can be multiplied by numbers above 0, not by %g", factor)
	}
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	before, err := d.shapes()
	if err != nil {
		return nil, nil, err
	}
	t := d.ties(before)
	if b, err := d.bottleneck(before); err == nil {
		t.fix(b.layer)
	}
	var changed []string
	for _, n := range d.nodes {
		w, ok := weightsOf(n.layer)
		if !ok || w.width == 0 || n.first != nil || t.fixed[t.find(n)] {
			continue
		}
		unit := t.multiple[t.find(n)]
		width := float64(unit) * max(1, math.Round(float64(w.width)/float64(unit)*factor))
		if width > math.MaxInt32 {
			return nil, nil, errors.Errorf("layer %s would have %g filters or units", n.name, width)
		}
		if int(width) != w.width {
			w.width = int(width)
			d.set(n, w.in(n.layer))
			changed = append(changed, n.name)
		}
	}
	resized, err := d.fitReshapes(before)
	if err != nil {
		return nil, nil, err
	}
	return d.finish(append(changed, resized...))
}

// ties says which nodes' widths, the lengths of their last axes, must be equal, and which must stay.
type ties struct {
	parent   map[*node]*node
	fixed    map[*node]bool // by a set's representative; nil is the model's input
	multiple map[*node]int  // what a width is to be a multiple of
}

// ties finds what the layers of a model demand of widths.
func (d *draft) ties(shapes map[*node]graph.Shape) *ties {
	t := &ties{parent: map[*node]*node{}, fixed: map[*node]bool{nil: true}, multiple: map[*node]int{}}
	for _, n := range d.nodes {
		if n.first != nil {
			t.tie(n, n.first)
			if isWeighted(n.layer) {
				t.tie(n.inputs[0], n.first.inputs[0])
			}
		}
		for _, in := range n.inputs {
			if keepsWidth(n.layer, shapes[in], shapes[n]) {
				t.tie(n, in)
			}
		}
		if fixesWidth(n.layer, shapes[n]) {
			t.fix(n)
			for _, in := range n.inputs {
				t.fix(in)
			}
		}
	}
	t.fix(d.output)
	for n := range d.outputWeights() {
		t.fix(n)
	}
	for _, n := range d.nodes {
		if _, ok := n.layer.(graph.Reshape); ok && len(shapes[n]) > 0 && len(shapes[n.inputs[0]]) == 1 {
			t.divide(n.inputs[0], shapes[n].Size()/shapes[n][d.channelAxis(n, shapes[n])])
		}
		if norm, ok := n.layer.(graph.GroupNormalization); ok && norm.Groups != -1 {
			t.divide(n, cmp.Or(norm.Groups, 32))
		}
		if groups := groupsOf(n.layer); groups > 1 {
			t.divide(n.inputs[0], groups)
			t.divide(n, groups)
		}
	}
	for _, n := range d.nodes {
		r := t.find(n)
		t.multiple[r] = t.multipleOf(r)
	}
	return t
}

// keepsWidth tells whether a layer's output has the width of an input because it must.
func keepsWidth(l graph.Layer, in, out graph.Shape) bool {
	if w, ok := weightsOf(l); ok && w.width > 0 {
		return false
	}
	switch l := l.(type) {
	case graph.Concatenate:
		return l.Axis != 0 && l.Axis != -1 && l.Axis != len(out)
	case graph.Permute:
		return l.Order[len(l.Order)-1] == len(l.Order)
	case graph.Reduce:
		wider := slices.Clone(in)
		wider[len(wider)-1]++
		s, err := l.OutputShape([]graph.Shape{wider})
		return err == nil && last(s) == last(out)+1
	}
	return last(in) == last(out) // else it is repeated along that axis, or the axis is another one
}

// fixesWidth tells whether a layer's settings count the places of the last axis.
func fixesWidth(l graph.Layer, out graph.Shape) bool {
	switch l := l.(type) {
	case graph.Rescaling:
		return max(len(l.Scale), len(l.Offset)) > 1
	case graph.BroadcastTo, graph.PixelShuffle, graph.MatMul, graph.Supplied:
		return true
	case graph.DepthwiseConv2D:
		return l.Multiplier > 1
	case graph.Slice:
		return l.Axis == -1 || l.Axis == len(out)
	case graph.Take:
		return l.Axis == -1 || l.Axis == len(out)
	}
	return false
}

func last(s graph.Shape) int {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1]
}

func (t *ties) find(n *node) *node {
	for p, ok := t.parent[n]; ok; p, ok = t.parent[n] {
		n = p
	}
	return n
}

func (t *ties) tie(a, b *node) {
	a, b = t.find(a), t.find(b)
	if a == b {
		return
	}
	if a == nil { // the model's input represents all that are as wide
		a, b = b, a
	}
	t.parent[a] = b
	t.fixed[b] = t.fixed[b] || t.fixed[a]
}

func (t *ties) fix(n *node) { t.fixed[t.find(n)] = true }

// divide makes a node's width a multiple of a number.
func (t *ties) divide(n *node, by int) {
	r := t.find(n)
	t.multiple[r] = leastCommonMultiple(t.multipleOf(r), by)
}

func (t *ties) multipleOf(representative *node) int { return max(1, t.multiple[representative]) }

func leastCommonMultiple(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// channelAxis is the axis of a Reshape's output that holds the channels: the last one, or the one that a Permute behind it makes the last,
// as where a vector was made of an image with channels first.
func (d *draft) channelAxis(n *node, out graph.Shape) int {
	if next := d.onlyReader(n); next != nil {
		if p, ok := next.layer.(graph.Permute); ok {
			return p.Order[len(p.Order)-1] - 1
		}
	}
	return len(out) - 1
}

// fitReshapes makes the channels' axes of Reshape layers' targets follow the sizes of their inputs, and returns the layers' names.
func (d *draft) fitReshapes(before map[*node]graph.Shape) ([]string, error) {
	after := map[*node]graph.Shape{nil: d.of.Input}
	var changed []string
	for _, n := range d.nodes {
		var in []graph.Shape
		for _, from := range n.inputs {
			in = append(in, after[from])
		}
		if _, ok := n.layer.(graph.Reshape); ok && in[0].Size() != before[n.inputs[0]].Size() {
			target := append(graph.Shape{}, before[n]...)
			axis := d.channelAxis(n, target)
			others := slices.Delete(slices.Clone(target), axis, axis+1)
			if in[0].Size()%others.Size() != 0 {
				return nil, errors.Errorf("layer %s (Reshape): %d values would not fill %v with whole channels: choose a multiple of %d", n.name, in[0].Size(), others, others.Size())
			}
			target[axis] = in[0].Size() / others.Size()
			n.layer = graph.Reshape{Target: target}
			changed = append(changed, n.name)
		}
		shape, err := n.layer.OutputShape(in)
		if err != nil {
			return nil, errors.WithMessagef(err, "layer %s (%s)", n.name, n.layer.Class())
		}
		after[n] = shape
	}
	return changed, nil
}
