package graph_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"dcae/graph"
	"dcae/training/dataset/npz"
)

// torchCases are the models of testdata/make_torch_fixtures.py.
func torchCases() []kerasCase {
	image, odd, vector, sequence := graph.Shape{6, 4, 2}, graph.Shape{7, 5, 2}, graph.Shape{6}, graph.Shape{9, 4}
	var cases []kerasCase
	dense := func(units int) graph.Dense { return graph.Dense{Units: units, Activation: graph.Tanh} }
	chain := func(name string, input graph.Shape, units int, layers ...graph.Layer) {
		all := append([]graph.Layer{dense(units)}, layers...)
		cases = append(cases, kerasCase{name, graph.Sequential(name, input, all...), graph.MSE})
	}
	branch := func(name string, input graph.Shape, units int, build func(n *net, h int)) {
		cases = append(cases, kerasCase{name, branching(input, func(n *net) { build(n, n.add(dense(units), -1)) }), graph.MSE})
	}

	chain("permute_chw", odd, 3, graph.Permute{Order: []int{3, 1, 2}})
	chain("permute_wch", odd, 3, graph.Permute{Order: []int{2, 3, 1}})
	chain("permute_whc", odd, 3, graph.Permute{Order: []int{2, 1, 3}})
	chain("permute_cwh", odd, 3, graph.Permute{Order: []int{3, 2, 1}})
	chain("permute_large", graph.Shape{4, 5, 2}, 19, graph.Permute{Order: []int{3, 1, 2}})
	chain("permute_sequence", sequence, 3, graph.Permute{Order: []int{2, 1}})
	chain("slice_rows", odd, 3, graph.Slice{Axis: 1, Start: 1, Stop: -1})
	chain("slice_columns", odd, 3, graph.Slice{Axis: 2, Start: -4, Step: 2})
	chain("slice_channels", odd, 5, graph.Slice{Axis: -1, Start: 1, Stop: 4})
	chain("take_rows", odd, 3, graph.Take{Axis: 1, Indices: []int{2, 3, 0, 2}})
	chain("take_channels", odd, 3, graph.Take{Axis: -1, Indices: []int{2, 1, 0}})
	branch("split", image, 5, func(n *net, h int) {
		a, b := n.add(graph.Slice{Axis: -1, Stop: 2}, h), n.add(graph.Slice{Axis: -1, Start: 2}, h)
		n.add(graph.Multiply{}, n.add(graph.Concatenate{}, b, a), h)
	})
	chain("expand", image, 3, graph.Slice{Axis: 2, Start: 1, Stop: 2}, graph.Slice{Axis: 3, Start: 1, Stop: 2}, graph.BroadcastTo{Target: graph.Shape{6, 5, 3}})
	chain("expand_channels", image, 3, graph.Slice{Axis: 1, Stop: 1}, graph.BroadcastTo{Target: graph.Shape{4, 4, 3}})
	chain("repeat_vector", vector, 3, graph.RepeatVector{N: 4})
	size := func(h, w int) graph.Size { return graph.Size{H: h, W: w} }
	around := func(rows, columns int) graph.Margins {
		return graph.Margins{Top: rows, Bottom: rows, Left: columns, Right: columns}
	}
	chain("conv_groups", odd, 4, graph.Conv2D{Filters: 6, Kernel: size(3, 3), Groups: 2, Margins: around(1, 1)})
	chain("conv_groups_strided", odd, 6, graph.Conv2D{Filters: 3, Kernel: size(3, 2), Groups: 3, Strides: size(2, 2), Dilation: size(1, 2), Margins: around(1, 0)})
	chain("conv_depthwise", odd, 3, graph.Conv2D{Filters: 3, Kernel: size(3, 3), Groups: 3, Margins: around(1, 1)})
	chain("conv_depthwise_twice", odd, 3, graph.Conv2D{Filters: 6, Kernel: size(3, 2), Groups: 3, Strides: size(2, 1), Margins: around(2, 2)})
	chain("conv_margins", odd, 3, graph.Conv2D{Filters: 2, Kernel: size(4, 2), Strides: size(2, 1), Margins: around(1, 3)})
	chain("conv_wide_margins", image, 6, graph.Conv2D{Filters: 5, Kernel: size(3, 3), Margins: around(5, 5)})
	chain("conv_margins_dilated", odd, 5, graph.Conv2D{Filters: 6, Kernel: size(3, 3), Dilation: size(2, 2), Margins: around(2, 4)})
	chain("conv_uneven_margins", odd, 3, graph.Conv2D{Filters: 2, Kernel: size(3, 2), Margins: graph.Margins{Top: 1, Bottom: 3, Left: 2}})
	chain("conv_same_dilated", odd, 3, graph.Conv2D{Filters: 2, Kernel: size(2, 4), Dilation: size(2, 1), Padding: graph.Same})
	upward := func(filters int, kernel, strides, padding, more graph.Size) graph.Conv2DTranspose {
		return graph.Conv2DTranspose{Filters: filters, Kernel: kernel, Strides: strides, Margins: around(padding.H, padding.W), OutputPadding: &more}
	}
	chain("transposed_padding", image, 3, upward(2, size(3, 3), size(2, 2), size(1, 1), size(1, 1)))
	chain("transposed_uneven", image, 5, upward(6, size(4, 2), size(2, 3), size(2, 0), size(0, 2)))
	chain("transposed_holes", image, 3, upward(2, size(2, 2), size(3, 3), size(0, 0), size(0, 0)))
	dilated := upward(5, size(3, 2), size(2, 2), size(1, 2), size(2, 1))
	dilated.Dilation = size(3, 3)
	chain("transposed_dilated", image, 5, dilated)
	grouped := func(groups int, l graph.Conv2DTranspose) graph.Conv2DTranspose {
		l.Groups = groups
		return l
	}
	chain("transposed_groups", image, 4, grouped(2, upward(6, size(4, 4), size(2, 2), size(1, 1), size(0, 0))))
	chain("transposed_depthwise", image, 3, grouped(3, upward(3, size(3, 3), size(2, 2), size(1, 1), size(1, 0))))
	chain("transposed_depthwise_twice", image, 2, grouped(2, upward(4, size(2, 3), size(2, 2), size(0, 0), size(0, 0))))
	cases = append(append(cases, torchResizing()...), torchArithmetic()...)
	chain("elementwise", image, 3, graph.Elementwise{Function: graph.Exp}, graph.Elementwise{Function: graph.Clamp, Settings: []float64{0.5, 2}}, graph.Elementwise{Function: graph.Log1p})
	eps, pixels := 1e-5, []int{1, 2}
	chain("layer_norm", odd, 4, graph.LayerNormalization{Epsilon: eps})
	chain("layer_norm_image", odd, 3, graph.LayerNormalization{Axes: []int{1, 2, 3}, Epsilon: 0.1})
	chain("layer_norm_pixels", odd, 3, graph.LayerNormalization{Axes: pixels, Epsilon: eps})
	chain("layer_norm_rows", odd, 3, graph.LayerNormalization{Axes: []int{-2}, Epsilon: eps, NoScale: true, NoCenter: true})
	chain("layer_norm_vector", vector, 5, graph.LayerNormalization{Epsilon: eps, NoCenter: true})
	chain("group_norm", odd, 6, graph.GroupNormalization{Groups: 3, Epsilon: eps})
	chain("group_norm_one", odd, 6, graph.GroupNormalization{Groups: 1, Epsilon: eps})
	chain("group_norm_vector", vector, 6, graph.GroupNormalization{Groups: 2, Epsilon: eps})
	chain("instance_norm", odd, 3, graph.GroupNormalization{Groups: -1, Epsilon: eps})
	chain("instance_norm_plain", odd, 3, graph.GroupNormalization{Groups: 3, NoScale: true, NoCenter: true})
	chain("rms_norm", odd, 4, graph.RMSNormalization{Epsilon: eps})
	chain("rms_norm_image", image, 3, graph.RMSNormalization{Axes: []int{1, 2, 3}, Epsilon: 0.01, NoScale: true})
	chain("normalize", odd, 3, graph.UnitNormalization{})
	chain("normalize_rows", odd, 3, graph.UnitNormalization{Axes: []int{1}})
	one := 1
	chain("conv1d", sequence, 4, graph.Conv1D{Filters: 6, Kernel: 3, Stride: 2, Groups: 2, Margins: graph.Ends{Before: 2, After: 2}})
	chain("conv1d_transpose", sequence, 4, graph.Conv1DTranspose{Filters: 6, Kernel: 3, Stride: 2, Groups: 2, Margins: graph.Ends{Before: 1, After: 1}, OutputPadding: &one})
	return cases
}

