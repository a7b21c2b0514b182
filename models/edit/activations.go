package edit

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// parametric is what [Inspect] calls the activation of a layer PReLU, which has no name among the functions.
const parametric graph.Activation = "prelu"

// activationOf is a layer's activation function: its own, or the one of its kernel's output. ok is false for a layer that has none,
// not even linear.
func activationOf(l graph.Layer) (a graph.Activation, ok bool) {
	if w, ok := weightsOf(l); ok {
		return named(w.activation), true
	}
	switch l := l.(type) {
	case graph.Activate:
		return named(l.Function), true
	case graph.Rectifier:
		switch {
		case l.Max == 6:
			return graph.ReLU6, true
		case l.NegativeSlope > 0:
			return graph.LeakyReLU, true
		}
		return graph.ReLU, true
	case graph.LeakyRectifier:
		return graph.LeakyReLU, true
	case graph.ParametricRectifier:
		return parametric, true
	case graph.ExponentialLinear:
		return graph.ELU, true
	case graph.SoftmaxLayer:
		if l.Log {
			return graph.LogSoftmax, true
		}
		return graph.Softmax, true
	case graph.Elementwise:
		return l.Activation()
	}
	return "", false
}

func named(a graph.Activation) graph.Activation {
	if a == "" {
		return graph.Linear
	}
	return a
}

// withActivation is the layer with another activation; one that is only an activation becomes another.
func withActivation(l graph.Layer, a graph.Activation) graph.Layer {
	if w, ok := weightsOf(l); ok {
		w.activation = a
		return w.in(l)
	}
	return graph.Activate{Function: a}
}

// Rectifies tells whether an activation is nearly linear above 0 and small below, so that He initialization suits it: relu and its
// relatives, elu, gelu, silu, mish and theirs.
func Rectifies(a graph.Activation) bool {
	switch a {
	case graph.ReLU, graph.LeakyReLU, graph.ReLU6, graph.ELU, graph.CELU, graph.GELU, graph.SiLU, graph.Swish, graph.HardSiLU, graph.HardSwish, graph.Mish, parametric:
		return true
	}
	return false
}

// HiddenActivations makes all hidden activations, or those of which the condition holds if it is not nil, the function to. Hidden
// are those of layers with a kernel and layers of their own, but for linear ones, the output's, and gates, which are only there to
// be multiplied by.
func HiddenActivations(m *graph.Model, of func(graph.Activation) bool, to graph.Activation) (*graph.Model, []string, error) {
	if err := to.Check(); err != nil {
		return nil, nil, err
	}
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	d.free(d.outputs(true))
	var changed []string
	for _, n := range d.hiddenActivations() {
		if a, _ := activationOf(n.layer); a == named(to) || of != nil && !of(a) {
			continue
		}
		d.set(n, withActivation(n.layer, to))
		changed = append(changed, n.name)
	}
	return d.finish(changed)
}

// hiddenActivations are the nodes with an activation that is not linear, the first call of each layer, without gates and layers that
// give the output in one of their calls.
func (d *draft) hiddenActivations() []*node {
	outputs := d.outputs(true)
	var out []*node
	for _, n := range d.nodes {
		a, ok := activationOf(n.layer)
		if !ok || a == graph.Linear || n.first != nil {
			continue
		}
		hidden := true
		for _, call := range d.calls(n) {
			hidden = hidden && !outputs[call] && !d.gates(call)
		}
		if hidden {
			out = append(out, n)
		}
	}
	return out
}

// free makes layers of their own of activations that give the output and are called elsewhere, too; without variables that is the
// same model.
func (d *draft) free(outputs map[*node]bool) {
	for _, n := range d.nodes {
		_, prelu := n.layer.(graph.ParametricRectifier)
		if _, ok := activationOf(n.layer); !ok || !outputs[n] || isWeighted(n.layer) || prelu {
			continue
		}
		for _, call := range d.calls(n) {
			if !outputs[call] {
				d.separate(n)
				break
			}
		}
	}
}

// OutputActivation makes the activation of the model's output the function to, be it a layer of its own, that of the last layers
// with a kernel, or none: then a layer is added. (Where one activation follows another it is the last.)
func OutputActivation(m *graph.Model, to graph.Activation) (*graph.Model, []string, error) {
	if err := to.Check(); err != nil {
		return nil, nil, err
	}
	d, err := open(m)
	if err != nil {
		return nil, nil, err
	}
	outputs := d.outputs(false)
	d.free(outputs)
	if len(outputs) == 0 { // the images themselves, moved about
		outputs = map[*node]bool{d.output: true}
	}
	var changed []string
	for _, n := range append([]*node{}, d.nodes...) {
		a, ok := activationOf(n.layer)
		switch {
		case !outputs[n] || ok && a == named(to):
			continue
		case !ok && named(to) == graph.Linear:
			continue
		case !ok:
			changed = append(changed, d.insertAfter(n, graph.Activate{Function: to}).name)
			continue
		}
		for _, call := range d.calls(n) {
			if !outputs[call] {
				return nil, nil, errors.Errorf("layer %s gives the model's output and is called elsewhere, too: its activation cannot be changed for the output alone", n.name)
			}
		}
		d.set(n, withActivation(n.layer, to))
		if n.first == nil {
			changed = append(changed, n.name)
		}
	}
	return d.finish(changed)
}
