package graph_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"dcae/graph"
	"dcae/training/dataset/npz"
)

// net builds a model that is no chain.
type net struct{ graph.Model }

// add adds a layer and returns its index; -1 is the model's input.
func (n *net) add(l graph.Layer, inputs ...int) int {
	i := len(n.Nodes)
	n.Nodes = append(n.Nodes, graph.Node{Name: fmt.Sprintf("layer_%d", i), Layer: l, Inputs: inputs})
	return i
}

func branching(input graph.Shape, build func(n *net)) *graph.Model {
	n := &net{graph.Model{Name: "net", Input: input}}
	build(n)
	return &n.Model
}

func conv(filters int) graph.Conv2D {
	return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Tanh}
}

func convWith(a graph.Activation) graph.Conv2D {
	c := conv(2)
	c.Activation = a
	return c
}

func unet(n *net) {
	a := n.add(conv(3), -1)
	b := n.add(conv(4), n.add(graph.MaxPooling2D{}, a))
	c := n.add(conv(2), b)
	up := n.add(graph.UpSampling2D{}, n.add(graph.Concatenate{}, b, c))
	n.add(conv(1), n.add(graph.Concatenate{Axis: -1}, up, a, -1))
}

// reshapedBranches reads values and their views in several places.
func reshapedBranches(n *net) {
	image := graph.Shape{16, 12, 2}
	a := n.add(conv(2), -1)
	b := n.add(graph.Identity{}, a)
	c := n.add(graph.Identity{}, b)
	flat := n.add(graph.Flatten{}, a)
	d := n.add(graph.Reshape{Target: image}, flat)
	e := n.add(graph.Reshape{Target: image}, n.add(graph.Dense{Units: image.Size()}, flat))
	f := n.add(graph.Add{}, b, c, d, d, e, n.add(conv(2), d))
	g := n.add(graph.Reshape{Target: image}, n.add(graph.Flatten{}, n.add(graph.Identity{}, f)))
	n.add(conv(1), n.add(graph.Concatenate{}, f, g, n.add(graph.Identity{}, -1)))
}

func residual(n *net) {
	a := n.add(conv(2), -1)
	b := n.add(conv(2), a)
	c := n.add(graph.Add{}, a, b)
	d := n.add(conv(2), c)
	n.add(graph.Add{}, a, b, c, d, d)
}

func repeatedBlock(n *net) {
	up := n.add(graph.UpSampling2D{}, n.add(conv(2), -1))
	n.add(conv(1), n.add(graph.BatchNormalization{}, n.add(graph.Add{}, n.add(conv(2), up), n.add(conv(2), up))))
}

func squeeze(n *net) {
	a := n.add(conv(3), -1)
	s := n.add(graph.Dense{Units: 3, Activation: graph.Sigmoid}, n.add(graph.GlobalAveragePooling2D{KeepDims: true}, a))
	n.add(conv(1), n.add(graph.Multiply{}, a, s))
}

func ranks(n *net) {
	a := n.add(conv(3), -1)
	n.add(graph.Subtract{}, a, n.add(graph.Dense{Units: 3}, n.add(graph.GlobalMaxPooling2D{}, a)))
}

func ties(n *net) {
	a := n.add(convWith(graph.ReLU), -1)
	b := n.add(convWith(graph.ReLU), a)
	n.add(graph.Minimum{}, n.add(graph.Maximum{}, a, b), n.add(graph.Maximum{}, b, a, b))
}

func shared(n *net) {
	norm := n.add(graph.BatchNormalization{Momentum: 0.5}, n.add(conv(2), -1))
	c := n.add(conv(2), norm)
	again := n.add(graph.BatchNormalization{Momentum: 0.5}, c)
	n.Nodes[again].SharedWith = n.Nodes[norm].Name
	last := n.add(conv(2), again)
	n.Nodes[last].SharedWith = n.Nodes[c].Name
}

// several merges so many convolutions of one.
func several(l graph.Layer, branches int) func(n *net) {
	return func(n *net) {
		h := n.add(conv(2), -1)
		var in []int
		for range branches {
			in = append(in, n.add(convWith(graph.Linear), h))
		}
		n.add(l, in...)
	}
}

func joined(axis int) func(n *net) {
	return func(n *net) {
		a, b := n.add(conv(2), -1), n.add(conv(2), -1)
		n.add(conv(2), n.add(graph.Concatenate{Axis: axis}, a, b, a))
	}
}

