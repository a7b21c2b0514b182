package torch

import (
	"math"
	"slices"

	"dcae/graph"
)

// generators make values of nothing: constants, and draws.
var generators = map[string]translation{
	"zeros": full(0), "ones": full(1), "empty": full(0), "zeros_like": full(0), "ones_like": full(1), "empty_like": full(0), "new_zeros": full(0), "new_ones": full(1), "new_empty": full(0),
	"full": one(fullOf), "full_like": one(fullOf), "new_full": one(fullOf), "fill": one(fullOf), "zero": full(0), "scalar_tensor": one(fullOf),
	"arange": one(arange), "linspace": one(linspace), "eye": one(eye), "meshgrid": meshgrid, "copy": one(copied),
	"randn": one(randn), "randn_like": one(randn), "rand": one(rand), "rand_like": one(rand), "normal": one(normal), "bernoulli": one(bernoulli), "exponential": one(exponential), "rrelu": one(randomRelu),
	"alpha_dropout": one(alphaDropout), "feature_alpha_dropout": one(alphaDropout),
}

// filled is a number, common to all images, with the given axes.
func (r *reading) filled(number float64, dims []int) *value {
	v := r.numberValue(number)
	v = r.withDims(v, withOnes(nil, len(dims)))
	if r.err != nil {
		return failed
	}
	out := *v
	out.dims, out.order = dims, plainOrder(false, dims)
	if target := item(dims, out.order); !slices.Equal(target, r.shapeOf(v)) {
		out.node = r.node("", graph.BroadcastTo{Target: target}, v.node)
	}
	out.number = &number
	return r.checked(&out, nil)
}

// full is a number in the shape that PyTorch saw.
func full(number float64) translation {
	return one(func(r *reading) *value { return r.fullOf(number) })
}

func (r *reading) fullOf(number float64) *value {
	shape := r.shapeOfResult(0)
	v := r.expanded(r.numberValue(number), shape)
	if r.err != nil {
		return failed
	}
	out := *v
	out.number = &number
	return &out
}

func fullOf(r *reading) *value {
	for _, name := range []string{"fill_value", "value", "s"} {
		if a, there := r.call.arguments[name]; there {
			if _, isTensor := a.(tensorName); isTensor {
				return r.expanded(r.tensor(name), r.shapeOfResult(0))
			}
			return r.fullOf(r.float(name))
		}
	}
	r.fail("it says not what to fill with")
	return failed
}

// copied is src in the shape of what it is copied to.
func copied(r *reading) *value {
	to := r.call.arguments["self"]
	return r.expanded(r.tensor("src"), r.types[argumentName(to)].shape)
}

// maxConstant is how many numbers a constant may have that a program computes from nothing.
const maxConstant = 1 << 22

// numbersOf is a constant of n numbers; of whole ones, if PyTorch has them so.
func (r *reading) numbersOf(n int, at func(i int) float64) *value {
	if r.places += n; n < 1 || r.places > maxConstant {
		r.fail("it makes %d numbers", n)
	}
	if r.err != nil {
		return failed
	}
	values := make([]float64, n)
	for i := range values {
		values[i] = at(i)
	}
	if d := r.types[r.call.outputs[0]].dtype; d != Float32 && d != Bool {
		whole := make([]int64, n)
		for i, v := range values {
			whole[i] = int64(v)
		}
		return &value{dims: []int{n}, order: []int{0}, dtype: d, integers: whole}
	}
	for i, v := range values {
		values[i] = float64(float32(v))
	}
	return r.checked(r.constant([]int{n}, values))
}

func arange(r *reading) *value {
	start, step := 0.0, 1.0
	if _, there := r.call.arguments["start"]; there {
		start = r.float("start")
	}
	if _, there := r.call.arguments["step"]; there {
		step = r.float("step")
	}
	n := math.Ceil((r.float("end") - start) / step)
	if !(n >= 1 && n <= maxConstant) {
		r.fail("it makes %g numbers", n)
		return failed
	}
	return r.numbersOf(int(n), func(i int) float64 { return start + float64(i)*step })
}

// linspace counts from both ends, as PyTorch does.
func linspace(r *reading) *value {
	start, end, n := r.float("start"), r.float("end"), r.integer("steps")
	step := (end - start) / float64(max(n-1, 1))
	return r.numbersOf(n, func(i int) float64 {
		if i < n/2 {
			return start + float64(i)*step
		}
		return end - float64(n-1-i)*step
	})
}

