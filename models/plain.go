package models

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"

	"dcae/graph"
)

// mostPlainLayers is how many hidden layers a Plain may have.
const mostPlainLayers = 128

// ErrorOf is what a variational Plain does with the squared errors of an image's values.
type ErrorOf string

// SumOfValues and MeanOfValues are the names of both. The zero value is no variational autoencoder.
const (
	SumOfValues  ErrorOf = "sum"
	MeanOfValues ErrorOf = "mean"
)

// Plain is an autoencoder in which nothing bends the lines that theory draws: layers of one kind and one width, without pooling, and without
// a bottleneck unless one is given. Dense layers see images as one row of values; convolutions are 3x3 with padding same. One layer
// more gives the image.
//
// A variational one (Kingma and Welling 2014, "Auto-encoding variational Bayes") has in its middle, beside the units that are the code's mean, as
// many for the logarithm of its variance, and takes its code from that normal distribution; in evaluation it is the mean. Both are linear and dense. Its
// loss is the squared error of an image, summed or averaged over its values, plus the divergence from a standard normal distribution, summed
// over the code; both are averaged over the batch.
type Plain struct {
	Name               string      // default plain
	Input              graph.Shape // {height, width, channels}; default 28x28x1
	Layers             int         // hidden ones, 1 to 128; default 8
	Units              int         // of each: outputs, or channels; default 64
	Convolutional      bool
	Bottleneck         int              // units of the middle layer, (Layers+1)/2-th; default as the others. Of a variational one the code's; default 32
	Activation         graph.Activation // of all hidden layers; default relu
	OutputActivation   graph.Activation // default sigmoid
	BatchNormalization bool             // between kernel and activation of all hidden layers
	Initializer        graph.Initializer
	Variational        ErrorOf
}

// Model makes the model, whose loss is [graph.Given] if it is variational. It fails where a setting is out of its range.
func (p Plain) Model() (*graph.Model, error) {
	p = p.withDefaults()
	switch {
	case len(p.Input) != 3:
		return nil, errors.Errorf("model %s: the input is height x width x channels, not %v", p.Name, p.Input)
	case p.Layers < 1 || p.Layers > mostPlainLayers:
		return nil, errors.Errorf("model %s: 1 to %d layers, not %d", p.Name, mostPlainLayers, p.Layers)
	case p.Units < 1 || p.Bottleneck < 0:
		return nil, errors.Errorf("model %s: a layer needs at least 1 unit", p.Name)
	case p.Variational != "" && p.Variational != SumOfValues && p.Variational != MeanOfValues:
		return nil, errors.Errorf("model %s: variational %q: there are sum and mean", p.Name, p.Variational)
	case p.Variational != "" && p.Convolutional:
		return nil, errors.Errorf("model %s: a variational one is dense", p.Name)
	}
	var layers []graph.Layer
	if !p.Convolutional {
		layers = append(layers, graph.Flatten{})
	}
	code := 0
	for i := range p.Layers {
		switch middle := i == (p.Layers-1)/2; {
		case middle && p.Variational != "":
			code = len(layers)
			layers = append(layers, graph.Dense{Units: p.Bottleneck, KernelInit: p.Initializer})
		case middle && p.Bottleneck > 0:
			layers = append(layers, p.hidden(p.Bottleneck)...)
		default:
			layers = append(layers, p.hidden(p.Units)...)
		}
	}
	if p.Convolutional {
		layers = append(layers, p.convolution(p.Input[2], p.OutputActivation))
	} else {
		layers = append(layers, graph.Dense{Units: p.Input.Size(), Activation: p.OutputActivation, KernelInit: p.Initializer}, graph.Reshape{Target: p.Input})
	}
	m := graph.Sequential(p.Name, p.Input, layers...)
	if p.Variational != "" {
		p.sample(m, code)
	}
	_, err := m.Shapes()
	return m, err
}

