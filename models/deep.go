package models

import (
	"fmt"

	"dcae/graph"
)

// Deep is a larger autoencoder for 128x128 images, 1 to 256 channels and back; it is there for timing.
func Deep() *graph.Model {
	he := graph.HeNormal()
	var layers []graph.Layer
	for _, filters := range []int{32, 64, 128, 256} {
		layers = append(layers,
			graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he},
			graph.BatchNormalization{},
			graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same})
	}
	layers = append(layers, graph.Conv2D{Filters: 16, Kernel: graph.Square(1), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he})
	for _, filters := range []int{256, 128, 64, 32} {
		layers = append(layers, graph.Conv2DTranspose{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he})
	}
	layers = append(layers, graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid})
	return graph.Sequential("deep", graph.Shape{128, 128, 1}, layers...)
}

// FourLevel is an autoencoder of four levels for square images of one channel of the given size, a multiple of 16; it is there for
// timing against the image's size.
func FourLevel(size int) *graph.Model {
	he := graph.HeNormal()
	var layers []graph.Layer
	for _, filters := range []int{16, 32, 32, 32} {
		layers = append(layers,
			graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he},
			graph.BatchNormalization{},
			graph.MaxPooling2D{Pool: graph.Square(2), Padding: graph.Same})
	}
	for _, filters := range []int{32, 32, 32, 16} {
		layers = append(layers, graph.Conv2DTranspose{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU, KernelInit: he})
	}
	layers = append(layers, graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Sigmoid})
	return graph.Sequential(fmt.Sprintf("four-level-%d", size), graph.Shape{size, size, 1}, layers...)
}
