package torch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/graph"
	"dcae/training/plainjson"
)

// Unsupported is the error of a program that asks for what is not there: all of it, one phrase each, which names where it stands in the user's
// code.
type Unsupported []string

// Error joins the phrases.
func (u Unsupported) Error() string { return "not supported: " + strings.Join(u, "; ") }

// Module is a program as a model of layers, which lie as this project has them: images height x width x channels, kernels as in Keras. Its
// methods bring values into PyTorch's order and back.
type Module struct {
	Model  *graph.Model
	Params *graph.Params
	Stored []Stored

	// Input and Output are an image that goes in and one that comes out.
	Input, Output Layout

	// Reconstruction is the name of the output that is the reconstruction, where there are several in a dict; Others are what else is given.
	Reconstruction string
	Others         []string

	// GivesLoss says that the program computes its own loss (Model.OwnLoss); WithTarget that it is given the target, too.
	GivesLoss, WithTarget bool

	// MinBatch and MaxBatch are how many images a batch may have in training; MaxBatch is 0 where there is no limit. Where they are equal the
	// program is for batches of exactly that size.
	MinBatch, MaxBatch int

	// Version is that of PyTorch that wrote the program.
	Version string

	// Warnings are what is odd about the program, a sentence each.
	Warnings []string

	// InPlace are the nodes of calls that change what they take.
	InPlace []string

	// Layers are the paths of PyTorch's layers that nodes go by. All other nodes go by calls in forward.
	Layers map[string]bool

	// Drawn are the nodes that draw at random in evaluation, too: what they draw for an image is drawn once.
	Drawn []string

	archive      *Archive
	countsByStep map[string]int
}

// Module translates the archive's program. All that is not supported is named in one error, [Unsupported].
func (a *Archive) Module() (*Module, error) {
	p, err := a.read()
	if err != nil {
		return nil, err
	}
	t, err := newTranslator(p, a)
	if err != nil {
		return nil, err
	}
	if err := t.bindInputs(); err != nil {
		return nil, err
	}
	t.run()
	m := &Module{
		MinBatch: p.low, MaxBatch: p.high, Version: a.program.TorchVersion, WithTarget: len(p.inputs) > 1, archive: a, countsByStep: t.counts, InPlace: t.inPlace, Layers: t.layers,
	}
	if len(t.refused) > 0 {
		return nil, slices.Compact(t.refused)
	}
	output, loss, err := t.results(m)
	if err != nil {
		return nil, err
	}
	if err := t.assemble(m, output, loss); err != nil {
		return nil, err
	}
	return m, m.readParams()
}

func newTranslator(p *program, a *Archive) (*translator, error) {
	t := &translator{
		program: p, first: map[string]*Tensor{}, values: map[string]*value{}, views: map[string]viewOf{}, stale: map[string]bool{}, counts: map[string]int{},
		names: map[string]bool{}, layers: map[string]bool{}, arranged: map[string]int{},
	}
	for _, tensor := range slices.Concat(a.Weights, a.Constants) {
		t.first[tensor.Name] = tensor
		if strings.HasSuffix(tensor.Name, "num_batches_tracked") && len(tensor.Ints) == 1 && tensor.Ints[0] > 0 {
			t.warm = true
		}
	}
	t.findOwners()
	return t, t.readEvaluation(a)
}

// readEvaluation reads which nodes draw in evaluation, too.
func (t *translator) readEvaluation(a *Archive) error {
	if a.Training == nil {
		return nil
	}
	var how struct {
		Evaluation struct {
			Random *[]string `json:"random"`
		} `json:"evaluation"`
	}
	err := plainjson.Decode(a.Training, &how)
	t.inEvaluation = how.Evaluation.Random
	return errors.WithMessage(err, "dcae.json")
}

