package torch

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// program is an archive's graph with all that operations leave out: calls with every argument by name, and sub-graphs put in their place.
type program struct {
	inputs     []string           // values that the user gives
	named      []string           // what the user calls them
	stored     map[string]*Tensor // values that are parameters, buffers or constants
	outputs    []output
	calls      []*call
	types      map[string]valueType
	batch      string // the symbol of the batch size; empty for a constant one
	fixedBatch int    // that constant
	low        int    // least and largest batch size; high is 0 where there is no limit
	high       int
}

// valueType is a tensor's type and shape.
type valueType struct {
	dtype DType
	shape []extent
}

// call is one operation.
type call struct {
	operation string // "conv2d"
	overload  string // "default"
	arguments map[string]any
	outputs   []string // values
	name      string   // of the node in PyTorch's graph: conv2d_1
	source    source
	detached  bool // inside of torch.no_grad
}

// maxCalls is how many operations a program may have.
const maxCalls = 100_000

func (a *Archive) read() (*program, error) {
	p := &program{stored: map[string]*Tensor{}, types: map[string]valueType{}}
	g := &a.program.GraphModule.Graph
	if len(a.program.GraphModule.Signature.Inputs) != len(g.Inputs) {
		return nil, errors.Errorf("the program has %d inputs, its signature %d: the file is damaged", len(g.Inputs), len(a.program.GraphModule.Signature.Inputs))
	}
	for i, in := range g.Inputs {
		if err := p.addInput(a, i, in); err != nil {
			return nil, err
		}
	}
	if err := p.addGraph(g, scope{}); err != nil {
		return nil, err
	}
	if err := p.addOutputs(a); err != nil {
		return nil, err
	}
	return p, p.findBatch(a)
}

// addInput finds out what an input of the graph is.
func (p *program) addInput(a *Archive, i int, in argument) error {
	for kind, spec := range a.program.GraphModule.Signature.Inputs[i] {
		name, ok := in.value.(tensorName)
		if kind == "constant_input" {
			return errors.New("forward is given a constant, beside tensors: leave it out of the example inputs")
		}
		if !ok {
			return errors.Errorf("input %d of the program is %s, not a tensor", i+1, kindOf(in.value))
		}
		var stored string
		tensors := a.Weights
		switch kind {
		case "user_input":
			p.inputs = append(p.inputs, string(name))
			continue
		case "parameter":
			stored = spec.Parameter
		case "buffer":
			stored = spec.Buffer
			if !spec.Persistent {
				tensors = a.Constants
			}
		case "tensor_constant":
			stored, tensors = spec.Constant, a.Constants
		default:
			return errors.Errorf("input %d of the program is a %s, which is not supported", i+1, kind)
		}
		t := find(tensors, stored)
		if t == nil {
			return errors.Errorf("the file has no values for %q: it is damaged", stored)
		}
		meta, ok := a.program.GraphModule.Graph.Tensors[string(name)]
		of, err := typeOf(meta, &a.program.GraphModule.Graph)
		if err != nil || !ok || of.dtype != t.Type || !slices.Equal(fixedDims(of.shape), t.Shape) {
			return errors.Errorf("the program takes %q for a tensor of another type or shape than %v %v: the file is damaged", stored, t.Type, t.Shape)
		}
		p.stored[string(name)] = t
	}
	return nil
}

