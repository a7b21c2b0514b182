package main

import (
	"fmt"
	"path/filepath"

	"dcae/experiments/diagnosis/corpus"
	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models"
	"dcae/training"
	"dcae/training/names"
)

// subject is a model whose steps are timed.
type subject struct {
	name      string
	model     *graph.Model
	optimizer training.Optimizer
	loss      graph.Loss
	batch     int
	fitted    bool // the rates may be fitted to it; others are there to check them
}

const usualBatch = 32

// subjects are what the rates are fitted to, models of many kinds and sizes made up here and the corpus' development half, and what they are checked
// with: the kinds of dcae bench, the rest of the corpus, and model files.
func subjects(files []string) ([]subject, error) {
	out := madeUp()
	for _, half := range []corpus.Half{corpus.Development, corpus.HeldOut, corpus.Real} {
		cases, err := corpus.Cases(half)
		if err != nil {
			return nil, err
		}
		for _, c := range cases {
			if c.Change == "" || half == corpus.Real {
				out = append(out, subject{c.Name, c.Model, c.Optim, c.Loss, usualBatch, half != corpus.HeldOut})
			}
		}
	}
	for _, k := range models.Kinds() {
		out = append(out, subject{k.Name, k.Model, training.Adam{}, k.Loss, k.Batch, true})
	}
	for _, file := range files {
		m, err := saved.Open(file, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, subject{names.Escaped(saved.NameOf(filepath.Base(file))), m.Model, m.Optimizer, m.Loss, usualBatch, false})
	}
	return out, nil
}

// recipe is how a model is made up: levels of convolutions that halve images, a code, and levels that double them again.
type recipe struct {
	size, channels int   // of the images
	filters        []int // of the levels
	kernel         int
	down, up       string // strided, max or average; transposed, repeated
	each           int    // convolutions a level; default 1
	activation     graph.Activation
	normalized     bool
	code           int // units of a dense code; 0: none
	batch          int // default 32
	optimizer      training.Optimizer
}

func (r recipe) model() *graph.Model {
	name := fmt.Sprintf("%dx%d-%dx%d-%s-%s-%v", r.size, r.channels, r.kernel, max(1, r.each), r.down, r.up, r.filters)
	square := graph.Square
	var layers []graph.Layer
	add := func(l graph.Layer) {
		if layers = append(layers, l); r.normalized {
			layers = append(layers, graph.BatchNormalization{})
		}
	}
	conv := func(filters, stride int) {
		add(graph.Conv2D{Filters: filters, Kernel: square(r.kernel), Strides: square(stride), Padding: graph.Same, Activation: r.activation})
	}
	for _, f := range r.filters {
		for range max(1, r.each) - 1 {
			conv(f, 1)
		}
		switch r.down {
		case "strided":
			conv(f, 2)
		case "max":
			conv(f, 1)
			layers = append(layers, graph.MaxPooling2D{})
		default:
			conv(f, 1)
			layers = append(layers, graph.AveragePooling2D{})
		}
	}
	deepest := r.size >> len(r.filters)
	if last := r.filters[len(r.filters)-1]; r.code > 0 {
		layers = append(layers, graph.Flatten{}, graph.Dense{Units: r.code}, graph.Dense{Units: deepest * deepest * last, Activation: r.activation},
			graph.Reshape{Target: graph.Shape{deepest, deepest, last}})
		name += fmt.Sprintf("-%d", r.code)
	}
	for i := len(r.filters) - 1; i >= 0; i-- {
		f := r.filters[i]
		if r.up == "transposed" {
			add(graph.Conv2DTranspose{Filters: f, Kernel: square(r.kernel), Strides: square(2), Padding: graph.Same, Activation: r.activation})
		} else {
			layers = append(layers, graph.UpSampling2D{})
			conv(f, 1)
		}
		for range max(1, r.each) - 1 {
			conv(f, 1)
		}
	}
	layers = append(layers, graph.Conv2D{Filters: r.channels, Kernel: square(r.kernel), Padding: graph.Same, Activation: graph.Sigmoid})
	return graph.Sequential(name, graph.Shape{r.size, r.size, r.channels}, layers...)
}