func eye(r *reading) *value {
	n := r.integer("n")
	m := n
	if _, there := r.call.arguments["m"]; there {
		m = r.integer("m")
	}
	if n < 1 || m < 1 || n > maxConstant || m > maxConstant {
		r.fail("it makes a matrix of %dx%d", n, m)
		return failed
	}
	v := r.numbersOf(n*m, func(i int) float64 {
		if i/m == i%m {
			return 1
		}
		return 0
	})
	return r.withDims(v, []int{n, m})
}

// meshgrid repeats each of some vectors along the axes of the others.
func meshgrid(r *reading) []*value {
	all := r.tensors()
	if r.text("indexing") == "xy" && len(all) >= 2 {
		r.fail("indexing \"xy\" is not supported: \"ij\" is")
	}
	var out []*value
	for i, v := range all {
		if r.err == nil && (v.batched || len(v.dims) > 1) {
			r.fail("it makes a grid of %v", v)
		}
		dims := slices.Repeat([]int{1}, len(all))
		if r.err == nil && len(v.dims) == 1 {
			dims[i] = v.dims[0]
		}
		out = append(out, r.expanded(r.withDims(v, dims), r.shapeOfResult(min(i, len(r.call.outputs)-1))))
	}
	return out
}

// like is a value of the shape that PyTorch saw, which only says how many numbers are drawn. Draws that are no image's own are refused.
func (r *reading) like() *value {
	shape := r.shapeOfResult(0)
	if r.err == nil && (len(shape) == 0 || !r.isBatch(shape[0])) {
		r.fail("it draws numbers that all images have in common, which is not supported")
	}
	if given := r.call.arguments["self"]; given != nil {
		if name, ok := given.(tensorName); ok {
			if v, err := r.read(string(name)); err == nil && v.batched && v.integers == nil && len(v.dims) == len(shape) {
				return v
			}
		}
	}
	return r.expanded(r.numberValue(0), shape)
}

// sample draws for each value of like.
func (r *reading) sample(l graph.Sample, like *value) *value {
	l.TrainingOnly = l.TrainingOnly || r.onlyInTraining()
	return r.result(like, r.node("", l, like.node))
}

func randn(r *reading) *value { return r.sample(graph.Sample{}, r.like()) }

func rand(r *reading) *value { return r.sample(graph.Sample{Uniform: true}, r.like()) }

// normal draws with a mean and a deviation, which are numbers or values.
func normal(r *reading) *value {
	noise := r.sample(graph.Sample{}, r.like())
	for _, name := range []string{"std", "mean"} {
		v, number := r.operand(name)
		switch {
		case name == "std" && number != nil:
			noise = r.affine(noise, *number, 0)
		case name == "std":
			noise = r.times(noise, v)
		case number != nil:
			noise = r.affine(noise, 1, *number)
		default:
			noise = r.plus(noise, v)
		}
	}
	return noise
}

// exponential draws -log(u)/lambda, as for Gumbel's softmax.
func exponential(r *reading) *value {
	const least = 1.0 / (1 << 25) // which is not drawn: its logarithm must be finite
	draw := r.function(graph.ClampMin, r.sample(graph.Sample{Uniform: true}, r.like()), least)
	return r.affine(r.function(graph.Log, draw), -1/r.float("lambd"), 0)
}

// bernoulli is 1 with a probability, else 0.
func bernoulli(r *reading) *value {
	draw := r.sample(graph.Sample{Uniform: true}, r.like())
	below := r.affine(draw, -1, 0)
	if p, there := r.call.arguments["p"]; there && p != nil {
		v, number := r.operand("p")
		if number != nil {
			below = r.affine(draw, -1, *number)
		} else {
			below = r.plus(v, below)
		}
	} else {
		below = r.plus(r.tensor("self"), below)
	}
	return r.function(graph.Greater, below, 0)
}

// randomRelu draws the slope below 0 in training, and has the mean one in evaluation.
func randomRelu(r *reading) *value {
	x, low, high := r.tensor("self"), r.float("lower"), r.float("upper")
	if r.err != nil {
		return failed
	}
	if !r.bool("training") {
		return r.apply(graph.LeakyRectifier{NegativeSlope: positive((low + high) / 2)}, x)
	}
	slope := r.affine(r.sample(graph.Sample{Uniform: true, TrainingOnly: true}, x), high-low, low)
	above := r.apply(graph.Activate{Function: graph.ReLU}, x)
	return r.plus(above, r.times(r.minus(x, above), slope))
}
