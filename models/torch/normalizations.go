package torch

import (
	"math"
	"slices"

	"dcae/graph"
)

// normalizations are those with statistics of the batch, and of each image.
var normalizations = map[string]translation{
	"batch_norm": one(batchNorm), "group_norm": one(groupNorm), "instance_norm": one(instanceNorm), "layer_norm": one(layerNorm), "rms_norm": one(rmsNorm),
}

// leastPositive stands for a setting of 0, where 0 stands for a default: added to any float32 it changes nothing.
const leastPositive = math.SmallestNonzeroFloat64

func positive(x float64) float64 { return max(x, leastPositive) }

// epsilon is what is added to a variance, which must not be negative then.
func (r *reading) epsilon(x float64) float64 {
	if !(x >= 0) {
		r.fail("its eps is %g: it must not be negative", x)
	}
	return positive(x)
}

// channels is the order in which the second axis is last: that of images and sequences, or of vectors.
func (r *reading) channels(name string) *value {
	v := r.tensor(name)
	if r.err != nil {
		return v
	}
	if !v.batched || v.rows() != 1 || len(v.dims) < 2 {
		r.fail("its %s is %v: it must have the batch and channels as its first axes", name, v)
		return v
	}
	order := v.order
	if order[len(order)-1] != 1 {
		order = channelsLast(len(v.dims))
	}
	return r.in(order, v)
}

// scaled tells whether there are a factor and a summand, and says how they lie; they are of PyTorch's second axis.
func (r *reading) scaled() (noScale, noCenter bool, variables []variable) {
	for _, name := range []string{"weight", "bias"} {
		if r.call.arguments[name] != nil {
			variables = append(variables, variable{argument: name, order: []int{0}})
		}
	}
	return r.call.arguments["weight"] == nil, r.call.arguments["bias"] == nil, variables
}

func batchNorm(r *reading) *value {
	x := r.channels("input")
	noScale, noCenter, variables := r.scaled()
	if r.call.arguments["running_mean"] == nil || r.call.arguments["running_var"] == nil {
		r.fail("it keeps no running statistics (track_running_stats=False), so that what it gives for an image depends on the others of its batch, which is not supported")
	}
	frozen := !r.bool("training")
	momentum := r.float("momentum")
	if !(momentum >= 0 && momentum <= 1) {
		r.fail("its momentum is %g: it must be from 0 to 1", momentum)
	}
	l := graph.BatchNormalization{Momentum: positive(1 - momentum), Epsilon: r.epsilon(r.float("eps")), NoScale: noScale, NoCenter: noCenter, Unbiased: true, GammaInit: r.constantInit("weight", 1), BetaInit: r.constantInit("bias", 0)}
	if frozen && r.trainsAny(variables) {
		return r.normalizedByRunning(x, l, variables)
	}
	variables = append(variables, variable{argument: "running_mean", order: []int{0}}, variable{argument: "running_var", order: []int{0}})
	node := r.weighted(l, frozen, x.node, variables...)
	return r.result(x, node)
}

// trainsAny tells whether any of the variables is trained.
func (r *reading) trainsAny(variables []variable) bool {
	for _, v := range variables {
		if t := r.parameterOf(v); t == nil || t.Trained {
			return true
		}
	}
	return false
}

// normalizedByRunning is a batch normalization in evaluation mode whose factor and summand are trained, nevertheless.
func (r *reading) normalizedByRunning(x *value, l graph.BatchNormalization, variables []variable) *value {
	l.NoScale, l.NoCenter = true, true
	node := r.weighted(l, true, x.node, variable{argument: "running_mean", order: []int{0}}, variable{argument: "running_var", order: []int{0}})
	out := r.result(x, node)
	for _, v := range variables {
		layer := graph.Layer(graph.Multiply{})
		if v.argument == "bias" {
			layer = graph.Add{}
		}
		dims := slices.Repeat([]int{1}, max(len(out.dims)-1, 1))
		dims[0] = r.weightShape(1)[0]
		out = r.combine(layer, out, r.withDims(r.tensor(v.argument), dims))
	}
	return out
}

func groupNorm(r *reading) *value {
	x := r.channels("input")
	noScale, noCenter, variables := r.scaled()
	l := graph.GroupNormalization{Groups: r.integer("num_groups"), Epsilon: r.epsilon(r.float("eps")), NoScale: noScale, NoCenter: noCenter, GammaInit: r.constantInit("weight", 1), BetaInit: r.constantInit("bias", 0)}
	node := r.weighted(l, false, x.node, variables...)
	return r.result(x, node)
}

func instanceNorm(r *reading) *value {
	x := r.channels("input")
	noScale, noCenter, variables := r.scaled()
	if !r.bool("use_input_stats") || r.call.arguments["running_mean"] != nil {
		r.fail("it keeps running statistics (track_running_stats=True), which is not supported")
	}
	l := graph.GroupNormalization{Groups: -1, Epsilon: r.epsilon(r.float("eps")), NoScale: noScale, NoCenter: noCenter, GammaInit: r.constantInit("weight", 1), BetaInit: r.constantInit("bias", 0)}
	node := r.weighted(l, false, x.node, variables...)
	return r.result(x, node)
}

func layerNorm(r *reading) *value {
	x, axes, variables := r.lastAxes()
	l := graph.LayerNormalization{Axes: axes, Epsilon: r.epsilon(r.float("eps")), NoScale: r.call.arguments["weight"] == nil, NoCenter: r.call.arguments["bias"] == nil, GammaInit: r.constantInit("weight", 1), BetaInit: r.constantInit("bias", 0)}
	node := r.weighted(l, false, x.node, variables...)
	return r.result(x, node)
}

func rmsNorm(r *reading) *value {
	const epsilon = 1.1920928955078125e-07 // of float32, which PyTorch takes for None
	x, axes, variables := r.lastAxes()
	l := graph.RMSNormalization{Axes: axes, Epsilon: r.epsilon(r.floatOr("eps", epsilon)), NoScale: r.call.arguments["weight"] == nil, ScaleInit: r.constantInit("weight", 1)}
	node := r.weighted(l, false, x.node, variables...)
	return r.result(x, node)
}

// lastAxes are the input, the axes that it is normalized along, counted from 1, and its variables, which have these axes in the order of the
// layer.
func (r *reading) lastAxes() (x *value, axes []int, variables []variable) {
	x = r.tensor("input")
	shape := r.integers("normalized_shape")
	if r.err != nil {
		return x, nil, nil
	}
	first := len(x.dims) - len(shape)
	if first < 1 && x.batched || first < 0 {
		r.fail("it normalizes along the batch, which is not supported")
		return x, nil, nil
	}
	var order []int // of the variables: PyTorch's last axes, counted from the first of them
	for k, axis := range x.order {
		if axis >= first {
			axes, order = append(axes, k+1), append(order, axis-first)
		}
	}
	for _, name := range []string{"weight", "bias"} {
		if r.call.arguments[name] != nil {
			variables = append(variables, variable{argument: name, order: order})
		}
	}
	return x, axes, variables
}