// bindInputs makes values of what the user gives: x and, if there are two, the target.
func (t *translator) bindInputs() error {
	if len(t.inputs) > 2 {
		return errors.Errorf("the program takes %d inputs: one is taken, or two, x and the target", len(t.inputs))
	}
	for i, name := range t.inputs {
		of := t.types[name]
		if of.dtype != Float32 {
			return errors.Errorf("input %d of the program is %v: only float32 is supported", i+1, of.dtype)
		}
		rows, ok := 0, len(of.shape) > 0
		if ok {
			rows, ok = t.split(of.shape[0])
		}
		if !ok || rows != 1 {
			return errors.Errorf("the first axis of input %d is %v: it must be the batch", i+1, t.told(of.shape))
		}
		v := &value{node: -1, batched: true, dims: fixedDims(of.shape), dtype: Float32}
		v.dims[0] = 1
		v.order = imageOrder(v.dims)
		if s := item(v.dims, v.order); len(s) > 0 && slices.Min(s) < 1 {
			return errors.Errorf("input %d of the program is %v: all axes but the batch must have a fixed length", i+1, t.told(of.shape))
		}
		t.values[name] = v
		t.names["x"], t.names["target"] = true, true
		if i == 1 {
			var err error
			if v.node, err = t.addNode(graph.Node{Name: "target input", Layer: graph.Target{Shape: item(v.dims, v.order)}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// imageOrder is how a batch's images lie inside: with their channels last where they have channels, height and width.
func imageOrder(dims []int) []int {
	if len(dims) == 4 {
		return channelsLast(4)
	}
	return plainOrder(true, dims)
}

// results finds the reconstruction and the loss among the program's outputs; loss is nil if it gives none.
func (t *translator) results(m *Module) (reconstruction, loss *value, err error) {
	like := t.values[t.inputs[len(t.inputs)-1]] // the target, or the input
	var firstImage, flattened *value
	at, name := 0, "" // of flattened: its place among the others
	for i, o := range t.outputs {
		v, err := t.read(o.value)
		if err != nil {
			return nil, nil, err
		}
		scalar := !v.batched && len(v.dims) == 0 && v.dtype == Float32
		switch {
		case loss == nil && scalar && (i == 0 || o.name == "loss"):
			loss = v
			continue
		case reconstruction == nil && v.batched && slices.Equal(v.dims, like.dims):
			reconstruction, m.Reconstruction = v, o.name
			continue
		case flattened == nil && v.batched && v.rows() == 1 && len(v.dims) > 1 && graph.Shape(v.dims).Size() == graph.Shape(like.dims).Size():
			flattened, at, name = v, len(m.Others), o.name
		case firstImage == nil && v.batched && v.rows() == 1 && len(v.dims) > 1:
			firstImage = v
		}
		m.Others = append(m.Others, outputName(o, i))
	}
	if reconstruction == nil && flattened != nil { // in another shape, as of x.view(-1, 784)
		reconstruction, m.Reconstruction, m.Others = flattened, name, slices.Delete(m.Others, at, at+1)
	}
	if reconstruction == nil && len(t.outputs)-len(m.Others) <= 1 && len(m.Others) == 1 {
		reconstruction, m.Others = firstImage, nil
	}
	switch {
	case reconstruction == nil && loss != nil:
		return nil, nil, errors.Errorf("the program gives its loss, but no reconstruction of the shape %v: return both, the loss first", like)
	case reconstruction == nil:
		return nil, nil, errors.Errorf("the program gives nothing of the shape %v: return the reconstruction", like)
	case loss == nil && len(t.inputs) > 1:
		return nil, nil, errors.New("the program takes two inputs, but gives no loss: two inputs are x and the target of a program that returns its loss first")
	}
	m.GivesLoss = loss != nil
	return reconstruction, loss, nil
}

func outputName(o output, i int) string {
	if o.name != "" {
		return o.name
	}
	return fmt.Sprintf("output %d", i+1)
}

// assemble makes a model of the nodes that the reconstruction needs, and those that the loss needs besides.
func (t *translator) assemble(m *Module, output, loss *value) error {
	t.at = &call{name: "output"}
	asImage, err := t.asImage(output)
	if err != nil {
		return err
	}
	flat := asImage != output
	output, err = t.arrange(asImage, imageOrder(asImage.dims))
	if err != nil {
		return err
	}
	if output.node < 0 {
		output.node, err = t.add("", graph.Identity{}, -1)
		if err != nil {
			return err
		}
	}
	x := t.values[t.inputs[0]]
	m.Model = &graph.Model{Name: "model", Input: item(x.dims, x.order)}
	m.Input, m.Output = layoutOf(x), layoutOf(output)
	m.Output.Flat = flat
	m.Stored = t.kept

	inOutput, inLoss := t.needs(output.node), map[int]bool{}
	if inOutput[t.targetNode()] {
		return errors.New("the reconstruction depends on the target")
	}
	if loss != nil {
		inLoss = t.needs(loss.node)
	}
	at := map[int]int{-1: -1}
	move := func(node int) graph.Node {
		n := t.nodes[node]
		n.Inputs = slices.Clone(n.Inputs)
		for k := range n.Inputs {
			n.Inputs[k] = at[n.Inputs[k]]
		}
		return n
	}
	for i := range t.nodes {
		if inOutput[i] && i != output.node { // the reconstruction is the last
			at[i] = len(m.Model.Nodes)
			m.Model.Nodes = append(m.Model.Nodes, move(i))
		}
	}
	at[output.node] = len(m.Model.Nodes)
	m.Model.Nodes = append(m.Model.Nodes, move(output.node))
	for i := range t.nodes {
		if inLoss[i] && !inOutput[i] {
			at[i] = len(m.Model.Nodes) + len(m.Model.OwnLoss)
			m.Model.OwnLoss = append(m.Model.OwnLoss, move(i))
		}
	}
	m.Model.Batch = graph.BatchRange{Least: m.MinBatch, Most: m.MaxBatch}
	m.shareAnew()
	m.findUnreached()
	for _, n := range m.Model.Nodes {
		if l, ok := n.Layer.(graph.Sample); ok && !l.TrainingOnly {
			m.Drawn = append(m.Drawn, n.Name)
		}
	}
	if loss != nil && (len(m.Model.OwnLoss) == 0 || at[loss.node] != len(m.Model.Nodes)+len(m.Model.OwnLoss)-1) {
		return errors.New("the loss does not depend on the program's operations")
	}
	return nil
}

// asImage is a reconstruction that is a vector for each image as images like the input's, whose values it has in PyTorch's order.
func (t *translator) asImage(output *value) (*value, error) {
	x := t.values[t.inputs[0]]
	if len(x.dims) != 4 || x.dims[1] == 1 || len(output.dims) != 2 || graph.Shape(x.dims).Size() != graph.Shape(output.dims).Size() {
		return output, nil
	}
	r := &reading{translator: t, call: t.at}
	v := r.withDims(output, x.dims)
	return v, r.err
}

// layoutOf is how an image of a batch lies.
func layoutOf(v *value) Layout {
	l := Layout{Shape: v.dims[1:]}
	for _, axis := range v.order {
		l.Order = append(l.Order, axis-1)
	}
	return l
}

// shareAnew makes the first of a layer's calls, as they are ordered now, the one that has the variables.
func (m *Module) shareAnew() {
	owners := map[string]string{} // by the owner as it was
	adopt := func(n *graph.Node) {
		was := n.Name
		if n.SharedWith != "" {
			was = n.SharedWith
		}
		owner, there := owners[was]
		if there {
			n.SharedWith = owner
			return
		}
		owners[was] = n.Name
		n.SharedWith = ""
		for i, s := range m.Stored {
			if variable, ok := strings.CutPrefix(s.Variable, was+"/"); ok {
				m.Stored[i].Variable = n.Name + "/" + variable
			}
		}
	}
	for i := range m.Model.Nodes {
		adopt(&m.Model.Nodes[i])
	}
	for i := range m.Model.OwnLoss {
		adopt(&m.Model.OwnLoss[i])
	}
}

// targetNode is the node of the target; -2 if there is none.
func (t *translator) targetNode() int {
	for i, n := range t.nodes {
		if _, ok := n.Layer.(graph.Target); ok {
			return i
		}
	}
	return -2
}

// needs are the nodes that a node is computed from, and itself.
func (t *translator) needs(node int) map[int]bool {
	found := map[int]bool{}
	for next := []int{node}; len(next) > 0; next = next[1:] {
		if n := next[0]; n >= 0 && !found[n] {
			found[n] = true
			next = append(next, t.nodes[n].Inputs...)
		}
	}
	return found
}

// readParams gives the model's variables the values of the file.
func (m *Module) readParams() error {
	params, err := m.Model.Init(0, graph.Float32)
	if err != nil {
		return err
	}
	m.Stored = slices.DeleteFunc(m.Stored, func(s Stored) bool { return params.Lookup(s.Variable) == nil }) // of operations that nothing needs
	for _, s := range m.Stored {
		v := params.Lookup(s.Variable)
		if v.Shape.Size() != s.tensor.Size() {
			return errors.Errorf("%s has %d values, its layer takes %d: the file is damaged", s.Name, s.tensor.Size(), v.Shape.Size())
		}
		copy(v.Float32s(), Inward(s.Layout, s.tensor.Float32s))
		if n := notFinite(s.tensor.Float32s); n > 0 {
			m.Warnings = append(m.Warnings, fmt.Sprintf("%s has %d of %d values that are not finite", s.Name, n, len(s.tensor.Float32s)))
		}
	}
	m.Params = params
	return nil
}

func notFinite(values []float32) (n int) {
	for _, v := range values {
		if v-v != 0 {
			n++
		}
	}
	return n
}