// find is the tensor of a name; nil if there is none.
func find(tensors []*Tensor, name string) *Tensor {
	for _, t := range tensors {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// scope gives values of a sub-graph names of their own.
type scope struct {
	prefix   string
	inputs   map[string]string // the sub-graph's inputs by what it calls them
	detached bool
}

func (s scope) name(n tensorName) string {
	if outer, ok := s.inputs[string(n)]; ok {
		return outer
	}
	return s.prefix + string(n)
}

// addGraph adds a graph's values and calls.
func (p *program) addGraph(g *schemaGraph, s scope) error {
	for name, meta := range g.Tensors {
		t, err := typeOf(meta, g)
		if err != nil {
			return errors.WithMessagef(err, "value %.200q", name)
		}
		p.types[s.name(tensorName(name))] = t
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if len(p.calls) >= maxCalls {
			return errors.Errorf("the program has more than %d operations", maxCalls)
		}
		if sub := graphOf(n); sub != nil {
			if err := p.inline(n, sub, s); err != nil {
				return errors.WithMessagef(err, "operation %.200q", n.Target)
			}
			continue
		}
		c, err := p.readCall(g, n, s)
		if err != nil {
			return errors.WithMessagef(err, "operation %.200q", n.Target)
		}
		p.calls = append(p.calls, c)
	}
	return nil
}

// graphOf is the sub-graph that a node runs; nil for an operation.
func graphOf(n *schemaNode) *schemaGraph {
	for _, in := range n.Inputs {
		if g, ok := in.Arg.value.(*schemaGraph); ok {
			return g
		}
	}
	return nil
}

// inline puts the calls of torch.no_grad in the place of its sub-graph.
func (p *program) inline(n *schemaNode, g *schemaGraph, outer scope) error {
	if !strings.HasSuffix(n.Target, ".wrap_with_set_grad_enabled") {
		return errors.New("it runs a graph of its own (a condition, a loop or autocast), which is not supported: leave it out of forward")
	}
	inner := scope{prefix: outer.prefix + n.Name + "/", inputs: map[string]string{}, detached: outer.detached}
	var given []string
	for _, in := range n.Inputs {
		switch v := in.Arg.value.(type) {
		case bool:
			inner.detached = outer.detached || !v
		case tensorName:
			given = append(given, outer.name(v))
		}
	}
	if len(given) != len(g.Inputs) || len(n.Outputs) > len(g.Outputs) {
		return errors.New("its inputs or outputs are not those of its graph: the file is damaged")
	}
	for i, in := range g.Inputs {
		name, ok := in.value.(tensorName)
		if !ok {
			return errors.Errorf("it takes %s, not a tensor", kindOf(in.value))
		}
		inner.inputs[string(name)] = given[i]
	}
	if err := p.addGraph(g, inner); err != nil {
		return err
	}
	for i, out := range n.Outputs {
		from, ok := g.Outputs[i].value.(tensorName)
		to, okay := out.value.(tensorName)
		if !ok || !okay {
			return errors.New("it gives what is no tensor")
		}
		p.calls = append(p.calls, &call{
			operation: "alias", overload: "default", arguments: map[string]any{"self": tensorName(inner.name(from))}, outputs: []string{outer.name(to)},
			name: n.Name, source: sourceOf(n), detached: inner.detached,
		})
	}
	return nil
}

// readCall gives a node all arguments that its operation has.
func (p *program) readCall(g *schemaGraph, n *schemaNode, s scope) (*call, error) {
	c := &call{arguments: map[string]any{}, name: n.Name, source: sourceOf(n), detached: s.detached}
	full := strings.TrimPrefix(n.Target, "torch.ops.aten.")
	c.operation, c.overload, _ = strings.Cut(full, ".")
	if full == n.Target { // of Python or another library
		c.operation, c.overload = n.Target, ""
	}
	params := signatureOf(full)
	for i, in := range n.Inputs {
		name := in.Name
		if name == "" {
			name = [...]string{"a", "b"}[min(i, 1)] // Python's operators
		}
		v, err := s.scoped(g, in.Arg.value)
		if err != nil {
			return nil, errors.WithMessagef(err, "argument %.100q", name)
		}
		c.arguments[name] = v
	}
	for _, param := range params {
		if _, given := c.arguments[param.name]; !given {
			if !param.optional {
				return nil, errors.Errorf("its argument %s is missing: the file is damaged", param.name)
			}
			c.arguments[param.name] = param.defaultsTo
		}
	}
	for _, out := range n.Outputs {
		switch v := out.value.(type) {
		case tensorName:
			c.outputs = append(c.outputs, s.name(v))
		case []tensorName:
			for _, one := range v {
				c.outputs = append(c.outputs, s.name(one))
			}
		case symbolName, floatSymbolName, nil:
			c.outputs = append(c.outputs, "")
		default:
			return nil, errors.Errorf("it gives %s, which is not supported", kindOf(v))
		}
	}
	if c.name == "" && len(c.outputs) > 0 { // before schema 8.16
		c.name = strings.TrimPrefix(c.outputs[0], s.prefix)
	}
	return c, nil
}

// scoped is an argument whose tensors have the names of the whole program, and whose symbols are extents.
func (s scope) scoped(g *schemaGraph, v any) (any, error) {
	switch v := v.(type) {
	case tensorName:
		return tensorName(s.name(v)), nil
	case []tensorName:
		out := make([]tensorName, len(v))
		for i := range v {
			out[i] = tensorName(s.name(v[i]))
		}
		return out, nil
	case optionalTensors:
		out := make(optionalTensors, len(v))
		for i := range v {
			if v[i] != nil {
				name := tensorName(s.name(*v[i]))
				out[i] = &name
			}
		}
		return out, nil
	case symbolName:
		return g.extent(v)
	case sizes:
		out := make([]extent, len(v))
		for i, one := range v {
			out[i] = extent{fixed: one.number}
			if one.symbol != "" {
				e, err := g.extent(one.symbol)
				if err != nil {
					return nil, err
				}
				out[i] = e
			}
		}
		return out, nil
	case floatSymbolName:
		of, ok := g.SymFloats[string(v)]
		if !ok {
			return nil, errors.Errorf("symbol %.100q is not known: the file is damaged", string(v))
		}
		if of.expression == "" {
			return float64(of.number), nil
		}
		return g.extentOf(symInt{expression: of.expression})
	}
	return v, nil
}

// kindOf names what an argument is, for messages.
func kindOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case unknownArgument:
		return strings.TrimPrefix(string(v), "as_")
	case extent:
		if ofData.MatchString(v.symbol) {
			return "a number that .item() or float() takes out of a tensor (compute with the tensor itself)"
		}
		return "a number that depends on the batch size"
	case symbolName, floatSymbolName:
		return "a number that depends on the batch size"
	case *schemaGraph:
		return "a graph"
	case int64, float64:
		return "a number"
	case tensorName:
		return "a tensor"
	}
	return "a value of another kind"
}
