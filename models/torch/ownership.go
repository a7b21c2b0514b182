package torch

import (
	"fmt"
	"slices"
	"strings"

	"dcae/graph"
)

// variableNames are, by operation and argument, what a layer calls the variables that it makes of a program's parameters and buffers.
var variableNames = map[string]map[string]string{
	"conv1d": {"weight": "kernel", "bias": "bias"}, "conv2d": {"weight": "kernel", "bias": "bias"}, "linear": {"weight": "kernel", "bias": "bias"},
	"conv_transpose1d": {"weight": "kernel", "bias": "bias"}, "conv_transpose2d": {"weight": "kernel", "bias": "bias"},
	"batch_norm": {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"},
	"group_norm": {"weight": "gamma", "bias": "beta"}, "layer_norm": {"weight": "gamma", "bias": "beta"}, "instance_norm": {"weight": "gamma", "bias": "beta"},
	"rms_norm": {"weight": "scale"}, "prelu": {"weight": "alpha"},
}

// sharing are the calls of one module: those with the same parameters and the same settings.
type sharing struct {
	owner string // the node of the first call, once there is one
	alone bool   // no other operation reads the parameters
}

// findOwners finds out which parameters are read by the calls of one module alone, so that a layer can have them as its variables.
func (t *translator) findOwners() {
	t.modulesOf = map[*call]*sharing{}
	byKey := map[string]*sharing{}
	readers := map[*Tensor]map[*sharing]bool{}
	note := func(tensor *Tensor, by *sharing) {
		if readers[tensor] == nil {
			readers[tensor] = map[*sharing]bool{}
		}
		readers[tensor][by] = true
	}
	for _, c := range t.calls {
		key := t.moduleKey(c)
		m := byKey[key]
		if m == nil {
			m = &sharing{alone: true}
			if byKey[key] = m; key == "" {
				delete(byKey, key)
			}
		}
		t.modulesOf[c] = m
		for name, a := range c.arguments {
			for _, value := range tensorsIn(a) {
				tensor := t.canonical(value)
				if tensor == nil {
					continue
				}
				if variableNames[c.operation][name] == "" {
					note(tensor, nil)
				} else {
					note(tensor, m)
				}
			}
		}
	}
	for _, by := range readers {
		if len(by) > 1 || by[nil] {
			for m := range by {
				if m != nil {
					m.alone = false
				}
			}
		}
	}
}

// moduleKey is equal for calls of one module; empty for calls without parameters of their own.
func (t *translator) moduleKey(c *call) string {
	roles := variableNames[c.operation]
	if roles == nil {
		return ""
	}
	var parts []string
	owns := false
	for name, a := range c.arguments {
		switch value, isTensor := a.(tensorName); {
		case roles[name] != "" && isTensor:
			tensor := t.canonical(string(value))
			if tensor == nil {
				return ""
			}
			parts, owns = append(parts, name+"="+tensor.Name), true
		case !isTensor:
			parts = append(parts, fmt.Sprintf("%s=%v", name, a))
		}
	}
	if !owns {
		return ""
	}
	slices.Sort(parts)
	return c.operation + "(" + strings.Join(parts, ",")
}

// tensorsIn are the values that an argument names.
func tensorsIn(a any) []string {
	switch a := a.(type) {
	case tensorName:
		return []string{string(a)}
	case []tensorName:
		out := make([]string, len(a))
		for i, n := range a {
			out[i] = string(n)
		}
		return out
	case optionalTensors:
		var out []string
		for _, n := range a {
			if n != nil {
				out = append(out, string(*n))
			}
		}
		return out
	}
	return nil
}

// canonical is the parameter, buffer or constant that a value is; of tied ones the first. It is nil for other values.
func (t *translator) canonical(value string) *Tensor {
	tensor := t.stored[value]
	if tensor == nil || tensor.SameAs == "" {
		return tensor
	}
	return t.first[tensor.SameAs]
}

// variable says how a layer has one of its call's arguments as a variable.
type variable struct {
	argument string
	order    []int       // axis k of the variable is PyTorch's axis order[k]
	shape    graph.Shape // of the variable, where it has axes of length 1 besides; nil: none
}

// weighted adds a layer whose variables are parameters, or are supplied where another operation reads them, too, or where they are computed.
func (r *reading) weighted(layer graph.Layer, frozen bool, input int, variables ...variable) int {
	m, roles := r.modulesOf[r.call], variableNames[r.operation()]
	if r.err != nil {
		return 0
	}
	if _, r.err = layer.OutputShape([]graph.Shape{r.shapeAt(input)}); r.err != nil {
		return 0
	}
	n := graph.Node{Name: r.name(""), Layer: layer, Inputs: []int{input}, Frozen: frozen}
	declared := layer.Variables([]graph.Shape{r.shapeAt(input)})
	var supplied []string
	var own []variable
	for _, v := range variables {
		tensor, called := r.parameterOf(v), roles[v.argument]
		moving := strings.HasPrefix(called, "moving_")
		if tensor == nil || !moving && !m.alone {
			n.Inputs, supplied = append(n.Inputs, r.supply(v)), append(supplied, called)
			continue
		}
		if tensor.Type != Float32 {
			r.fail("its %s is %v: call model.float() before the export", v.argument, tensor.Type)
		}
		if moving && !m.alone {
			r.fail("its %s is read by other operations, too", v.argument)
		}
		for _, d := range declared { // before memory is taken for what the program merely claims
			if d.Name == called && d.Shape.Size() != tensor.Size() {
				r.fail("its %s has %d values, not %d", v.argument, tensor.Size(), d.Shape.Size())
			}
			if d.Name == called && d.Trainable && !tensor.Trained {
				n.Untrained = append(n.Untrained, called)
			}
		}
		own = append(own, v)
	}
	if r.err != nil {
		return 0
	}
	if len(supplied) > 0 {
		n.Layer = graph.Supplied{Layer: layer, Names: supplied}
	}
	if len(own) > 0 && m.owner != "" {
		n.SharedWith = m.owner
	} else if len(own) > 0 {
		m.owner = n.Name
		for _, v := range own {
			r.keep(Stored{tensor: r.parameterOf(v), Variable: n.Name + "/" + roles[v.argument], Layout: Layout{Order: v.order}})
		}
	}
	at, err := r.addNode(n)
	r.err = err
	return at
}

// parameterOf is the parameter or buffer that an argument is; nil for a computed value.
func (r *reading) parameterOf(v variable) *Tensor {
	name, ok := r.call.arguments[v.argument].(tensorName)
	if !ok {
		return nil
	}
	return r.canonical(string(name))
}

// supply is the node of a value that stands in a variable's place.
func (r *reading) supply(v variable) int {
	value := r.tensor(v.argument)
	if r.err == nil && value.batched {
		r.fail("its %s differs from image to image", v.argument)
	}
	at := r.in(v.order, value)
	if r.err != nil || v.shape == nil || slices.Equal(v.shape, r.shapeOf(at)) {
		return at.node
	}
	return r.node(v.argument, graph.Reshape{Target: v.shape}, at.node)
}
