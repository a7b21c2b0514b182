package torch

import (
	"slices"

	"dcae/graph"
)

// pools give images and sequences another size.
var pools = map[string]translation{
	"max_pool2d": maxPool, "max_pool2d_with_indices": maxPool, "max_pool1d": maxPool, "max_pool1d_with_indices": maxPool, "avg_pool2d": one(averagePool), "avg_pool1d": one(averagePool), "avg_pool3d": one(averagePool3d),
	"adaptive_avg_pool2d": one(adaptiveAverage), "adaptive_avg_pool1d": one(adaptiveAverage), "adaptive_max_pool2d": adaptiveMax, "adaptive_max_pool1d": adaptiveMax, "max_unpool2d": one(maxUnpool),
	"upsample_nearest2d": resize(graph.Nearest), "upsample_nearest1d": resize(graph.Nearest), "upsample_bilinear2d": resize(graph.Bilinear), "upsample_linear1d": resize(graph.Bilinear),
	"upsample_bicubic2d": resize(graph.Bicubic), "_upsample_nearest_exact2d": resize(graph.NearestExact), "_upsample_nearest_exact1d": resize(graph.NearestExact),
	"pixel_shuffle": one(pixelShuffle), "pixel_unshuffle": one(pixelUnshuffle), "pad": one(pad), "constant_pad_nd": one(pad),
}

// picture is an argument as an image. A sequence becomes one of height 1.
func (r *reading) picture(name string) (image *value, sequence bool) {
	v := r.tensor(name)
	if r.err == nil && len(v.dims) == 3 && v.batched && v.rows() == 1 {
		return r.in(channelsLast(4), r.withDims(v, slices.Insert(slices.Clone(v.dims), 2, 1))), true
	}
	return r.image(name, 4), false
}

// back is an image as what went in: a sequence again, where it was one.
func (r *reading) back(image *value, sequence bool) *value {
	if !sequence || r.err != nil {
		return image
	}
	return r.withDims(image, slices.Delete(slices.Clone(image.dims), 2, 3))
}

// pair is a height and a width, or the width alone of a sequence, whose height is as given.
func (r *reading) pair(name string, sequence bool, height int) graph.Size {
	if sequence {
		return graph.Size{H: height, W: r.several(name, 1)[0]}
	}
	v := r.several(name, 2)
	return graph.Size{H: v[0], W: v[1]}
}

// window is the size of a pooling's windows, their strides, which by default are as large, and the margins.
func (r *reading) window(sequence bool) (size, strides graph.Size, margins graph.Margins) {
	size = r.pair("kernel_size", sequence, 1)
	strides = size
	if len(r.integers("stride")) > 0 {
		strides = r.pair("stride", sequence, 1)
	}
	p := r.pair("padding", sequence, 0)
	return size, strides, graph.Margins{Top: p.H, Bottom: p.H, Left: p.W, Right: p.W}
}

func maxPool(r *reading) []*value {
	x, sequence := r.picture("self")
	size, strides, margins := r.window(sequence)
	l := graph.MaxPooling2D{Pool: size, Strides: strides, Margins: margins, Dilation: r.pair("dilation", sequence, 1), Ceil: r.bool("ceil_mode")}
	if l.Dilation == graph.Square(1) {
		l.Dilation = graph.Size{}
	}
	indices := &value{pooled: &pooled{l, x}, dims: []int{}, order: []int{}}
	return []*value{r.back(r.apply(l, x), sequence), indices}
}

// pooled says where a pooling found the largest values.
type pooled struct {
	pooling graph.MaxPooling2D
	image   *value
}

func maxUnpool(r *reading) *value {
	x, at := r.image("self", 4), r.tensor("indices")
	if r.err == nil && at.pooled == nil {
		r.fail("its indices are not those of a max pooling")
	}
	if r.err != nil {
		return failed
	}
	image := at.pooled.image
	if to := r.pair("output_size", false, 0); to.H != image.dims[2] || to.W != image.dims[3] {
		r.fail("it makes an image of %dx%d, where the pooling took one of %dx%d", to.H, to.W, image.dims[2], image.dims[3])
	}
	return r.result(x, r.node("", graph.MaxUnpooling2D{Pooling: at.pooled.pooling}, x.node, image.node))
}

