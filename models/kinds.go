package models

import "dcae/graph"

// Kind is a model of one of the kinds that people have, for timing.
type Kind struct {
	Name  string
	Model *graph.Model
	Loss  graph.Loss
	Batch int // images in a step
}

// Kinds are autoencoders that differ in what their time goes to: kernels of stride 2, wide dense layers, residual blocks, connections around,
// few channels, large images.
func Kinds() []Kind {
	return []Kind{
		{"strided-64", strided64(), graph.MSE, 32},
		{"strided-96", strided96(), graph.MSE, 32},
		{"dense-784", dense784(), graph.Loss{Function: graph.BinaryCrossentropy}, 128},
		{"residual-32", residual32(), graph.MSE, 64},
		{"unet-64", unet64(), graph.MSE, 16},
		{"pooled-28", repeated("pooled-28", graph.Shape{28, 28, 1}, 8, 16), graph.MSE, 128},
		{"pooled-256", repeated("pooled-256", graph.Shape{256, 256, 1}, 16, 32, 64, 128), graph.MSE, 8},
	}
}

// conv is a convolution with padding same.
func conv(filters, kernel, stride int, a graph.Activation) graph.Layer {
	return graph.Conv2D{Filters: filters, Kernel: graph.Square(kernel), Strides: graph.Square(stride), Padding: graph.Same, Activation: a}
}

// up is a transposed convolution of stride 2 with padding same.
func up(filters, kernel int, a graph.Activation) graph.Layer {
	return graph.Conv2DTranspose{Filters: filters, Kernel: graph.Square(kernel), Strides: graph.Square(2), Padding: graph.Same, Activation: a}
}

// strided64 halves colour images with 4x4 kernels, as decoders and discriminators of generative models do.
func strided64() *graph.Model {
	leaky := func(l graph.Layer) []graph.Layer {
		return []graph.Layer{l, graph.BatchNormalization{}, graph.LeakyRectifier{}}
	}
	var layers []graph.Layer
	for _, filters := range []int{64, 128, 256} {
		layers = append(layers, leaky(conv(filters, 4, 2, graph.Linear))...)
	}
	for _, filters := range []int{128, 64} {
		layers = append(layers, leaky(up(filters, 4, graph.Linear))...)
	}
	return graph.Sequential("strided-64", graph.Shape{64, 64, 3}, append(layers, up(3, 4, graph.Sigmoid))...)
}

// strided96 halves images with 5x5 kernels and has a wide dense code.
func strided96() *graph.Model {
	return graph.Sequential("strided-96", graph.Shape{96, 96, 1},
		conv(32, 5, 2, graph.ReLU), conv(64, 5, 2, graph.ReLU), conv(128, 5, 2, graph.ReLU),
		graph.Flatten{}, graph.Dense{Units: 128}, graph.Dense{Units: 12 * 12 * 128, Activation: graph.ReLU}, graph.Reshape{Target: graph.Shape{12, 12, 128}},
		up(64, 5, graph.ReLU), up(32, 5, graph.ReLU), up(1, 5, graph.Sigmoid))
}

// dense784 has no convolutions.
func dense784() *graph.Model {
	var layers []graph.Layer
	for _, units := range []int{512, 256, 64, 256, 512} {
		layers = append(layers, graph.Dense{Units: units, Activation: graph.ReLU})
	}
	return graph.Sequential("dense-784", graph.Shape{784}, append(layers, graph.Dense{Units: 784, Activation: graph.Sigmoid})...)
}

// residual32 has blocks of two convolutions beside a 1x1 convolution, with ELU and batch normalization.
func residual32() *graph.Model {
	m := &graph.Model{Name: "residual-32", Input: graph.Shape{32, 32, 3}}
	at := -1
	add := func(name string, l graph.Layer, in ...int) int {
		m.Nodes = append(m.Nodes, graph.Node{Name: name, Layer: l, Inputs: in})
		return len(m.Nodes) - 1
	}
	block := func(name string, filters int) {
		a := add(name+"_a", conv(filters, 3, 1, graph.ELU), at)
		a = add(name+"_a_norm", graph.BatchNormalization{}, a)
		b := add(name+"_b", conv(filters, 3, 1, graph.Linear), a)
		b = add(name+"_b_norm", graph.BatchNormalization{}, b)
		short := add(name+"_short", conv(filters, 1, 1, graph.Linear), at)
		at = add(name+"_out", graph.Activate{Function: graph.ELU}, add(name+"_add", graph.Add{}, b, short))
	}
	block("down1", 32)
	at = add("pool1", graph.MaxPooling2D{}, at)
	block("down2", 64)
	at = add("pool2", graph.MaxPooling2D{}, at)
	block("middle", 64)
	at = add("up1", graph.UpSampling2D{}, at)
	block("up1", 32)
	at = add("up2", graph.UpSampling2D{}, at)
	add("out", conv(3, 3, 1, graph.Sigmoid), at)
	return m
}

// unet64 has connections around its deepest level.
func unet64() *graph.Model {
	m := &graph.Model{Name: "unet-64", Input: graph.Shape{64, 64, 3}}
	at := -1
	add := func(name string, l graph.Layer, in ...int) int {
		m.Nodes = append(m.Nodes, graph.Node{Name: name, Layer: l, Inputs: in})
		return len(m.Nodes) - 1
	}
	twice := func(name string, filters int) {
		at = add(name+"_b", conv(filters, 3, 1, graph.ReLU), add(name+"_a", conv(filters, 3, 1, graph.ReLU), at))
	}
	var around []int
	for i, filters := range []int{32, 64, 128} {
		twice([]string{"down1", "down2", "down3"}[i], filters)
		around = append(around, at)
		at = add([]string{"pool1", "pool2", "pool3"}[i], graph.MaxPooling2D{}, at)
	}
	twice("middle", 256)
	for i, filters := range []int{128, 64, 32} {
		name := []string{"up3", "up2", "up1"}[i]
		grown := add(name, up(filters, 2, graph.Linear), at)
		at = add(name+"_join", graph.Concatenate{}, grown, around[2-i])
		twice(name, filters)
	}
	add("out", conv(3, 1, 1, graph.Sigmoid), at)
	return m
}

// repeated halves images by pooling and doubles them by repeating pixels.
func repeated(name string, image graph.Shape, filters ...int) *graph.Model {
	var layers []graph.Layer
	for _, f := range filters {
		layers = append(layers, conv(f, 3, 1, graph.ReLU), graph.MaxPooling2D{})
	}
	for i := range filters {
		layers = append(layers, conv(filters[len(filters)-1-i], 3, 1, graph.ReLU), graph.UpSampling2D{})
	}
	return graph.Sequential(name, image, append(layers, conv(image[2], 3, 1, graph.Sigmoid))...)
}
