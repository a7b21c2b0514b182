package torch

import (
	"math"
	"slices"

	"dcae/graph"
)

// reductions make one value of all along some axes.
var reductions = map[string]translation{
	"mean": one(reduceTo(graph.ReduceMean)), "sum": one(reduceTo(graph.ReduceSum)), "amax": one(reduceTo(graph.ReduceMax)), "amin": one(reduceTo(graph.ReduceMin)), "prod": one(product), "logsumexp": one(logSumExp),
	"max": extreme(graph.ReduceMax, graph.Maximum{}), "min": extreme(graph.ReduceMin, graph.Minimum{}), "var": one(variance), "std": one(deviation),
	"linalg_vector_norm": one(vectorNorm), "norm": one(vectorNorm), "frobenius_norm": one(vectorNorm), "linalg_norm": one(vectorNorm), "linalg_matrix_norm": one(vectorNorm),
}

// reducedAxes is which of PyTorch's axes a call reduces; all where it names none.
func (r *reading) reducedAxes(v *value) []int {
	if r.err != nil {
		return nil
	}
	var axes []int
	if r.call.arguments["dim"] != nil {
		axes = r.axes("dim", v)
	}
	if len(axes) == 0 {
		return allAxes(v)
	}
	if len(slices.Compact(slices.Sorted(slices.Values(axes)))) != len(axes) {
		r.fail("it names an axis twice")
	}
	return axes
}

func allAxes(v *value) []int {
	var axes []int
	for axis := range v.dims {
		axes = append(axes, axis)
	}
	return axes
}

func reduceTo(how graph.Reduction) func(*reading) *value {
	return func(r *reading) *value {
		v := r.tensor("self")
		return r.reduce(v, how, r.reducedAxes(v), r.bool("keepdim"))
	}
}

// reduce is a value reduced along some of PyTorch's axes, which keep a length of 1 if keep is set.
func (r *reading) reduce(v *value, how graph.Reduction, axes []int, keep bool) *value {
	return r.reduced(v, graph.Reduce{How: how, KeepDims: true}, axes, keep)
}

// reduced is what a layer, of which it sets the axes, makes of a value along some of PyTorch's axes.
func (r *reading) reduced(v *value, l graph.Reduce, axes []int, keep bool) *value {
	how := l.How
	r.mustBeNumbers(v)
	overBatch := v.batched && slices.Contains(axes, 0)
	if overBatch && how != graph.ReduceMean && how != graph.ReduceSum {
		r.fail("a %s over the batch is not supported", how)
	}
	if r.err != nil {
		return failed
	}
	out := *v
	out.dims, out.dtype, out.number = slices.Clone(v.dims), Float32, nil
	var along []int // axes of the node's output, counted from 1
	for _, axis := range axes {
		if at := v.axis(axis); at > 0 && v.dims[axis] > 1 {
			along = append(along, at)
		}
		out.dims[axis] = 1
	}
	if len(along) > 0 {
		slices.Sort(along)
		l.Axes = along
		out.node = r.node("", l, v.node)
	}
	if overBatch {
		out.node = r.node("", graph.SumOverBatch{Mean: how == graph.ReduceMean}, out.node)
		out = *withoutBatch(&out)
	}
	dims := []int{}
	for axis, d := range v.dims {
		switch {
		case !slices.Contains(axes, axis):
			dims = append(dims, d)
		case keep:
			dims = append(dims, 1)
		}
	}
	return r.withDims(&out, dims)
}

// withoutBatch is the value of a node that has summed over the batch: it has not the first axis any more, unless it held several rows an image.
func withoutBatch(v *value) *value {
	out := *v
	out.batched = false
	if slices.Contains(v.order, 0) {
		return &out
	}
	out.dims, out.order = v.dims[1:], []int{}
	for _, axis := range v.order {
		out.order = append(out.order, axis-1)
	}
	return &out
}

// extreme is the largest or smallest of two values, of a whole one, or along an axis; then also where it lies, if that is asked for.
func extreme(how graph.Reduction, ofBoth graph.Layer) translation {
	return func(r *reading) []*value {
		if r.call.overload == "other" {
			return ofTwo(ofBoth)(r)
		}
		out := []*value{reduceTo(how)(r), failed}
		if len(r.call.outputs) > 1 && r.isReadLater(r.call.outputs[1]) {
			sign := map[graph.Reduction]float64{graph.ReduceMax: 1, graph.ReduceMin: -1}[how]
			out[1] = r.extremePlace(r.tensor("self"), sign, 1)
		}
		return out
	}
}

