package keras

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// sequential translates the models in a Sequential. It takes and returns axes as model does.
func (t *older) sequential(layers []dict, axes, depth int) (int, error) {
	for _, l := range layers {
		var err error
		if axes, err = t.through(l, axes, depth); err != nil {
			return 0, err
		}
	}
	return axes, nil
}

// through translates what a layer's axes have to do with: an axis that is the last counts from the end then. It takes and returns axes as
// model does.
func (t *older) through(l dict, axes, depth int) (int, error) {
	config, _ := l["config"].(dict)
	switch l["class_name"] {
	case "InputLayer":
		shape, _ := config["batch_shape"].([]any)
		return len(shape), nil
	case "Sequential", "Functional", "Model":
		return t.model(l, axes, depth+1)
	case "Flatten":
		return 2, nil
	case "GlobalAveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling2D":
		if config["keepdims"] != true {
			return 2, nil
		}
	case "Reshape":
		shape, _ := config["target_shape"].([]any)
		return 1 + len(shape), nil
	case "RepeatVector":
		return 3, nil
	}
	axis := config["axis"]
	if list, ok := axis.([]any); ok && len(list) == 1 {
		axis = list[0]
	}
	if n, ok := axis.(json.Number); ok && axes > 0 {
		if at, err := n.Int64(); err == nil && int(at) == axes-1 {
			config["axis"] = -1
		}
	}
	if list, ok := axis.([]any); ok && axes > 0 {
		for i, one := range list {
			if n, ok := one.(json.Number); ok {
				if at, err := n.Int64(); err == nil && at > 0 {
					list[i] = at - int64(axes)
				}
			}
		}
	}
	return axes, nil
}

// olderGraph is a Functional that is being translated.
type olderGraph struct {
	*older
	depth  int
	layers map[string]dict
	axes   map[string]int // of the outputs of layers that are done
	open   map[string]bool
}

// functional translates a Functional's layers and calls. It returns axes as model does.
func (t *older) functional(config dict, layers []dict, depth int) (int, error) {
	g := &olderGraph{t, depth, map[string]dict{}, map[string]int{}, map[string]bool{}}
	for _, l := range layers {
		name, _ := l["name"].(string)
		g.layers[name] = l
	}
	for _, l := range layers {
		name, _ := l["name"].(string)
		if _, err := g.outputAxes(name); err != nil {
			return 0, err
		}
	}
	for _, l := range layers {
		nodes, _ := l["inbound_nodes"].([]any)
		for i, n := range nodes {
			call, err := g.call(l, n)
			if err != nil {
				return 0, errors.WithMessagef(err, "layer %.80q", l["name"])
			}
			nodes[i] = call
		}
	}
	axes := 0
	for _, end := range []string{"input_layers", "output_layers"} {
		refs, _ := config[end].([]any)
		if _, single := g.reference(refs, true); !single && len(refs) == 1 {
			refs, _ = refs[0].([]any) // a list of one is one to Keras 3
		}
		if r, ok := g.reference(refs, true); ok {
			config[end], axes = []any{r.name, r.call, r.output}, g.axes[r.name]
			continue
		}
		for i, one := range refs {
			if r, ok := g.reference(one, true); ok {
				refs[i], axes = []any{r.name, r.call, r.output}, g.axes[r.name]
			}
		}
	}
	return axes, nil
}

// outputAxes translates a layer, after that which its first call reads, and returns how many axes its output has.
func (g *olderGraph) outputAxes(name string) (int, error) {
	l := g.layers[name]
	if axes, done := g.axes[name]; done || l == nil || g.open[name] {
		return axes, nil
	}
	g.open[name] = true
	axes := 0
	if nodes, _ := l["inbound_nodes"].([]any); len(nodes) > 0 {
		if modern, ok := nodes[0].(dict); ok {
			axes = axesOfFirst(modern["args"])
		} else if refs := g.references(nodes[0]); len(refs) > 0 {
			var err error
			if axes, err = g.outputAxes(refs[0].name); err != nil {
				return 0, err
			}
		}
	}
	axes, err := g.through(l, axes, g.depth)
	g.axes[name] = axes
	return axes, err
}

