package corpus

import (
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// The settings that bases are written with.
const (
	leaky   = graph.LeakyReLU
	elu     = graph.ELU
	sigmoid = graph.Sigmoid
	linear  = graph.Linear
)

var (
	image = graph.Shape{28, 28, 1}
	mse   = graph.Loss{Function: graph.MeanSquaredError}
	mae   = graph.Loss{Function: graph.MeanAbsoluteError}
	bce   = graph.Loss{Function: graph.BinaryCrossentropy}
)

// convolution is 3x3 with padding same.
func convolution(filters, stride int, a graph.Activation) graph.Layer {
	return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(stride), Padding: graph.Same, Activation: a}
}

// transposed is 3x3 with padding same and strides 2x2.
func transposed(filters int, a graph.Activation) graph.Layer {
	return graph.Conv2DTranspose{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: a}
}

func dense(units int, a graph.Activation) graph.Layer {
	return graph.Dense{Units: units, Activation: a}
}

func reshape(h, w, c int) graph.Layer { return graph.Reshape{Target: graph.Shape{h, w, c}} }

// bases are the healthy models, six in each half. Hidden activations have a slope below 0 too and codes are linear, since plain
// ReLUs die with some seeds.
func bases() []Case {
	digits, xrays := Data{Source: "mnist"}, Data{Source: "pneumonia"}
	standardized := Data{"pneumonia", dataset.Treatment{Scale: dataset.ScaleStandardize}}
	return []Case{
		{Half: Development, Data: digits, Loss: mse, Optim: training.Adam{},
			Model: graph.Sequential("digits-pooling", image,
				convolution(8, 1, leaky), graph.MaxPooling2D{},
				convolution(16, 1, leaky), graph.MaxPooling2D{},
				graph.Flatten{}, dense(32, linear),
				dense(784, sigmoid), reshape(28, 28, 1))},
		{Half: Development, Data: digits, Loss: bce, Optim: training.Adam{},
			Model: graph.Sequential("digits-transposed", image,
				convolution(8, 2, leaky), convolution(16, 2, leaky),
				graph.Flatten{}, dense(24, linear),
				dense(784, leaky), reshape(7, 7, 16),
				transposed(8, leaky), transposed(1, sigmoid))},
		{Half: Development, Data: digits, Loss: mse, Optim: training.SGD{LearningRate: 1, Momentum: 0.9},
			Model: graph.Sequential("digits-dense", image,
				graph.Flatten{}, dense(128, elu), dense(32, linear),
				dense(128, elu), dense(784, linear), reshape(28, 28, 1))},
		{Half: Development, Data: xrays, Loss: mae, Optim: training.Adam{},
			Model: graph.Sequential("xrays-upsampling", image,
				convolution(8, 2, elu), convolution(16, 2, elu),
				graph.Flatten{}, dense(32, linear),
				dense(392, elu), reshape(7, 7, 8),
				graph.UpSampling2D{}, convolution(8, 1, elu),
				graph.UpSampling2D{}, convolution(1, 1, sigmoid))},
		{Half: Development, Data: xrays, Loss: bce, Optim: training.RMSprop{},
			Model: graph.Sequential("xrays-convolutional", image,
				convolution(8, 2, leaky), convolution(8, 2, leaky), convolution(4, 1, linear),
				transposed(8, leaky), transposed(1, sigmoid))},
		{Half: Development, Data: xrays, Loss: mse, Optim: training.Adam{},
			Model: branches("xrays-branches", leaky, 32)},

		{Half: HeldOut, Data: digits, Loss: mse, Optim: training.Nadam{},
			Model: graph.Sequential("digits-upsampling", image,
				convolution(8, 1, leaky), graph.MaxPooling2D{},
				convolution(8, 2, leaky),
				graph.Flatten{}, dense(32, linear),
				dense(392, leaky), reshape(7, 7, 8),
				graph.UpSampling2D{}, convolution(8, 1, leaky),
				graph.UpSampling2D{}, convolution(1, 1, sigmoid))},
		{Half: HeldOut, Data: digits, Loss: mse, Optim: training.Adam{},
			Model: inception("digits-branches", leaky, 24)},
		{Half: HeldOut, Data: digits, Loss: mse, Optim: training.Adam{},
			Model: graph.Sequential("digits-deep", image,
				convolution(8, 2, leaky), graph.BatchNormalization{}, convolution(8, 1, leaky), convolution(8, 2, leaky), graph.BatchNormalization{}, convolution(8, 1, leaky),
				graph.Flatten{}, dense(64, leaky), dense(32, linear), dense(64, leaky), dense(392, leaky), reshape(7, 7, 8),
				convolution(8, 1, leaky), transposed(8, leaky), convolution(8, 1, leaky), transposed(1, sigmoid))},
		{Half: HeldOut, Data: standardized, Loss: mse, Optim: training.Adam{},
			Model: graph.Sequential("xrays-pooling", image,
				convolution(8, 1, leaky), graph.AveragePooling2D{},
				convolution(16, 1, leaky), graph.AveragePooling2D{},
				graph.Flatten{}, dense(48, linear),
				dense(784, linear), reshape(28, 28, 1))},
		{Half: HeldOut, Data: xrays, Loss: mae, Optim: training.Adamax{LearningRate: 0.003},
			Model: graph.Sequential("xrays-transposed", image,
				convolution(8, 2, elu), convolution(16, 2, elu),
				graph.Flatten{}, dense(24, linear),
				dense(392, elu), reshape(7, 7, 8),
				transposed(8, elu), transposed(1, linear))},
		{Half: HeldOut, Data: xrays, Loss: bce, Optim: training.SGD{LearningRate: 0.3, Momentum: 0.9, Nesterov: true},
			Model: graph.Sequential("xrays-dense", image,
				graph.Flatten{}, dense(96, graph.SELU), dense(24, linear),
				dense(96, graph.SELU), dense(784, sigmoid), reshape(28, 28, 1))},
	}
}

