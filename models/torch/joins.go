package torch

import (
	"slices"

	"dcae/graph"
)

// joins put values side by side, and take parts of them.
var joins = map[string]translation{
	"cat": one(concatenate), "concat": one(concatenate), "concatenate": one(concatenate), "stack": one(stack),
	"slice": takePart, "select": takePart, "narrow": takePart, "unbind": takePart, "split": takePart, "split_with_sizes": takePart, "chunk": takePart, "tensor_split": takePart,
	"flip": one(flip), "rot90": one(rot90), "repeat": one(repeat), "tile": one(repeat), "repeat_interleave": one(repeatEach), "roll": one(roll), "diff": one(differences), "channel_shuffle": one(channelShuffle),
}

func concatenate(r *reading) *value { return r.concatenated(r.tensors(), r.integer("dim")) }

// concatenated puts values side by side along one of PyTorch's axes, which may count from the end.
func (r *reading) concatenated(all []*value, dim int) *value {
	if r.err != nil {
		return failed
	}
	if len(all) == 0 {
		r.fail("it joins nothing")
		return failed
	}
	first := all[0]
	axis, err := axisOf(dim, len(first.dims))
	if err != nil {
		return r.checked(nil, err)
	}
	batched := slices.ContainsFunc(all, func(v *value) bool { return v.batched })
	if batched && axis == 0 {
		r.fail("it joins along the batch, which is not supported")
	}
	var order []int
	for _, v := range all {
		r.mustBeNumbers(v)
		if r.err == nil && len(v.dims) != len(first.dims) {
			r.fail("it joins %v and %v", first, v)
		}
		if order == nil && v.batched == batched {
			order = v.order
		}
	}
	if r.err != nil || len(all) == 1 {
		return first
	}
	out := &value{batched: batched, dims: slices.Clone(first.dims), order: order, dtype: Float32}
	inputs := make([]int, len(all))
	out.dims[axis] = 0
	for k, v := range all {
		v = r.fit(v, batched, len(first.dims), order)
		if r.err != nil {
			return failed
		}
		inputs[k] = v.node
		out.dims[axis] += v.dims[axis]
		for a := range out.dims { // a value common to all images has 1 where others have rows
			if a != axis {
				out.dims[a] = max(out.dims[a], v.dims[a])
			}
		}
	}
	out.node = r.node("", graph.Concatenate{Axis: out.axis(axis)}, inputs...)
	return r.checked(out, nil)
}

// stack puts values side by side along a new axis.
func stack(r *reading) *value {
	all, dim := r.tensors(), r.integer("dim")
	if r.err != nil || len(all) == 0 {
		r.fail("it joins nothing")
		return failed
	}
	axis, err := axisOf(dim, len(all[0].dims)+1)
	if err != nil {
		return r.checked(nil, err)
	}
	if axis == 0 && all[0].batched {
		r.fail("it puts an axis before the batch, which is not supported")
		return failed
	}
	for i, v := range all {
		if axis > len(v.dims) {
			r.fail("it joins %v and %v", all[0], v)
			return failed
		}
		all[i] = r.withDims(v, slices.Insert(slices.Clone(v.dims), axis, 1))
	}
	return r.concatenated(all, axis)
}

// takePart is the part along one axis that slice, select and their like take, as often as there are results.
func takePart(r *reading) []*value {
	v := r.tensor("self")
	var out []*value
	for i := range r.call.outputs {
		out = append(out, r.taken(v, i))
	}
	return out
}

func (r *reading) taken(v *value, index int) *value {
	r.mustBeNumbers(v)
	axis, places, single := r.part(v, index)
	if r.err != nil {
		return failed
	}
	if v.batched && axis == 0 || len(places) == v.dims[axis] && !single {
		return v
	}
	out := r.takenPlaces(v, axis, places)
	if !single {
		return out
	}
	moved := v.moved
	out = r.withDims(out, slices.Delete(slices.Clone(out.dims), axis, axis+1))
	if r.err == nil && axis <= moved { // a place before the batch is gone
		left := *out
		left.moved = moved - 1
		return &left
	}
	return out
}

