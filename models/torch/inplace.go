package torch

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Operations in place change a value that others may look at: under another shape, as a part, or as the whole that it is a part of. Values that
// share memory know the one that they are views of; after a change, that one gets the changed part, and the other views are made anew when
// they are read.

// viewOf says what a value is a view of.
type viewOf struct {
	base  string
	call  *call
	index int // which of the call's results
}

// viewing are the operations that give views. mayCopy are those that give one or a copy, as the memory of their input is.
var (
	viewing = []string{"alias", "detach", "view", "view_as", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "swapaxes", "swapdims", "t", "movedim", "moveaxis", "mT", "numpy_T",
		"slice", "select", "narrow", "unbind", "split", "split_with_sizes", "chunk", "tensor_split", "expand", "expand_as", "broadcast_to", "diagonal", "broadcast_tensors", "unfold"}
	mayCopy = []string{"reshape", "reshape_as", "ravel", "contiguous", "to", "type_as"}
)

// read is the value of a name as it is now.
func (t *translator) read(name string) (*value, error) {
	if t.stale[name] {
		delete(t.stale, name)
		view := t.views[name]
		r := &reading{translator: t, call: view.call}
		out := operations[view.call.operation](r)
		if r.err != nil {
			return nil, r.err
		}
		t.values[name] = out[view.index]
	}
	v := t.values[name]
	if v == nil {
		tensor := t.canonical(name)
		if tensor == nil {
			return nil, errors.Errorf("value %.200q is not known: the file is damaged", name)
		}
		canonical := "\x00" + tensor.Name // tied tensors are one value
		if v = t.values[canonical]; v == nil {
			var err error
			if v, err = t.parameter(tensor); err != nil {
				return nil, err
			}
			t.values[canonical] = v
		}
		t.values[name] = v
	}
	if v.unknown {
		return nil, errFollows
	}
	return v, nil
}

// noteViews notes which results of a call are views.
func (t *translator) noteViews(c *call) {
	if !slices.Contains(viewing, c.operation) && !slices.Contains(mayCopy, c.operation) {
		return
	}
	bases := tensorsIn(c.arguments["self"])
	if c.operation == "broadcast_tensors" {
		bases = tensorsIn(c.arguments["tensors"])
	}
	for i, name := range c.outputs {
		base := bases[0]
		if c.operation == "broadcast_tensors" {
			base = bases[i]
		}
		if name != base {
			t.views[name] = viewOf{base, c, i}
		}
	}
}

// change puts a new value in the place of one that an operation in place has changed.
func (t *translator) change(c *call, v *value) error {
	name := tensorsIn(c.arguments["self"])
	if len(name) != 1 {
		return errors.New("it changes no tensor")
	}
	t.values[name[0]] = v
	delete(t.stale, name[0])
	changed := []string{name[0]}
	at := name[0]
	for {
		view, ok := t.views[at]
		if !ok {
			break
		}
		if slices.Contains(mayCopy, view.call.operation) {
			if t.isReadLater(view.base) {
				return errors.Errorf("it changes the result of %s in place, and its input is read later: whether that changes, too, is not known; use %s out of place", view.call.operation, strings.TrimSuffix(c.operation, "_"))
			}
			break
		}
		base, err := t.read(view.base)
		if err != nil {
			return err
		}
		if t.values[view.base], err = t.writeBack(view, base, t.values[at]); err != nil {
			return err
		}
		at = view.base
		changed = append(changed, at)
	}
	if tensor := t.canonical(at); tensor != nil {
		return errors.Errorf("it changes %s by itself, which is not supported", tensor.Name)
	}
	for other := range t.views {
		if !slices.Contains(changed, other) && t.root(other) == at {
			t.stale[other] = true
		}
	}
	for _, out := range c.outputs {
		if out != name[0] {
			t.values[out] = v
			t.views[out] = viewOf{name[0], &call{operation: "alias", overload: "default", arguments: map[string]any{"self": tensorName(name[0])}, outputs: []string{out}, name: c.name, source: c.source}, 0}
		}
	}
	return nil
}

// root is the value that a view looks at in the end.
func (t *translator) root(name string) string {
	for {
		view, ok := t.views[name]
		if !ok {
			return name
		}
		name = view.base
	}
}

// isReadLater tells whether a later operation, or the program's result, reads a value or another view of it.
func (t *translator) isReadLater(name string) bool {
	root := t.root(name)
	same := func(other string) bool { return t.root(other) == root }
	for _, c := range t.calls[t.position+1:] {
		for _, a := range c.arguments {
			if slices.ContainsFunc(tensorsIn(a), same) {
				return true
			}
		}
	}
	return slices.ContainsFunc(t.outputs, func(o output) bool { return same(o.value) })
}