func (p Plain) withDefaults() Plain {
	p.Name = cmp.Or(p.Name, "plain")
	if p.Input == nil {
		p.Input = mnist
	}
	p.Layers = cmp.Or(p.Layers, 8)
	p.Units = cmp.Or(p.Units, 64)
	if p.Bottleneck == 0 && p.Variational != "" {
		p.Bottleneck = bottleneck
	}
	p.Activation = cmp.Or(p.Activation, graph.ReLU)
	p.OutputActivation = cmp.Or(p.OutputActivation, graph.Sigmoid)
	return p
}

// hidden is a hidden layer of so many units.
func (p Plain) hidden(units int) []graph.Layer {
	fused := p.Activation
	if p.BatchNormalization {
		fused = graph.Linear
	}
	var layers []graph.Layer
	if p.Convolutional {
		layers = append(layers, p.convolution(units, fused))
	} else {
		layers = append(layers, graph.Dense{Units: units, Activation: fused, KernelInit: p.Initializer})
	}
	if p.BatchNormalization {
		layers = append(layers, graph.BatchNormalization{}, graph.Activate{Function: p.Activation})
	}
	return layers
}

func (p Plain) convolution(filters int, a graph.Activation) graph.Conv2D {
	return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Padding: graph.Same, Activation: a, KernelInit: p.Initializer}
}

// sample makes node code the mean of a code that is drawn, and adds the loss.
func (p Plain) sample(m *graph.Model, code int) {
	drawn := []graph.Node{
		{Name: "log_variance", Layer: graph.Dense{Units: p.Bottleneck, KernelInit: p.Initializer}, Inputs: m.Nodes[code].Inputs},
		{Name: "log_deviation", Layer: graph.Rescaling{Scale: []float64{0.5}}, Inputs: []int{code + 1}},
		{Name: "deviation", Layer: graph.Elementwise{Function: graph.Exp}, Inputs: []int{code + 2}},
		{Name: "normal", Layer: graph.Sample{TrainingOnly: true}, Inputs: []int{code}},
		{Name: "noise", Layer: graph.Multiply{}, Inputs: []int{code + 3, code + 4}},
		{Name: "code", Layer: graph.Add{}, Inputs: []int{code, code + 5}},
	}
	m.Nodes[code].Name = "mean"
	for i := code + 1; i < len(m.Nodes); i++ {
		m.Nodes[i].Inputs = []int{m.Nodes[i].Inputs[0] + len(drawn)}
	}
	m.Nodes = slices.Insert(m.Nodes, code+1, drawn...)
	n := len(m.Nodes)
	how := graph.ReduceSum
	if p.Variational == MeanOfValues {
		how = graph.ReduceMean
	}
	m.OwnLoss = []graph.Node{
		{Name: "target", Layer: graph.Target{Shape: p.Input}},
		{Name: "error", Layer: graph.Subtract{}, Inputs: []int{n - 1, n}},
		{Name: "squared_error", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{n + 1}},
		{Name: "error_of_image", Layer: graph.Reduce{How: how}, Inputs: []int{n + 2}},
		{Name: "squared_mean", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{code}},
		{Name: "variance", Layer: graph.Elementwise{Function: graph.Exp}, Inputs: []int{code + 1}},
		{Name: "second_moment", Layer: graph.Add{}, Inputs: []int{n + 4, n + 5}},
		{Name: "beyond_variance", Layer: graph.Subtract{}, Inputs: []int{n + 6, code + 1}},
		{Name: "divergence", Layer: graph.Rescaling{Scale: []float64{0.5}, Offset: []float64{-0.5}}, Inputs: []int{n + 7}}, // (mu^2 + s^2 - log s^2 - 1) / 2
		{Name: "divergence_of_image", Layer: graph.Reduce{How: graph.ReduceSum}, Inputs: []int{n + 8}},
		{Name: "loss_of_image", Layer: graph.Add{}, Inputs: []int{n + 3, n + 9}},
		{Name: "loss", Layer: graph.SumOverBatch{Mean: true}, Inputs: []int{n + 10}},
	}
}
