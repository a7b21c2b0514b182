package torch

import (
	"slices"

	"dcae/graph"
)

// nearest is where the smallest or largest value lies along an axis, as a value that is 1 there.
func nearest(sign float64) func(*reading) *value {
	return func(r *reading) *value {
		if r.call.arguments["dim"] == nil {
			r.fail("without an axis it is not supported")
		}
		return r.extremePlace(r.tensor("self"), sign, 0)
	}
}

// extremePlace is where the largest value of sign*v lies along a call's axis: its result of an index.
func (r *reading) extremePlace(v *value, sign float64, result int) *value {
	axis := r.axisArgument(v)
	hot := r.hottest(r.affine(v, sign, 0), axis)
	at := r.indices(hot, axis)
	if r.err == nil && r.bool("keepdim") {
		return r.indicesAs(at, r.shapeOfResult(result))
	}
	return at
}

// hottest is 1 where the largest value along an axis lies, else 0.
func (r *reading) hottest(v *value, axis int) *value {
	return r.alongLast(v, axis, graph.OneHotMax{})
}

// topk are the k largest or smallest values along an axis, one after the other, and where they lie.
func topk(r *reading) []*value {
	v, k := r.tensor("self"), r.integer("k")
	axis := r.axisArgument(v)
	const most = 256
	if r.err == nil && (len(v.dims) == 0 || k < 1 || k > min(v.dims[axis], most)) {
		r.fail("the %d largest of an axis of %v are not supported: up to %d are", k, v, most)
	}
	sign := -1.0
	if r.bool("largest") {
		sign = 1
	}
	left := r.affine(v, sign, 0)
	var values, hots []*value
	for range k {
		if r.err != nil {
			return []*value{failed, failed}
		}
		hot := r.hottest(left, axis)
		values = append(values, r.reduce(r.times(hot, v), graph.ReduceSum, []int{axis}, true))
		last := r.permuted(hot, append(slices.DeleteFunc(allAxes(v), func(a int) bool { return a == axis }), axis))
		hots = append(hots, r.withDims(last, slices.Insert(slices.Clone(last.dims), axis, 1)))
		left = r.plus(left, r.affine(hot, -unseen, 0))
	}
	hot := r.concatenated(hots, axis)
	if r.err != nil {
		return []*value{failed, failed}
	}
	dims := slices.Clone(hot.dims[:len(hot.dims)-1])
	return []*value{r.concatenated(values, axis), {batched: hot.batched, dims: dims, order: plainOrder(hot.batched, dims), dtype: Int64, hot: hot, node: hot.node}}
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
		r.fail("its indices are no result of argmin, argmax, max, min or topk, which alone are supported")
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
		r.fail("its indices are no result of argmin, argmax, max, min or topk over as many places, which alone are supported")
	}
	if r.err != nil {
		return failed
	}
	return at.hot
}

// scatter writes a number, or a value for each, into zeros, at the places along the last axis that indices stand for.
func scatter(r *reading) *value {
	into, at := r.tensor("self"), r.tensor("index")
	axis := r.axisArgument(into)
	if r.err == nil && (into.number == nil || *into.number != 0 || at.hot == nil || axis != len(into.dims)-1 || len(at.dims) != len(into.dims) || at.hot.dims[len(at.hot.dims)-1] != into.dims[axis]) {
		r.fail("it is supported into zeros, at the results of argmin, argmax, max, min or topk along the last axis, alone")
	}
	if r.err != nil {
		return failed
	}
	if _, each := r.call.arguments["src"]; each {
		src := r.tensor("src")
		if r.err == nil && !slices.Equal(src.dims, at.dims) {
			r.fail("it writes %v at %v places", src, at)
			return failed
		}
		return r.reduce(r.times(at.hot, r.withDims(src, append(slices.Clone(src.dims), 1))), graph.ReduceSum, []int{axis}, false)
	}
	by := 1.0
	if _, there := r.call.arguments["value"]; there {
		by = r.float("value")
	}
	return r.affine(r.reduce(at.hot, graph.ReduceSum, []int{axis}, false), by, 0)
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
