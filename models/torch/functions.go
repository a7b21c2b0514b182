package torch

import "dcae/graph"

// functions are those of one value.
var functions = map[string]translation{
	"relu": activate(graph.ReLU), "sigmoid": activate(graph.Sigmoid), "tanh": activate(graph.Tanh), "silu": activate(graph.SiLU), "mish": activate(graph.Mish),
	"hardswish": activate(graph.HardSiLU), "hardsigmoid": activate(graph.HardSigmoid), "log_sigmoid": activate(graph.LogSigmoid), "special_expit": activate(graph.Sigmoid),
	"leaky_relu": one(leakyRelu), "elu": one(elu), "gelu": one(gelu), "glu": one(gatedUnit), "prelu": one(parametric), "threshold": settled(graph.Threshold, "threshold", "value"),
	"selu": settled(graph.SELUOf), "celu": settled(graph.CELUOf, "alpha"), "hardtanh": settled(graph.HardTanhOf, "min_val", "max_val"), "relu6": limited(0, 6),
	"softplus": settled(graph.SoftplusOf, "beta", "threshold"), "hardshrink": settled(graph.HardShrinkOf, "lambd"), "softshrink": settled(graph.SoftShrinkOf, "lambd"),

	"exp": settled(graph.Exp), "expm1": settled(graph.Expm1), "log": settled(graph.Log), "log1p": settled(graph.Log1p), "log2": settled(graph.Log2), "log10": settled(graph.Log10),
	"sqrt": settled(graph.Sqrt), "rsqrt": settled(graph.Rsqrt), "abs": settled(graph.Abs), "absolute": settled(graph.Abs), "neg": one(negative), "negative": one(negative),
	"reciprocal": settled(graph.Reciprocal), "square": settled(graph.Squared), "sin": settled(graph.Sin), "cos": settled(graph.Cos), "tan": one(tangent), "sinh": settled(graph.Sinh),
	"cosh": settled(graph.Cosh), "erf": settled(graph.Erf), "sign": settled(graph.Sign), "floor": settled(graph.Floor), "ceil": settled(graph.Ceil), "round": one(round), "trunc": settled(graph.Trunc),
	"logit": one(logit),
	"clamp": one(clamp), "clip": one(clamp), "clamp_min": one(clampMin), "clamp_max": one(clampMax),
	"dropout": one(dropout), "feature_dropout": one(featureDropout),
}

// activate applies an activation without settings.
func activate(f graph.Activation) translation {
	return one(func(r *reading) *value { return r.apply(graph.Activate{Function: f}, r.tensor("self")) })
}

// settled is a function whose settings are a call's arguments.
func settled(f graph.Function, settings ...string) translation {
	return one(func(r *reading) *value {
		var values []float64
		for _, name := range settings {
			values = append(values, r.float(name))
		}
		return r.function(f, r.tensor("self"), values...)
	})
}

// limited is the value, but at least low and at most high.
func limited(low, high float64) translation {
	return one(func(r *reading) *value { return r.function(graph.HardTanhOf, r.tensor("self"), low, high) })
}

func leakyRelu(r *reading) *value {
	slope := r.float("negative_slope")
	if slope == 0 {
		return r.apply(graph.Activate{Function: graph.ReLU}, r.tensor("self"))
	}
	return r.apply(graph.LeakyRectifier{NegativeSlope: slope}, r.tensor("self"))
}

// elu is scale times z where it is over 0, else scale*alpha*(exp(input_scale*z)-1).
func elu(r *reading) *value {
	alpha := r.float("alpha")
	if r.float("scale") != 1 || r.float("input_scale") != 1 {
		r.fail("elu with a scale is not supported")
	}
	if alpha == 0 {
		return r.apply(graph.Activate{Function: graph.ReLU}, r.tensor("self"))
	}
	return r.apply(graph.ExponentialLinear{Alpha: alpha}, r.tensor("self"))
}