// torchResizing are the cases of layers that give images another size.
func torchResizing() []kerasCase {
	image, odd := graph.Shape{6, 4, 2}, graph.Shape{7, 5, 2}
	size := func(h, w int) graph.Size { return graph.Size{H: h, W: w} }
	rows, all := graph.Margins{Top: 1, Bottom: 1}, graph.AllAround(1)
	var cases []kerasCase
	one := func(name string, input graph.Shape, units int, l graph.Layer) {
		cases = append(cases, kerasCase{name, graph.Sequential(name, input, graph.Dense{Units: units, Activation: graph.Tanh}, l), graph.MSE})
	}
	one("resize_nearest", odd, 2, graph.Resize{Size: size(9, 4)})
	one("resize_nearest_scale", odd, 2, graph.Resize{Scale: graph.Scale{H: 1.7, W: 0.6}})
	one("resize_nearest_exact", odd, 2, graph.Resize{Size: size(10, 3), Interpolation: graph.NearestExact})
	one("resize_bilinear", odd, 2, graph.Resize{Size: size(10, 3), Interpolation: graph.Bilinear})
	one("resize_bilinear_corners", odd, 2, graph.Resize{Size: size(3, 9), Interpolation: graph.Bilinear, AlignCorners: true})
	one("resize_bilinear_scale", odd, 2, graph.Resize{Scale: graph.Scale{H: 1.7, W: 2.5}, Interpolation: graph.Bilinear})
	one("resize_bilinear_one", odd, 2, graph.Resize{Size: size(1, 5), Interpolation: graph.Bilinear, AlignCorners: true})
	one("resize_bicubic", odd, 2, graph.Resize{Size: size(11, 3), Interpolation: graph.Bicubic})
	one("resize_bicubic_corners", odd, 2, graph.Resize{Size: size(4, 9), Interpolation: graph.Bicubic, AlignCorners: true})
	one("pad_constant", image, 3, graph.Pad2D{Padding: graph.Margins{Top: 2, Bottom: 3, Left: 1}, Value: 0.7})
	one("pad_reflect", image, 3, graph.Pad2D{Padding: graph.Margins{Top: 1, Bottom: 4, Left: 3, Right: 2}, Mode: graph.Reflected})
	one("pad_replicate", image, 3, graph.Pad2D{Padding: graph.Margins{Top: 7, Left: 1, Right: 2}, Mode: graph.Replicated})
	one("pad_circular", image, 3, graph.Pad2D{Padding: graph.Margins{Top: 1, Bottom: 3, Left: 4, Right: 2}, Mode: graph.Circular})
	one("pixel_shuffle", image, 12, graph.PixelShuffle{Factor: 2})
	one("pixel_unshuffle", image, 3, graph.PixelUnshuffle{Factor: 2})
	one("max_pool_margins", odd, 3, graph.MaxPooling2D{Pool: size(3, 2), Strides: size(2, 1), Margins: all})
	one("max_pool_ceil", odd, 3, graph.MaxPooling2D{Pool: size(2, 3), Strides: size(2, 2), Ceil: true})
	one("max_pool_ceil_margins", odd, 3, graph.MaxPooling2D{Pool: size(3, 3), Strides: size(3, 2), Margins: all, Ceil: true})
	one("max_pool_dilated", odd, 3, graph.MaxPooling2D{Pool: size(3, 2), Strides: size(1, 1), Dilation: size(2, 3), Margins: rows})
	one("max_pool_large", graph.Shape{18, 17, 1}, 1, graph.MaxPooling2D{Pool: size(17, 17), Strides: size(1, 1), Margins: rows})
	one("avg_pool_margins", odd, 3, graph.AveragePooling2D{Pool: size(3, 2), Strides: size(2, 2), Margins: all, CountMargins: true})
	one("avg_pool_inside", odd, 3, graph.AveragePooling2D{Pool: size(3, 2), Strides: size(2, 2), Margins: all})
	one("avg_pool_ceil", odd, 3, graph.AveragePooling2D{Pool: size(3, 3), Strides: size(3, 2), Margins: all, CountMargins: true, Ceil: true})
	one("avg_pool_divided", odd, 3, graph.AveragePooling2D{Pool: size(2, 2), Strides: size(3, 3), Ceil: true, Divisor: 3})
	one("adaptive_avg_pool", odd, 3, graph.AdaptiveAveragePooling2D{Output: size(3, 2)})
	one("adaptive_avg_pool_up", odd, 2, graph.AdaptiveAveragePooling2D{Output: size(1, 7)})
	one("adaptive_max_pool", odd, 3, graph.AdaptiveMaxPooling2D{Output: size(4, 3)})
	pool := graph.MaxPooling2D{Pool: size(2, 2), Strides: size(2, 2), Margins: rows}
	cases = append(cases, kerasCase{"max_unpool", branching(odd, func(n *net) {
		h := n.add(graph.Dense{Units: 3, Activation: graph.Tanh}, -1)
		n.add(graph.MaxUnpooling2D{Pooling: pool}, n.add(graph.Rescaling{Scale: []float64{2}}, n.add(pool, h)), h)
	}), graph.MSE})
	return cases
}