// writeBack is what a value becomes when a view of it has changed.
func (t *translator) writeBack(view viewOf, base, changed *value) (*value, error) {
	r := &reading{translator: t, call: view.call}
	var out *value
	switch op := view.call.operation; op {
	case "alias", "broadcast_tensors":
		return changed, nil
	case "view", "view_as", "flatten", "unflatten", "squeeze", "unsqueeze":
		out = r.shapedAs(changed, t.types[view.base].shape)
	case "permute", "transpose", "swapaxes", "swapdims", "t", "movedim", "moveaxis", "mT", "numpy_T":
		order, err := r.permutation(len(base.dims))
		if err != nil {
			return nil, err
		}
		back := make([]int, len(order))
		for i, axis := range order {
			back[axis] = i
		}
		out = r.permuted(changed, back)
	case "slice", "select", "narrow", "unbind", "split", "split_with_sizes", "chunk", "tensor_split":
		out = r.replacePart(view, base, changed)
	default:
		return nil, errors.Errorf("a change in place of the result of %s is not supported", op)
	}
	return out, r.err
}

// replacePart is a value with another part along one of its axes.
func (r *reading) replacePart(view viewOf, base, changed *value) *value {
	axis, places, single := r.part(base, view.index)
	if r.err != nil || base.batched && axis == 0 {
		return changed // the whole batch
	}
	if single {
		changed = r.withDims(changed, slices.Insert(slices.Clone(changed.dims), axis, 1))
	}
	all := r.concatenated([]*value{base, changed}, axis)
	if r.places += base.dims[axis]; r.places > maxPlaces {
		r.fail("it changes a part of an axis of %d", base.dims[axis])
	}
	if r.err != nil {
		return failed
	}
	indices := make([]int, base.dims[axis])
	for i := range indices {
		indices[i] = i
	}
	for k, at := range places {
		indices[at] = base.dims[axis] + k
	}
	return r.takenPlaces(all, axis, indices)
}

// part is where the part lies that a call takes of a value along one of PyTorch's axes; single says that it has not that axis any more.
func (r *reading) part(v *value, index int) (axis int, places []int, single bool) {
	if r.err != nil {
		return 0, nil, false
	}
	if axis = v.inside(r.axisArgument(v)); v.batched && axis == 0 {
		r.mustBeWholeBatch()
		return 0, nil, false
	}
	if r.err != nil {
		return 0, nil, false
	}
	length := v.dims[axis]
	step := 1
	var from, to int
	switch r.operation() {
	case "select":
		at, err := axisOf(r.integer("index"), length)
		if err != nil {
			r.fail("index %d of an axis of %d", r.integer("index"), length)
		}
		return axis, []int{at}, true
	case "unbind":
		return axis, []int{index}, true
	case "slice":
		from, to, step = r.integerOr("start", 0), r.integerOr("end", length), r.integer("step")
	case "narrow":
		from = r.integer("start")
		to = from + r.integer("length")
	default:
		from, to = r.piece(length, index)
	}
	if from < 0 {
		from += length
	}
	if to < 0 {
		to += length
	}
	for at := max(from, 0); at < min(to, length) && step > 0 && len(places) <= maxPlaces; at += step {
		places = append(places, at)
	}
	if r.places += len(places); r.places > maxPlaces {
		r.fail("it takes more than %d places of an axis", maxPlaces)
	}
	if len(places) == 0 {
		r.fail("it takes nothing of an axis of %d", length)
	}
	return axis, places, false
}

// axisArgument is the axis that a call names, counted from 0.
func (r *reading) axisArgument(v *value) int {
	axis, err := axisOf(r.integer("dim"), len(v.dims))
	if err != nil && r.err == nil {
		r.err = err
	}
	return axis
}

// maxPlaces is how many places of axes a program may take one by one.
const maxPlaces = 1 << 22

// mustBeWholeBatch notes an error where a call takes a part of the batch.
func (r *reading) mustBeWholeBatch() {
	if r.operation() == "slice" && r.integerOr("start", 0) == 0 && r.integer("step") == 1 {
		if end := r.integerOr("end", maxTensor); end == maxTensor || r.batch == "" && end >= r.fixedBatch {
			return
		}
	}
	r.fail("it takes a part of the batch, which is not supported")
}

// piece is from where to where one of the pieces of a split, or of chunks, goes.
func (r *reading) piece(length, index int) (from, to int) {
	switch r.operation() {
	case "split_with_sizes":
		sizes := r.integers("split_sizes")
		return pieceOf(sizes, index)
	case "chunk":
		chunks := max(r.integer("chunks"), 1)
		each := (length + chunks - 1) / chunks
		return index * each, min((index+1)*each, length)
	case "tensor_split":
		return r.section(length, index)
	}
	if _, one := r.call.arguments["split_size"].([]int64); one {
		return pieceOf(r.integers("split_size"), index)
	}
	each := r.integer("split_size")
	return index * each, min((index+1)*each, length)
}

// section is from where to where one of the sections of tensor_split goes: of a number of them, of which the first are longer by one where they cannot be
// alike, or between indices.
func (r *reading) section(length, index int) (from, to int) {
	if r.call.overload == "sections" {
		n := max(r.integer("sections"), 1)
		each, longer := length/n, length%n
		return index*each + min(index, longer), (index+1)*each + min(index+1, longer)
	}
	at := append(append([]int{0}, r.integers("indices")...), length)
	if index+1 >= len(at) {
		return 0, 0
	}
	return at[index], at[index+1]
}

func pieceOf(sizes []int, index int) (from, to int) {
	for i, n := range sizes {
		if to = from + n; i == index {
			return from, to
		}
		from = to
	}
	return 0, 0
}