// takenPlaces picks places along one of PyTorch's axes.
func (r *reading) takenPlaces(v *value, axis int, places []int) *value {
	if r.err != nil {
		return failed
	}
	if step := stepOf(places); step > 0 {
		return r.taking(v, axis, graph.Slice{Start: places[0], Stop: places[len(places)-1] + 1, Step: step}, len(places))
	}
	return r.taking(v, axis, graph.Take{Indices: places}, len(places))
}

// taking is what a Slice or a Take, of which it sets the axis, leaves of a value along one of PyTorch's axes.
func (r *reading) taking(v *value, axis int, layer graph.Layer, left int) *value {
	if r.err != nil {
		return failed
	}
	switch l := layer.(type) {
	case graph.Slice:
		l.Axis = v.axis(axis)
		layer = l
	case graph.Take:
		l.Axis = v.axis(axis)
		layer = l
	}
	out := *v
	out.number, out.dims = nil, slices.Clone(v.dims)
	out.dims[axis] = left
	out.node = r.node("", layer, v.node)
	return r.checked(&out, nil)
}

// stepOf is the distance between places if it is the same everywhere; else 0.
func stepOf(places []int) int {
	if len(places) == 1 {
		return 1
	}
	step := places[1] - places[0]
	for i := range places[1:] {
		if places[i+1]-places[i] != step {
			return 0
		}
	}
	return max(step, 0)
}

// reordered picks, along an axis of length n, the place that at gives for each.
func (r *reading) reordered(v *value, axis int, at func(i, n int) int) *value {
	if r.err != nil {
		return failed
	}
	n := v.dims[axis]
	if v.batched && axis == 0 {
		r.fail("it reorders the batch, which is not supported")
		return failed
	}
	if r.places += n; r.places > maxPlaces {
		r.fail("it takes more than %d places of an axis", maxPlaces)
		return failed
	}
	places := make([]int, n)
	for i := range places {
		places[i] = at(i, n)
	}
	return r.takenPlaces(v, axis, places)
}

func flip(r *reading) *value {
	v := r.tensor("self")
	for _, axis := range r.axes("dims", v) {
		v = r.reordered(v, axis, func(i, n int) int { return n - 1 - i })
	}
	return v
}

// rot90 turns images by quarters of a circle.
func rot90(r *reading) *value {
	v, axes := r.tensor("self"), r.axes("dims", r.tensor("self"))
	quarters := ((r.integer("k") % 4) + 4) % 4
	if r.err == nil && len(axes) != 2 {
		r.fail("it turns %d axes", len(axes))
	}
	if r.err != nil {
		return failed
	}
	mirrored := func(v *value, axis int) *value {
		return r.reordered(v, axis, func(i, n int) int { return n - 1 - i })
	}
	swapped := allAxes(v)
	swapped[axes[0]], swapped[axes[1]] = axes[1], axes[0]
	switch quarters {
	case 1:
		return r.permuted(mirrored(v, axes[1]), swapped)
	case 2:
		return mirrored(mirrored(v, axes[0]), axes[1])
	case 3:
		return mirrored(r.permuted(v, swapped), axes[1])
	}
	return v
}

// channelShuffle takes one channel of each group after the other.
func channelShuffle(r *reading) *value {
	v, groups := r.tensor("self"), r.integer("groups")
	if r.err == nil && (len(v.dims) < 2 || groups < 1 || v.dims[1]%groups != 0) {
		r.fail("it shuffles channels of %v in %d groups", v, groups)
	}
	return r.reordered(v, 1, func(i, n int) int { return i%groups*(n/groups) + i/groups })
}

// repeatEach puts copies of each place of an axis side by side.
func repeatEach(r *reading) *value {
	v, times := r.tensor("self"), r.integer("repeats")
	if r.call.arguments["dim"] == nil {
		r.fail("without an axis it is not supported")
	}
	axis := r.axisArgument(v)
	if r.err != nil {
		return failed
	}
	n := v.dims[axis]
	if v.batched && axis == 0 {
		r.fail("it repeats each image of the batch, which is not supported")
		return failed
	}
	if times < 1 || times > maxPlaces || n > maxPlaces/times || r.places+n*times > maxPlaces {
		r.fail("it repeats each of %d places of axis %d %d times", n, axis, times)
		return failed
	}
	r.places += n * times
	places := make([]int, n*times)
	for i := range places {
		places[i] = i / times
	}
	return r.takenPlaces(v, axis, places)
}