type kerasCase struct {
	name  string
	model *graph.Model
	loss  graph.Loss
}

// kerasCases are the models of testdata/make_fixtures.py.
func kerasCases() []kerasCase {
	image, odd, vector := graph.Shape{6, 4, 1}, graph.Shape{7, 5, 2}, graph.Shape{6}
	var cases []kerasCase
	add := func(name string, m *graph.Model, loss graph.Loss) { cases = append(cases, kerasCase{name, m, loss}) }
	chain := func(name string, input graph.Shape, layers ...graph.Layer) {
		add(name, graph.Sequential(name, input, layers...), graph.MSE)
	}
	within := func(name string, input graph.Shape, l graph.Layer) { chain(name, input, conv(2), l, conv(2)) }
	net := func(name string, build func(n *net)) { add(name, branching(image, build), graph.MSE) }
	dense := func(units int) graph.Dense { return graph.Dense{Units: units} }

	within("average_pooling_same", odd, graph.AveragePooling2D{Pool: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same})
	within("average_pooling_default", odd, graph.AveragePooling2D{})
	within("average_pooling_overlapping", odd, graph.AveragePooling2D{Pool: graph.Size{H: 3, W: 2}, Strides: graph.Size{H: 1, W: 2}})
	chain("global_average_pooling", image, conv(3), graph.GlobalAveragePooling2D{}, dense(3))
	chain("global_max_pooling", image, conv(3), graph.GlobalMaxPooling2D{KeepDims: true}, conv(2))
	tied := conv(3)
	tied.Activation = graph.ReLU6
	chain("global_max_pooling_ties", image, tied, graph.GlobalMaxPooling2D{}, dense(3))
	within("up_sampling_nearest", image, graph.UpSampling2D{Factor: graph.Size{H: 2, W: 3}})
	within("up_sampling_bilinear", odd, graph.UpSampling2D{Factor: graph.Size{H: 3, W: 2}, Interpolation: graph.Bilinear})
	within("up_sampling_bilinear_4", image, graph.UpSampling2D{Factor: graph.Square(4), Interpolation: graph.Bilinear})
	within("zero_padding", image, graph.ZeroPadding2D{Padding: graph.Margins{Top: 1, Bottom: 2, Right: 3}})
	within("cropping", odd, graph.Cropping2D{Cropping: graph.Margins{Top: 1, Left: 2, Right: 1}})
	within("relu_layer", image, graph.Rectifier{})
	within("relu_max", image, graph.Rectifier{Max: 0.4})
	within("relu_slope_max", image, graph.Rectifier{Max: 0.4, NegativeSlope: 0.3})
	within("relu_all", image, graph.Rectifier{Max: 0.5, NegativeSlope: 0.3, Threshold: 0.2})
	within("prelu", image, graph.ParametricRectifier{AlphaInit: graph.GlorotUniform()})
	within("prelu_shared", image, graph.ParametricRectifier{SharedAxes: []int{1, 2}, AlphaRegularizer: graph.Regularizer{L2: 0.1}})
	within("prelu_shared_rows", image, graph.ParametricRectifier{SharedAxes: []int{1}})
	within("elu_layer", image, graph.ExponentialLinear{Alpha: 0.7})
	chain("softmax_layer", image, conv(3), graph.SoftmaxLayer{}, conv(2))
	chain("rescaling", image, graph.Rescaling{Scale: []float64{1 / 3.0}, Offset: []float64{0.25}}, conv(2), graph.Rescaling{Scale: []float64{0.5, -2}, Offset: []float64{0.1, 0.2}}, conv(2))
	chain("dense_on_image", image, conv(2), graph.Dense{Units: 3, Activation: graph.GELU}, graph.Dense{Units: 2, NoBias: true, Activation: graph.Softmax})
	chain("transpose_same", image, conv(2), graph.Conv2DTranspose{Filters: 2, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, OutputPadding: &graph.Size{}, Activation: graph.Mish})
	chain("transpose_same_1", image, conv(2), graph.Conv2DTranspose{Filters: 2, Kernel: graph.Size{H: 3, W: 4}, Strides: graph.Size{H: 2, W: 3}, Padding: graph.Same, OutputPadding: &graph.Size{H: 1, W: 2}})
	chain("transpose_valid", image, conv(2), graph.Conv2DTranspose{Filters: 2, Kernel: graph.Square(3), Strides: graph.Square(3), OutputPadding: &graph.Size{W: 2}})
	chain("batch_normalization", image, conv(2), graph.BatchNormalization{NoScale: true, NoCenter: true}, conv(2),
		graph.BatchNormalization{GammaRegularizer: graph.Regularizer{L1: 0.01}, BetaRegularizer: graph.Regularizer{L2: 0.01}})
	chain("fused_and_not", image, convWith(graph.SiLU), convWith(graph.LeakyReLU), convWith(graph.SELU))
	net("unet", unet)
	net("residual", residual)
	net("squeeze", squeeze)
	net("subtract", several(graph.Subtract{}, 2))
	net("multiply", several(graph.Multiply{}, 3))
	net("average", several(graph.Average{}, 3))
	net("maximum", several(graph.Maximum{}, 3))
	net("minimum", several(graph.Minimum{}, 3))
	net("ranks", ranks)
	net("ties", ties)
	net("shared", shared)
	net("concatenate_1", joined(1))
	net("concatenate_2", joined(2))
	net("concatenate_last", joined(-1))

	two := func(name string, last graph.Layer, loss graph.Loss) {
		add(name, graph.Sequential(name, vector, dense(5), last), loss)
	}
	sigmoid := func(units int) graph.Dense { return graph.Dense{Units: units, Activation: graph.Sigmoid} }
	add("mae", graph.Sequential("mae", vector, graph.Dense{Units: 5, Activation: graph.ELU}, dense(3)), graph.Loss{Function: graph.MeanAbsoluteError})
	two("huber", dense(3), graph.Loss{Function: graph.Huber, Delta: 0.7})
	two("log_cosh", dense(3), graph.Loss{Function: graph.LogCosh})
	two("crossentropy_sigmoid", sigmoid(3), graph.Loss{Function: graph.BinaryCrossentropy, LabelSmoothing: 0.1})
	two("crossentropy_logits", dense(3), graph.Loss{Function: graph.BinaryCrossentropy, FromLogits: true})
	add("crossentropy_activation", graph.Sequential("m", image, conv(2), graph.Activate{Function: graph.Sigmoid}), graph.Loss{Function: graph.BinaryCrossentropy})
	add("crossentropy_limited", graph.Sequential("m", vector, dense(5), sigmoid(4), graph.Reshape{Target: graph.Shape{2, 2}}), graph.Loss{Function: graph.BinaryCrossentropy, LabelSmoothing: 0.2})

	first := conv(2)
	first.KernelRegularizer, first.BiasRegularizer, first.ActivityRegularizer = graph.Regularizer{L1: 0.01}, graph.Regularizer{L2: 0.02}, graph.Regularizer{L1: 0.03, L2: 0.04}
	add("regularizers", graph.Sequential("m", image, first,
		graph.Conv2DTranspose{Filters: 2, Kernel: graph.Square(3), Activation: graph.Softplus, KernelRegularizer: graph.Regularizer{L1: 0.01, L2: 0.02}, ActivityRegularizer: graph.Regularizer{L2: 0.01}},
		graph.Dense{Units: 2, KernelRegularizer: graph.Regularizer{L2: 0.01}, ActivityRegularizer: graph.Regularizer{L1: 0.01}}), graph.Loss{Function: graph.MeanAbsoluteError})
	return append(cases, kerasConvolutions()...)
}