// madeUp are models of many kinds.
func madeUp() []subject {
	recipes := []recipe{
		{size: 28, channels: 1, filters: []int{8, 8}, kernel: 3, down: "max", up: "repeated", activation: graph.ReLU},
		{size: 28, channels: 1, filters: []int{16, 32}, kernel: 3, down: "strided", up: "transposed", activation: graph.ReLU, code: 16, batch: 128},
		{size: 28, channels: 1, filters: []int{32, 64}, kernel: 5, down: "strided", up: "transposed", activation: graph.ELU, normalized: true},
		{size: 32, channels: 3, filters: []int{12, 24, 48}, kernel: 4, down: "strided", up: "transposed", activation: graph.LeakyReLU},
		{size: 32, channels: 3, filters: []int{32, 64, 128}, kernel: 3, down: "max", up: "repeated", each: 2, activation: graph.ReLU, normalized: true, code: 128},
		{size: 32, channels: 3, filters: []int{64, 128}, kernel: 1, down: "average", up: "repeated", each: 2, activation: graph.ReLU},
		{size: 64, channels: 3, filters: []int{16, 32, 64}, kernel: 3, down: "max", up: "transposed", activation: graph.ReLU, code: 64},
		{size: 64, channels: 1, filters: []int{8, 16, 16}, kernel: 3, down: "average", up: "repeated", activation: graph.Sigmoid, code: 32},
		{size: 64, channels: 3, filters: []int{32, 64, 128, 256}, kernel: 4, down: "strided", up: "transposed", activation: graph.ReLU, normalized: true, code: 256},
		{size: 64, channels: 3, filters: []int{24, 48}, kernel: 5, down: "max", up: "repeated", activation: graph.Tanh},
		{size: 96, channels: 3, filters: []int{16, 32, 64}, kernel: 3, down: "strided", up: "transposed", activation: graph.LeakyReLU, code: 128},
		{size: 96, channels: 1, filters: []int{32, 64, 128}, kernel: 3, down: "max", up: "repeated", activation: graph.ReLU, normalized: true, batch: 16},
		{size: 96, channels: 3, filters: []int{16, 16, 16}, kernel: 7, down: "strided", up: "transposed", activation: graph.ReLU, batch: 16},
		{size: 128, channels: 3, filters: []int{16, 32, 64}, kernel: 3, down: "max", up: "transposed", activation: graph.LeakyReLU, code: 64},
		{size: 128, channels: 1, filters: []int{8, 16, 32, 32}, kernel: 3, down: "strided", up: "transposed", activation: graph.ReLU, normalized: true, code: 48},
		{size: 128, channels: 3, filters: []int{32, 64, 64}, kernel: 3, down: "max", up: "repeated", each: 2, activation: graph.ReLU, batch: 8},
		{size: 128, channels: 1, filters: []int{16, 16}, kernel: 5, down: "average", up: "repeated", activation: graph.ELU, batch: 16},
		{size: 192, channels: 1, filters: []int{16, 32, 64}, kernel: 3, down: "max", up: "transposed", activation: graph.ReLU, code: 64, batch: 16},
		{size: 192, channels: 3, filters: []int{24, 24, 48, 48}, kernel: 4, down: "strided", up: "transposed", activation: graph.LeakyReLU, normalized: true, batch: 16},
		{size: 256, channels: 1, filters: []int{8, 16, 32}, kernel: 3, down: "strided", up: "transposed", activation: graph.ReLU},
		{size: 256, channels: 3, filters: []int{16, 32, 64, 64}, kernel: 3, down: "max", up: "repeated", activation: graph.ReLU, normalized: true, batch: 8},
		{size: 256, channels: 1, filters: []int{16, 32, 64, 128}, kernel: 5, down: "strided", up: "transposed", activation: graph.ELU, code: 128, batch: 8},
		{size: 32, channels: 3, filters: []int{128, 256}, kernel: 4, down: "strided", up: "transposed", activation: graph.LeakyReLU, batch: 16},
		{size: 28, channels: 1, filters: []int{8, 4}, kernel: 3, down: "strided", up: "transposed", activation: graph.Tanh, optimizer: training.RMSprop{}},
		{size: 32, channels: 1, filters: []int{16, 16}, kernel: 2, down: "strided", up: "repeated", activation: graph.GELU, optimizer: training.Nadam{}},
		{size: 32, channels: 3, filters: []int{16, 8}, kernel: 3, down: "max", up: "repeated", activation: graph.Softplus, code: 200},
		{size: 28, channels: 1, filters: []int{4, 4}, kernel: 5, down: "max", up: "transposed", activation: graph.ReLU, code: 10, batch: 128, optimizer: training.SGD{}},
		{size: 64, channels: 1, filters: []int{8, 16}, kernel: 4, down: "strided", up: "transposed", activation: graph.ELU, code: 512, optimizer: training.RMSprop{}},
		{size: 48, channels: 3, filters: []int{32, 32}, kernel: 3, down: "strided", up: "repeated", activation: graph.SELU, batch: 8, code: 100},
		{size: 256, channels: 3, filters: []int{4, 8, 8}, kernel: 3, down: "max", up: "repeated", activation: graph.ReLU, batch: 16},
	}
	var out []subject
	for _, r := range recipes {
		s := subject{model: r.model(), optimizer: r.optimizer, loss: graph.MSE, batch: max(r.batch, 0), fitted: true}
		if s.name = s.model.Name; s.batch == 0 {
			s.batch = usualBatch
		}
		if s.optimizer == nil {
			s.optimizer = training.Adam{}
		}
		out = append(out, s)
	}
	return append(out, dense(784, 1024, 256, 32), dense(784, 128, 32), dense(100, 64, 8), dense(4096, 1024, 128),
		with(dense(784, 64), training.Adadelta{}, 32), with(dense(784, 200, 20), training.SGD{Momentum: 0.9, Nesterov: true}, 128), with(dense(1024, 512), training.RMSprop{}, 16),
		with(dense(784, 300, 100), training.Adagrad{}, 256), with(dense(3072, 256), training.Adamax{}, 64), with(dense(784, 512, 256, 64), training.Adam{}, 128), separable(64), residual(64, 32), residual(32, 128))
}

