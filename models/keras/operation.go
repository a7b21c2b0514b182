package keras

import (
	"strings"

	"dcae/graph"
)

// isOperation tells whether this is a function of keras.ops in the place of a layer: a + b makes an Add.
func (l *Layer) isOperation() bool { return strings.HasPrefix(l.Module, "keras.src.ops.") }

// functionLayers are the layers that compute the same as functions of keras.ops.
var functionLayers = map[string]graph.Layer{
	"Add": graph.Add{}, "Subtract": graph.Subtract{}, "Multiply": graph.Multiply{}, "Maximum": graph.Maximum{}, "Minimum": graph.Minimum{}, "Concatenate": graph.Concatenate{},
}

// operation makes the layer that computes the same as a function of keras.ops.
func operation(l *Layer, p *problems) graph.Layer {
	s := struct {
		Name string `json:"name"`
		Axis *int   `json:"axis"`
	}{}
	made := functionLayers[l.Class]
	if made == nil {
		p.refuse("function %s: use a layer of Keras instead", l.Class)
		return nil
	}
	if err := l.Decode(&s); err != nil {
		p.refuse("%v", err)
		return nil
	}
	if l.Class == "Concatenate" {
		if s.Axis == nil || *s.Axis == 0 {
			p.refuse("axis 0: images of a batch cannot be joined")
			return nil
		}
		made = graph.Concatenate{Axis: *s.Axis}
	}
	for _, c := range l.Calls {
		for _, t := range c.Inputs {
			if len(t.Shape) != len(c.Inputs[0].Shape) { // layers align the first axes, functions the last
				p.refuse("tensors of %d and %d axes: use the layer %s", len(c.Inputs[0].Shape), len(t.Shape), l.Class)
				return nil
			}
		}
	}
	return made
}
