package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
)

// translator makes layers of a program's calls. Inside, images lie with their channels last, and the batch is the first axis; each value
// knows which of PyTorch's axes its own are.
type translator struct {
	*program
	first     map[string]*Tensor // tensors by name
	modulesOf map[*call]*sharing
	warm      bool // the weights were trained before

	inEvaluation *[]string // the nodes that draw in evaluation, too; nil: the file does not say

	values map[string]*value
	views  map[string]viewOf
	stale  map[string]bool // views of what has changed since
	counts map[string]int  // by buffer: what a step adds to its integers

	nodes    []graph.Node
	shapes   []graph.Shape // of the nodes' outputs, of one image
	common   []bool        // whether a node's output is common to all images
	names    map[string]bool
	arranged map[string]int // nodes by what they arrange
	kept     []Stored
	refused  Unsupported
	places   int // of axes that were taken one by one
	inPlace  []string
	layers   map[string]bool

	at       *call // that is being translated
	position int
}

// run translates all calls. What is not supported is noted, and what follows from it passed over.
func (t *translator) run() {
	for i, c := range t.calls {
		t.at, t.position = c, i
		err := t.call(c)
		if err == nil {
			continue
		}
		if !errors.Is(err, errFollows) {
			t.refuse(c, err.Error())
		}
		for _, name := range c.outputs {
			t.values[name] = &value{unknown: true}
		}
	}
}

// errFollows says that an operation reads what an unsupported one gives.
var errFollows = errors.New("an operation before is not supported")

// refuse notes what is not supported about a call.
func (t *translator) refuse(c *call, why string) {
	t.refused = append(t.refused, fmt.Sprintf("%s: %s", t.place(c), why))
}

// place names a call as the user would: by its module, or by the line of the user's code.
func (t *translator) place(c *call) string {
	name := strings.TrimPrefix(c.operation, "torch.ops.")
	switch s := c.source; {
	case s.line != "" && s.module != "":
		return fmt.Sprintf("%s in %s (%s)", name, s.module, s.line)
	case s.line != "":
		return fmt.Sprintf("%s (%s)", name, s.line)
	case s.module != "":
		return fmt.Sprintf("%s in %s", name, s.module)
	}
	return fmt.Sprintf("%s (%s)", name, c.name)
}

func (t *translator) call(c *call) error {
	if c.isIgnored() {
		return nil
	}
	if t.count(c) {
		return nil
	}
	name, inPlace := c.outOfPlace()
	translate, ok := operations[name]
	if !ok || signatureOf(c.operation+"."+c.overload) == nil {
		return errors.Errorf("operation %s.%s", c.operation, c.overload)
	}
	if len(c.outputs) == 0 {
		return errors.New("it gives nothing: the file is damaged")
	}
	r := &reading{translator: t, call: c}
	if r.place, r.rank = t.placeOf(c, name); r.place != 0 {
		r.mustNotReachBatch(name)
	}
	before := len(t.nodes)
	out := translate(r)
	if r.err != nil {
		return r.err
	}
	for i, v := range out {
		if r.place != 0 && v.batched {
			there := *v
			there.moved = r.place
			out[i] = &there
		}
	}
	if inPlace {
		for _, n := range t.nodes[before:] {
			t.inPlace = append(t.inPlace, n.Name)
		}
		if err := t.checkResult(c.outputs[0], out[0]); err != nil {
			return err
		}
		return t.change(c, out[0])
	}
	if err := t.give(c, out); err != nil {
		return err
	}
	t.noteViews(c)
	return nil
}

// outOfPlace is the name of the operation that gives what this one writes in the place of what it takes, and whether it does.
func (c *call) outOfPlace() (name string, inPlace bool) {
	if operations[c.operation] != nil { // __and__
		return c.operation, false
	}
	return strings.CutSuffix(c.operation, "_")
}

// count notes a call that adds to a buffer of integers, as batch normalizations count their batches.
func (t *translator) count(c *call) bool {
	if c.operation != "add_" {
		return false
	}
	name := t.root(argumentName(c.arguments["self"]))
	tensor, by := t.canonical(name), c.arguments["other"]
	n, ok := by.(int64)
	if tensor == nil || tensor.IsParameter || tensor.Ints == nil || !ok {
		return false
	}
	t.counts[tensor.Name] += int(n)
	for _, out := range c.outputs {
		t.views[out] = viewOf{base: name, call: c}
	}
	return true
}

// isIgnored tells whether a call only looks at shapes, or checks something.
func (c *call) isIgnored() bool {
	for _, name := range c.outputs {
		if name != "" {
			return false
		}
	}
	return len(c.outputs) > 0 || strings.HasPrefix(c.operation, "_assert") || strings.HasPrefix(c.operation, "sym_constrain") || c.operation == "alias_check"
}

