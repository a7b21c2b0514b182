package torch

import (
	"slices"

	"dcae/graph"
)

// arithmetic is of two values, or a value and a number.
var arithmetic = map[string]translation{
	"add": add, "sub": subtract, "mul": multiply, "maximum": ofTwo(graph.Maximum{}), "minimum": ofTwo(graph.Minimum{}),
}

// ofTwo is a function of self and other.
func ofTwo(layer graph.Layer) translation {
	return func(r *reading) ([]*value, error) {
		a, b := r.tensor("self"), r.tensor("other")
		if r.err != nil {
			return nil, r.err
		}
		out, err := r.combine(layer, a, b)
		return []*value{out}, err
	}
}

// combine adds a layer of two values, which are repeated along axes of length 1 and over the batch where they need be.
func (r *reading) combine(layer graph.Layer, a, b *value) (*value, error) {
	for _, v := range []*value{a, b} {
		if v.integers != nil || v.dtype != Float32 && v.dtype != Bool {
			r.fail("it computes with %v, which is not supported", v.dtype)
			return nil, r.err
		}
	}
	axes := max(len(a.dims), len(b.dims))
	batched := a.batched || b.batched
	for _, v := range []*value{a, b} {
		if v.batched && len(v.dims) != axes {
			r.fail("it brings together %v and %v, in which images of a batch meet each other, which is not supported", a, b)
			return nil, r.err
		}
	}
	dims, err := r.broadcast(a, b, axes)
	if err != nil {
		return nil, err
	}
	// The order of the larger of the two stays.
	order := a.order
	if larger := b.batched == batched && len(b.dims) == axes && (a.batched != batched || len(a.dims) != axes || graph.Shape(b.dims).Size() > graph.Shape(a.dims).Size()); larger {
		order = b.order
	}
	if len(order) != len(plainOrder(batched, dims)) {
		order = plainOrder(batched, dims)
	}
	inputs := make([]int, 2)
	for k, v := range []*value{a, b} {
		if v, err = r.fit(v, batched, axes, order); err != nil {
			return nil, err
		}
		inputs[k] = v.node
	}
	node, err := r.add("", layer, inputs...)
	if err != nil {
		return nil, err
	}
	return &value{node: node, batched: batched, dims: dims, order: order, dtype: Float32}, nil
}

// broadcast are the axes of what two values give together.
func (r *reading) broadcast(a, b *value, axes int) ([]int, error) {
	out := slices.Repeat([]int{1}, axes)
	for _, v := range []*value{a, b} {
		for axis, d := range v.dims {
			at := axes - len(v.dims) + axis
			if d != 1 && out[at] != 1 && d != out[at] {
				r.fail("%v and %v do not fit together", a, b)
				return nil, r.err
			}
			out[at] = max(out[at], d)
		}
	}
	return out, nil
}

// fit brings a value to so many axes in an order, over the batch if there is one.
func (r *reading) fit(v *value, batched bool, axes int, order []int) (*value, error) {
	if batched && !v.batched {
		return r.spread(v, axes, order)
	}
	var err error
	if len(v.dims) < axes {
		if v, err = r.reshaped(v, false, append(slices.Repeat([]int{1}, axes-len(v.dims)), v.dims...)); err != nil {
			return nil, err
		}
	}
	return r.arrange(v, order)
}

// operand is an argument that may be a number, or a tensor that is one.
func (r *reading) operand(name string) (v *value, known *float64) {
	switch a := r.call.arguments[name].(type) {
	case tensorName:
		v = r.tensor(name)
		return v, v.number
	case extent:
		if a.symbol != "" {
			return r.batchSize(a), nil
		}
	}
	n := r.float(name)
	return nil, &n
}

// batchSize is a number that follows from the number of images.
func (r *reading) batchSize(e extent) *value {
	if e.symbol != r.batch {
		r.fail("it computes with %v, which is not supported", e)
		return &value{unknown: true}
	}
	node, err := r.add("batch", graph.BatchSize{})
	if err == nil && (e.factor != 1 || e.fixed != 0) {
		node, err = r.add("batch", graph.Rescaling{Scale: []float64{float64(e.factor)}, Offset: []float64{float64(e.fixed)}}, node)
	}
	if err != nil && r.err == nil {
		r.err = err
	}
	return &value{node: node, dims: []int{}, order: []int{}, dtype: Float32}
}

// rescaled is v times a factor plus a summand.
func (r *reading) rescaled(v *value, scale, offset float64) ([]*value, error) {
	if r.err != nil {
		return nil, r.err
	}
	if v.dtype != Float32 && v.dtype != Bool {
		r.fail("it computes with %v, which is not supported", v.dtype)
		return nil, r.err
	}
	node, err := r.add("", graph.Rescaling{Scale: []float64{scale}, Offset: []float64{offset}}, v.node)
	return r.outputOf(v, node, err)
}

func add(r *reading) ([]*value, error) { return r.sum(1) }

func subtract(r *reading) ([]*value, error) { return r.sum(-1) }

// sum is self plus other times alpha times a sign.
func (r *reading) sum(sign float64) ([]*value, error) {
	a, _ := r.operand("self")
	b, number := r.operand("other")
	alpha := sign * r.floatOr("alpha", 1)
	if r.err != nil {
		return nil, r.err
	}
	if number != nil && (b == nil || len(b.dims) <= len(a.dims)) {
		return r.rescaled(a, 1, alpha**number)
	}
	layer := graph.Layer(graph.Add{})
	switch alpha {
	case 1:
	case -1:
		layer = graph.Subtract{}
	default:
		scaled, err := r.rescaled(b, alpha, 0)
		if err != nil {
			return nil, err
		}
		b = scaled[0]
	}
	out, err := r.combine(layer, a, b)
	return []*value{out}, err
}

func multiply(r *reading) ([]*value, error) {
	a, _ := r.operand("self")
	b, number := r.operand("other")
	if r.err != nil {
		return nil, r.err
	}
	if number != nil && (b == nil || len(b.dims) <= len(a.dims)) {
		return r.rescaled(a, *number, 0)
	}
	out, err := r.combine(graph.Multiply{}, a, b)
	return []*value{out}, err
}