// tensorRef is ["layer", call, output, arguments] of Keras 2.
type tensorRef struct {
	name         string
	call, output int64
	arguments    dict
}

// reference reads a reference to a tensor. Keras 2 counts a nested model's own construction as its call 0 everywhere, Keras 3 among a model's ends,
// and there not of a Sequential.
func (g *olderGraph) reference(v any, end bool) (r tensorRef, ok bool) {
	list, _ := v.([]any)
	if len(list) < 3 {
		return r, false
	}
	name, ok1 := list[0].(string)
	call, ok2 := list[1].(json.Number)
	output, ok3 := list[2].(json.Number)
	if !ok1 || !ok2 || !ok3 {
		return r, false
	}
	r.name = slashless(name)
	var err1, err2 error
	r.call, err1 = call.Int64()
	r.output, err2 = output.Int64()
	if len(list) > 3 {
		r.arguments, _ = list[3].(dict)
	}
	if g.keras2 {
		switch class := g.layers[r.name]["class_name"]; {
		case class == "Sequential", !end && (class == "Functional" || class == "Model"):
			r.call--
		}
	}
	return r, err1 == nil && err2 == nil
}

// references are the tensors that a call of Keras 2 reads; none where one of its inputs is none.
func (g *olderGraph) references(node any) []tensorRef {
	list, _ := node.([]any)
	if r, single := g.reference(list, false); single {
		return []tensorRef{r}
	}
	var out []tensorRef
	for _, one := range list {
		r, ok := g.reference(one, false)
		if !ok {
			return nil
		}
		out = append(out, r)
	}
	return out
}

// call is a call in the form of Keras 3.
func (g *olderGraph) call(l dict, node any) (any, error) {
	if _, modern := node.(dict); modern {
		return node, nil
	}
	refs := g.references(node)
	if len(refs) == 0 {
		return nil, errors.New("a call whose inputs are no tensors is not supported")
	}
	var tensors []any
	arguments := dict{}
	for _, r := range refs {
		tensors = append(tensors, g.tensor(r))
		maps.Copy(arguments, r.arguments)
	}
	if l["module"] == operations {
		delete(arguments, "name")
		if r, ok := g.reference(arguments["y"], false); ok {
			tensors = append(tensors, g.tensor(r))
			delete(arguments, "y")
		}
	} else if len(tensors) > 1 {
		tensors = []any{tensors}
	}
	if told, ok := arguments["training"].(bool); ok && g.keras2 {
		delete(arguments, "training")
		if mindsTraining(l) {
			arguments[keptTraining] = told
		}
	}
	return dict{"args": tensors, "kwargs": arguments}, nil
}

// keptTraining stands for a call's argument training in files of Keras 2, which keeps to it in fit and predict. Keras 3 does not.
const keptTraining = "training, in Keras 2"

// mindsTraining tells whether a layer, or one in a model, computes something else in training.
func mindsTraining(l dict) bool {
	config, _ := l["config"].(dict)
	switch class, _ := l["class_name"].(string); class {
	case "BatchNormalization":
		return config["trainable"] != false
	case "Sequential", "Functional", "Model":
		if layers, ok := config["layers"].([]dict); ok { // translated
			return slices.ContainsFunc(layers, mindsTraining)
		}
		layers, _ := config["layers"].([]any)
		return slices.ContainsFunc(layers, func(one any) bool {
			layer, _ := one.(dict)
			return mindsTraining(layer)
		})
	default:
		return strings.Contains(class, "Dropout") || strings.Contains(class, "Noise")
	}
}

// tensor is a reference in the form of Keras 3.
func (g *olderGraph) tensor(r tensorRef) dict {
	return dict{"class_name": tensorClass, "config": dict{"shape": make([]any, g.axes[r.name]), "dtype": "float32", "keras_history": []any{r.name, r.call, r.output}}}
}

// axesOfFirst is how many axes the first tensor among a call's arguments has.
func axesOfFirst(arguments any) int {
	for {
		switch a := arguments.(type) {
		case []any:
			if len(a) == 0 {
				return 0
			}
			arguments = a[0]
			continue
		case dict:
			config, _ := a["config"].(dict)
			shape, _ := config["shape"].([]any)
			return len(shape)
		}
		return 0
	}
}
