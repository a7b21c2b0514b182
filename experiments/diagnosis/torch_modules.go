package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/models/torch"
)

// modules writes what makes one model of a program's the other: code that changes modules in their places, and, for what forward calls by itself, comments
// that say what to write where.
type modules struct {
	before, after     []graph.Node
	takes, takesAfter map[string][]graph.Shape // inputs of nodes by their names
	program           *torch.Module
	b                 strings.Builder
}

// moduleCode changes modules in their places. The model as given is trained with batches of so many images.
func moduleCode(from, to *graph.Model, batch int, program *torch.Module) string {
	c := &modules{before: slices.Concat(from.Nodes, from.OwnLoss), after: slices.Concat(to.Nodes, to.OwnLoss), program: program}
	c.takes, c.takesAfter = inputsOf(from), inputsOf(to)
	for _, old := range c.before {
		if old.SharedWith != "" {
			continue
		}
		if now := nodeNamed(c.after, old.Name); now != nil {
			c.change(old, *now)
		} else {
			c.remove(old)
		}
	}
	if term, times := edit.FullPrior(from, batch); term != "" && len(to.OwnLoss) > len(from.OwnLoss) {
		c.say("in forward: the term %s of the loss, which does not depend on the reconstruction, divided by %.6g:", termName(term), times)
		c.say("loss = reconstruction_error + kl / %.6g", times)
	}
	c.add()
	return c.b.String()
}

// inputsOf are the shapes that nodes take, by the nodes' names.
func inputsOf(m *graph.Model) map[string][]graph.Shape {
	out := map[string][]graph.Shape{}
	shapes, err := m.Shapes()
	if err != nil {
		return out // of a model that can be built there are shapes
	}
	for _, n := range m.Nodes {
		for _, i := range n.Inputs {
			shape := m.Input
			if i >= 0 {
				shape = shapes[i]
			}
			out[n.Name] = append(out[n.Name], shape)
		}
	}
	return out
}

func nodeNamed(nodes []graph.Node, name string) *graph.Node {
	if i := slices.IndexFunc(nodes, func(n graph.Node) bool { return n.Name == name }); i >= 0 {
		return &nodes[i]
	}
	return nil
}