// dense has no convolutions.
func dense(size int, units ...int) subject {
	var layers []graph.Layer
	for _, u := range units {
		layers = append(layers, graph.Dense{Units: u, Activation: graph.ReLU})
	}
	for i := len(units) - 2; i >= 0; i-- {
		layers = append(layers, graph.Dense{Units: units[i], Activation: graph.ReLU})
	}
	name := fmt.Sprintf("dense-%d-%v", size, units)
	m := graph.Sequential(name, graph.Shape{size}, append(layers, graph.Dense{Units: size, Activation: graph.Sigmoid})...)
	return subject{name, m, training.Adam{}, graph.Loss{Function: graph.BinaryCrossentropy}, usualBatch, true}
}

// with is a subject that is trained in another way.
func with(s subject, o training.Optimizer, batch int) subject {
	s.optimizer, s.batch = o, batch
	s.name = fmt.Sprintf("%s-%.7s-%d", s.name, o, batch)
	return s
}

// separable has depthwise kernels.
func separable(size int) subject {
	var layers []graph.Layer
	for range 3 {
		layers = append(layers, graph.DepthwiseConv2D{Kernel: graph.Square(3), Padding: graph.Same},
			graph.Conv2D{Filters: 32, Kernel: graph.Square(1), Activation: graph.ReLU})
	}
	layers = append(layers, graph.SeparableConv2D{Filters: 3, Kernel: graph.Square(3), Padding: graph.Same})
	m := graph.Sequential("separable", graph.Shape{size, size, 3}, layers...)
	return subject{m.Name, m, training.SGD{}, graph.MSE, usualBatch, true}
}

// residual adds what goes around pairs of convolutions.
func residual(size, channels int) subject {
	m := &graph.Model{Name: fmt.Sprintf("residual-%d-%d", size, channels), Input: graph.Shape{size, size, 3}}
	at := -1
	add := func(l graph.Layer, in ...int) int {
		m.Nodes = append(m.Nodes, graph.Node{Name: fmt.Sprintf("layer%d", len(m.Nodes)), Layer: l, Inputs: in})
		return len(m.Nodes) - 1
	}
	conv := func(filters, kernel, from int, a graph.Activation) int {
		return add(graph.Conv2D{Filters: filters, Kernel: graph.Square(kernel), Padding: graph.Same, Activation: a}, from)
	}
	at = conv(channels, 3, at, graph.ReLU)
	for range 2 {
		inner := add(graph.BatchNormalization{}, conv(channels, 3, conv(channels, 3, at, graph.ReLU), graph.Linear))
		at = add(graph.Activate{Function: graph.ReLU}, add(graph.Add{}, inner, at))
	}
	conv(3, 1, at, graph.Sigmoid)
	return subject{m.Name, m, training.Adam{}, graph.MSE, 16, true}
}