// axes are PyTorch's axes of a value that an argument names, counted from 0.
func (r *reading) axes(name string, v *value) []int {
	dims := r.integers(name)
	if r.err != nil {
		return nil
	}
	out := make([]int, len(dims))
	for i, d := range dims {
		axis, err := axisOf(d, len(v.dims))
		if err != nil {
			r.fail("%v", err)
			return nil
		}
		out[i] = axis
	}
	return out
}

func roll(r *reading) *value {
	v, shifts := r.tensor("self"), r.integers("shifts")
	axes := r.axes("dims", v)
	if r.err == nil && len(axes) != len(shifts) {
		r.fail("a roll of the flattened value is not supported")
	}
	for i, axis := range axes {
		v = r.reordered(v, axis, func(k, n int) int { return ((k-shifts[i])%n + n) % n })
	}
	return v
}

// differences is each place along an axis minus the one before it, n times over, as total variation has it.
func differences(r *reading) *value {
	v, times, dim := r.tensor("self"), r.integer("n"), r.integer("dim")
	if first := r.optional("prepend"); first != nil {
		v = r.concatenated([]*value{first, v}, dim)
	}
	if last := r.optional("append"); last != nil {
		v = r.concatenated([]*value{v, last}, dim)
	}
	r.mustBeNumbers(v)
	if r.err != nil {
		return failed
	}
	axis, err := axisOf(dim, len(v.dims))
	switch {
	case err != nil:
		return r.checked(nil, err)
	case v.batched && axis == 0:
		r.fail("it subtracts images of a batch from each other, which is not supported")
	case times < 0 || times >= v.dims[axis]:
		r.fail("%d differences along an axis of %d leave nothing", times, v.dims[axis])
	case times > 16: // each becomes layers of its own
		r.fail("%d differences of one value, more than 16, are not supported", times)
	}
	for range times {
		if r.err != nil {
			return failed
		}
		left := v.dims[axis] - 1
		v = r.minus(r.taking(v, axis, graph.Slice{Start: 1, Stop: left + 1}, left), r.taking(v, axis, graph.Slice{Stop: left}, left))
	}
	return v
}

// repeat puts copies of a value side by side along each axis.
func repeat(r *reading) *value {
	v := r.tensor("self")
	shape := r.shapeOfResult(0)
	if r.err != nil {
		return failed
	}
	if len(shape) > 0 && !v.batched && r.isBatch(shape[0]) && (len(v.dims) < len(shape) || v.dims[0] == 1) { // over the batch
		v = r.checked(r.spread(v, len(shape), plainOrder(true, append(make([]int, 0), withOnes(v.dims, len(shape))...))))
	} else if len(v.dims) < len(shape) && !v.batched {
		v = r.withDims(v, withOnes(v.dims, len(shape)))
	}
	switch {
	case r.err != nil:
	case len(v.dims) != len(shape):
		r.fail("it repeats %v to %v: an axis before the batch is not supported", v, r.told(shape))
	case v.batched && r.batchTimes(v.rows()) != shape[0]:
		r.fail("it repeats %v to %v: along the batch that is not supported", v, r.told(shape))
	}
	if r.err != nil {
		return failed
	}
	to := fixedRows(v, shape)
	for axis, n := range to {
		if v.batched && axis == 0 || n == v.dims[axis] {
			continue
		}
		if r.places += n; r.places > maxPlaces || n%max(v.dims[axis], 1) != 0 {
			r.fail("it repeats %v to %v: that is not supported", v, r.told(shape))
			return failed
		}
		length := v.dims[axis]
		places := make([]int, n)
		for i := range places {
			places[i] = i % length
		}
		v = r.takenPlaces(v, axis, places)
	}
	return v
}

// withOnes are axes with so many of length 1 in front that there are n.
func withOnes(dims []int, n int) []int {
	return append(slices.Repeat([]int{1}, max(n-len(dims), 0)), dims...)
}