// give binds the values of a call to their names, and checks that their shapes are those that PyTorch saw.
func (t *translator) give(c *call, out []*value) error {
	if len(out) < len(c.outputs) {
		return errors.Errorf("it gives %d values, not %d", len(c.outputs), len(out))
	}
	for i, name := range c.outputs {
		v := out[i]
		if name == "" || v == nil {
			continue
		}
		if v.unknown || v.pooled != nil {
			t.values[name] = v
			continue
		}
		if err := t.checkResult(name, v); err != nil {
			return err
		}
		if want, ok := t.types[name]; ok {
			v.dtype = want.dtype
		}
		if c.detached {
			v = t.detach(v)
		}
		t.values[name] = v
	}
	return nil
}

// checkResult compares the shape of a call's value with the one that PyTorch saw, where that is known.
func (t *translator) checkResult(name string, v *value) error {
	want, known := t.types[name]
	if !known || v.unknown || v.pooled != nil {
		return nil
	}
	have := make([]extent, len(v.dims))
	for axis := range have {
		have[axis] = extent{fixed: int64(v.dims[v.inside(axis)])}
		if v.inside(axis) == 0 && v.batched {
			have[axis] = t.batchTimes(v.dims[0])
		}
	}
	if slices.Equal(have, want.shape) {
		return nil
	}
	why := "the file is damaged, or the operation is not understood"
	if t.batch != "" && slices.ContainsFunc(want.shape, func(e extent) bool { return e.symbol != "" && !slices.Contains(have, e) }) {
		why = "what it does with the batch is not supported"
	}
	return errors.Errorf("by its arguments it gives values of the shape %v, in PyTorch they were %v: %s", t.told(have), t.told(want.shape), why)
}

// batchTimes is so many entries for each image of a batch.
func (t *translator) batchTimes(rows int) extent {
	if t.batch == "" {
		return extent{fixed: int64(rows * t.fixedBatch)}
	}
	return extent{factor: int64(rows), symbol: t.batch}
}

// split tells how many rows each image has along a first axis of so many entries; ok is false if it is no batch axis.
func (t *translator) split(e extent) (rows int, ok bool) {
	if t.batch == "" {
		n := int(e.fixed)
		return n / t.fixedBatch, e.symbol == "" && n > 0 && n%t.fixedBatch == 0
	}
	return int(e.factor), e.symbol == t.batch && e.fixed == 0 && e.factor > 0
}

// name is one for a node: that of the module where it is one of PyTorch's layers, else that of PyTorch's graph with the line of the code.
func (t *translator) name(what string) string {
	c := t.at
	name := c.name
	if c.source.ofLibrary() && c.source.module != "" {
		name = c.source.module
		t.layers[plainName(name)] = true
	} else if c.source.line != "" {
		name = fmt.Sprintf("%s (%s)", plainName(name), c.source.line)
	}
	if what != "" {
		name += ":" + what
	}
	return t.unique(plainName(name))
}

func (t *translator) unique(name string) string {
	if name == "" {
		name = "value"
	}
	base := name
	for i := 2; t.names[name]; i++ {
		name = fmt.Sprintf("%s#%d", base, i)
	}
	t.names[name] = true
	return name
}

// add adds a node, and returns its index.
func (t *translator) add(what string, layer graph.Layer, inputs ...int) (int, error) {
	return t.addNode(graph.Node{Name: t.name(what), Layer: layer, Inputs: inputs})
}

func (t *translator) addNode(n graph.Node) (int, error) {
	if n.Inputs == nil {
		n.Inputs = []int{}
	}
	in := make([]graph.Shape, len(n.Inputs))
	common := len(n.Inputs) > 0
	for k, from := range n.Inputs {
		in[k], common = t.shapeAt(from), common && from >= 0 && t.common[from]
	}
	out, err := n.Layer.OutputShape(in)
	if err != nil {
		return 0, err
	}
	size := 1
	for _, d := range out {
		if d < 1 {
			return 0, errors.Errorf("its output would be %v: the image is too small", out)
		}
		if d > maxValues/size {
			return 0, errors.Errorf("its output %v would have more than %d values an image", out, maxValues)
		}
		size *= d
	}
	switch n.Layer.(type) {
	case graph.Parameter, graph.BatchSize, graph.SumOverBatch:
		common = true
	case graph.RepeatOverBatch, graph.Target:
		common = false
	}
	t.nodes, t.shapes, t.common = append(t.nodes, n), append(t.shapes, out), append(t.common, common)
	return len(t.nodes) - 1, nil
}

// maxValues is how many values an operation may give for an image.
const maxValues = 1 << 27

// shapeAt is the shape of a node's output, or of the model's input, -1.
func (t *translator) shapeAt(node int) graph.Shape {
	if node < 0 {
		v := t.values[t.inputs[0]]
		return item(v.dims, v.order)
	}
	return t.shapes[node]
}

// detach is the value without its gradient.
func (t *translator) detach(v *value) *value {
	out := *v
	node, err := t.add("detached", graph.StopGradient{}, v.node)
	if err != nil {
		return v
	}
	out.node = node
	return &out
}