func gelu(r *reading) *value {
	switch how := r.text("approximate"); how {
	case "none":
		return r.apply(graph.Activate{Function: graph.GELU}, r.tensor("self"))
	case "tanh":
		return r.function(graph.GELUTanh, r.tensor("self"))
	default:
		r.fail("gelu approximated by %q", how)
		return failed
	}
}

// gatedUnit is a*sigmoid(b) of the halves a and b along an axis.
func gatedUnit(r *reading) *value {
	v := r.tensor("self")
	axis := r.axisArgument(v)
	if r.err == nil && (v.dims[axis]%2 != 0 || v.batched && axis == 0) {
		r.fail("it halves axis %d of %v", axis, v)
	}
	if r.err != nil {
		return failed
	}
	half := v.dims[axis] / 2
	part := func(from int) *value { return r.taking(v, axis, graph.Slice{Start: from, Stop: from + half}, half) }
	return r.times(part(0), r.apply(graph.Activate{Function: graph.Sigmoid}, part(half)))
}

// parametric is a rectifier whose slope below 0 is trained: one for each place of the second axis, or one for all.
func parametric(r *reading) *value {
	x := r.tensor("self")
	w := r.weightShape(1)
	if r.err != nil {
		return failed
	}
	if len(x.dims) >= 2 && x.batched && w[0] > 1 {
		x = r.channels("self")
	}
	shape := graph.Shape{}
	shared := []int{}
	for k := range x.order {
		shape = append(shape, 1)
		if k < len(x.order)-1 || w[0] == 1 {
			shared = append(shared, k+1)
		} else {
			shape[k] = w[0]
		}
	}
	l := graph.ParametricRectifier{SharedAxes: shared, AlphaInit: r.constantInit("weight", 0.25)}
	return r.result(x, r.weighted(l, false, x.node, variable{argument: "weight", order: []int{0}, shape: shape}))
}

func negative(r *reading) *value { return r.affine(r.tensor("self"), -1, 0) }

func tangent(r *reading) *value {
	v := r.tensor("self")
	return r.over(r.function(graph.Sin, v), r.function(graph.Cos, v))
}

func round(r *reading) *value {
	if r.call.overload == "decimals" && r.integer("decimals") != 0 {
		r.fail("rounding to decimals is not supported")
	}
	return r.function(graph.Round, r.tensor("self"))
}

// logit is log(p/(1-p)), where p is at least eps and at most 1-eps.
func logit(r *reading) *value {
	p := r.tensor("self")
	if r.call.arguments["eps"] != nil {
		eps := r.float("eps")
		p = r.function(graph.Clamp, p, eps, 1-eps)
	}
	return r.minus(r.function(graph.Log, p), r.function(graph.Log, r.affine(p, -1, 1)))
}

func clamp(r *reading) *value {
	low, high := r.call.arguments["min"], r.call.arguments["max"]
	if r.call.overload == "Tensor" {
		out := r.tensor("self")
		if low != nil {
			out = r.combine(graph.Maximum{}, out, r.tensor("min"))
		}
		if high != nil {
			out = r.combine(graph.Minimum{}, out, r.tensor("max"))
		}
		return out
	}
	switch {
	case low == nil:
		return clampMax(r)
	case high == nil:
		return clampMin(r)
	}
	return r.function(graph.Clamp, r.tensor("self"), r.float("min"), r.float("max"))
}

func clampMin(r *reading) *value {
	if r.call.overload == "Tensor" {
		return r.combine(graph.Maximum{}, r.tensor("self"), r.tensor("min"))
	}
	return r.function(graph.ClampMin, r.tensor("self"), r.float("min"))
}

func clampMax(r *reading) *value {
	if r.call.overload == "Tensor" {
		return r.combine(graph.Minimum{}, r.tensor("self"), r.tensor("max"))
	}
	return r.function(graph.ClampMax, r.tensor("self"), r.float("max"))
}