// torchArithmetic are the cases of reductions, products, and functions of two values.
func torchArithmetic() []kerasCase {
	image, odd, vector, sequence := graph.Shape{6, 4, 2}, graph.Shape{7, 5, 2}, graph.Shape{6}, graph.Shape{9, 4}
	var cases []kerasCase
	branch := func(name string, input graph.Shape, units int, build func(n *net, h int)) {
		cases = append(cases, kerasCase{name, branching(input, func(n *net) { build(n, n.add(graph.Dense{Units: units, Activation: graph.Tanh}, -1)) }), graph.MSE})
	}
	one := func(name string, input graph.Shape, units int, l graph.Layer) {
		branch(name, input, units, func(n *net, h int) { n.add(l, h) })
	}
	one("reduce_sum", odd, 3, graph.Reduce{How: graph.ReduceSum, Axes: []int{1, 3}})
	one("reduce_mean", odd, 3, graph.Reduce{How: graph.ReduceMean, Axes: []int{1, 2}, KeepDims: true})
	one("reduce_max", odd, 3, graph.Reduce{How: graph.ReduceMax, Axes: []int{-1}})
	one("reduce_min", odd, 3, graph.Reduce{How: graph.ReduceMin, KeepDims: true})
	one("reduce_var", odd, 3, graph.Reduce{How: graph.ReduceVariance, Axes: []int{1, 2}, Correction: 1})
	one("reduce_var_biased", odd, 3, graph.Reduce{How: graph.ReduceVariance, Axes: []int{2}, KeepDims: true})
	one("reduce_std", odd, 3, graph.Reduce{How: graph.ReduceStdDev, Axes: []int{3}, KeepDims: true, Correction: 1})
	one("reduce_norm", odd, 3, graph.Reduce{How: graph.ReduceNorm, Axes: []int{2, 3}})
	branch("reduce_all", odd, 3, func(n *net, h int) {
		n.add(graph.Reshape{Target: graph.Shape{1}}, n.add(graph.Reduce{How: graph.ReduceSum}, h))
	})
	branch("reduce_ties", odd, 3, func(n *net, h int) {
		largest, columns := graph.Reduce{How: graph.ReduceMax, Axes: []int{2}}, graph.Reduce{How: graph.ReduceMean, Axes: []int{2}}
		a := n.add(graph.Multiply{}, n.add(largest, n.add(graph.Elementwise{Function: graph.Sign}, h)), n.add(columns, h))
		n.add(graph.Add{}, a, n.add(largest, n.add(graph.Elementwise{Function: graph.Clamp, Settings: []float64{-0.3, 0.3}}, h)))
	})
	one("softmax_channels", odd, 3, graph.SoftmaxLayer{Axis: -1})
	one("softmax_rows", odd, 3, graph.SoftmaxLayer{Axis: 1})
	one("log_softmax_columns", odd, 3, graph.SoftmaxLayer{Axis: 2, Log: true})
	one("log_softmax", vector, 4, graph.SoftmaxLayer{Log: true})
	branch("matmul", odd, 4, func(n *net, h int) {
		flipped := n.add(graph.Permute{Order: []int{1, 3, 2}}, n.add(graph.Take{Axis: 1, Indices: []int{6, 5, 4, 3, 2, 1, 0}}, h))
		n.add(graph.MatMul{}, h, n.add(graph.Slice{Axis: -1, Stop: 2}, flipped))
	})
	halves := func(n *net, h int) (first, second int) {
		return n.add(graph.Slice{Axis: -1, Stop: 2}, h), n.add(graph.Slice{Axis: -1, Start: 2}, h)
	}
	branch("bmm", sequence, 5, func(n *net, h int) {
		a, b := halves(n, h)
		n.add(graph.MatMul{}, a, n.add(graph.Permute{Order: []int{2, 1}}, n.add(graph.Slice{Axis: -1, Stop: 2}, b)))
	})
	plus2 := graph.Rescaling{Offset: []float64{2}}
	branch("divide", image, 4, func(n *net, h int) {
		a, b := halves(n, h)
		n.add(graph.Divide{}, a, n.add(plus2, b))
	})
	branch("divide_broadcast", image, 3, func(n *net, h int) {
		n.add(graph.Divide{}, h, n.add(plus2, n.add(graph.Reduce{How: graph.ReduceMean, Axes: []int{1, 2}, KeepDims: true}, h)))
	})
	branch("power", image, 4, func(n *net, h int) {
		a, b := halves(n, h)
		n.add(graph.Power{}, n.add(plus2, a), b)
	})
	branch("compare", image, 4, func(n *net, h int) {
		a, b := halves(n, h)
		greater := n.add(graph.Multiply{}, n.add(graph.Compare{How: graph.IsGreater}, a, b), b)
		n.add(graph.Add{}, greater, n.add(graph.Multiply{}, n.add(graph.Compare{How: graph.IsGreaterOrEqual}, a, a), a))
	})
	return cases
}

