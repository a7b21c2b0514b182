package torch

import "dcae/graph"

// pools reduce or enlarge images.
var pools = map[string]translation{
	"max_pool2d": maxPool2, "avg_pool2d": averagePool2, "upsample_nearest2d": upsampleNearest2, "upsample_bilinear2d": upsampleBilinear2,
}

func sizeOf(v []int) graph.Size { return graph.Size{H: v[0], W: v[1]} }

// stridesOr are the strides; by default they are the window's size.
func (r *reading) stridesOr(size []int) []int {
	if len(r.integers("stride")) == 0 {
		return size
	}
	return r.several("stride", len(size))
}

func maxPool2(r *reading) ([]*value, error) {
	x := r.image("self", 4)
	size := r.several("kernel_size", 2)
	strides, padding, dilation := r.stridesOr(size), r.several("padding", 2), r.several("dilation", 2)
	if padding[0] != 0 || padding[1] != 0 || dilation[0] != 1 || dilation[1] != 1 || r.bool("ceil_mode") {
		r.fail("padding, dilation and ceil_mode of a pooling are not supported")
	}
	if r.err != nil {
		return nil, r.err
	}
	node, err := r.add("", graph.MaxPooling2D{Pool: sizeOf(size), Strides: sizeOf(strides)}, x.node)
	return r.outputOf(x, node, err)
}

func averagePool2(r *reading) ([]*value, error) {
	x := r.image("self", 4)
	size := r.several("kernel_size", 2)
	strides, padding := r.stridesOr(size), r.several("padding", 2)
	if padding[0] != 0 || padding[1] != 0 || r.bool("ceil_mode") || r.call.arguments["divisor_override"] != nil {
		r.fail("padding, ceil_mode and divisor_override of a pooling are not supported")
	}
	if r.err != nil {
		return nil, r.err
	}
	node, err := r.add("", graph.AveragePooling2D{Pool: sizeOf(size), Strides: sizeOf(strides)}, x.node)
	return r.outputOf(x, node, err)
}

func upsampleNearest2(r *reading) ([]*value, error) { return r.upsampled(graph.Nearest) }

func upsampleBilinear2(r *reading) ([]*value, error) {
	if r.bool("align_corners") {
		r.fail("align_corners is not supported")
	}
	return r.upsampled(graph.Bilinear)
}

// upsampled enlarges by whole factors.
func (r *reading) upsampled(how graph.Interpolation) ([]*value, error) {
	x := r.image("input", 4)
	if r.err != nil {
		return nil, r.err
	}
	to := fixedDims(r.types[r.call.outputs[0]].shape)
	if len(to) != 4 || to[2]%x.dims[2] != 0 || to[3]%x.dims[3] != 0 {
		r.fail("it resizes %v to %v, which is no whole factor", x, to)
		return nil, r.err
	}
	node, err := r.add("", graph.UpSampling2D{Factor: graph.Size{H: to[2] / x.dims[2], W: to[3] / x.dims[3]}, Interpolation: how}, x.node)
	return r.outputOf(x, node, err)
}
