package torch

import (
	"slices"

	"dcae/graph"
)

// Translations are written as expressions: each step gives a value, and the first that fails leaves its error in the reading, so that all that
// follow do nothing.

// failed is what a step gives after an error.
var failed = &value{unknown: true, dims: []int{}, order: []int{}}

// checked is a step's value, or failed.
func (r *reading) checked(v *value, err error) *value {
	if err != nil && r.err == nil {
		r.err = err
	}
	if r.err != nil {
		return failed
	}
	return v
}

// node adds a layer named after the call, or after the call and what it is for.
func (r *reading) node(what string, layer graph.Layer, inputs ...int) int {
	if r.err != nil {
		return 0
	}
	at, err := r.add(what, layer, inputs...)
	if err != nil {
		r.err = err
	}
	return at
}

// result is a value of a layer of v that keeps the order of axes.
func (r *reading) result(v *value, node int) *value {
	if r.err != nil {
		return failed
	}
	out := &value{node: node, batched: v.batched, dims: slices.Clone(v.dims), order: v.order, dtype: Float32}
	for k, n := range r.shapes[node] {
		out.dims[v.order[k]] = n
	}
	return out
}

// apply is a value changed by a layer that looks at each number, or at each image, alone, and keeps the order of axes.
func (r *reading) apply(layer graph.Layer, v *value) *value {
	r.mustBeNumbers(v)
	return r.result(v, r.node("", layer, v.node))
}

// mustBeNumbers notes an error for a value that is not computed with: constants of whole numbers, places of an axis, and types other than float32. Whole
// numbers that are computed, as by counting, are float32 inside.
func (r *reading) mustBeNumbers(v *value) {
	if r.err == nil && (v.integers != nil || v.hot != nil || v.pooled != nil || v.dtype != Float32 && v.dtype != Bool && v.dtype != Int64) {
		r.fail("it computes with %v, which is not supported", v.dtype)
	}
}

// function is a value changed by a function of one number.
func (r *reading) function(f graph.Function, v *value, settings ...float64) *value {
	return r.apply(graph.Elementwise{Function: f, Settings: settings}, v)
}

// affine is v times a factor plus a summand.
func (r *reading) affine(v *value, scale, offset float64) *value {
	if scale == 1 && offset == 0 {
		r.mustBeNumbers(v)
		return v
	}
	return r.apply(graph.Rescaling{Scale: []float64{scale}, Offset: []float64{offset}}, v)
}

func (r *reading) plus(a, b *value) *value   { return r.combine(graph.Add{}, a, b) }
func (r *reading) minus(a, b *value) *value  { return r.combine(graph.Subtract{}, a, b) }
func (r *reading) times(a, b *value) *value  { return r.combine(graph.Multiply{}, a, b) }
func (r *reading) over(a, b *value) *value   { return r.combine(graph.Divide{}, a, b) }
func (r *reading) squared(v *value) *value   { return r.function(graph.Squared, v) }
func (r *reading) magnitude(v *value) *value { return r.function(graph.Abs, v) }

// arranged is a value in another order of axes.
func (r *reading) in(order []int, v *value) *value {
	if r.err != nil {
		return failed
	}
	return r.checked(r.arrange(v, order))
}

// number is a known number as a value without axes.
func (r *reading) numberValue(n float64) *value {
	if r.err != nil {
		return failed
	}
	return r.checked(r.constant([]int{}, []float64{n}))
}
