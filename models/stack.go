package models

import (
	"cmp"

	"github.com/pkg/errors"

	"dcae/graph"
)

// Decoder is how a decoder enlarges images.
type Decoder uint8

// Transposed enlarges by the strides of a transposed convolution; UpSampling repeats pixels, and convolves.
const (
	Transposed Decoder = iota
	UpSampling
)

// String is a short name.
func (d Decoder) String() string {
	if d == UpSampling {
		return "upsampling"
	}
	return "transposed"
}

// mostConvolutions is how many a side of a Stack may have.
const mostConvolutions = 16

// Stack is a symmetric autoencoder with a chosen number of convolutions on each side, all 3x3 with padding same. Images are halved
// twice whatever the depth: the first half of the convolutions works at full size, the second, with twice the filters, at half
// of it; one alone is followed by a pooling of 4x4, and its mirror image is 5x5. The decoder mirrors that, and has one convolution more, which gives the
// image. With 2 convolutions of 32 filters it is [HighLR].
type Stack struct {
	Name               string            // default stack
	Input              graph.Shape       // {height, width, channels}; default 28x28x1
	Convolutions       int               // a side, 1 to 16; default 2
	Filters            int               // of the first half; default 16
	Bottleneck         int               // units of the dense layer in the middle; default 32
	FullyConvolutional bool              // no dense layers: the bottleneck is the last pooling's output
	Activation         graph.Activation  // of all hidden layers; default relu
	OutputActivation   graph.Activation  // default sigmoid
	BatchNormalization bool              // after every hidden convolution's activation, on both sides
	Initializer        graph.Initializer // of all kernels; default Glorot uniform
	Decoder            Decoder           // default transposed convolutions
}

// Model makes the model. It fails where a setting is out of its range.
func (s Stack) Model() (*graph.Model, error) {
	s = s.withDefaults()
	switch {
	case len(s.Input) != 3:
		return nil, errors.Errorf("model %s: the input is height x width x channels, not %v", s.Name, s.Input)
	case s.Convolutions < 1 || s.Convolutions > mostConvolutions:
		return nil, errors.Errorf("model %s: 1 to %d convolutions a side, not %d", s.Name, mostConvolutions, s.Convolutions)
	case s.Filters < 1:
		return nil, errors.Errorf("model %s: filters must be at least 1, not %d", s.Name, s.Filters)
	case s.Bottleneck < 1:
		return nil, errors.Errorf("model %s: a bottleneck of %d units: it needs at least 1", s.Name, s.Bottleneck)
	}
	levels := s.levels()
	var layers []graph.Layer
	for _, l := range levels {
		for range l.convolutions {
			layers = s.hidden(layers, s.convolution(l.filters))
		}
		layers = append(layers, graph.MaxPooling2D{Pool: graph.Square(l.pooling), Padding: graph.Same})
	}
	last := levels[len(levels)-1]
	if !s.FullyConvolutional {
		layers = append(layers,
			graph.Flatten{},
			graph.Dense{Units: s.Bottleneck, Activation: s.Activation, KernelInit: s.Initializer},
			graph.Dense{Units: last.small.H * last.small.W * last.filters, Activation: s.Activation, KernelInit: s.Initializer},
			graph.Reshape{Target: graph.Shape{last.small.H, last.small.W, last.filters}})
	}
	for i := len(levels) - 1; i >= 0; i-- {
		layers = s.enlarge(layers, levels[i])
		for range levels[i].convolutions - 1 {
			layers = s.hidden(layers, s.convolution(levels[i].filters))
		}
	}
	out := s.convolution(s.Input[2])
	out.Activation = s.OutputActivation
	m := graph.Sequential(s.Name, s.Input, append(layers, out)...)
	_, err := m.Shapes()
	return m, err
}

func (s Stack) withDefaults() Stack {
	s.Name = cmp.Or(s.Name, "stack")
	if s.Input == nil {
		s.Input = mnist
	}
	s.Convolutions = cmp.Or(s.Convolutions, 2)
	s.Filters = cmp.Or(s.Filters, 16)
	s.Bottleneck = cmp.Or(s.Bottleneck, bottleneck)
	s.Activation = cmp.Or(s.Activation, graph.ReLU)
	s.OutputActivation = cmp.Or(s.OutputActivation, graph.Sigmoid)
	return s
}

// level is what works at one image size: convolutions and the pooling behind them, and their mirror image.
type level struct {
	convolutions, filters, pooling int
	large, small                   graph.Size // before and after the pooling
}

func (s Stack) levels() []level {
	full, half, quarter, _ := halvedTwice(s.Input)
	if s.Convolutions == 1 {
		return []level{{1, s.Filters, 4, full, quarter}}
	}
	return []level{
		{(s.Convolutions + 1) / 2, s.Filters, 2, full, half},
		{s.Convolutions / 2, 2 * s.Filters, 2, half, quarter},
	}
}

func (s Stack) convolution(filters int) graph.Conv2D {
	return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: s.Activation, KernelInit: s.Initializer}
}

// hidden adds a hidden convolution, and its normalization.
func (s Stack) hidden(layers []graph.Layer, l graph.Layer) []graph.Layer {
	layers = append(layers, l)
	if s.BatchNormalization {
		layers = append(layers, graph.BatchNormalization{})
	}
	return layers
}

// enlarge adds the first convolution of the decoder's level, which makes the small image large.
func (s Stack) enlarge(layers []graph.Layer, l level) []graph.Layer {
	if s.Decoder == UpSampling {
		layers = append(layers, graph.UpSampling2D{Factor: graph.Square(l.pooling)})
		if crop := (graph.Margins{Bottom: l.small.H*l.pooling - l.large.H, Right: l.small.W*l.pooling - l.large.W}); crop != (graph.Margins{}) {
			layers = append(layers, graph.Cropping2D{Cropping: crop})
		}
		return s.hidden(layers, s.convolution(l.filters))
	}
	kernel := l.pooling + 1 // a smaller one than the stride would leave holes
	return s.hidden(layers, graph.Conv2DTranspose{
		Filters: l.filters, Kernel: graph.Square(kernel), Strides: graph.Square(l.pooling), Padding: graph.Same,
		Activation: s.Activation, KernelInit: s.Initializer, OutputPadding: outputPadding(l.large, kernel, l.pooling),
	})
}
