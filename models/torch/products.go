package torch

import (
	"dcae/graph"
)

// products are convolutions and linear layers.
var products = map[string]translation{
	"conv1d": one(convolve1), "conv2d": one(convolve2), "conv_transpose1d": one(transpose1), "conv_transpose2d": one(transpose2), "linear": one(linear),
}

// image is an input with axes N,C,... and its channels last.
func (r *reading) image(name string, axes int) *value {
	v := r.tensor(name)
	if r.err != nil {
		return v
	}
	if !v.batched || v.rows() != 1 || len(v.dims) != axes {
		r.fail("its %s is %v: it must have %d axes: the batch, the channels, then those of the image", name, v, axes)
		return v
	}
	return r.in(channelsLast(axes), v)
}

// weightShape is the shape of the weight, which must have so many axes.
func (r *reading) weightShape(axes int) []int {
	t, ok := r.types[argumentName(r.call.arguments["weight"])]
	if !ok || len(t.shape) != axes {
		r.fail("its weight must have %d axes", axes)
		return make([]int, axes)
	}
	out := make([]int, axes)
	for i, e := range t.shape {
		if out[i] = int(e.fixed); e.symbol != "" {
			r.fail("its weight depends on the batch size")
		}
	}
	return out
}

func argumentName(a any) string {
	name, _ := a.(tensorName)
	return string(name)
}

// kernelLast is the order of a kernel {spatial axes, in, out} of PyTorch's {out, in, spatial axes}, or of a transposed one {spatial axes, out, in}
// of PyTorch's {in, out, spatial axes}.
func kernelLast(axes int) []int {
	var order []int
	for axis := 2; axis < axes; axis++ {
		order = append(order, axis)
	}
	return append(order, 1, 0)
}

// biased are the variables of a kernel with the given order, and of a bias if there is one.
func (r *reading) biased(order []int) (noBias bool, variables []variable) {
	variables = []variable{{argument: "weight", order: order}}
	if r.call.arguments["bias"] == nil {
		return true, variables
	}
	return false, append(variables, variable{argument: "bias", order: []int{0}})
}

// ends are the places of zeros before and behind an axis, which a convolution with padding same pads in PyTorch: of an odd number the last place
// is behind.
func ends(padding string, kernel, dilation int) graph.Ends {
	if padding != "same" {
		return graph.Ends{}
	}
	all := dilation * (kernel - 1)
	return graph.Ends{Before: all / 2, After: all - all/2}
}

// paddings are the places of zeros around each spatial axis.
func (r *reading) paddings(kernel, dilation []int) []graph.Ends {
	out := make([]graph.Ends, len(kernel))
	if name := r.text("padding"); name != "" {
		for i := range out {
			out[i] = ends(name, kernel[i], dilation[i])
		}
		return out
	}
	for i, n := range r.several("padding", len(kernel)) {
		out[i] = graph.Ends{Before: n, After: n}
	}
	return out
}

func convolve2(r *reading) *value {
	x, w := r.image("input", 4), r.weightShape(4)
	strides, dilation, groups := r.several("stride", 2), r.several("dilation", 2), r.integer("groups")
	p := r.paddings(w[2:], dilation)
	noBias, variables := r.biased(kernelLast(4))
	node := r.weighted(graph.Conv2D{
		Filters: w[0], Kernel: graph.Size{H: w[2], W: w[3]}, Strides: graph.Size{H: strides[0], W: strides[1]}, Dilation: graph.Size{H: dilation[0], W: dilation[1]},
		Groups: groups, Margins: graph.Margins{Top: p[0].Before, Bottom: p[0].After, Left: p[1].Before, Right: p[1].After}, NoBias: noBias,
		KernelInit: r.kernelInit(), BiasInit: r.biasInit(w[1] * w[2] * w[3]),
	}, false, x.node, variables...)
	return r.result(x, node)
}

func convolve1(r *reading) *value {
	x, w := r.image("input", 3), r.weightShape(3)
	dilation := r.several("dilation", 1)
	p := r.paddings(w[2:], dilation)
	noBias, variables := r.biased(kernelLast(3))
	node := r.weighted(graph.Conv1D{
		Filters: w[0], Kernel: w[2], Stride: r.several("stride", 1)[0], Dilation: dilation[0], Groups: r.integer("groups"), Margins: p[0], NoBias: noBias,
		KernelInit: r.kernelInit(), BiasInit: r.biasInit(w[1] * w[2]),
	}, false, x.node, variables...)
	return r.result(x, node)
}

func transpose2(r *reading) *value {
	x, w := r.image("input", 4), r.weightShape(4)
	strides, dilation, groups := r.several("stride", 2), r.several("dilation", 2), r.integer("groups")
	padding, extra := r.several("padding", 2), r.several("output_padding", 2)
	noBias, variables := r.biased(kernelLast(4))
	fan := w[1] * w[2] * w[3]
	node := r.weighted(graph.Conv2DTranspose{
		Filters: w[1] * groups, Kernel: graph.Size{H: w[2], W: w[3]}, Strides: graph.Size{H: strides[0], W: strides[1]}, Dilation: graph.Size{H: dilation[0], W: dilation[1]},
		Groups: groups, Margins: graph.Margins{Top: padding[0], Bottom: padding[0], Left: padding[1], Right: padding[1]}, OutputPadding: &graph.Size{H: extra[0], W: extra[1]},
		NoBias: noBias, KernelInit: r.kernelInit(), BiasInit: r.biasInit(fan),
	}, false, x.node, variables...)
	return r.result(x, node)
}

func transpose1(r *reading) *value {
	x, w := r.image("input", 3), r.weightShape(3)
	padding, extra, groups := r.several("padding", 1)[0], r.several("output_padding", 1)[0], r.integer("groups")
	noBias, variables := r.biased(kernelLast(3))
	fan := w[1] * w[2]
	node := r.weighted(graph.Conv1DTranspose{
		Filters: w[1] * groups, Kernel: w[2], Stride: r.several("stride", 1)[0], Dilation: r.several("dilation", 1)[0], Groups: groups,
		Margins: graph.Ends{Before: padding, After: padding}, OutputPadding: &extra, NoBias: noBias, KernelInit: r.kernelInit(), BiasInit: r.biasInit(fan),
	}, false, x.node, variables...)
	return r.result(x, node)
}

// linear is a dense layer of the last axis.
func linear(r *reading) *value {
	x, w := r.tensor("input"), r.weightShape(2)
	if r.err != nil {
		return failed
	}
	if len(x.dims) == 0 || x.batched && len(x.dims) == 1 {
		r.fail("its input is %v: it must have an axis besides the batch", x)
		return failed
	}
	last := len(x.dims) - 1
	order := x.order
	if order[len(order)-1] != last { // the last axis is that of the product
		order = x.plainOrder()
	}
	x = r.in(order, x)
	noBias, variables := r.biased([]int{1, 0})
	node := r.weighted(graph.Dense{Units: w[0], NoBias: noBias, KernelInit: r.kernelInit(), BiasInit: r.biasInit(w[1])}, false, x.node, variables...)
	return r.result(x, node)
}