func readTorchCases(t *testing.T) fixture {
	t.Helper()
	arrays, err := npz.Read(filepath.Join("testdata", "torch.npz"))
	check(t, err)
	f := fixture{}
	for _, a := range arrays {
		f[a.Name] = a
	}
	return f
}

// torchFunctions are layers that compute PyTorch's functions of one value.
var torchFunctions = func() map[string]graph.Layer {
	out := map[string]graph.Layer{
		"log1p_below": graph.Elementwise{Function: graph.Log1p}, "hardtanh_between": graph.Elementwise{Function: graph.HardTanhOf, Settings: []float64{-0.5, 3}},
		"celu_2": graph.Elementwise{Function: graph.CELUOf, Settings: []float64{2}}, "softplus_steep": graph.Elementwise{Function: graph.SoftplusOf, Settings: []float64{4, 2}},
		"hardshrink_1": graph.Elementwise{Function: graph.HardShrinkOf, Settings: []float64{1}}, "softshrink_1": graph.Elementwise{Function: graph.SoftShrinkOf, Settings: []float64{1}},
		"threshold": graph.Elementwise{Function: graph.Threshold, Settings: []float64{0.5, -2}}, "clamp": graph.Elementwise{Function: graph.Clamp, Settings: []float64{-1, 0.5}},
		"clamp_max": graph.Elementwise{Function: graph.ClampMax, Settings: []float64{-1}}, "elu": graph.ExponentialLinear{}, "elu_0.3": graph.ExponentialLinear{Alpha: 0.3},
		"leaky_relu": graph.LeakyRectifier{NegativeSlope: 0.1},
	}
	for _, p := range []float64{0, 1, 2, 3, 4, 0.5, -0.5, 1.5, -1, -2} {
		out[fmt.Sprintf("pow_%g", p)] = graph.Elementwise{Function: graph.Pow, Settings: []float64{p}}
	}
	for _, f := range []graph.Function{graph.ClampMin, graph.Greater, graph.LessEqual, graph.NotEqual} {
		out[string(f)] = graph.Elementwise{Function: f, Settings: []float64{0.5}}
	}
	for _, f := range []graph.Function{graph.Exp, graph.Expm1, graph.Log, graph.Log1p, graph.Log2, graph.Log10, graph.Sqrt, graph.Rsqrt, graph.Abs, graph.Neg, graph.Reciprocal, graph.Squared,
		graph.Sin, graph.Cos, graph.Sinh, graph.Cosh, graph.Erf, graph.Sign, graph.Floor, graph.Ceil, graph.Round, graph.Trunc,
		graph.HardTanhOf, graph.CELUOf, graph.SELUOf, graph.SoftplusOf, graph.HardShrinkOf, graph.SoftShrinkOf, graph.GELUTanh} {
		out[string(f)] = graph.Elementwise{Function: f}
	}
	for name, a := range map[string]graph.Activation{
		"relu": graph.ReLU, "sigmoid": graph.Sigmoid, "tanh": graph.Tanh, "relu6": graph.ReLU6, "gelu": graph.GELU, "silu": graph.SiLU, "mish": graph.Mish, "hardswish": graph.HardSwish,
		"hardsigmoid": graph.HardSigmoid, "softsign": graph.Softsign, "tanhshrink": graph.TanhShrink, "logsigmoid": graph.LogSigmoid,
	} {
		out[name] = graph.Activate{Function: a}
	}
	return out
}()

