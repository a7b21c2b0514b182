package torch

import (
	"slices"

	"dcae/graph"
)

// passing are operations whose result has the values of their input.
var passing = map[string]translation{
	"alias": one(same), "clone": one(same), "contiguous": one(same), "lift_fresh_copy": one(same), "lift_fresh": one(same), "positive": one(same),
	"to": one(converted), "type_as": one(converted), "_to_copy": one(converted), "detach": one(detached),
}

func same(r *reading) *value { return r.tensor("self") }

// converted is a value in another type. Numbers are float32 inside; truth values and small integers are among them.
func converted(r *reading) *value {
	v := r.tensor("self")
	if r.err != nil {
		return failed
	}
	to := r.types[r.call.outputs[0]].dtype
	switch {
	case to == v.dtype:
		return v
	case v.integers != nil && to == Float32:
		return r.numbers(v)
	case to == Float32 && v.hot == nil, v.dtype == Bool && to != Float64 && to.size() > 0:
		out := *v
		return &out
	}
	r.fail("it makes %v of %v, which is not supported", to, v.dtype)
	return failed
}

// numbers are a constant's integers as float32.
func (r *reading) numbers(v *value) *value {
	values := make([]float64, len(v.integers))
	for i, n := range v.integers {
		values[i] = float64(float32(n))
	}
	return r.checked(r.constant(v.dims, values))
}

func detached(r *reading) *value {
	v := r.tensor("self")
	if r.err != nil {
		return failed
	}
	return r.detach(v)
}

// views are operations that give values another shape, or another order of axes.
var views = map[string]translation{
	"view": one(reshape), "reshape": one(reshape), "_unsafe_view": one(reshape), "view_as": one(reshape), "reshape_as": one(reshape), "flatten": one(reshape), "unflatten": one(reshape), "ravel": one(reshape),
	"squeeze": one(reshape), "unsqueeze": one(reshape), "permute": one(permute), "transpose": one(permute), "swapaxes": one(permute), "swapdims": one(permute), "t": one(permute), "movedim": one(permute), "moveaxis": one(permute),
	"numpy_T": one(permute), "mT": one(permute), "adjoint": one(permute),
	"expand": one(expand), "expand_as": one(expand), "broadcast_to": one(expand),
}

// isReshape tells whether an operation gives a value another shape in PyTorch's order of values.
func isReshape(operation string) bool {
	return slices.Contains([]string{"view", "reshape", "_unsafe_view", "view_as", "reshape_as", "flatten", "unflatten", "ravel", "squeeze", "unsqueeze"}, operation)
}

// reshape gives a value the shape that PyTorch saw, in PyTorch's order of values.
func reshape(r *reading) *value { return r.shapedAs(r.tensor("self"), r.shapeOfResult(0)) }

// shapeOfResult is the shape of one of a call's results, as PyTorch saw it.
func (r *reading) shapeOfResult(i int) []extent { return r.types[r.call.outputs[i]].shape }

// shapedAs gives a value another shape, in PyTorch's order of values.
func (r *reading) shapedAs(v *value, shape []extent) *value {
	if r.err != nil {
		return failed
	}
	dims := fixedDims(shape)
	if v.hot != nil {
		return r.indicesAs(v, shape)
	}
	if v.integers != nil {
		out := *v
		out.dims, out.order = dims, plainOrder(false, dims)
		return &out
	}
	if v.batched {
		rows, ok := 0, len(shape) > 0
		if ok {
			rows, ok = r.split(shape[0])
		}
		if !ok || v.moved != 0 || rows*graph.Shape(dims[1:]).Size() != r.shapeOf(v).Size() {
			if elsewhere := r.viewElsewhere(v, shape); elsewhere != nil {
				return elsewhere
			}
			r.fail("it makes %v of %v, which mixes images of the batch", r.told(shape), v)
			return failed
		}
		dims[0] = rows
	}
	return r.withDims(v, dims)
}

