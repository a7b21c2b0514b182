// Package graphtest has an example of every kind of layer, for tests of what must know them all.
package graphtest

import (
	"fmt"

	"dcae/graph"
)

// Example is a layer and the shapes of inputs that it takes, which are equal.
type Example struct {
	Layer  graph.Layer
	Inputs []graph.Shape
}

// Model is the layer behind the model's input, which is rescaled for each but the first of the layer's inputs, so that they differ.
func (e Example) Model() *graph.Model {
	m := &graph.Model{Name: e.Layer.Class(), Input: e.Inputs[0]}
	last := graph.Node{Name: "layer", Layer: e.Layer, Inputs: []int{-1}}
	for k := 1; k < len(e.Inputs); k++ {
		last.Inputs = append(last.Inputs, len(m.Nodes))
		m.Nodes = append(m.Nodes, graph.Node{Name: fmt.Sprintf("input_%d", k+1), Layer: graph.Rescaling{Scale: []float64{float64(k + 1)}, Offset: []float64{0.5}}, Inputs: []int{-1}})
	}
	m.Nodes = append(m.Nodes, last)
	return m
}

// OfLosses are the kinds of layers that have no example: they give values that all images have in common, as those of a model's own loss.
func OfLosses() []graph.Layer {
	return []graph.Layer{graph.Parameter{}, graph.Target{}, graph.BatchSize{}, graph.SumOverBatch{}, graph.RepeatOverBatch{}, graph.Supplied{Layer: graph.Dense{}}}
}

