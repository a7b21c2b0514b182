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

	at       *call // that is being translated
	position int
}

// value is a tensor of the program as the output of a node.
type value struct {
	node     int   // -1: the model's input
	batched  bool  // PyTorch's first axis is the batch
	dims     []int // PyTorch's axes; the first one of a batched value is how many rows each image has along it, 1 as a rule
	order    []int // axis k of the node's output for an image is PyTorch's axis order[k]
	dtype    DType
	number   *float64 // the value, if it is one number that is known
	integers []int64  // the values of a constant of integers
	unknown  bool     // of an operation that is not supported
}

// rows is how many entries of the first axis belong to an image.
func (v *value) rows() int {
	if !v.batched {
		return 1
	}
	return v.dims[0]
}

// plainOrder is PyTorch's: axes in ascending order, without the batch where an image has one entry of it.
func (v *value) plainOrder() []int { return plainOrder(v.batched, v.dims) }

func plainOrder(batched bool, dims []int) []int {
	order := []int{}
	for axis := range dims {
		if !batched || axis > 0 || dims[0] > 1 {
			order = append(order, axis)
		}
	}
	return order
}

// channelsLast is the order of images {height, width, channels} and sequences {length, channels} of PyTorch's N,C,H,W and N,C,L.
func channelsLast(axes int) []int {
	var order []int
	for axis := 2; axis < axes; axis++ {
		order = append(order, axis)
	}
	return append(order, 1)
}

// item is the shape of an image's values in an order.
func item(dims, order []int) graph.Shape {
	s := graph.Shape{}
	for _, axis := range order {
		s = append(s, dims[axis])
	}
	return s
}

// axis finds PyTorch's axis, which may count from the end, among the output's axes, counted from 1; 0 is the batch.
func (v *value) axis(torch int) int { return 1 + slices.Index(v.order, torch) }

// axisOf is an axis counted from 0 of one that may count from the end.
func axisOf(axis, axes int) (int, error) {
	at := axis
	if at < 0 {
		at += axes
	}
	if at < 0 || at >= max(axes, 1) {
		return 0, errors.Errorf("axis %d: the value has %d axes", axis, axes)
	}
	return at, nil
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
	name, inPlace := strings.CutSuffix(c.operation, "_")
	translate, ok := operations[name]
	if !ok || signatureOf(c.operation+"."+c.overload) == nil {
		return errors.Errorf("operation %s.%s", c.operation, c.overload)
	}
	if len(c.outputs) == 0 {
		return errors.New("it gives nothing: the file is damaged")
	}
	r := &reading{translator: t, call: c}
	out, err := translate(r)
	if err == nil {
		err = r.err
	}
	if err != nil {
		return err
	}
	if inPlace {
		return t.change(c, out[0])
	}
	if err := t.give(c, out); err != nil {
		return err
	}
	t.noteViews(c)
	return nil
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
		if want, ok := t.types[name]; ok {
			if err := t.checkShape(v, want); err != nil {
				return err
			}
			v.dtype = want.dtype
		}
		if c.detached {
			v = t.detach(v)
		}
		t.values[name] = v
	}
	return nil
}

// checkShape compares a value's shape with the one that PyTorch saw.
func (t *translator) checkShape(v *value, want valueType) error {
	ok := len(want.shape) == len(v.dims)
	for axis := 0; ok && axis < len(v.dims); axis++ {
		e := extent{fixed: int64(v.dims[axis])}
		if axis == 0 && v.batched {
			e = t.batchTimes(v.dims[0])
		}
		ok = e == want.shape[axis]
	}
	if !ok {
		return errors.Errorf("it gives %v, not %v as in PyTorch: how it treats the batch is not supported", v, want.shape)
	}
	return nil
}

// batchTimes is so many entries for each image of a batch.
func (t *translator) batchTimes(rows int) extent {
	if t.batch == "" {
		return extent{fixed: int64(rows * t.fixedBatch)}
	}
	return extent{factor: int64(rows), symbol: t.batch}
}

// String writes a shape as in [batch 3 8 8].
func (v *value) String() string {
	parts := make([]string, len(v.dims))
	for i, d := range v.dims {
		parts[i] = fmt.Sprint(d)
		if i == 0 && v.batched {
			parts[i] = "batch"
			if d > 1 {
				parts[i] = fmt.Sprintf("batch*%d", d)
			}
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
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

// arrange is the value in another order.
func (t *translator) arrange(v *value, order []int) (*value, error) {
	if v.unknown {
		return nil, errFollows
	}
	if slices.Equal(v.order, order) {
		return v, nil
	}
	key := fmt.Sprint(v.node, v.order, order)
	out := *v
	out.order = order
	if at, there := t.arranged[key]; there {
		out.node = at
		return &out, nil
	}
	var err error
	if sameMemory(v, order) {
		out.node, err = t.add("shape", graph.Reshape{Target: item(v.dims, order)}, v.node)
	} else {
		permutation := make([]int, len(order))
		for k, axis := range order {
			permutation[k] = v.axis(axis)
		}
		out.node, err = t.add("order", graph.Permute{Order: permutation}, v.node)
	}
	t.arranged[key] = out.node
	return &out, err
}

// sameMemory tells whether only axes of length 1 move.
func sameMemory(v *value, order []int) bool {
	long := func(order []int) []int {
		return slices.DeleteFunc(slices.Clone(order), func(axis int) bool { return v.dims[axis] == 1 })
	}
	return slices.Equal(long(v.order), long(order))
}

// plain is the value in PyTorch's order.
func (t *translator) plain(v *value) (*value, error) { return t.arrange(v, v.plainOrder()) }

// reshaped is the value with other axes, in PyTorch's order.
func (t *translator) reshaped(v *value, batched bool, dims []int) (*value, error) {
	p, err := t.plain(v)
	if err != nil {
		return nil, err
	}
	out := *v
	out.batched, out.dims, out.order = batched, dims, plainOrder(batched, dims)
	out.node = p.node
	if s := item(dims, out.order); !slices.Equal(s, item(p.dims, p.order)) {
		out.node, err = t.add("shape", graph.Reshape{Target: s}, p.node)
	}
	return &out, err
}

// spread gives each image of a batch a value that all have in common, as one with so many axes, of which the first becomes the batch. The other
// axes come in the given order.
func (t *translator) spread(v *value, axes int, order []int) (*value, error) {
	dims := append(slices.Repeat([]int{1}, max(axes-len(v.dims), 0)), v.dims...)
	if len(dims) > axes {
		return nil, errors.Errorf("%v has more axes than the value of a batch that it goes together with", v)
	}
	if dims[0] != 1 {
		return nil, errors.Errorf("%v goes together with the images of a batch, one by one: only a value that all images have in common can", v)
	}
	common, err := t.reshaped(v, false, dims[1:])
	if err != nil {
		return nil, err
	}
	inner := make([]int, len(order)) // without the batch
	for k, axis := range order {
		inner[k] = axis - 1
	}
	if common, err = t.arrange(common, inner); err != nil {
		return nil, err
	}
	key := fmt.Sprint("batch", common.node)
	node, there := t.arranged[key]
	if !there {
		if node, err = t.add("batch", graph.RepeatOverBatch{}, common.node); err != nil {
			return nil, err
		}
		t.arranged[key] = node
	}
	return &value{node: node, batched: true, dims: dims, order: order, dtype: v.dtype}, nil
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