// indicesAs gives indices another shape.
func (r *reading) indicesAs(v *value, shape []extent) *value {
	places := v.hot.dims[len(v.hot.dims)-1]
	hot := r.shapedAs(v.hot, append(slices.Clone(shape), extent{fixed: int64(places)}))
	if r.err != nil {
		return failed
	}
	out := *v
	out.hot, out.node = hot, hot.node
	out.dims = slices.Clone(hot.dims[:len(hot.dims)-1])
	out.order = plainOrder(out.batched, out.dims)
	return &out
}

// withDims gives a value other axes, in PyTorch's order of values.
func (r *reading) withDims(v *value, dims []int) *value {
	if r.err != nil {
		return failed
	}
	if kept := r.keepsOrder(v, dims); kept != nil {
		return kept
	}
	return r.checked(r.reshaped(v, v.batched, dims))
}

// keepsOrder is a value whose axes of length 1 alone come or go, which needs no other order; nil for others.
func (r *reading) keepsOrder(v *value, dims []int) *value {
	long := func(dims []int) []int {
		return slices.DeleteFunc(plainOrder(v.batched, dims), func(axis int) bool { return dims[axis] == 1 })
	}
	from, to := long(v.dims), long(dims)
	if len(from) != len(to) || v.batched && v.rows() != dims[0] {
		return nil
	}
	moved := map[int]int{}
	for i, axis := range from {
		if v.dims[axis] != dims[to[i]] {
			return nil
		}
		moved[axis] = to[i]
	}
	out := *v
	out.dims, out.order = dims, nil
	for _, axis := range v.order {
		if at, there := moved[axis]; there {
			out.order = append(out.order, at)
		}
	}
	for _, axis := range plainOrder(v.batched, dims) { // axes of length 1 stand in front
		if !slices.Contains(out.order, axis) {
			out.order = slices.Insert(out.order, 0, axis)
		}
	}
	if s := item(dims, out.order); !slices.Equal(s, r.shapeOf(v)) {
		node, err := r.add("shape", graph.Reshape{Target: s}, v.node)
		if err != nil {
			return nil
		}
		out.node = node
	}
	return &out
}

// shapeOf is the shape of a value's node.
func (t *translator) shapeOf(v *value) graph.Shape { return item(v.dims, v.order) }

// fixedDims are the lengths of axes; of one that depends on the batch it is 0.
func fixedDims(shape []extent) []int {
	dims := make([]int, len(shape))
	for i, e := range shape {
		if e.symbol == "" {
			dims[i] = int(e.fixed)
		}
	}
	return dims
}

// permute brings axes into another order, which moves nothing in memory.
func permute(r *reading) *value {
	v := r.tensor("self")
	if r.err != nil {
		return failed
	}
	order, err := r.permutation(len(v.dims))
	if err != nil {
		return r.checked(nil, err)
	}
	return r.permuted(v, order)
}

// permuted is the value whose axis i is axis order[i] of v.
func (r *reading) permuted(v *value, order []int) *value {
	switch {
	case r.err != nil:
		return failed
	case v.integers != nil:
		r.fail("it reorders a constant of integers, which is not supported")
		return failed
	}
	out := *v
	if v.batched { // whose axis is the first inside
		out.moved = slices.Index(order, v.moved)
		inside := []int{0}
		for _, axis := range order {
			if axis != v.moved {
				inside = append(inside, v.inside(axis))
			}
		}
		order = inside
	}
	out.dims, out.order = make([]int, len(order)), make([]int, len(v.order))
	at := make([]int, len(order))
	for i, axis := range order {
		out.dims[i], at[axis] = v.dims[axis], i
	}
	for k, axis := range v.order {
		out.order[k] = at[axis]
	}
	return &out
}