// Layers are one example of each kind of layer, with few settings at their defaults.
func Layers() []Example {
	var out []Example
	add := func(inputs int, shape graph.Shape, layers ...graph.Layer) {
		for _, l := range layers {
			e := Example{Layer: l}
			for range inputs {
				e.Inputs = append(e.Inputs, shape)
			}
			out = append(out, e)
		}
	}
	three, two, one := graph.Square(3), graph.Square(2), graph.Square(1)
	l1, l2 := graph.Regularizer{L1: 0.1}, graph.Regularizer{L2: 0.2}
	add(1, graph.Shape{6, 5, 4},
		graph.Conv2D{Filters: 3, Kernel: graph.Size{H: 3, W: 2}, Strides: one, Dilation: two, Padding: graph.Same, Activation: graph.Tanh,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.Conv2DTranspose{Filters: 3, Kernel: three, Strides: two, Padding: graph.Same, Activation: graph.ReLU,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.Dense{Units: 3, Activation: graph.Sigmoid,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.DepthwiseConv2D{Kernel: graph.Size{H: 3, W: 2}, Multiplier: 2, Strides: two, Dilation: one, Padding: graph.Same, Activation: graph.ReLU,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.SeparableConv2D{Filters: 3, Kernel: graph.Size{H: 3, W: 2}, Multiplier: 2, Strides: two, Dilation: one, Padding: graph.Same, Activation: graph.ReLU,
			DepthwiseInit: graph.HeNormal(), PointwiseInit: graph.GlorotNormal(), BiasInit: graph.Ones{},
			DepthwiseRegularizer: l1, PointwiseRegularizer: l2, BiasRegularizer: l1, ActivityRegularizer: l2},
		graph.BatchNormalization{Momentum: 0.9, Epsilon: 0.01, GammaInit: graph.Constant{Value: 2}, BetaInit: graph.Ones{}, MeanInit: graph.Ones{},
			VarianceInit: graph.Constant{Value: 2}, GammaRegularizer: l1, BetaRegularizer: l2},
		graph.LayerNormalization{Axes: []int{1, 3}, Epsilon: 0.01, GammaInit: graph.Constant{Value: 2}, BetaInit: graph.Ones{}, GammaRegularizer: l1, BetaRegularizer: l2},
		graph.GroupNormalization{Groups: 2, Epsilon: 0.01, GammaInit: graph.Constant{Value: 2}, BetaInit: graph.Ones{}, GammaRegularizer: l1, BetaRegularizer: l2},
		graph.RMSNormalization{Axes: []int{2, 3}, Epsilon: 0.01},
		graph.UnitNormalization{Axes: []int{1}},
		graph.MaxPooling2D{Pool: three, Strides: two, Padding: graph.Same},
		graph.AveragePooling2D{Pool: three, Strides: two, Padding: graph.Same},
		graph.GlobalAveragePooling2D{KeepDims: true},
		graph.GlobalMaxPooling2D{KeepDims: true},
		graph.UpSampling2D{Factor: graph.Size{H: 2, W: 3}, Interpolation: graph.Bilinear},
		graph.ZeroPadding2D{Padding: graph.Margins{Top: 1, Right: 2}},
		graph.Cropping2D{Cropping: graph.Margins{Top: 1, Right: 2}},
		graph.Resize{Scale: graph.Scale{H: 1.7, W: 0.6}, Interpolation: graph.Bicubic},
		graph.Pad2D{Padding: graph.Margins{Top: 1, Bottom: 2, Left: 3}, Mode: graph.Reflected},
		graph.PixelShuffle{Factor: 2},
		graph.AdaptiveAveragePooling2D{Output: graph.Size{H: 4, W: 3}},
		graph.AdaptiveMaxPooling2D{Output: graph.Size{H: 4, W: 3}},
		graph.Flatten{},
		graph.Reshape{Target: graph.Shape{3, 10, 4}},
		graph.Permute{Order: []int{2, 1, 3}},
		graph.Slice{Axis: 1, Start: 1, Step: 2},
		graph.Take{Axis: 2, Indices: []int{3, 1, 1}},
		graph.BroadcastTo{Target: graph.Shape{6, 5, 4}},
		graph.Dropout{Rate: 0.5},
		graph.SpatialDropout2D{Rate: 0.5},
		graph.GaussianNoise{StdDev: 0.5},
		graph.AlphaDropout{Rate: 0.5},
		graph.Sample{Uniform: true},
		graph.Activate{Function: graph.ELU},
		graph.Rectifier{Max: 6},
		graph.LeakyRectifier{NegativeSlope: 0.1},
		graph.ParametricRectifier{SharedAxes: []int{1, 2}, AlphaInit: graph.Constant{Value: 0.5}, AlphaRegularizer: l1},
		graph.ExponentialLinear{Alpha: 2},
		graph.SoftmaxLayer{Axis: 1},
		graph.Reduce{How: graph.ReduceMean, Axes: []int{2}, KeepDims: true},
		graph.Elementwise{Function: graph.Squared},
		graph.Rescaling{Scale: []float64{2}, Offset: []float64{-1}},
		graph.Identity{},
		graph.StopGradient{},
		graph.OneHotMax{},
	)
	add(1, graph.Shape{9, 4},
		graph.Conv1D{Filters: 4, Kernel: 3, Stride: 1, Dilation: 2, Groups: 2, Padding: graph.Causal, Activation: graph.Tanh,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.Conv1DTranspose{Filters: 3, Kernel: 3, Stride: 2, Dilation: 1, Padding: graph.Same, Activation: graph.ReLU,
			KernelInit: graph.HeNormal(), BiasInit: graph.Ones{}, KernelRegularizer: l1, BiasRegularizer: l2, ActivityRegularizer: l1},
		graph.MaxPooling1D{Pool: 3, Stride: 2, Padding: graph.Same},
		graph.AveragePooling1D{Pool: 3, Stride: 2, Padding: graph.Same},
		graph.GlobalAveragePooling1D{KeepDims: true},
		graph.GlobalMaxPooling1D{KeepDims: true},
		graph.UpSampling1D{Factor: 3},
		graph.ZeroPadding1D{Padding: graph.Ends{Before: 1, After: 2}},
		graph.Cropping1D{Cropping: graph.Ends{Before: 1, After: 2}},
	)
	add(1, graph.Shape{6}, graph.RepeatVector{N: 3})
	add(2, graph.Shape{6, 4, 4}, graph.MatMul{})
	add(2, graph.Shape{6, 5, 4}, graph.Add{}, graph.Subtract{}, graph.Multiply{}, graph.Divide{}, graph.Power{}, graph.Compare{}, graph.Average{}, graph.Maximum{}, graph.Minimum{}, graph.Concatenate{Axis: 2}, graph.BinaryEntropy{})
	add(3, graph.Shape{6, 5, 4}, graph.Where{})
	add(1, graph.Shape{6, 4, 3}, graph.PixelUnshuffle{Factor: 2})
	add(2, graph.Shape{6, 5, 4}, graph.MaxUnpooling2D{Pooling: graph.MaxPooling2D{Pool: three, Strides: one, Padding: graph.Same}})
	return out
}
