package torch

import (
	"slices"

	"dcae/graph"
)

// nearest is where the smallest or largest value lies along an axis, as a value that is 1 there.
func nearest(sign float64) func(*reading) *value {
	return func(r *reading) *value {
		v := r.tensor("self")
		if r.call.arguments["dim"] == nil {
			r.fail("without an axis it is not supported")
		}
		axis := r.axisArgument(v)
		if r.bool("keepdim") {
			r.fail("keepdim is not supported")
		}
		order := slices.DeleteFunc(slices.Clone(v.order), func(a int) bool { return a == axis })
		if r.err != nil {
			return failed
		}
		hot := r.apply(graph.OneHotMax{}, r.in(append(order, axis), r.affine(v, sign, 0)))
		return r.indices(hot, axis)
	}
}

// indices are places along an axis, of which is known where they are.
func (r *reading) indices(hot *value, axis int) *value {
	if r.err != nil {
		return failed
	}
	dims := slices.Delete(slices.Clone(hot.dims), axis, axis+1)
	moved := r.permuted(hot, append(slices.DeleteFunc(allAxes(hot), func(a int) bool { return a == axis }), axis))
	return &value{batched: hot.batched, dims: dims, order: plainOrder(hot.batched, dims), dtype: Int64, hot: moved, node: moved.node}
}

// embedding picks rows of a matrix.
func embedding(r *reading) *value {
	w, at := r.tensor("weight"), r.tensor("indices")
	if r.err == nil && at.hot == nil {
		r.fail("its indices are no result of argmin or argmax, which alone are supported")
	}
	if r.err != nil {
		return failed
	}
	x := r.plainly(at.hot)
	w = r.plainly(w)
	if r.err != nil {
		return failed
	}
	node := r.node("", graph.Supplied{Layer: graph.Dense{Units: w.dims[1], NoBias: true}, Names: []string{"kernel"}}, x.node, w.node)
	return r.result(x, node)
}

// oneHot is 1 at the places that indices stand for.
func oneHot(r *reading) *value {
	at, classes := r.tensor("self"), r.integer("num_classes")
	if r.err == nil && (at.hot == nil || classes > 0 && classes != at.hot.dims[len(at.hot.dims)-1]) {
		r.fail("its indices are no result of argmin or argmax over as many places, which alone are supported")
	}
	if r.err != nil {
		return failed
	}
	return at.hot
}

// scatter writes 1 into zeros, at the places along the last axis that indices with a last axis of length 1 stand for.
func scatter(r *reading) *value {
	into, at := r.tensor("self"), r.tensor("index")
	by := 1.0
	if _, there := r.call.arguments["value"]; there {
		by = r.float("value")
	}
	axis := r.axisArgument(into)
	if r.err == nil && (into.number == nil || *into.number != 0 || at.hot == nil || axis != len(into.dims)-1 || len(at.dims) != len(into.dims) || at.dims[axis] != 1 || at.hot.dims[len(at.hot.dims)-1] != into.dims[axis]) {
		r.fail("it is supported into zeros, at the results of argmin or argmax along the last axis, alone")
	}
	if r.err != nil {
		return failed
	}
	hot := at.hot
	return r.affine(r.withDims(hot, slices.Delete(slices.Clone(hot.dims), axis, axis+1)), by, 0)
}

// constantPlaces are the numbers of a constant of integers, counted from the beginning of an axis of a length.
func (r *reading) constantPlaces(v *value, length int) []int {
	if r.err == nil && (v.integers == nil || len(v.dims) != 1) {
		r.fail("its indices are %v: only a constant vector of whole numbers is supported", v)
	}
	if r.places += length; r.places > maxPlaces {
		r.fail("it takes too many places")
	}
	var places []int
	for _, n := range v.integers {
		at, err := axisOf(clampInt(n), length)
		if err != nil {
			r.fail("index %d of an axis of %d", n, length)
			return nil
		}
		places = append(places, at)
	}
	return places
}

func indexSelect(r *reading) *value {
	v, at := r.tensor("self"), r.tensor("index")
	axis := r.axisArgument(v)
	if r.err == nil && v.batched && axis == 0 {
		r.fail("it takes a part of the batch, which is not supported")
	}
	if r.err != nil {
		return failed
	}
	return r.takenPlaces(v, axis, r.constantPlaces(at, v.dims[axis]))
}

// index takes places along one axis, those of a constant, x[:, [2, 0, 1]]; or rows of a matrix by computed indices.
func index(r *reading) *value {
	v := r.tensor("self")
	all, ok := r.call.arguments["indices"].(optionalTensors)
	if names, plain := r.call.arguments["indices"].([]tensorName); plain {
		for i := range names {
			all = append(all, &names[i])
		}
		ok = true
	}
	axis := -1
	for i, name := range all {
		if name == nil {
			continue
		}
		if axis >= 0 {
			ok = false
		}
		axis = i
	}
	if r.err == nil && (!ok || axis < 0 || axis >= len(v.dims)) {
		r.fail("indices along several axes are not supported")
	}
	if r.err != nil {
		return failed
	}
	at := r.lookup(string(*all[axis]))
	if r.err == nil && at.hot != nil && axis == 0 && !v.batched && len(v.dims) == 2 {
		x, w := r.plainly(at.hot), r.plainly(v)
		if r.err != nil {
			return failed
		}
		return r.result(x, r.node("", graph.Supplied{Layer: graph.Dense{Units: w.dims[1], NoBias: true}, Names: []string{"kernel"}}, x.node, w.node))
	}
	if r.err == nil && v.batched && axis == 0 {
		r.fail("it takes a part of the batch, which is not supported")
	}
	if r.err != nil {
		return failed
	}
	return r.takenPlaces(v, axis, r.constantPlaces(at, v.dims[axis]))
}