// varianceOf is the variance along axes, of which the number of values is less a correction.
func (r *reading) varianceOf(v *value, axes []int, correction float64, keep bool) *value {
	if !v.batched || !slices.Contains(axes, 0) {
		return r.reduced(v, graph.Reduce{How: graph.ReduceVariance, KeepDims: true, Correction: correction}, axes, keep)
	}
	d := r.minus(v, r.reduce(v, graph.ReduceMean, axes, true))
	n := 1.0
	for _, axis := range axes {
		n *= float64(v.dims[axis])
	}
	images := r.checked(&value{node: r.node("batch", graph.BatchSize{}), dims: []int{}, order: []int{}, dtype: Float32}, nil)
	return r.over(r.reduce(r.squared(d), graph.ReduceSum, axes, keep), r.affine(images, n, -correction))
}

// correction is what the number of values is less of in a variance.
func (r *reading) correction() float64 {
	switch {
	case r.call.overload == "correction":
		return r.floatOr("correction", 1)
	case r.call.arguments["unbiased"] == nil || r.bool("unbiased"):
		return 1
	}
	return 0
}

func variance(r *reading) *value {
	v := r.tensor("self")
	return r.varianceOf(v, r.reducedAxes(v), r.correction(), r.bool("keepdim"))
}

func deviation(r *reading) *value { return r.root(variance(r)) }

// root is the square root of a value that is not negative, with a gradient of 0 where it is 0, as PyTorch has it for lengths and deviations.
func (r *reading) root(v *value) *value {
	zero := r.function(graph.Equal, v, 0)
	return r.minus(r.function(graph.Sqrt, r.plus(v, zero)), zero)
}

func vectorNorm(r *reading) *value {
	v, order := r.tensor("self"), 2.0
	switch r.operation() {
	case "linalg_vector_norm":
		order = r.floatOr("ord", 2)
	case "norm":
		order = r.floatOr("p", 2)
	case "linalg_norm":
		if r.call.arguments["ord"] != nil { // of a matrix it is another one
			r.fail("a norm of an order of its own is not supported: torch.linalg.vector_norm is")
		}
	case "linalg_matrix_norm":
		if r.text("ord") != "fro" {
			r.fail("a matrix norm other than fro is not supported")
		}
	}
	return r.lengthOf(v, order, r.reducedAxes(v), r.bool("keepdim"))
}

// lengthOf is the norm of an order along axes.
func (r *reading) lengthOf(v *value, order float64, axes []int, keep bool) *value {
	switch order {
	case 1:
		return r.reduce(r.magnitude(v), graph.ReduceSum, axes, keep)
	case 2:
		if v.batched && slices.Contains(axes, 0) {
			return r.root(r.reduce(r.squared(v), graph.ReduceSum, axes, keep))
		}
		return r.reduce(v, graph.ReduceNorm, axes, keep)
	case math.Inf(1):
		return r.reduce(r.magnitude(v), graph.ReduceMax, axes, keep)
	}
	r.fail("a norm of order %g is not supported: 1, 2 and infinity are", order)
	return failed
}

// logSumExp is log(sum(exp(x))), computed from what x is over its largest value.
func logSumExp(r *reading) *value {
	v := r.tensor("self")
	axes := r.reducedAxes(v)
	largest := r.reduce(v, graph.ReduceMax, axes, true)
	if r.err == nil {
		largest = r.detach(largest)
	}
	sum := r.reduce(r.function(graph.Exp, r.minus(v, largest)), graph.ReduceSum, axes, true)
	out := r.plus(r.function(graph.Log, sum), largest)
	if r.err != nil || r.bool("keepdim") {
		return out
	}
	return r.withDims(out, fixedRows(out, r.shapeOfResult(0)))
}

// fixedRows are the lengths of the axes of a shape, with the rows of an image in the place of the batch.
func fixedRows(v *value, shape []extent) []int {
	dims := fixedDims(shape)
	if v.batched && len(dims) > 0 {
		dims[0] = v.dims[0]
	}
	return dims
}

// product is that of all values along an axis.
func product(r *reading) *value {
	const longest = 64
	v := r.tensor("self")
	if r.call.arguments["dim"] == nil {
		r.fail("the product of all values is not supported: along an axis it is")
	}
	axis := r.axisArgument(v)
	if r.err == nil && (v.batched && axis == 0 || v.dims[axis] > longest) {
		r.fail("the product along axis %d of %v is not supported", axis, v)
	}
	if r.err != nil {
		return failed
	}
	out := r.takenPlaces(v, axis, []int{0})
	for i := 1; i < v.dims[axis]; i++ {
		out = r.times(out, r.takenPlaces(v, axis, []int{i}))
	}
	if r.bool("keepdim") {
		return out
	}
	return r.withDims(out, slices.Delete(slices.Clone(out.dims), axis, axis+1))
}
