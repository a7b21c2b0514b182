package torch

import (
	"math"
	"slices"

	"dcae/graph"
)

// matrices are products of two values, and what goes with them.
var matrices = map[string]translation{
	"matmul": one(matmul), "mm": one(matmul), "bmm": one(matmul), "mv": one(matmul), "dot": one(matmul), "addmm": one(addMatmul), "baddbmm": one(addMatmul), "einsum": one(einsum), "outer": one(outer), "cdist": one(distances),
	"scaled_dot_product_attention": one(attention), "softmax": softmax(graph.Softmax), "_softmax": softmax(graph.Softmax), "log_softmax": softmax(graph.LogSoftmax), "_log_softmax": softmax(graph.LogSoftmax),
	"cumsum": one(cumulativeSum), "diagonal": one(diagonal), "trace": one(trace), "_weight_norm": one(weightNorm),
	"topk": topk, "argmin": one(nearest(-1)), "argmax": one(nearest(1)), "embedding": one(embedding), "one_hot": one(oneHot), "index_select": one(indexSelect), "index": one(index), "scatter": one(scatter),
}

func matmul(r *reading) *value {
	second := "other"
	switch r.operation() {
	case "mm", "bmm":
		second = "mat2"
	case "mv":
		second = "vec"
	case "dot":
		second = "tensor"
	}
	return r.matrixProduct(r.tensor("self"), r.tensor(second))
}

// matrixProduct is PyTorch's matmul: of vectors, matrices, and stacks of them, whose first axes are repeated where they are 1.
func (r *reading) matrixProduct(a, b *value) *value {
	if r.err != nil {
		return failed
	}
	if len(a.dims) == 0 || len(b.dims) == 0 || len(a.dims) > 20 || len(b.dims) > 20 {
		r.fail("it multiplies %v by %v", a, b)
		return failed
	}
	if len(a.dims) > 2 && len(b.dims) > 2 || a.batched && b.batched && len(a.dims) != len(b.dims) {
		axes := max(len(a.dims), len(b.dims))
		a, b = r.stackOf(a, b, axes), r.stackOf(b, a, axes)
		if r.err != nil {
			return failed
		}
	}
	// letters from the last axis on: the sum's is k
	stackA, stackB := max(len(a.dims)-2, 0), max(len(b.dims)-2, 0)
	front := alphabet[:max(stackA, stackB)]
	l := letters{a: front[len(front)-stackA:], b: front[len(front)-stackB:], out: front}
	if len(a.dims) > 1 {
		l.a, l.out = l.a+"Y", l.out+"Y"
	}
	l.a += "Z"
	if l.b += "Z"; len(b.dims) > 1 {
		l.b, l.out = l.b+"X", l.out+"X"
	}
	return r.productOf(a, b, l)
}

// stackOf is a value as a stack of matrices with as many axes as another, repeated along its first axes where the other has more.
func (r *reading) stackOf(v, other *value, axes int) *value {
	if v.batched && (len(v.dims) != axes || v.moved > 0) {
		r.fail("it multiplies %v by %v, in which images of a batch meet each other, which is not supported", v, other)
		return failed
	}
	dims := withOnes(v.dims, axes)
	target := slices.Clone(dims)
	theirs := withOnes(other.dims, axes)
	for axis := range target[:axes-2] {
		if axis > 0 || !other.batched && !v.batched {
			target[axis] = max(dims[axis], theirs[axis])
		}
	}
	if other.batched && !v.batched && dims[0] == 1 { // the same matrices for each image
		dims, target = dims[1:], target[1:]
	}
	v = r.withDims(v, dims)
	if r.err != nil || slices.Equal(target, dims) {
		return v
	}
	out := *v
	out.dims = target
	out.node = r.node("", graph.BroadcastTo{Target: item(target, v.order)}, v.node)
	return r.checked(&out, nil)
}

// addMatmul is beta times self plus alpha times a product.
func addMatmul(r *reading) *value {
	first, second := "mat1", "mat2"
	if r.operation() == "baddbmm" {
		first, second = "batch1", "batch2"
	}
	product := r.affine(r.matrixProduct(r.tensor(first), r.tensor(second)), r.floatOr("alpha", 1), 0)
	return r.plus(r.affine(r.tensor("self"), r.floatOr("beta", 1), 0), product)
}

func outer(r *reading) *value {
	return r.productOf(r.tensor("self"), r.tensor("vec2"), letters{"a", "b", "ab"})
}

// turned is a value whose last two axes have changed places.
func (r *reading) turned(v *value) *value {
	if r.err != nil {
		return failed
	}
	order := allAxes(v)
	n := len(order)
	order[n-2], order[n-1] = order[n-1], order[n-2]
	return r.permuted(v, order)
}

// distances are those of the rows of two matrices, or of stacks of them: sqrt(|a|^2 + |b|^2 - 2ab).
func distances(r *reading) *value {
	a, b := r.tensor("x1"), r.tensor("x2")
	if r.float("p") != 2 {
		r.fail("it takes other distances than those of p=2, which is not supported")
	}
	if r.err == nil && min(len(a.dims), len(b.dims)) < 2 {
		r.fail("it compares %v and %v", a, b)
	}
	if r.err != nil {
		return failed
	}
	squares := func(v *value) *value {
		return r.reduce(r.squared(v), graph.ReduceSum, []int{len(v.dims) - 1}, true)
	}
	sum := r.plus(squares(a), r.turned(squares(b)))
	return r.root(r.function(graph.ClampMin, r.plus(sum, r.affine(r.matrixProduct(a, r.turned(b)), -2, 0)), 0))
}

