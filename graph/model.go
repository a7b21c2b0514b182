// Package graph builds models as symbolic Gorgonia expression graphs: layers with Keras' meaning, the loss, and, by
// [gorgonia.Grad] through the ops of this package, all gradients.
//
// A [Model] is a list of layers without state; [Model.Init] draws its [Params]; [NewTraining] and [NewEvaluation] compile
// graphs that share them.
package graph

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Layer is one layer's settings. It has no state: the same value builds any number of graphs.
type Layer interface {
	// Class is Keras' name for this kind of layer: "Conv2D".
	Class() string
	// OutputShape is what comes out of inputs of these shapes (no batch axes), or why they do not fit.
	OutputShape(in []Shape) (Shape, error)
	// Variables declares the layer's state for inputs that OutputShape takes, in Keras' order.
	Variables(in []Shape) []Declaration
	// apply adds the layer's ops to the graph.
	apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error)
}

// Declaration describes a variable before it exists.
type Declaration struct {
	Name      string
	Shape     Shape
	Init      Initializer
	Trainable bool

	Regularizer Regularizer
}

// Node is a layer in its place: named, and fed by earlier nodes.
type Node struct {
	Name   string
	Layer  Layer
	Inputs []int // indices of earlier nodes; -1 is the model's input

	// SharedWith names the earlier node whose variables this one uses, for a layer that is called more than once; default its
	// own.
	SharedWith string

	// Frozen variables are not trained, and a frozen batch normalization uses and keeps its moving averages.
	Frozen bool `json:",omitempty"`

	// Untrained names single variables of the layer that are not trained, which changes nothing else about it.
	Untrained []string `json:",omitempty"`
}

// owner is the name of the node whose variables this one uses.
func (n Node) owner() string {
	if n.SharedWith != "" {
		return n.SharedWith
	}
	return n.Name
}

// Model is an acyclic graph of layers from one input to one output, which is the last node's.
type Model struct {
	Name  string
	Input Shape // of one image: {height, width, channels}
	Nodes []Node

	// OwnLoss are the nodes that a model adds to Nodes to compute a loss of its own; the last one's output is that, a scalar. Their indices count
	// on from those of Nodes. They take part in training alone, where the loss is [Given].
	OwnLoss []Node `json:",omitempty"`

	Batch BatchRange `json:",omitzero"` // of training
}

// Sequential chains layers and names them as Keras does: conv2d, conv2d_1, max_pooling2d ...
func Sequential(name string, input Shape, layers ...Layer) *Model {
	m := &Model{Name: name, Input: input}
	seen := map[string]int{}
	for i, l := range layers {
		base := kerasName(l.Class())
		layer := base
		if n := seen[base]; n > 0 {
			layer = fmt.Sprintf("%s_%d", base, n)
		}
		seen[base]++
		m.Nodes = append(m.Nodes, Node{Name: layer, Layer: l, Inputs: []int{i - 1}})
	}
	return m
}

var wordStart, afterLower = regexp.MustCompile(`(.)([A-Z][a-z]+)`), regexp.MustCompile(`([a-z])([A-Z])`)

// kerasName turns a class name into snake case as Keras does: Conv2DTranspose into conv2d_transpose.
func kerasName(class string) string {
	return strings.ToLower(afterLower.ReplaceAllString(wordStart.ReplaceAllString(class, "${1}_${2}"), "${1}_${2}"))
}

// Shapes are the output shapes of all nodes. It fails, naming the layer, where shapes do not fit.
func (m *Model) Shapes() ([]Shape, error) {
	if len(m.Nodes) == 0 {
		return nil, errors.Errorf("model %s has no layers", m.Name)
	}
	for _, d := range m.Input {
		if d < 1 {
			return nil, errors.Errorf("model %s: input shape %v must be positive", m.Name, m.Input)
		}
	}
	if m.Input.tooLarge() {
		return nil, errors.Errorf("model %s: an input of %v would have more than %d values", m.Name, m.Input, maxSize)
	}
	shapes := make([]Shape, len(m.Nodes))
	for i, n := range m.Nodes {
		for _, from := range n.Inputs {
			if from < -1 || from >= i {
				return nil, errors.Errorf("layer %s takes its input from a layer that is not before it", n.Name)
			}
		}
		if err := checkSettings(n.Layer); err != nil {
			return nil, errors.WithMessagef(err, "layer %s (%s)", n.Name, n.Layer.Class())
		}
		s, err := n.Layer.OutputShape(m.inputShapes(i, shapes))
		if err != nil {
			return nil, errors.WithMessagef(err, "layer %s (%s)", n.Name, n.Layer.Class())
		}
		for _, d := range s {
			if d < 1 {
				return nil, errors.Errorf("layer %s (%s): its output shape would be %v: the image is too small", n.Name, n.Layer.Class(), s)
			}
		}
		if s.tooLarge() {
			return nil, errors.Errorf("layer %s (%s): its output %v would have more than %d values", n.Name, n.Layer.Class(), s, maxSize)
		}
		shapes[i] = s
	}
	return shapes, nil
}

