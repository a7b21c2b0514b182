package graph

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Supplied is a layer some of whose variables are values of the model: weights that are computed, tied to those of another layer in another
// order, or constants. Its inputs are the layer's, and behind them the variables that Names lists, each common to all images.
//
// Output that of Layer. It fails if a value has not the shape of its variable.
type Supplied struct {
	Layer Layer
	Names []string
}

// Class is that of Layer.
func (l Supplied) Class() string { return l.Layer.Class() }

// OutputShape is that of Layer. It fails where Layer's does, for a name that is none of Layer's variables, and for a value of another shape.
func (l Supplied) OutputShape(in []Shape) (Shape, error) {
	own := len(in) - len(l.Names)
	if own < 0 {
		return nil, errors.Errorf("takes %d variables, but has %d inputs", len(l.Names), len(in))
	}
	out, err := l.Layer.OutputShape(in[:own])
	if err != nil {
		return nil, err
	}
	declared := l.Layer.Variables(in[:own])
	for k, name := range l.Names {
		i := slices.IndexFunc(declared, func(d Declaration) bool { return d.Name == name })
		if i < 0 {
			return nil, errors.Errorf("has no variable %s", name)
		}
		if s := declared[i].Shape; !slices.Equal(s, in[own+k]) {
			return nil, errors.Errorf("its %s must have shape %v, not %v", name, s, in[own+k])
		}
	}
	return out, nil
}

// Variables are those of Layer that are not supplied.
func (l Supplied) Variables(in []Shape) []Declaration {
	return slices.DeleteFunc(l.Layer.Variables(in[:len(in)-len(l.Names)]), func(d Declaration) bool { return slices.Contains(l.Names, d.Name) })
}

func (l Supplied) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	own := len(in) - len(l.Names)
	supplied := map[string]*gorgonia.Node{}
	for k, name := range l.Names {
		value := in[own+k]
		n, err := shaped(b, name, Shape(value.Shape()[1:]), value)
		if err != nil {
			return nil, err
		}
		supplied[layer+"/"+name] = n
	}
	b.supplied = supplied
	defer func() { b.supplied = nil }()
	return l.Layer.apply(b, layer, in[:own])
}

func (l Supplied) see(in []Shape, out Shape, from []sight) sight {
	own := len(in) - len(l.Names)
	return see(l.Layer, in[:own], out, from[:own])
}

func (l Supplied) flops(in []Shape, out Shape) float64 {
	return layerFLOPs(l.Layer, in[:len(in)-len(l.Names)], out)
}