func averagePool(r *reading) *value {
	x, sequence := r.picture("self")
	size, strides, margins := r.window(sequence)
	return r.back(r.apply(graph.AveragePooling2D{
		Pool: size, Strides: strides, Margins: margins, Ceil: r.bool("ceil_mode"), CountMargins: r.bool("count_include_pad"), Divisor: r.integerOr("divisor_override", 0),
	}, x), sequence)
}

// averagePool3d is of volumes [N, C, D, H, W]: an average over height and width, then one over depth. Windows count their places as a product of the
// three, so that this is the same. Local response normalization averages channels in this way.
func averagePool3d(r *reading) *value {
	v := r.tensor("self")
	if r.err == nil && (!v.batched || v.rows() != 1 || len(v.dims) != 5) || r.call.arguments["divisor_override"] != nil {
		r.fail("it averages %v, or with a divisor, which is not supported", v)
	}
	kernel, margins := r.several("kernel_size", 3), r.several("padding", 3)
	strides := kernel
	if len(r.integers("stride")) > 0 {
		strides = r.several("stride", 3)
	}
	average := func(v *value, k, s, m []int) *value {
		if r.err != nil || slices.Max(k) == 1 && slices.Max(s) == 1 && slices.Max(m) == 0 {
			return v
		}
		return r.apply(graph.AveragePooling2D{
			Pool: graph.Size{H: k[0], W: k[1]}, Strides: graph.Size{H: s[0], W: s[1]}, Margins: graph.Margins{Top: m[0], Bottom: m[0], Left: m[1], Right: m[1]},
			Ceil: r.bool("ceil_mode"), CountMargins: r.bool("count_include_pad"),
		}, r.in(channelsLast(4), v))
	}
	if r.err != nil {
		return failed
	}
	c, d := v.dims[1], v.dims[2]
	planes := average(r.withDims(v, []int{1, c * d, v.dims[3], v.dims[4]}), kernel[1:], strides[1:], margins[1:])
	if r.err != nil {
		return failed
	}
	depths := average(r.withDims(planes, []int{1, c, d, planes.dims[2] * planes.dims[3]}), []int{kernel[0], 1}, []int{strides[0], 1}, []int{margins[0], 0})
	return r.shapedAs(depths, r.shapeOfResult(0))
}

func adaptiveAverage(r *reading) *value {
	x, sequence := r.picture("self")
	size := r.pair("output_size", sequence, 1)
	if size == graph.Square(1) {
		return r.back(r.apply(graph.GlobalAveragePooling2D{KeepDims: true}, x), sequence)
	}
	return r.back(r.apply(graph.AdaptiveAveragePooling2D{Output: size}, x), sequence)
}

func adaptiveMax(r *reading) []*value {
	x, sequence := r.picture("self")
	out := r.apply(graph.AdaptiveMaxPooling2D{Output: r.pair("output_size", sequence, 1)}, x)
	return []*value{r.back(out, sequence), failed}
}

// resize interpolates.
func resize(how graph.Interpolation) translation {
	return one(func(r *reading) *value {
		name := "input"
		if _, there := r.call.arguments[name]; !there {
			name = "self"
		}
		x, sequence := r.picture(name)
		to := fixedDims(r.shapeOfResult(0))
		if r.err != nil || len(to) < 3 {
			r.fail("it gives no image")
			return failed
		}
		l := graph.Resize{Size: graph.Size{H: 1, W: to[len(to)-1]}, Interpolation: how, AlignCorners: r.bool("align_corners")}
		if !sequence {
			l.Size.H = to[2]
		}
		l.Scale = r.scales(sequence)
		whole := l.Size.H%x.dims[2] == 0 && l.Size.W%x.dims[3] == 0
		factor := graph.Size{H: l.Size.H / x.dims[2], W: l.Size.W / x.dims[3]}
		exact := l.Scale == (graph.Scale{}) || l.Scale == (graph.Scale{H: float64(factor.H), W: float64(factor.W)})
		if whole && exact && !l.AlignCorners && (how == graph.Nearest || how == graph.Bilinear) {
			return r.back(r.apply(graph.UpSampling2D{Factor: factor, Interpolation: how}, x), sequence)
		}
		return r.back(r.apply(l, x), sequence)
	})
}

