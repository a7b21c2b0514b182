package torch

import (
	"slices"

	"dcae/graph"
)

// passing are operations whose result has the values of their input.
var passing = map[string]translation{
	"alias": same, "clone": same, "contiguous": same, "lift_fresh_copy": same, "lift_fresh": same, "positive": same,
	"to": converted, "type_as": converted, "_to_copy": converted, "detach": detached,
}

func same(r *reading) ([]*value, error) { return r.done(r.tensor("self")) }

// converted is a value in another type. Numbers are float32 inside; truth values and small integers are among them.
func converted(r *reading) ([]*value, error) {
	v := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	to := r.types[r.call.outputs[0]].dtype
	whole := func(d DType) bool { return d != Float32 && d != Bool }
	switch {
	case to == v.dtype, to == Float32:
	case v.dtype == Bool && whole(to) && to != Float64 && to.size() > 0:
	case to == Bool:
		r.fail("it makes truth values of %v: compare with 0 instead", v.dtype)
	case v.dtype == Float32:
		r.fail("it makes %v of float32, which is not supported", to)
	}
	out := *v
	if to == Float32 && v.integers != nil {
		return r.numbers(v)
	}
	return r.done(&out)
}

// numbers are a constant's integers as float32.
func (r *reading) numbers(v *value) ([]*value, error) {
	values := make([]float64, len(v.integers))
	for i, n := range v.integers {
		values[i] = float64(float32(n))
	}
	out, err := r.constant(v.dims, values)
	return []*value{out}, err
}

func detached(r *reading) ([]*value, error) {
	v := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	return r.done(r.detach(v))
}

// views are operations that give values another shape, or another order of axes.
var views = map[string]translation{
	"view": reshape, "reshape": reshape, "_unsafe_view": reshape, "view_as": reshape, "reshape_as": reshape, "flatten": reshape, "unflatten": reshape, "ravel": reshape,
	"squeeze": reshape, "unsqueeze": reshape, "permute": permute, "transpose": permute, "swapaxes": permute, "swapdims": permute, "t": permute, "movedim": permute, "moveaxis": permute,
	"numpy_T": permute, "mT": permute, "adjoint": permute,
	"expand": expand, "expand_as": expand, "broadcast_to": expand,
}

// reshape gives a value the shape that PyTorch saw, in PyTorch's order of values.
func reshape(r *reading) ([]*value, error) {
	v := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	out, err := r.shapedAs(v, r.types[r.call.outputs[0]].shape)
	return []*value{out}, err
}

// shapedAs gives a value another shape, in PyTorch's order of values.
func (r *reading) shapedAs(v *value, shape []extent) (*value, error) {
	if v.integers != nil {
		out := *v
		out.dims = fixedDims(shape)
		out.order = plainOrder(false, out.dims)
		return &out, nil
	}
	dims := fixedDims(shape)
	if v.batched {
		if len(shape) == 0 {
			r.fail("it gives a single number of a batch")
			return nil, r.err
		}
		rows, ok := r.split(shape[0])
		if !ok || rows*graph.Shape(dims[1:]).Size() != item(v.dims, v.order).Size() {
			r.fail("it makes %v of %v, which mixes images of the batch", shape, v)
			return nil, r.err
		}
		dims[0] = rows
	}
	if kept := r.keepsOrder(v, dims); kept != nil {
		return kept, nil
	}
	return r.reshaped(v, v.batched, dims)
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
func permute(r *reading) ([]*value, error) {
	v := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	order, err := r.permutation(len(v.dims))
	if err != nil {
		return nil, err
	}
	return r.permuted(v, order)
}

// permuted is the value whose axis i is axis order[i] of v.
func (r *reading) permuted(v *value, order []int) ([]*value, error) {
	if v.batched && order[0] != 0 {
		r.fail("it moves the batch axis, which is not supported")
		return nil, r.err
	}
	if v.integers != nil {
		r.fail("it reorders a constant of integers")
		return nil, r.err
	}
	out := *v
	out.dims, out.order = make([]int, len(order)), make([]int, len(v.order))
	at := make([]int, len(order))
	for i, axis := range order {
		out.dims[i], at[axis] = v.dims[axis], i
	}
	for k, axis := range v.order {
		out.order[k] = at[axis]
	}
	return r.done(&out)
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
	switch r.call.operation {
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
	if r.call.operation == "swapaxes" {
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
func expand(r *reading) ([]*value, error) {
	v := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	out, err := r.expanded(v, r.types[r.call.outputs[0]].shape)
	return []*value{out}, err
}

// expanded is a value repeated along axes of length 1, and along new ones in front, to a shape. Along the batch it is not repeated before
// something needs it so.
func (r *reading) expanded(v *value, shape []extent) (*value, error) {
	dims := fixedDims(shape)
	batched := v.batched
	if len(shape) > 0 && len(v.dims) <= len(shape) {
		if rows, ok := r.split(shape[0]); ok && !batched && (len(v.dims) < len(shape) || v.dims[0] == 1) && r.isBatch(shape[0]) {
			dims[0] = rows
			if rows == 1 {
				batched = true
				spread, err := r.spread(v, len(shape), plainOrder(true, append([]int{1}, dims[1:]...)))
				if err != nil {
					return nil, err
				}
				v = spread
			}
		} else if batched {
			dims[0] = rows
		}
	}
	if batched != v.batched || batched && len(v.dims) != len(dims) {
		r.fail("it repeats %v to %v: how it treats the batch is not supported", v, shape)
		return nil, r.err
	}
	if !batched && len(v.dims) < len(dims) {
		var err error
		if v, err = r.reshaped(v, false, append(slices.Repeat([]int{1}, len(dims)-len(v.dims)), v.dims...)); err != nil {
			return nil, err
		}
	}
	out := *v
	out.dims = dims
	if target := item(dims, out.order); !slices.Equal(target, r.shapeOf(v)) {
		var err error
		if out.node, err = r.add("", graph.BroadcastTo{Target: target}, v.node); err != nil {
			return nil, err
		}
	}
	return &out, nil
}

// isBatch tells whether an axis is the batch, of so many rows an image. A constant batch size may be the length of other axes, too.
func (t *translator) isBatch(e extent) bool {
	if t.batch != "" {
		return e.symbol == t.batch
	}
	return e.symbol == "" && int(e.fixed) == t.fixedBatch
}