// Values and slopes of functions where PyTorch computed them, kinks included.
func TestFunctionsAgreeWithPyTorch(t *testing.T) {
	f := readTorchCases(t)
	known := 0
	for name := range f {
		if filepath.Base(name) == "slope" {
			known++
		}
	}
	if known != len(torchFunctions) {
		t.Errorf("%d functions, but %d in the fixture", len(torchFunctions), known)
	}
	for name, l := range torchFunctions {
		z := f.values(t, "function/"+name+"/z")
		ones := make([]float64, len(z))
		for i := range ones {
			ones[i] = 1
		}
		for precision, tolerance := range map[graph.Precision]float64{graph.Float64: 1e-12, graph.Float32: 2e-6} {
			if name == "hardsigmoid" { // PyTorch rounds a sixth to float32
				tolerance = max(tolerance, 5e-8)
			}
			y, slope := layerAt(t, l, precision, 1, z, ones)
			closeTo(t, name, z, y, f.values(t, "function/"+name+"/y"), tolerance)
			closeTo(t, "slope of "+name, z, slope, f.values(t, "function/"+name+"/slope"), tolerance)
		}
	}
}

func TestLayersAgreeWithPyTorch(t *testing.T) {
	f := readTorchCases(t)
	known := 0
	for name := range f {
		if filepath.Base(name) == "loss" {
			known++
		}
	}
	cases := torchCases()
	if known != len(cases) {
		t.Errorf("%d cases, but %d in the fixture", len(cases), known)
	}
	for _, c := range cases {
		for _, precision := range []graph.Precision{graph.Float64, graph.Float32} {
			name, tolerance := c.name+"/float64", 1e-11
			if precision == graph.Float32 {
				name, tolerance = c.name+"/float32", 1e-5
			}
			t.Run(name, func(t *testing.T) { compareWithTorch(t, f, c, precision, tolerance) })
		}
	}
}