// scales are the factors by which an image is to be multiplied, if they are given; its coordinates follow them.
func (r *reading) scales(sequence bool) graph.Scale {
	given, there := r.call.arguments["scale_factors"]
	if !there { // each has an argument of its own
		if sequence {
			if r.call.arguments["scales"] == nil {
				return graph.Scale{}
			}
			return graph.Scale{H: 1, W: r.float("scales")}
		}
		if r.call.arguments["scales_h"] == nil || r.call.arguments["scales_w"] == nil {
			return graph.Scale{}
		}
		return graph.Scale{H: r.float("scales_h"), W: r.float("scales_w")}
	}
	var factors []float64
	switch g := given.(type) {
	case nil:
		return graph.Scale{}
	case []float64:
		factors = g
	case []int64:
		for _, n := range g {
			factors = append(factors, float64(n))
		}
	}
	switch {
	case sequence && len(factors) == 1:
		return graph.Scale{H: 1, W: factors[0]}
	case !sequence && len(factors) == 2:
		return graph.Scale{H: factors[0], W: factors[1]}
	}
	r.fail("its scale_factors are %s", kindOf(given))
	return graph.Scale{}
}

func pixelShuffle(r *reading) *value {
	return r.apply(graph.PixelShuffle{Factor: r.integer("upscale_factor")}, r.image("self", 4))
}

func pixelUnshuffle(r *reading) *value {
	return r.apply(graph.PixelUnshuffle{Factor: r.integer("downscale_factor")}, r.image("self", 4))
}

// pad adds places around the last axes, the last one first; below 0 it takes away.
func pad(r *reading) *value {
	mode, amounts := r.text("mode"), r.integers("pad")
	if r.operation() == "constant_pad_nd" {
		mode = "constant"
	}
	modes := map[string]graph.Border{"constant": graph.WithConstant, "reflect": graph.Reflected, "replicate": graph.Replicated, "circular": graph.Circular}
	border, ok := modes[mode]
	v := r.tensor("self")
	if r.err == nil && (!ok || len(amounts)%2 != 0 || len(amounts)/2 > len(v.dims)) {
		r.fail("it pads with %q by %v", mode, amounts)
	}
	if r.err != nil {
		return failed
	}
	number := r.floatOr("value", 0)
	for len(amounts) > 0 && amounts[len(amounts)-1] == 0 && amounts[len(amounts)-2] == 0 {
		amounts = amounts[:len(amounts)-2]
	}
	if len(amounts) > 0 && slices.Min(amounts) >= 0 && v.batched && v.rows() == 1 && (len(v.dims) == 4 && len(amounts) <= 4 || len(v.dims) == 3 && len(amounts) <= 2) {
		x, sequence := r.picture("self")
		m := graph.Margins{Left: amounts[0], Right: amounts[1]}
		if len(amounts) == 4 {
			m.Top, m.Bottom = amounts[2], amounts[3]
		}
		if border == graph.WithConstant && number == 0 {
			return r.back(r.apply(graph.ZeroPadding2D{Padding: m}, x), sequence)
		}
		return r.back(r.apply(graph.Pad2D{Padding: m, Mode: border, Value: number}, x), sequence)
	}
	if border != graph.WithConstant && len(amounts) > 0 {
		r.fail("it pads %v with %q by %v, which is not supported: height and width of images are", v, mode, amounts)
	}
	for i := 0; i+1 < len(amounts); i += 2 {
		v = r.padded(v, len(v.dims)-1-i/2, amounts[i], amounts[i+1], number)
	}
	return v
}

// padded puts a number before and after the places of any axis, or takes places away.
func (r *reading) padded(v *value, axis, before, after int, number float64) *value {
	if r.err == nil && v.batched && axis == 0 && (before != 0 || after != 0) {
		r.fail("it pads the batch")
	}
	if r.err != nil {
		return failed
	}
	if before < 0 || after < 0 {
		n := v.dims[axis]
		from, to := max(-before, 0), n-max(-after, 0)
		if from >= to {
			r.fail("it takes all of an axis of %d away", n)
			return failed
		}
		v = r.taking(v, axis, graph.Slice{Start: from, Stop: to}, to-from)
	}
	parts := []*value{v}
	filling := func(n int) *value {
		dims := slices.Clone(v.dims)
		dims[axis] = n
		if v.batched {
			dims[0] = 1
		}
		return r.filled(number, dims)
	}
	if before > 0 {
		parts = append([]*value{filling(before)}, parts...)
	}
	if after > 0 {
		parts = append(parts, filling(after))
	}
	return r.concatenated(parts, axis)
}