func (c *modules) write(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

func (c *modules) say(format string, args ...any) { c.write("# "+format, args...) }

// isModule tells whether a node goes by the path of a module, and not by a call in forward.
func (c *modules) isModule(name string) bool {
	return !strings.ContainsAny(name, " #:") && (c.program == nil || c.program.Layers[name])
}

// remove takes out what a node does.
func (c *modules) remove(old graph.Node) {
	switch name := saved.Python(old.Name); {
	case c.isModule(old.Name) && !isTensor(old):
		c.write("model.set_submodule(%s, torch.nn.Identity())", name)
	case call(old.Name) != old.Name || isTensor(old): // a part of what a call does
	default:
		c.say("in forward, %s: leave it out", old.Name)
	}
}

// isTensor tells whether a node is a parameter or a constant by itself.
func isTensor(n graph.Node) bool {
	_, is := n.Layer.(graph.Parameter)
	return is
}

// change makes a node of its successor's settings.
func (c *modules) change(old, now graph.Node) {
	name := saved.Python(old.Name)
	if old.Frozen && !now.Frozen || len(old.Untrained) > len(now.Untrained) {
		c.free(old)
	}
	resized := c.resize(old, now)
	if fmt.Sprintf("%+v", old.Layer) == fmt.Sprintf("%+v", now.Layer) {
		return
	}
	switch l := now.Layer.(type) {
	case graph.BatchNormalization:
		if was, ok := old.Layer.(graph.BatchNormalization); ok && c.isModule(old.Name) && was.Momentum != l.Momentum {
			c.write("model.get_submodule(%s).momentum = %.6g", name, 1-l.Momentum)
			return
		}
	case graph.Conv1D, graph.Conv2D, graph.Conv1DTranspose, graph.Conv2DTranspose, graph.Dense:
		if c.initialize(old, now) || resized {
			return
		}
	case graph.Reshape:
		c.say("in forward, %s: of the shape %s", call(old.Name), torchShape(l.Target))
		return
	}
	inPlace := c.program != nil && slices.Contains(c.program.InPlace, old.Name)
	switch module := activationModule(now.Layer, inPlace); {
	case module != "" && c.isModule(old.Name):
		c.write("model.set_submodule(%s, %s)", name, module)
	case module != "":
		c.say("in forward, %s: %s in its place", old.Name, activationCall(now.Layer, inPlace))
	default:
		c.say("%s (%s) has other settings: see report.html", old.Name, old.Layer.Class())
	}
}

// call is the name of a call without what a node does of it: flatten (net.py:12) of flatten (net.py:12):order.
func call(name string) string {
	if before, _, part := strings.Cut(name, "):"); part {
		return before + ")"
	}
	if strings.HasSuffix(name, ")") {
		return name
	}
	before, _, _ := strings.Cut(name, ":")
	return before
}

// termName is the name of a term of the loss in PyTorch's graph: mean of mean#2 and of mean:shape.
func termName(name string) string {
	name, _, _ = strings.Cut(call(name), "#")
	return name
}

func torchShape(s graph.Shape) string {
	var all []string
	for _, d := range s {
		all = append(all, strconv.Itoa(d))
	}
	return "(-1, " + strings.Join(all, ", ") + ")"
}

// free lets the parameters of a node be trained.
func (c *modules) free(old graph.Node) {
	if c.isModule(old.Name) && !isTensor(old) {
		c.write("model.get_submodule(%s).requires_grad_(True)", saved.Python(old.Name))
		return
	}
	for _, v := range old.Layer.Variables(c.takes[old.Name]) {
		if p := c.parameter(old.Name, v.Name); p != "" {
			c.write("%s.requires_grad_(True)", p)
		}
	}
}

// parameter is the expression for a variable of a node; empty if it is none of the program's.
func (c *modules) parameter(node, variable string) string {
	if c.program != nil {
		if s := c.program.StoredAs(node + "/" + variable); s != nil {
			return fmt.Sprintf("model.get_parameter(%s)", saved.Python(s.Name))
		}
	}
	if torchName, ok := map[string]string{"kernel": "weight", "bias": "bias"}[variable]; ok && c.isModule(node) {
		return fmt.Sprintf("model.get_parameter(%s)", saved.Python(node+"."+torchName))
	}
	return ""
}

// resize makes a module anew whose weights are of another size, and tells whether it did.
func (c *modules) resize(old, now graph.Node) bool {
	in, to := c.takes[old.Name], c.takesAfter[now.Name]
	if len(in) == 0 || len(to) == 0 || slices.EqualFunc(old.Layer.Variables(in), now.Layer.Variables(to), func(a, b graph.Declaration) bool {
		return a.Name == b.Name && slices.Equal(a.Shape, b.Shape)
	}) {
		return false
	}
	out, err := now.Layer.OutputShape(to)
	if err != nil || !c.isModule(old.Name) {
		c.say("in forward, %s: its weights are of another size, for inputs of %v", old.Name, to[0])
		return true
	}
	takes, gives := to[0][len(to[0])-1], out[len(out)-1]
	var made string
	switch now.Layer.(type) {
	case graph.Conv1D, graph.Conv2D:
		made = fmt.Sprintf("%d, %d, old.kernel_size, old.stride, old.padding, old.dilation, old.groups, old.bias is not None, old.padding_mode", takes, gives)
	case graph.Conv1DTranspose, graph.Conv2DTranspose:
		made = fmt.Sprintf("%d, %d, old.kernel_size, old.stride, old.padding, old.output_padding, old.groups, old.bias is not None, old.dilation", takes, gives)
	case graph.Dense:
		made = fmt.Sprintf("%d, %d, bias=old.bias is not None", takes, gives)
	case graph.BatchNormalization:
		made = fmt.Sprintf("%d, old.eps, old.momentum, old.affine", gives)
	default:
		c.say("%s (%s) is to be made anew, for %d channels", old.Name, old.Layer.Class(), gives)
		return true
	}
	c.write("old = model.get_submodule(%s)\nmodel.set_submodule(%s, type(old)(%s))", saved.Python(old.Name), saved.Python(old.Name), made)
	if now.Frozen {
		c.write("model.get_submodule(%s).requires_grad_(False)", saved.Python(old.Name))
	}
	for _, variable := range now.Untrained {
		if p := c.parameter(old.Name, variable); p != "" {
			c.write("%s.requires_grad_(False)", p)
		}
	}
	return true
}

// initialize draws the weights of a layer anew, where its initializers differ, and tells whether they do.
func (c *modules) initialize(old, now graph.Node) (differ bool) {
	for _, variable := range []string{"kernel", "bias"} {
		was, is := edit.InitializerOf(old.Layer, variable), edit.InitializerOf(now.Layer, variable)
		if fmt.Sprint(was) == fmt.Sprint(is) {
			continue
		}
		differ = true
		at := c.parameter(old.Name, variable)
		if at == "" {
			c.say("%s: its %s is to begin with %v", old.Name, variable, is)
			continue
		}
		c.b.WriteString(initializerCode(at, is, variable == "bias"))
	}
	return differ
}

// initializerCode draws a parameter by an initializer; nil is Keras' default.
func initializerCode(at string, i graph.Initializer, bias bool) string {
	if i == nil && !bias {
		i = graph.GlorotUniform()
	}
	switch i := i.(type) {
	case nil, graph.Zeros:
		return fmt.Sprintf("torch.nn.init.zeros_(%s)\n", at)
	case graph.Ones:
		return fmt.Sprintf("torch.nn.init.ones_(%s)\n", at)
	case graph.Constant:
		return fmt.Sprintf("torch.nn.init.constant_(%s, %.6g)\n", at, i.Value)
	case graph.RandomNormal:
		return fmt.Sprintf("torch.nn.init.normal_(%s, %.6g, %.6g)\n", at, i.Mean, i.StdDev)
	case graph.RandomUniform:
		return fmt.Sprintf("torch.nn.init.uniform_(%s, %.6g, %.6g)\n", at, i.Min, i.Max)
	case graph.Orthogonal:
		return fmt.Sprintf("torch.nn.init.orthogonal_(%s)\n", at)
	case graph.VarianceScaling:
		distribution := "normal"
		if i.Distribution == graph.Uniform {
			distribution = "uniform"
		}
		switch {
		case i.Fan == graph.FanAverage && (i.Scale == 0 || i.Scale == 1):
			return fmt.Sprintf("torch.nn.init.xavier_%s_(%s)\n", distribution, at)
		case i.Fan == graph.FanIn && i.Scale == 2:
			return fmt.Sprintf("torch.nn.init.kaiming_%s_(%s, nonlinearity=\"relu\")\n", distribution, at)
		case i.Fan == graph.FanIn && (i.Scale == 0 || i.Scale == 1):
			return fmt.Sprintf("torch.nn.init.kaiming_%s_(%s, nonlinearity=\"linear\")\n", distribution, at)
		case i.Fan == graph.FanIn && distribution == "uniform" && i.Scale < 0.34 && i.Scale > 0.33:
			return fmt.Sprintf("torch.nn.init.kaiming_uniform_(%s, a=5 ** 0.5)\n", at)
		}
	}
	return fmt.Sprintf("# %s is to begin with %v\n", at, i)
}

// add puts new nodes behind the modules whose output they take.
func (c *modules) add() {
	behind := map[string][]string{} // modules by the one that they follow
	var order []string
	wrapped := map[string]string{} // new nodes, by the module that they were put behind
	for _, n := range c.after {
		if nodeNamed(c.before, n.Name) != nil || strings.HasSuffix(n.Name, edit.Weighed) {
			continue
		}
		if noise, ok := n.Layer.(graph.GaussianNoise); ok && len(n.Inputs) == 1 && n.Inputs[0] < 0 && (c.program == nil || !c.program.GivesLoss) {
			c.write("model.register_forward_pre_hook(lambda module, x: (x[0] + %.6g * torch.randn_like(x[0]), *x[1:]) if module.training else None)", noise.StdDev)
			continue
		}
		before := "its input"
		if len(n.Inputs) == 1 && n.Inputs[0] >= 0 {
			before = c.after[n.Inputs[0]].Name
		}
		if first, ok := wrapped[before]; ok {
			before = first
		}
		module := c.moduleOf(n)
		if module == "" || !c.isModule(before) || c.isShared(before) {
			what := module
			if what == "" {
				what = n.Layer.Class()
			}
			c.say("in forward, behind %s: %s is added", before, what)
			continue
		}
		if behind[before] == nil {
			order = append(order, before)
		}
		behind[before] = append(behind[before], module)
		wrapped[n.Name] = before
	}
	for _, name := range order {
		at := saved.Python(name)
		c.write("model.set_submodule(%s, torch.nn.Sequential(model.get_submodule(%s), %s))", at, at, strings.Join(behind[name], ", "))
	}
}

// isShared tells whether a layer is called more than once.
func (c *modules) isShared(name string) bool {
	return slices.ContainsFunc(c.after, func(n graph.Node) bool { return n.SharedWith == name })
}

// moduleOf is the expression that makes a new module; empty where there is none.
func (c *modules) moduleOf(n graph.Node) string {
	in := c.takesAfter[n.Name]
	l, ok := n.Layer.(graph.BatchNormalization)
	if !ok || len(in) != 1 {
		return activationModule(n.Layer, false)
	}
	if _, dense := c.after[n.Inputs[0]].Layer.(graph.Dense); dense && len(in[0]) > 1 { // PyTorch's would normalize along another axis
		return ""
	}
	class, ok := map[int]string{1: "BatchNorm1d", 2: "BatchNorm1d", 3: "BatchNorm2d"}[len(in[0])]
	if !ok {
		return ""
	}
	momentum, epsilon := 0.99, 0.001
	if l.Momentum != 0 {
		momentum = l.Momentum
	}
	if l.Epsilon != 0 {
		epsilon = l.Epsilon
	}
	return fmt.Sprintf("torch.nn.%s(%d, eps=%.6g, momentum=%.6g)", class, in[0][len(in[0])-1], epsilon, 1-momentum)
}
