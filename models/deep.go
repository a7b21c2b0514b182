package models

import "dcae/graph"

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
