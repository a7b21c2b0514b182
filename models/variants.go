// Package models holds the deep convolutional autoencoders under study, as literal lists of layers, and [Stack], which makes one
// of any depth.
package models

import "dcae/graph"

// bottleneck is the number of values that an image is squeezed into.
const bottleneck = 32

var mnist = graph.Shape{28, 28, 1}

// Sigmoid has a sigmoid after every layer, in the middle of the network too: its gradients fade on the way to the first
// layer.
func Sigmoid() *graph.Model { return SigmoidFor(mnist) }

// SigmoidFor is Sigmoid for images {height, width, channels} of any size.
func SigmoidFor(image graph.Shape) *graph.Model {
	return graph.Sequential("sigmoid", image,
		graph.Conv2D{Filters: 32, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Conv2D{Filters: 64, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Flatten{},
		graph.Dense{Units: bottleneck, Activation: graph.Sigmoid},
		graph.Dense{Units: image.Size(), Activation: graph.Sigmoid},
		graph.Reshape{Target: image},
	)
}

// HighLR has ReLUs and a convolutional decoder; it is trained with a learning rate of 0.1.
func HighLR() *graph.Model { return HighLRFor(mnist) }

// HighLRFor is HighLR for images {height, width, channels} of any size.
func HighLRFor(image graph.Shape) *graph.Model {
	full, half, quarter, channels := halvedTwice(image)
	return graph.Sequential("highlr", image,
		graph.Conv2D{Filters: 32, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Conv2D{Filters: 64, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Flatten{},
		graph.Dense{Units: bottleneck, Activation: graph.ReLU},
		graph.Dense{Units: quarter.H * quarter.W * 64, Activation: graph.ReLU},
		graph.Reshape{Target: graph.Shape{quarter.H, quarter.W, 64}},
		graph.Conv2DTranspose{Filters: 64, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU, OutputPadding: upTo(half)},
		graph.Conv2DTranspose{Filters: 32, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU, OutputPadding: upTo(full)},
		graph.Conv2D{Filters: channels, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid},
	)
}

// Improved is HighLR with batch normalization in the encoder and He initialization, the cure as commonly printed.
func Improved() *graph.Model { return ImprovedFor(mnist) }

// ImprovedFor is Improved for images {height, width, channels} of any size.
func ImprovedFor(image graph.Shape) *graph.Model { return normalized("improved", image, graph.ReLU) }

// Reliable is Improved with one change: leaky ReLUs, which pass a gradient on either side of zero.
func Reliable() *graph.Model { return ReliableFor(mnist) }

// ReliableFor is Reliable for images {height, width, channels} of any size.
func ReliableFor(image graph.Shape) *graph.Model {
	return normalized("reliable", image, graph.LeakyReLU)
}

// normalized is [Improved] with another activation in its hidden layers.
func normalized(name string, image graph.Shape, activation graph.Activation) *graph.Model {
	full, half, quarter, channels := halvedTwice(image)
	he := graph.HeNormal()
	return graph.Sequential(name, image,
		graph.Conv2D{Filters: 32, Kernel: graph.Square(3), Padding: graph.Same, Activation: activation, KernelInit: he},
		graph.BatchNormalization{},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Conv2D{Filters: 64, Kernel: graph.Square(3), Padding: graph.Same, Activation: activation, KernelInit: he},
		graph.BatchNormalization{},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Flatten{},
		graph.Dense{Units: bottleneck, Activation: activation, KernelInit: he},
		graph.Dense{Units: quarter.H * quarter.W * 64, Activation: activation, KernelInit: he},
		graph.Reshape{Target: graph.Shape{quarter.H, quarter.W, 64}},
		graph.Conv2DTranspose{Filters: 64, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: activation, OutputPadding: upTo(half)},
		graph.Conv2DTranspose{Filters: 32, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: activation, OutputPadding: upTo(full)},
		graph.Conv2D{Filters: channels, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid},
	)
}
