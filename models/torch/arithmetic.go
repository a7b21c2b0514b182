package torch

import (
	"slices"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// arithmeticOps are of two values, or a value and a number.
var arithmeticOps = map[string]translation{
	"add": one(func(r *reading) *value { return r.sum(1) }), "sub": one(func(r *reading) *value { return r.sum(-1) }), "subtract": one(func(r *reading) *value { return r.sum(-1) }),
	"mul": one(multiply), "multiply": one(multiply), "frac": one(fraction), "div": one(divide), "divide": one(divide), "true_divide": one(divide), "rsub": one(reversedDifference), "pow": one(power),
	"float_power": one(power), "maximum": ofTwo(graph.Maximum{}), "minimum": ofTwo(graph.Minimum{}), "fmax": ofTwo(graph.Maximum{}), "fmin": ofTwo(graph.Minimum{}),
	"gt": comparison(graph.Greater), "ge": comparison(graph.GreaterEqual), "lt": comparison(graph.Less), "le": comparison(graph.LessEqual), "eq": comparison(graph.Equal), "ne": comparison(graph.NotEqual),
	"greater": comparison(graph.Greater), "less": comparison(graph.Less), "where": one(where), "masked_fill": one(maskedFill),
	"logical_and": ofTwo(graph.Multiply{}), "bitwise_and": ofTwo(graph.Multiply{}), "__and__": ofTwo(graph.Multiply{}), "logical_or": ofTwo(graph.Maximum{}), "bitwise_or": ofTwo(graph.Maximum{}),
	"__or__": ofTwo(graph.Maximum{}), "logical_not": one(not), "bitwise_not": one(not),
	"lerp": one(lerp), "addcmul": one(addProduct), "addcdiv": one(addProduct), "logaddexp": one(logAddExp), "hypot": one(hypotenuse), "broadcast_tensors": broadcastTensors,
}

// ofTwo is a function of self and other.
func ofTwo(layer graph.Layer) translation {
	return one(func(r *reading) *value { return r.combine(layer, r.tensor("self"), r.tensor("other")) })
}

// combine adds a layer of two values, which are repeated along axes of length 1 and over the batch where they need be.
func (r *reading) combine(layer graph.Layer, a, b *value) *value {
	r.mustBeNumbers(a)
	r.mustBeNumbers(b)
	axes := max(len(a.dims), len(b.dims))
	batched := a.batched || b.batched
	for _, v := range []*value{a, b} {
		if v.batched && len(v.dims) != axes && r.err == nil {
			r.fail("it brings together %v and %v, in which images of a batch meet each other, which is not supported", a, b)
		}
	}
	dims := r.broadcast(a, b, axes)
	if r.err != nil {
		return failed
	}
	// The order of the larger of the two stays.
	order := a.order
	if b.batched == batched && len(b.dims) == axes && (a.batched != batched || len(a.dims) != axes || graph.Shape(b.dims).Size() > graph.Shape(a.dims).Size()) {
		order = b.order
	}
	if len(order) != len(plainOrder(batched, dims)) {
		order = plainOrder(batched, dims)
	}
	a, b = r.fit(a, batched, axes, order), r.fit(b, batched, axes, order)
	return r.checked(&value{node: r.node("", layer, a.node, b.node), batched: batched, dims: dims, order: order, dtype: Float32}, nil)
}

// broadcast are the axes of what two values give together.
func (r *reading) broadcast(a, b *value, axes int) []int {
	out := slices.Repeat([]int{1}, axes)
	for _, v := range []*value{a, b} {
		for axis, d := range v.dims {
			at := axes - len(v.dims) + axis
			if d != 1 && out[at] != 1 && d != out[at] && r.err == nil {
				r.fail("%v and %v do not fit together", a, b)
			}
			out[at] = max(out[at], d)
		}
	}
	return out
}

// fit brings a value to so many axes in an order, over the batch if there is one.
func (r *reading) fit(v *value, batched bool, axes int, order []int) *value {
	if r.err != nil {
		return failed
	}
	if batched && !v.batched {
		return r.checked(r.spread(v, axes, order))
	}
	if len(v.dims) < axes {
		v = r.withDims(v, withOnes(v.dims, axes))
	}
	return r.in(order, v)
}

// operand is an argument that may be a number, or a tensor that is one.
func (r *reading) operand(name string) (v *value, known *float64) {
	switch a := r.call.arguments[name].(type) {
	case tensorName:
		v = r.computable(r.tensor(name))
		return v, v.number
	case extent:
		if a.symbol != "" {
			return r.batchSize(a), nil
		}
	}
	n := r.float(name)
	return nil, &n
}

// computable is a value as one computes with it: of a constant's integers as numbers, where the result is a number.
func (r *reading) computable(v *value) *value {
	if r.err != nil || v.integers == nil || len(r.call.outputs) == 0 || r.types[r.call.outputs[0]].dtype != Float32 {
		return v
	}
	return r.numbers(v)
}

// batchSize is a number that follows from the number of images.
func (r *reading) batchSize(e extent) *value {
	if r.err == nil && e.symbol != r.batch {
		r.fail("it computes with %s, which is not supported", kindOf(e))
	}
	v := r.checked(&value{node: r.node("batch", graph.BatchSize{}), dims: []int{}, order: []int{}, dtype: Float32}, nil)
	return r.affine(v, float64(e.factor), float64(e.fixed))
}

// givesWay tells whether a known number can stand for a value beside another one, whose shape the result then has.
func (v *value) givesWay(other *value) bool {
	if v == nil {
		return true
	}
	if len(v.dims) > len(other.dims) || v.batched && !other.batched {
		return false
	}
	for axis, d := range v.dims {
		if at := len(other.dims) - len(v.dims) + axis; d != 1 && d != other.dims[at] {
			return false
		}
	}
	return true
}

// sum is self plus other times alpha times a sign.
func (r *reading) sum(sign float64) *value {
	a, _ := r.operand("self")
	b, number := r.operand("other")
	alpha := sign * r.floatOr("alpha", 1)
	switch {
	case r.err != nil:
		return failed
	case number != nil && b.givesWay(a):
		return r.affine(a, 1, alpha**number)
	case alpha == 1:
		return r.plus(a, b)
	case alpha == -1:
		return r.minus(a, b)
	}
	return r.plus(a, r.affine(b, alpha, 0))
}

func multiply(r *reading) *value {
	a, first := r.operand("self")
	b, second := r.operand("other")
	switch {
	case r.err != nil:
		return failed
	case second != nil && b.givesWay(a):
		return r.affine(a, *second, 0)
	case first != nil && b != nil && a.givesWay(b):
		return r.affine(b, *first, 0)
	}
	return r.times(a, b)
}

func divide(r *reading) *value {
	quotient := r.quotient()
	switch mode := r.text("rounding_mode"); mode {
	case "":
		return quotient
	case "floor":
		return r.function(graph.Floor, quotient)
	case "trunc":
		return r.function(graph.Trunc, quotient)
	default:
		r.fail("division with rounding_mode %.20q is not supported", mode)
		return failed
	}
}

// fraction is what is behind the point.
func fraction(r *reading) *value {
	v := r.tensor("self")
	return r.minus(v, r.function(graph.Trunc, v))
}

func (r *reading) quotient() *value {
	a, _ := r.operand("self")
	b, number := r.operand("other")
	switch {
	case r.err != nil:
		return failed
	case number != nil && b.givesWay(a):
		return r.affine(a, 1 / *number, 0)
	}
	return r.over(a, b)
}

// reversedDifference is other less alpha times self.
func reversedDifference(r *reading) *value {
	v, alpha := r.tensor("self"), r.floatOr("alpha", 1)
	other, number := r.operand("other")
	switch {
	case r.err != nil:
		return failed
	case number != nil && other.givesWay(v):
		return r.affine(v, -alpha, *number)
	}
	return r.minus(other, r.affine(v, alpha, 0))
}

func power(r *reading) *value {
	v, base := r.operand("self")
	e, exponent := r.operand("exponent")
	switch {
	case r.err != nil:
		return failed
	case exponent != nil && e.givesWay(v):
		return r.raised(v, *exponent)
	case v == nil && *base > 0: // a number raised to values
		return r.function(graph.Exp, r.affine(e, arithmetic.Log(*base), 0))
	case v == nil:
		r.fail("%g raised to values is not supported: numbers above 0 are", *base)
		return failed
	}
	return r.combine(graph.Power{}, v, e)
}

// raised is a value raised to a number.
func (r *reading) raised(v *value, exponent float64) *value {
	switch exponent {
	case 0:
		return r.affine(v, 0, 1)
	case 1:
		return v
	case 2:
		return r.squared(v)
	case 0.5:
		return r.function(graph.Sqrt, v)
	case -1:
		return r.function(graph.Reciprocal, v)
	}
	return r.function(graph.Pow, v, exponent)
}

// comparison is 1 where it holds, else 0.
func comparison(f graph.Function) translation {
	return one(func(r *reading) *value {
		a := r.tensor("self")
		b, number := r.operand("other")
		switch {
		case r.err != nil:
			return failed
		case number != nil && b.givesWay(a):
			return r.function(f, a, *number)
		}
		switch f {
		case graph.Less:
			return r.combine(graph.Compare{How: graph.IsGreater}, b, a)
		case graph.LessEqual:
			return r.combine(graph.Compare{How: graph.IsGreaterOrEqual}, b, a)
		case graph.NotEqual:
			return r.affine(r.combine(graph.Compare{How: graph.IsEqual}, a, b), -1, 1)
		}
		how := map[graph.Function]graph.Relation{graph.Greater: graph.IsGreater, graph.GreaterEqual: graph.IsGreaterOrEqual, graph.Equal: graph.IsEqual}[f]
		return r.combine(graph.Compare{How: how}, a, b)
	})
}

// valueOf is an operand as a value, also if it is a number.
func (r *reading) valueOf(name string) *value {
	v, number := r.operand(name)
	if v == nil && r.err == nil {
		return r.numberValue(*number)
	}
	return v
}

func where(r *reading) *value {
	return r.choose(r.tensor("condition"), r.valueOf("self"), r.valueOf("other"))
}

func maskedFill(r *reading) *value {
	return r.choose(r.tensor("mask"), r.valueOf("value"), r.tensor("self"))
}

// choose takes each value from a where the condition holds, and from b where not.
func (r *reading) choose(condition, a, b *value) *value {
	all := r.together(r.mask(condition), a, b)
	if r.err != nil {
		return failed
	}
	out := *all[1]
	out.number, out.dtype = nil, Float32
	out.node = r.node("", graph.Where{}, all[0].node, all[1].node, all[2].node)
	return r.checked(&out, nil)
}

// mask is truth values as numbers, also of a constant.
func (r *reading) mask(v *value) *value {
	if r.err == nil && v.integers != nil && v.dtype == Bool {
		return r.numbers(v)
	}
	return v
}

// together repeats values until they have one shape, and brings them into one order.
func (r *reading) together(all ...*value) []*value {
	axes, batched := 0, false
	for _, v := range all {
		r.mustBeNumbers(v)
		axes, batched = max(axes, len(v.dims)), batched || v.batched
	}
	like := &value{dims: []int{}}
	for _, v := range all {
		if v.batched && len(v.dims) != axes && r.err == nil {
			r.fail("it brings together %v and %v, in which images of a batch meet each other, which is not supported", all[0], v)
		}
		like.dims = r.broadcast(like, v, max(len(like.dims), len(v.dims)))
	}
	if r.err != nil {
		return all
	}
	order := plainOrder(batched, like.dims)
	for _, v := range all { // the order of the first that is complete stays
		if v.batched == batched && slices.Equal(v.dims, like.dims) {
			order = v.order
			break
		}
	}
	out := make([]*value, len(all))
	for i, v := range all {
		fitted := *r.fit(v, batched, axes, order)
		if target := item(like.dims, order); r.err == nil && !slices.Equal(target, r.shapeOf(&fitted)) {
			fitted.dims = like.dims
			fitted.node = r.node("", graph.BroadcastTo{Target: target}, fitted.node)
		}
		fitted.dims = like.dims
		out[i] = &fitted
	}
	return out
}

func broadcastTensors(r *reading) []*value {
	all := r.tensors()
	out := make([]*value, len(all))
	for i, v := range all {
		out[i] = r.expanded(v, r.shapeOfResult(min(i, len(r.call.outputs)-1)))
	}
	return out
}

func not(r *reading) *value { return r.affine(r.tensor("self"), -1, 1) }

// lerp is self plus weight times what end is over it.
func lerp(r *reading) *value {
	a, b := r.tensor("self"), r.tensor("end")
	w, number := r.operand("weight")
	if number != nil && w == nil {
		return r.plus(a, r.affine(r.minus(b, a), *number, 0))
	}
	return r.plus(a, r.times(r.minus(b, a), w))
}

// addProduct is self plus value times the product, or the quotient, of two tensors.
func addProduct(r *reading) *value {
	a, b, factor := r.tensor("tensor1"), r.tensor("tensor2"), r.floatOr("value", 1)
	if r.operation() == "addcdiv" {
		return r.plus(r.tensor("self"), r.affine(r.over(a, b), factor, 0))
	}
	return r.plus(r.tensor("self"), r.affine(r.times(a, b), factor, 0))
}

// logAddExp is log(exp(a) + exp(b)): the larger one plus softplus of the negative distance.
func logAddExp(r *reading) *value {
	a, b := r.tensor("self"), r.tensor("other")
	return r.plus(b, r.apply(graph.Activate{Function: graph.Softplus}, r.minus(a, b)))
}

func hypotenuse(r *reading) *value {
	return r.function(graph.Sqrt, r.plus(r.squared(r.tensor("self")), r.squared(r.tensor("other"))))
}