func compareWithTorch(t *testing.T, f fixture, c kerasCase, precision graph.Precision, tolerance float64) {
	t.Helper()
	params, err := c.model.Init(1, precision)
	check(t, err)
	for i, v := range params.Trainable() {
		check(t, v.Set(f.values(t, fmt.Sprintf("%s/param/%d", c.name, i))))
	}
	p, err := graph.NewTraining(c.model, params, c.loss, graph.Options{Batch: 3, KeepActivations: true})
	check(t, err)
	defer p.Close()
	check(t, p.SetInputs(f.values(t, c.name+"/x"), f.values(t, c.name+"/target")))
	loss, err := p.Step(3)
	check(t, err)
	within(t, "y", values(p.Activation(len(c.model.Nodes)-1)), f.values(t, c.name+"/y"), tolerance)
	within(t, "loss", []float64{loss}, f.values(t, c.name+"/loss"), tolerance)
	e, err := graph.NewEvaluation(c.model, params, graph.Options{Batch: 3})
	check(t, err)
	defer e.Close()
	check(t, e.SetInput(f.values(t, c.name+"/x")))
	y, err := e.Run(3)
	check(t, err)
	within(t, "y in evaluation", values(y), f.values(t, c.name+"/y"), tolerance)
	var all []float64
	for i := range params.Trainable() {
		all = append(all, f.values(t, fmt.Sprintf("%s/grad/%d", c.name, i))...)
	}
	for i, v := range params.Trainable() {
		withinEither(t, "gradient of "+v.Path(), values(p.Gradient(i)), f.values(t, fmt.Sprintf("%s/grad/%d", c.name, i)), tolerance, tolerance*norm(all))
	}
}