// branches halves images along two ways that are concatenated, and enlarges them along two ways that are added, as a U-Net's levels
// do; nothing goes around the code.
func branches(name string, a graph.Activation, code int) *graph.Model {
	m := graph.Sequential(name, image,
		convolution(8, 2, a),   // 0
		convolution(8, 2, a),   // 1
		graph.MaxPooling2D{},   // 2: of 0
		graph.Concatenate{},    // 3: of 1 and 2
		graph.Flatten{},        // 4
		dense(code, linear),    // 5
		dense(392, a),          // 6
		reshape(7, 7, 8),       // 7
		transposed(8, a),       // 8
		graph.UpSampling2D{},   // 9: of 7
		graph.Add{},            // 10: of 8 and 9
		transposed(1, sigmoid)) // 11
	m.Nodes[2].Inputs = []int{0}
	m.Nodes[3].Inputs = []int{1, 2}
	m.Nodes[9].Inputs = []int{7}
	m.Nodes[10].Inputs = []int{8, 9}
	return m
}

// inception reads images with kernels of two sizes side by side, and has a residual block on either side of the code.
func inception(name string, a graph.Activation, code int) *graph.Model {
	wide := graph.Conv2D{Filters: 4, Kernel: graph.Square(5), Strides: graph.Square(2), Padding: graph.Same, Activation: a}
	m := graph.Sequential(name, image,
		convolution(4, 2, a),   // 0
		wide,                   // 1: of the image
		graph.Concatenate{},    // 2: of 0 and 1
		convolution(8, 1, a),   // 3
		graph.Add{},            // 4: of 2 and 3
		graph.MaxPooling2D{},   // 5
		graph.Flatten{},        // 6
		dense(code, linear),    // 7
		dense(392, a),          // 8
		reshape(7, 7, 8),       // 9
		convolution(8, 1, a),   // 10
		graph.Add{},            // 11: of 9 and 10
		transposed(8, a),       // 12
		transposed(1, sigmoid)) // 13
	m.Nodes[1].Inputs = []int{-1}
	m.Nodes[2].Inputs = []int{0, 1}
	m.Nodes[4].Inputs = []int{2, 3}
	m.Nodes[11].Inputs = []int{9, 10}
	return m
}
