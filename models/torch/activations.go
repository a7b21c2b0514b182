package torch

import "dcae/graph"

// activations are functions of one value.
var activations = map[string]translation{
	"relu": function(graph.ReLU), "sigmoid": function(graph.Sigmoid), "tanh": function(graph.Tanh), "relu6": function(graph.ReLU6), "selu": function(graph.SELU),
	"silu": function(graph.SiLU), "mish": function(graph.Mish), "hardswish": function(graph.HardSiLU), "hardsigmoid": function(graph.HardSigmoid),
	"log_sigmoid": function(graph.LogSigmoid), "exp": function(graph.Exponential), "special_expit": function(graph.Sigmoid),
	"leaky_relu": leakyRelu, "elu": elu, "dropout": dropout,
}

// function applies an activation without settings.
func function(f graph.Activation) translation {
	return func(r *reading) ([]*value, error) { return r.pointwise(graph.Activate{Function: f}) }
}

// pointwise adds a layer that changes each value alone.
func (r *reading) pointwise(layer graph.Layer) ([]*value, error) {
	x := r.tensor("self")
	if r.err != nil {
		return nil, r.err
	}
	return r.pointwiseOf(layer, x)
}

func (r *reading) pointwiseOf(layer graph.Layer, x *value) ([]*value, error) {
	if x.dtype != Float32 {
		r.fail("it computes with %v, which is not supported", x.dtype)
		return nil, r.err
	}
	node, err := r.add("", layer, x.node)
	return r.outputOf(x, node, err)
}

func leakyRelu(r *reading) ([]*value, error) {
	slope := r.float("negative_slope")
	if slope == 0 {
		return r.pointwise(graph.Activate{Function: graph.ReLU})
	}
	return r.pointwise(graph.LeakyRectifier{NegativeSlope: slope})
}

func elu(r *reading) ([]*value, error) {
	if r.float("scale") != 1 || r.float("input_scale") != 1 || r.float("alpha") == 0 {
		r.fail("elu with a scale, or an alpha of 0, is not supported")
	}
	return r.pointwise(graph.ExponentialLinear{Alpha: r.float("alpha")})
}

func dropout(r *reading) ([]*value, error) {
	x := r.tensor("input")
	rate := r.float("p")
	if r.err != nil {
		return nil, r.err
	}
	if !r.bool("train") || rate == 0 {
		return []*value{x}, nil
	}
	return r.pointwiseOf(graph.Dropout{Rate: rate}, x)
}
