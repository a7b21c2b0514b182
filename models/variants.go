// Package models holds the deep convolutional autoencoders under study, as literal lists of layers, and [Stack], which makes one
// of any depth.
package models

import (
	"math"

	"dcae/graph"
)

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
func ImprovedFor(image graph.Shape) *graph.Model {
	full, half, quarter, channels := halvedTwice(image)
	he := graph.HeNormal()
	return graph.Sequential("improved", image,
		graph.Conv2D{Filters: 32, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he},
		graph.BatchNormalization{},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Conv2D{Filters: 64, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he},
		graph.BatchNormalization{},
		graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same},
		graph.Flatten{},
		graph.Dense{Units: bottleneck, Activation: graph.ReLU, KernelInit: he},
		graph.Dense{Units: quarter.H * quarter.W * 64, Activation: graph.ReLU, KernelInit: he},
		graph.Reshape{Target: graph.Shape{quarter.H, quarter.W, 64}},
		graph.Conv2DTranspose{Filters: 64, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU, OutputPadding: upTo(half)},
		graph.Conv2DTranspose{Filters: 32, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU, OutputPadding: upTo(full)},
		graph.Conv2D{Filters: channels, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid},
	)
}

// MeanPixel is that of MNIST's training images, scaled to 0..1.
const MeanPixel = 0.1307

// Reliable is Improved whose output begins at the images' mean.
func Reliable() *graph.Model { return ReliableFor(mnist, MeanPixel) }

// ReliableFor is [ImprovedFor] with one change: the output's bias begins at logit(mean), so that the first outputs are about as bright as
// the images, whose values have that mean, above 0 and below 1. Improved begins at 0.5, and with black images Adam's first steps, all in
// one direction, push the output so far down that its sigmoid saturates and every ReLU before it dies.
func ReliableFor(image graph.Shape, mean float64) *graph.Model {
	m := ImprovedFor(image)
	m.Name = "reliable"
	last := len(m.Nodes) - 1
	output := m.Nodes[last].Layer.(graph.Conv2D)
	output.BiasInit = graph.Constant{Value: Logit(mean)}
	m.Nodes[last].Layer = output
	return m
}

// Logit is what a sigmoid makes the share p of.
func Logit(p float64) float64 { return math.Log(p / (1 - p)) }
