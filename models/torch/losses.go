package torch

import "dcae/graph"

// losses compare a value with another.
var losses = map[string]translation{
	"mse_loss": one(compared((*reading).squared)), "l1_loss": one(compared((*reading).magnitude)), "smooth_l1_loss": one(smoothL1), "huber_loss": one(huber),
	"binary_cross_entropy": one(crossEntropy), "binary_cross_entropy_with_logits": one(crossEntropyOfLogits), "kl_div": one(divergence), "poisson_nll_loss": one(poisson),
	"cosine_similarity": one(cosine), "cosine_embedding_loss": one(cosineEmbedding), "pairwise_distance": one(pairDistance), "dist": one(distance), "soft_margin_loss": one(softMargin),
}

// reduction is a loss reduced as a call says: PyTorch's 0 is none, 1 mean, 2 sum.
func (r *reading) reduction(v *value) *value {
	switch r.integer("reduction") {
	case 0:
		return v
	case 1:
		return r.reduce(v, graph.ReduceMean, allAxes(v), false)
	}
	return r.reduce(v, graph.ReduceSum, allAxes(v), false)
}

// compared is a loss of the difference of self and target.
func compared(of func(r *reading, difference *value) *value) func(*reading) *value {
	return func(r *reading) *value {
		if r.call.arguments["weight"] != nil {
			r.fail("weights of its values are not supported")
		}
		return r.reduction(of(r, r.minus(r.tensor("self"), r.tensor("target"))))
	}
}

// bent is c*(|d| - c/2) times a factor, where c is |d|, but at most delta: a parabola that turns into a line.
func (r *reading) bent(d *value, delta, factor float64) *value {
	size := r.magnitude(d)
	c := r.function(graph.ClampMax, size, delta)
	return r.affine(r.times(c, r.minus(size, r.affine(c, 0.5, 0))), factor, 0)
}

func huber(r *reading) *value {
	delta := r.float("delta")
	return compared(func(r *reading, d *value) *value { return r.bent(d, delta, 1) })(r)
}

func smoothL1(r *reading) *value {
	beta := r.float("beta")
	if beta == 0 {
		return compared((*reading).magnitude)(r)
	}
	return compared(func(r *reading, d *value) *value { return r.bent(d, beta, 1/beta) })(r)
}

// weighed multiplies a loss by the weights that a call gives for its values.
func (r *reading) weighed(loss *value) *value {
	if w := r.optional("weight"); w != nil {
		return r.times(loss, w)
	}
	return loss
}

// crossEntropy is -(t log(p) + (1-t) log(1-p)), where PyTorch takes logarithms below -100 for -100.
func crossEntropy(r *reading) *value {
	return r.reduction(r.weighed(r.combine(graph.BinaryEntropy{}, r.tensor("self"), r.tensor("target"))))
}

// crossEntropyOfLogits is softplus(z) - t z, or with the weight w of positive targets (1-t) z + (1+(w-1) t) softplus(-z).
func crossEntropyOfLogits(r *reading) *value {
	z, target := r.tensor("self"), r.tensor("target")
	softplus := func(v *value) *value { return r.apply(graph.Activate{Function: graph.Softplus}, v) }
	w := r.optional("pos_weight")
	if w == nil {
		return r.reduction(r.weighed(r.minus(softplus(z), r.times(z, target))))
	}
	factor := r.affine(r.times(target, r.affine(w, 1, -1)), 1, 1)
	return r.reduction(r.weighed(r.plus(r.times(r.affine(target, -1, 1), z), r.times(factor, softplus(r.affine(z, -1, 0))))))
}

// divergence is t (log(t) - x), or exp(t) (t - x) where the target is a logarithm.
func divergence(r *reading) *value {
	x, target := r.tensor("self"), r.tensor("target")
	if r.bool("log_target") {
		return r.reduction(r.times(r.function(graph.Exp, target), r.minus(target, x)))
	}
	const least = 1e-38 // 0 log(0) is 0
	return r.reduction(r.times(target, r.minus(r.function(graph.Log, r.function(graph.ClampMin, target, least)), x)))
}

// poisson is exp(x) - t x, or x - t log(x + eps) where x is no logarithm.
func poisson(r *reading) *value {
	x, target := r.tensor("input"), r.tensor("target")
	if r.bool("full") {
		r.fail("the full form with Stirling's approximation is not supported")
	}
	if r.bool("log_input") {
		return r.reduction(r.minus(r.function(graph.Exp, x), r.times(target, x)))
	}
	return r.reduction(r.minus(x, r.times(target, r.function(graph.Log, r.affine(x, 1, r.float("eps"))))))
}

// cosine is the product of two values along an axis, divided by their lengths, of which none counts as less than eps.
func cosine(r *reading) *value {
	a, b, eps := r.tensor("x1"), r.tensor("x2"), r.float("eps")
	longer := a
	if len(b.dims) > len(a.dims) {
		longer = b
	}
	along := []int{r.axisArgument(longer)}
	length := func(v *value) *value { return r.function(graph.ClampMin, r.lengthOf(v, 2, along, false), eps) }
	return r.over(r.reduce(r.times(a, b), graph.ReduceSum, along, false), r.times(length(a), length(b)))
}

// cosineEmbedding is 1 - sum(a b) / sqrt((sum(a a) + eps) (sum(b b) + eps)), along the last axis, for pairs that belong together.
func cosineEmbedding(r *reading) *value {
	const eps = 1e-12
	a, b, target := r.tensor("input1"), r.tensor("input2"), r.tensor("target")
	if r.err == nil && (target.number == nil || *target.number != 1) {
		r.fail("a target other than ones is not supported")
	}
	last := []int{max(len(a.dims)-1, 0)}
	square := func(v *value) *value { return r.affine(r.reduce(r.squared(v), graph.ReduceSum, last, false), 1, eps) }
	similarity := r.over(r.reduce(r.times(a, b), graph.ReduceSum, last, false), r.function(graph.Sqrt, r.times(square(a), square(b))))
	return r.reduction(r.affine(similarity, -1, 1))
}

func pairDistance(r *reading) *value {
	d := r.affine(r.minus(r.tensor("x1"), r.tensor("x2")), 1, r.float("eps"))
	return r.lengthOf(d, r.float("p"), []int{max(len(d.dims)-1, 0)}, r.bool("keepdim"))
}

func distance(r *reading) *value {
	d := r.minus(r.tensor("self"), r.tensor("other"))
	return r.lengthOf(d, r.float("p"), allAxes(d), false)
}

// softMargin is log(1 + exp(-t x)).
func softMargin(r *reading) *value {
	product := r.affine(r.times(r.tensor("self"), r.tensor("target")), -1, 0)
	return r.reduction(r.apply(graph.Activate{Function: graph.Softplus}, product))
}