// attention is softmax(q k^T / sqrt(width) + mask) v.
func attention(r *reading) *value {
	q, k, v := r.tensor("query"), r.tensor("key"), r.tensor("value")
	if r.bool("enable_gqa") {
		r.fail("grouped attention is not supported")
	}
	if r.err == nil && len(k.dims) < 2 {
		r.fail("its key is %v", k)
	}
	if r.err != nil {
		return failed
	}
	scale := r.floatOr("scale", 1/math.Sqrt(float64(q.dims[len(q.dims)-1])))
	scores := r.affine(r.matrixProduct(q, r.turned(k)), scale, 0)
	if mask := r.optional("attn_mask"); mask != nil && r.err == nil {
		if mask.dtype == Bool { // true where a key is looked at
			mask = r.affine(r.mask(mask), unseen, -unseen)
		}
		scores = r.plus(scores, mask)
	}
	if r.bool("is_causal") {
		scores = r.plus(scores, r.causalMask(scores))
	}
	weights := r.alongLast(scores, len(scores.dims)-1, graph.Activate{Function: graph.Softmax})
	if rate := r.float("dropout_p"); rate > 0 {
		weights = r.apply(graph.Dropout{Rate: rate}, weights)
	}
	return r.matrixProduct(weights, v)
}

// unseen, taken off a score, leaves a key no weight in a softmax of float32.
const unseen = 1e30

// causalMask takes all keys behind a query's own place from it.
func (r *reading) causalMask(scores *value) *value {
	if r.err != nil {
		return failed
	}
	n := len(scores.dims)
	queries, keys := scores.dims[n-2], scores.dims[n-1]
	if queries > maxPlaces/keys {
		r.fail("attention of %d places to %d is not supported", queries, keys)
		return failed
	}
	values := make([]float64, queries*keys)
	for i := range values {
		if i%keys > i/keys {
			values[i] = -unseen
		}
	}
	return r.checked(r.constant([]int{queries, keys}, values))
}

// alongLast applies a layer that works along the last axis to one of PyTorch's axes.
func (r *reading) alongLast(v *value, axis int, layer graph.Layer) *value {
	if r.err == nil && v.batched && axis == 0 {
		r.fail("it works along the batch, which is not supported")
	}
	if r.err != nil {
		return failed
	}
	order := slices.DeleteFunc(slices.Clone(v.order), func(a int) bool { return a == axis })
	return r.apply(layer, r.in(append(order, axis), v))
}

func softmax(f graph.Activation) translation {
	return one(func(r *reading) *value {
		v := r.tensor("self")
		return r.alongLast(v, r.axisArgument(v), graph.Activate{Function: f})
	})
}

// cumulativeSum is a product with a matrix of ones on and above its diagonal.
func cumulativeSum(r *reading) *value {
	v := r.tensor("self")
	axis := r.axisArgument(v)
	if r.err != nil {
		return failed
	}
	const longest = 1024
	n := v.dims[axis]
	if n > longest || v.batched && axis == 0 {
		r.fail("a cumulative sum along axis %d of %v is not supported", axis, v)
		return failed
	}
	values := make([]float64, n*n)
	for i := range values {
		if i/n <= i%n {
			values[i] = 1
		}
	}
	ones := r.checked(r.constant([]int{n, n}, values))
	if r.err != nil {
		return failed
	}
	return r.multipliedAlong(v, axis, ones)
}

// multipliedAlong multiplies what lies along one of PyTorch's axes by a square matrix.
func (r *reading) multipliedAlong(v *value, axis int, matrix *value) *value {
	order := slices.DeleteFunc(slices.Clone(v.order), func(a int) bool { return a == axis })
	x := r.in(append(order, axis), v)
	return r.result(x, r.node("", graph.Supplied{Layer: graph.Dense{Units: matrix.dims[1], NoBias: true}, Names: []string{"kernel"}}, x.node, matrix.node))
}

// diagonal is of the two last axes, which become one.
func diagonal(r *reading) *value {
	v := r.tensor("self")
	if r.err != nil {
		return failed
	}
	if len(v.dims) != 2 || v.batched || v.dims[0] != v.dims[1] || r.integerOr("offset", 0) != 0 {
		r.fail("the diagonal of %v is not supported: of a square matrix that all images have in common it is", v)
		return failed
	}
	n := v.dims[0]
	flat := r.withDims(r.plainly(v), []int{n * n})
	places := make([]int, n)
	for i := range places {
		places[i] = i * (n + 1)
	}
	return r.takenPlaces(flat, 0, places)
}

func trace(r *reading) *value { return r.reduce(diagonal(r), graph.ReduceSum, []int{0}, false) }

// weightNorm is v times g divided by the length of v along all axes but one.
func weightNorm(r *reading) *value {
	v, g := r.tensor("v"), r.tensor("g")
	keep := r.axisArgument(v)
	var axes []int
	for axis := range v.dims {
		if axis != keep {
			axes = append(axes, axis)
		}
	}
	return r.times(v, r.over(g, r.lengthOf(v, 2, axes, true)))
}