// kerasConvolutions are the cases of convolutions with groups, and of layers of sequences.
func kerasConvolutions() []kerasCase {
	odd, vector, sequence := graph.Shape{7, 5, 2}, graph.Shape{6}, graph.Shape{9, 2}
	l1, l2 := graph.Regularizer{L1: 0.1}, graph.Regularizer{L2: 0.1}
	size := func(h, w int) graph.Size { return graph.Size{H: h, W: w} }
	var cases []kerasCase
	chain := func(name string, input graph.Shape, layers ...graph.Layer) {
		cases = append(cases, kerasCase{name, graph.Sequential(name, input, layers...), graph.MSE})
	}
	within := func(name string, channels int, l graph.Layer) { chain(name, odd, conv(channels), l, conv(2)) }
	conv1 := func(filters int) graph.Layer {
		return graph.Conv1D{Filters: filters, Kernel: 3, Padding: graph.Same, Activation: graph.Tanh}
	}
	along := func(name string, layers ...graph.Layer) {
		chain(name, sequence, append(append([]graph.Layer{conv1(4)}, layers...), conv1(2))...)
	}

	within("depthwise", 3, graph.DepthwiseConv2D{Kernel: size(3, 3), Multiplier: 2, Padding: graph.Same, Activation: graph.Tanh})
	within("depthwise_strided", 3, graph.DepthwiseConv2D{Kernel: size(3, 2), Strides: size(2, 2), Activation: graph.ELU, NoBias: true, KernelRegularizer: l2})
	within("depthwise_dilated", 3, graph.DepthwiseConv2D{Kernel: size(2, 3), Dilation: size(2, 2), Padding: graph.Same, BiasRegularizer: l1})
	within("separable", 3, graph.SeparableConv2D{Filters: 4, Kernel: size(3, 3), Multiplier: 2, Padding: graph.Same, Activation: graph.Tanh, DepthwiseRegularizer: l2, PointwiseRegularizer: l1})
	within("separable_strided", 3, graph.SeparableConv2D{Filters: 2, Kernel: size(3, 2), Strides: size(2, 2), NoBias: true, Activation: graph.GELU, ActivityRegularizer: l2})
	within("groups", 4, graph.Conv2D{Filters: 6, Kernel: size(3, 3), Groups: 2, Padding: graph.Same, Activation: graph.ReLU})
	within("groups_strided", 6, graph.Conv2D{Filters: 3, Kernel: size(3, 2), Groups: 3, Strides: size(2, 2)})
	chain("transpose_dilated", graph.Shape{6, 4, 1}, conv(2), graph.Conv2DTranspose{Filters: 3, Kernel: size(3, 3), Dilation: size(2, 2), Padding: graph.Same, Activation: graph.Tanh},
		graph.Conv2DTranspose{Filters: 2, Kernel: size(2, 3), Dilation: size(2, 3)})
	one := 1
	along("conv1d", graph.Conv1D{Filters: 3, Kernel: 3, Stride: 2, Activation: graph.ReLU})
	along("conv1d_same", graph.Conv1D{Filters: 3, Kernel: 4, Dilation: 2, Padding: graph.Same, KernelRegularizer: l2})
	along("conv1d_causal", graph.Conv1D{Filters: 3, Kernel: 3, Dilation: 2, Padding: graph.Causal}, graph.Conv1D{Filters: 3, Kernel: 2, Stride: 2, Padding: graph.Causal, NoBias: true})
	along("conv1d_groups", graph.Conv1D{Filters: 6, Kernel: 3, Groups: 2})
	along("conv1d_transpose", graph.Conv1DTranspose{Filters: 3, Kernel: 3, Stride: 2, Padding: graph.Same, Activation: graph.Tanh}, graph.Conv1DTranspose{Filters: 2, Kernel: 4, Stride: 3})
	along("conv1d_transpose_more", graph.Conv1DTranspose{Filters: 3, Kernel: 3, Stride: 3, Padding: graph.Same, OutputPadding: &one},
		graph.Conv1DTranspose{Filters: 2, Kernel: 2, Stride: 2, OutputPadding: &one, NoBias: true})
	along("max_pooling1d", graph.MaxPooling1D{}, conv1(2), graph.MaxPooling1D{Pool: 3, Stride: 2, Padding: graph.Same})
	along("average_pooling1d", graph.AveragePooling1D{}, conv1(2), graph.AveragePooling1D{Pool: 3, Stride: 2, Padding: graph.Same})
	chain("global_average_pooling1d", sequence, conv1(3), graph.GlobalAveragePooling1D{}, graph.Dense{Units: 3})
	chain("global_max_pooling1d", sequence, conv1(3), graph.GlobalMaxPooling1D{KeepDims: true}, graph.Dense{Units: 3})
	along("up_sampling1d", graph.UpSampling1D{}, conv1(2), graph.UpSampling1D{Factor: 3})
	along("border1d", graph.ZeroPadding1D{Padding: graph.Ends{Before: 2, After: 1}}, graph.Cropping1D{Cropping: graph.Ends{After: 3}})
	chain("permute", odd, conv(3), graph.Permute{Order: []int{3, 1, 2}}, conv(2), graph.Permute{Order: []int{2, 1, 3}})
	chain("layer_normalization", odd, conv(3), graph.LayerNormalization{GammaRegularizer: l2, BetaRegularizer: l1}, conv(2))
	chain("layer_normalization_axes", odd, conv(3), graph.LayerNormalization{Axes: []int{1, -1}, Epsilon: 0.1, NoCenter: true}, conv(2), graph.LayerNormalization{Axes: []int{2}, NoScale: true})
	chain("group_normalization", odd, conv(6), graph.GroupNormalization{Groups: 3, GammaRegularizer: l2, BetaRegularizer: l1}, conv(2), graph.GroupNormalization{Groups: -1, Epsilon: 0.1, NoScale: true})
	chain("unit_normalization", odd, conv(3), graph.UnitNormalization{}, conv(2), graph.UnitNormalization{Axes: []int{1, 2}})
	chain("rms_normalization", odd, conv(3), graph.RMSNormalization{}, conv(2), graph.RMSNormalization{Axes: []int{2, 3}, Epsilon: 0.1})
	within("up_sampling_bicubic", 2, graph.UpSampling2D{Factor: size(3, 2), Interpolation: graph.Bicubic})
	chain("adaptive_pooling", odd, conv(2), graph.AdaptiveAveragePooling2D{Output: size(4, 3)}, conv(2), graph.AdaptiveMaxPooling2D{Output: size(2, 2)})
	chain("repeat_vector", vector, graph.Dense{Units: 3}, graph.RepeatVector{N: 4}, conv1(2), graph.Permute{Order: []int{2, 1}})
	return cases
}

