package torch

import (
	"slices"

	"dcae/graph"
)

// joins put values side by side, and take parts of them.
var joins = map[string]translation{"cat": concatenate, "concat": concatenate, "concatenate": concatenate,
	"slice": takePart, "select": takePart, "narrow": takePart, "unbind": takePart, "split": takePart, "split_with_sizes": takePart, "chunk": takePart}

func concatenate(r *reading) ([]*value, error) {
	all, dim := r.tensors("tensors"), r.integer("dim")
	if r.err != nil {
		return nil, r.err
	}
	out, err := r.concatenated(all, dim)
	return []*value{out}, err
}

// concatenated puts values side by side along one of PyTorch's axes.
func (r *reading) concatenated(all []*value, dim int) (*value, error) {
	first := all[0]
	axis, err := axisOf(dim, len(first.dims))
	if err != nil {
		return nil, err
	}
	batched := slices.ContainsFunc(all, func(v *value) bool { return v.batched })
	if batched && axis == 0 {
		r.fail("it joins along the batch, which is not supported")
		return nil, r.err
	}
	var order []int
	for _, v := range all {
		if v.dtype != Float32 {
			r.fail("it joins %v, which is not supported", v.dtype)
			return nil, r.err
		}
		if len(v.dims) != len(first.dims) {
			r.fail("it joins %v and %v", first, v)
			return nil, r.err
		}
		if order == nil && v.batched == batched {
			order = v.order
		}
	}
	out := &value{batched: batched, dims: slices.Clone(first.dims), order: order, dtype: Float32}
	inputs := make([]int, len(all))
	out.dims[axis] = 0
	for k, v := range all {
		if v, err = r.fit(v, batched, len(first.dims), order); err != nil {
			return nil, err
		}
		inputs[k] = v.node
		out.dims[axis] += v.dims[axis]
	}
	if len(all) == 1 {
		return all[0], nil
	}
	out.node, err = r.add("", graph.Concatenate{Axis: out.axis(axis)}, inputs...)
	return out, err
}

// takePart is the part along one axis that slice, select and their like take, as often as there are results.
func takePart(r *reading) ([]*value, error) {
	v := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	var out []*value
	for i := range r.call.outputs {
		one, err := r.taken(v, i)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

func (r *reading) taken(v *value, index int) (*value, error) {
	if v.integers != nil {
		r.fail("it takes a part of a constant of integers, which is not supported")
		return nil, r.err
	}
	axis, places, single, err := r.part(v, index)
	if err != nil {
		return nil, err
	}
	if v.batched && axis == 0 || len(places) == v.dims[axis] && !single && slices.IsSorted(places) {
		return v, nil
	}
	out, err := r.takenPlaces(v, axis, places)
	if err != nil || !single {
		return out, err
	}
	return r.shapedAs(out, r.types[r.call.outputs[index]].shape)
}

// takenPlaces picks places along one of PyTorch's axes.
func (r *reading) takenPlaces(v *value, axis int, places []int) (*value, error) {
	out := *v
	out.dims = slices.Clone(v.dims)
	out.dims[axis] = len(places)
	var layer graph.Layer = graph.Take{Axis: v.axis(axis), Indices: places}
	if step := stepOf(places); step > 0 {
		layer = graph.Slice{Axis: v.axis(axis), Start: places[0], Stop: places[len(places)-1] + 1, Step: step}
	}
	var err error
	out.node, err = r.add("", layer, v.node)
	return &out, err
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
