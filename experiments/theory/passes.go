package theory

import (
	"math"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// network is a plain one of constant width without a bottleneck, as the theory has it: layers of one kind, each followed by an activation.
type network struct {
	input  graph.Shape // of one sample: {units}, or {height, width, channels} of a convolutional one
	layers int
	act    graph.Activation
	kernel graph.Initializer
	bias   graph.Initializer // nil: none
	batch  int
	scale  float64 // standard deviation of the inputs; 0: 1

	normalized bool        // batch normalization before each activation, without trained variables
	conv       graph.Layer // what stands in the place of a dense layer; nil: none does
	after      graph.Layer // what follows each activation but the last; nil: nothing does
	narrow     int         // units of the middle layer; 0: as many as the others
}

// pass is what one forward and backward pass of a network at initialization shows, layer by layer.
type pass struct {
	signal  []float64 // mean square of the pre-activations
	delta   []float64 // norm of the gradient by the pre-activations, over the batch
	weights []float64 // norm of the gradient by kernel and bias together, as records have it
	on      []float64 // share of positive outputs of what follows the activations
}

// far is the size of targets beside which the outputs do not matter, so that the gradient that comes back does not depend on the network.
const far = 1000

// run draws a network and a batch from a seed and passes it through, forward and backward.
func (n network) run(seed uint64) (*pass, error) {
	var layers []graph.Layer
	var before, after []int // nodes whose outputs are the pre-activations, and those that follow activations
	for i := range n.layers {
		units := n.input[len(n.input)-1]
		if n.narrow > 0 && i == n.layers/2 {
			units = n.narrow
		}
		if n.conv != nil {
			layers = append(layers, n.conv)
		} else {
			layers = append(layers, graph.Dense{Units: units, NoBias: n.bias == nil, KernelInit: n.kernel, BiasInit: n.bias})
		}
		if n.normalized {
			layers = append(layers, graph.BatchNormalization{NoScale: true, NoCenter: true, Epsilon: 1e-12})
		}
		before = append(before, len(layers)-1)
		layers = append(layers, graph.Activate{Function: n.act})
		if n.after != nil && i < n.layers-1 {
			after = append(after, len(layers))
			layers = append(layers, n.after)
		}
	}
	m := graph.Sequential("network", n.input, layers...)
	params, err := m.Init(seed, graph.Float32)
	if err != nil {
		return nil, err
	}
	p, err := graph.NewTraining(m, params, graph.Loss{Sum: true}, graph.Options{Batch: n.batch, KeepActivations: true})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	x, target := p.Inputs(n.batch)
	scale := n.scale
	if scale == 0 {
		scale = 1
	}
	fillNormal(x, scale, seed, "inputs")
	fillNormal(target, far, seed, "targets")
	if _, err := p.Step(n.batch); err != nil {
		return nil, err
	}
	out := &pass{}
	for _, i := range before {
		out.signal = append(out.signal, meanSquare(p.Activation(i).Data().([]float32)))
		out.delta = append(out.delta, norm(p.Derivative(i).Data().([]float32)))
	}
	for _, i := range after {
		out.on = append(out.on, positive(p.Activation(i).Data().([]float32)))
	}
	byLayer := map[string]int{}
	for i, v := range params.Trainable() {
		k, ok := byLayer[v.Layer]
		if !ok {
			k = len(out.weights)
			byLayer[v.Layer] = k
			out.weights = append(out.weights, 0)
		}
		own := norm(p.Gradient(i).Data().([]float32))
		out.weights[k] = math.Sqrt(float64(out.weights[k]*out.weights[k]) + float64(own*own))
	}
	return out, nil
}

// perLayer is the factor by which a series changes from each layer to the one before it, on average between two layers, counted from 0.
func perLayer(series []float64, from, to int) float64 {
	return arithmetic.Pow(series[from]/series[to], 1/float64(to-from))
}

func fillNormal(x []float32, scale float64, seed uint64, purpose string) {
	r := graph.Random(seed, purpose, "", 0)
	for i := range x {
		x[i] = float32(scale * arithmetic.Normal(r))
	}
}

func meanSquare(x []float32) float64 {
	n := norm(x)
	return n * n / float64(len(x))
}

// positive is the share of values above zero.
func positive(x []float32) float64 {
	n := 0
	for _, v := range x {
		if v > 0 {
			n++
		}
	}
	return float64(n) / float64(len(x))
}

func norm(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return math.Sqrt(sum)
}

// root is the n-th root of a product of n factors; NaN of none.
func root(product float64, n int) float64 {
	if n == 0 {
		return math.NaN()
	}
	return arithmetic.Pow(product, 1/float64(n))
}