// permutation is the order of axes that a call gives: axis i of the result is axis order[i] of its input.
func (r *reading) permutation(axes int) ([]int, error) {
	order := make([]int, axes)
	for i := range order {
		order[i] = i
	}
	swap := func(a, b int) ([]int, error) {
		i, err := axisOf(a, axes)
		if err != nil {
			return nil, err
		}
		k, err := axisOf(b, axes)
		if err == nil && axes > 0 {
			order[i], order[k] = order[k], order[i]
		}
		return order, err
	}
	switch r.operation() {
	case "permute":
		dims := r.integers("dims")
		if len(dims) != axes {
			r.fail("it orders %d axes of %d", len(dims), axes)
		}
		if r.err != nil {
			return nil, r.err
		}
		for i, d := range dims {
			at, err := axisOf(d, axes)
			if err != nil {
				return nil, err
			}
			order[i] = at
		}
		if len(slices.Compact(slices.Sorted(slices.Values(order)))) != axes {
			r.fail("it orders one axis twice")
		}
		return order, r.err
	case "t", "numpy_T":
		slices.Reverse(order)
		return order, nil
	case "mT", "adjoint":
		return swap(-2, -1)
	case "movedim", "moveaxis":
		return r.moved(order)
	}
	a, b := "dim0", "dim1"
	if r.operation() == "swapaxes" {
		a, b = "axis0", "axis1"
	}
	from, to := r.integer(a), r.integer(b)
	if r.err != nil {
		return nil, r.err
	}
	return swap(from, to)
}

// moved is the order after axes have moved to other places, where the rest keep theirs.
func (r *reading) moved(order []int) ([]int, error) {
	from, to := r.integers("source"), r.integers("destination")
	if len(from) != len(to) {
		r.fail("it moves %d axes to %d places", len(from), len(to))
	}
	if r.err != nil {
		return nil, r.err
	}
	out := slices.Repeat([]int{-1}, len(order))
	rest := slices.Clone(order)
	for i := range from {
		a, err := axisOf(from[i], len(order))
		if err != nil {
			return nil, err
		}
		b, err := axisOf(to[i], len(order))
		if err != nil {
			return nil, err
		}
		out[b] = a
		rest = slices.DeleteFunc(rest, func(axis int) bool { return axis == a })
	}
	for i := range out {
		if out[i] < 0 && len(rest) > 0 {
			out[i], rest = rest[0], rest[1:]
		}
	}
	if slices.Contains(out, -1) || len(rest) > 0 {
		r.fail("it moves one axis twice")
	}
	return out, r.err
}

// expand repeats a value along axes of length 1.
func expand(r *reading) *value { return r.expanded(r.tensor("self"), r.shapeOfResult(0)) }

// expanded is a value repeated along axes of length 1, and along new ones in front, to a shape.
func (r *reading) expanded(v *value, shape []extent) *value {
	if r.err != nil {
		return failed
	}
	dims := fixedDims(shape)
	if len(v.dims) > len(dims) || v.batched && len(v.dims) != len(dims) {
		r.fail("it repeats %v to %v: an axis before the batch is not supported", v, r.told(shape))
		return failed
	}
	overBatch := v.batched
	if len(shape) > 0 && r.isBatch(shape[0]) && (v.batched || len(v.dims) < len(shape) || v.dims[0] == 1) {
		rows, ok := r.split(shape[0])
		if !ok || v.batched && rows != v.rows() {
			r.fail("it repeats %v to %v: along the batch that is not supported", v, r.told(shape))
			return failed
		}
		dims[0], overBatch = rows, true
	}
	if overBatch && !v.batched {
		v = r.checked(r.spread(v, len(shape), plainOrder(true, append([]int{1}, dims[1:]...))))
	} else if len(v.dims) < len(dims) {
		v = r.withDims(v, append(slices.Repeat([]int{1}, len(dims)-len(v.dims)), v.dims...))
	}
	if r.err != nil {
		return failed
	}
	if overBatch && dims[0] != v.rows() { // every image has some rows
		v = r.checked(r.reshaped(v, true, v.dims))
		out := *v
		out.dims, out.order = dims, plainOrder(true, dims)
		out.node = r.node("", graph.BroadcastTo{Target: item(dims, out.order)}, v.node)
		return r.checked(&out, nil)
	}
	out := *v
	out.dims = dims
	if target := item(dims, out.order); !slices.Equal(target, r.shapeOf(v)) {
		out.node = r.node("", graph.BroadcastTo{Target: target}, v.node)
	}
	return r.checked(&out, nil)
}

// isBatch tells whether an axis is the batch, of so many rows an image. A constant batch size may be the length of other axes, too.
func (t *translator) isBatch(e extent) bool {
	if t.batch != "" {
		return e.symbol == t.batch
	}
	return e.symbol == "" && int(e.fixed) == t.fixedBatch
}