func readKerasCases(t *testing.T) fixture {
	t.Helper()
	arrays, err := npz.Read(filepath.Join("testdata", "keras.npz"))
	check(t, err)
	f := fixture{}
	for _, a := range arrays {
		f[a.Name] = a
	}
	return f
}

func TestLayersAndLossesAgreeWithKeras(t *testing.T) {
	f := readKerasCases(t)
	cases := kerasCases()
	known := 0
	for name := range f {
		if filepath.Base(name) == "total" {
			known++
		}
	}
	if known != len(cases) {
		t.Errorf("%d cases, but %d in the fixture", len(cases), known)
	}
	for _, c := range cases {
		for _, precision := range []graph.Precision{graph.Float64, graph.Float32} {
			// Keras rounds settings (slopes, scales, penalties, weights of interpolation) to float32, also in float64
			name, tolerance, loss, total := c.name+"/float64", 5e-7, "/loss", "/total"
			if precision == graph.Float32 {
				name, tolerance = c.name+"/float32", 2e-5
				if _, differs := f[c.name+"/loss32"]; differs {
					loss, total = "/loss32", "/loss32"
				}
			}
			t.Run(name, func(t *testing.T) {
				params, err := c.model.Init(1, precision)
				check(t, err)
				for i, v := range params.Trainable() {
					check(t, v.Set(f.values(t, fmt.Sprintf("%s/param/%d", c.name, i))))
				}
				p, err := graph.NewTraining(c.model, params, c.loss, graph.Options{Batch: 3, KeepActivations: true})
				check(t, err)
				defer p.Close()
				check(t, p.SetInputs(f.values(t, c.name+"/x"), f.values(t, c.name+"/target")))
				got, err := p.Step(3)
				check(t, err)
				within(t, "y", values(p.Activation(len(c.model.Nodes)-1)), f.values(t, c.name+"/y"), tolerance)
				if c.name != "batch_normalization" && c.name != "shared" { // the others do the same in evaluation
					e, err := graph.NewEvaluation(c.model, params, graph.Options{Batch: 3})
					check(t, err)
					defer e.Close()
					check(t, e.SetInput(f.values(t, c.name+"/x")))
					y, err := e.Run(3)
					check(t, err)
					within(t, "y in evaluation", values(y), f.values(t, c.name+"/y"), tolerance)
				}
				within(t, "loss", []float64{got}, f.values(t, c.name+loss), tolerance)
				within(t, "loss and penalties", []float64{p.PenalizedLoss()}, f.values(t, c.name+total), tolerance)
				if _, there := f[c.name+"/moving/0"]; there {
					p.UpdateStatistics()
					within(t, "moving mean", params.Lookup("layer_1/moving_mean").Values(), f.values(t, c.name+"/moving/0"), tolerance)
					within(t, "moving variance", params.Lookup("layer_1/moving_variance").Values(), f.values(t, c.name+"/moving/1"), tolerance)
				}
				var all []float64
				for i := range params.Trainable() {
					all = append(all, f.values(t, fmt.Sprintf("%s/grad/%d", c.name, i))...)
				}
				for i, v := range params.Trainable() {
					withinEither(t, "gradient of "+v.Path(), values(p.Gradient(i)), f.values(t, fmt.Sprintf("%s/grad/%d", c.name, i)), tolerance, tolerance*norm(all))
				}
			})
		}
	}
}