// withLoss is the model whose last node is that of its own loss; the model itself if it has none.
func (m *Model) withLoss() *Model {
	return &Model{Name: m.Name, Input: m.Input, Nodes: append(slices.Clip(m.Nodes), m.OwnLoss...)}
}

// CheckOwnLoss tells why the nodes of the model's own loss do not fit its layers; nil if they do, or if there are none.
func (m *Model) CheckOwnLoss() error {
	if len(m.OwnLoss) == 0 {
		return nil
	}
	_, err := m.withLoss().Shapes()
	return err
}

func (m *Model) inputShapes(i int, outputs []Shape) []Shape {
	in := make([]Shape, len(m.Nodes[i].Inputs))
	for k, from := range m.Nodes[i].Inputs {
		if from < 0 {
			in[k] = m.Input
		} else {
			in[k] = outputs[from]
		}
	}
	return in
}

// Init creates the model's variables and draws their first values. The values of a variable depend on the seed, its
// layer's name and its own name alone. It fails where [Model.Shapes] does, if two layers have one name, if a layer cannot share the variables of
// the other that it names, and if a variable is too large or its initializer does not fit its shape.
func (m *Model) Init(seed uint64, p Precision) (*Params, error) {
	var values []float64
	return m.declare(p, func(v *Variable, d Declaration) error {
		if n := d.Shape.Size(); n > cap(values) {
			values = make([]float64, n)
		} else {
			values = values[:n]
			clear(values)
		}
		d.Init.Fill(values, d.Shape, Random(seed, "initialize", v.Path(), 0))
		v.Value = newDense(p, d.Shape)
		return v.Set(values)
	})
}

// Zeros creates the model's variables, all of them zero: memory that nobody has written to yet, which takes no room until then. It fails where Init
// does.
func (m *Model) Zeros(p Precision) (*Params, error) {
	return m.declare(p, func(v *Variable, d Declaration) error {
		v.Value = newDense(p, d.Shape)
		return nil
	})
}

// Values is how many values the model's variables have in all, the trainable ones and others. It fails where Init does.
func (m *Model) Values() (trainable, others int, err error) {
	params, err := m.declare(Float32, func(*Variable, Declaration) error { return nil })
	if err != nil {
		return 0, 0, err
	}
	all, trainable := params.Count()
	return trainable, all - trainable, nil
}

// declare creates the model's variables, whose values make gives them.
func (m *Model) declare(p Precision, make func(*Variable, Declaration) error) (*Params, error) {
	m = m.withLoss()
	shapes, err := m.Shapes()
	if err != nil {
		return nil, err
	}
	params := &Params{Precision: p}
	for i, n := range m.Nodes {
		for _, d := range n.Layer.Variables(m.inputShapes(i, shapes)) {
			v := &Variable{Layer: n.owner(), Name: d.Name, Shape: d.Shape, Trainable: d.Trainable && !n.Frozen && !slices.Contains(n.Untrained, d.Name), Regularizer: d.Regularizer}
			other := params.Lookup(v.Path())
			switch {
			case n.SharedWith != "" && (other == nil || !slices.Equal(other.Shape, d.Shape)):
				return nil, errors.Errorf("layer %s cannot share %s with %s: there is none of shape %v before it", n.Name, d.Name, n.SharedWith, d.Shape)
			case n.SharedWith != "":
				continue
			case other != nil:
				return nil, errors.Errorf("two layers are named %s", n.Name)
			}
			if d.Shape.tooLarge() {
				return nil, errors.Errorf("layer %s (%s): %s of %v would have more than %d values", n.Name, n.Layer.Class(), d.Name, d.Shape, maxSize)
			}
			if r, ok := d.Init.(restricted); ok {
				if err := r.fits(d.Shape); err != nil {
					return nil, errors.WithMessagef(err, "layer %s (%s), %s", n.Name, n.Layer.Class(), d.Name)
				}
			}
			if err := make(v, d); err != nil {
				return nil, err
			}
			params.All = append(params.All, v)
		}
	}
	return params, nil
}

// one returns the only input's shape, which must have the given number of axes (0: any).
func one(in []Shape, axes int) (Shape, error) {
	if len(in) != 1 {
		return nil, errors.Errorf("takes one input, not %d", len(in))
	}
	if axes > 0 && len(in[0]) != axes {
		kind := "images of height x width x channels"
		if axes == 2 {
			kind = "sequences of length x channels"
		}
		return nil, errors.Errorf("takes %s, not %v: put a Reshape before it", kind, in[0])
	}
	return in[0], nil
}

// oneWithAxes returns the only input's shape, which must have an axis besides the batch.
func oneWithAxes(in []Shape) (Shape, error) {
	s, err := one(in, 0)
	if err == nil && len(s) == 0 {
		return nil, errors.New("takes at least one axis besides the batch")
	}
	return s, err
}