var pointwise = []graph.Activation{
	graph.Linear, graph.Sigmoid, graph.Tanh, graph.ReLU, graph.LeakyReLU, graph.ReLU6, graph.ELU, graph.SELU, graph.CELU, graph.GELU,
	graph.SiLU, graph.Swish, graph.HardSiLU, graph.HardSwish, graph.Mish, graph.Softplus, graph.Softsign, graph.Squareplus, graph.SparsePlus,
	graph.Exponential, graph.HardSigmoid, graph.SparseSigmoid, graph.LogSigmoid, graph.HardTanh, graph.HardShrink, graph.SoftShrink, graph.TanhShrink,
}

var rowwise = []graph.Activation{graph.Softmax, graph.LogSoftmax, graph.Sparsemax}

// Values and slopes of every activation where Keras computed them, kinks included. What goes into the
// activation is a bias, so that the gradient by it is the slope.
func TestActivationsAgreeWithKeras(t *testing.T) {
	f := readKerasCases(t)
	functions := 0
	for name := range f {
		if filepath.Base(name) == "slope" || filepath.Base(name) == "gradient" {
			functions++
		}
	}
	if functions != len(pointwise)+len(rowwise) {
		t.Errorf("%d activations, but %d in the fixture", len(pointwise)+len(rowwise), functions)
	}
	for _, precision := range []graph.Precision{graph.Float64, graph.Float32} {
		// Keras rounds slopes and other constants to float32, also in float64
		tolerance := map[graph.Precision]float64{graph.Float64: 6e-8, graph.Float32: 1e-6}[precision]
		z := f.values(t, "activation/z")
		ones := make([]float64, len(z))
		for i := range ones {
			ones[i] = 1
		}
		for _, a := range pointwise {
			y, slope := activationAt(t, a, precision, 1, z, ones)
			closeTo(t, string(a), z, y, f.values(t, "activation/"+string(a)), tolerance)
			closeTo(t, "slope of "+string(a), z, slope, f.values(t, "activation/"+string(a)+"/slope"), tolerance)
		}
		z, g := f.values(t, "rows/z"), f.values(t, "rows/g")
		for _, a := range rowwise {
			y, slope := activationAt(t, a, precision, 5, z, g)
			closeTo(t, string(a), z, y, f.values(t, "rows/"+string(a)), tolerance)
			closeTo(t, "gradient of "+string(a), z, slope, f.values(t, "rows/"+string(a)+"/gradient"), 2*tolerance)
		}
	}
}

// activationAt returns f(z) and the gradient by z of sum(g * f(z)), for rows of the given width.
func activationAt(t *testing.T, a graph.Activation, precision graph.Precision, width int, z, g []float64) (y, slope []float64) {
	t.Helper()
	return layerAt(t, graph.Activate{Function: a}, precision, width, z, g)
}

// layerAt is activationAt of any layer that keeps shapes.
func layerAt(t *testing.T, l graph.Layer, precision graph.Precision, width int, z, g []float64) (y, slope []float64) {
	t.Helper()
	// a dense layer of a zero leaves the bias; times g, the error is so large that its magnitude has the slope 1/n
	m := graph.Sequential("m", graph.Shape{1}, graph.Dense{Units: len(z)}, graph.Reshape{Target: graph.Shape{len(z) / width, width}},
		l, graph.Flatten{}, graph.Rescaling{Scale: g})
	params, err := m.Init(1, precision)
	check(t, err)
	check(t, params.Lookup("dense/bias").Set(z))
	p, err := graph.NewTraining(m, params, graph.Loss{Function: graph.MeanAbsoluteError}, graph.Options{Batch: 1, KeepActivations: true})
	check(t, err)
	defer p.Close()
	target := make([]float64, len(z))
	for i := range target {
		target[i] = -1e30
	}
	check(t, p.SetInputs([]float64{0}, target))
	_, err = p.Step(1)
	check(t, err)
	slope = values(p.Gradient(1))
	for i := range slope {
		slope[i] *= float64(len(z))
	}
	return values(p.Activation(2)), slope
}

func closeTo(t *testing.T, what string, z, got, want []float64, tolerance float64) {
	t.Helper()
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= tolerance*max(1, math.Abs(w))) {
			t.Errorf("%s at %g is %.12g, it should be %.12g", what, z[i], got[i], w)
		}
	}
}
