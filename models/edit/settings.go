package edit

import (
	"dcae/graph"
)

// Settings are what a model's layers are set to, as far as it decides how the model trains.
type Settings struct {
	Hidden []HiddenActivation // activations that HiddenActivations would change, in order
	Output OutputRange

	Initializers []Initialized // of all kernels and biases
	Regularizers []Penalized   // those that are not zero

	Dropout        []Noise // layers that change their input at random, at a rate above 0
	DropoutTotal   float64 // share of values lost if all Dropout and SpatialDropout2D layers come one after another
	Normalizations int     // batch normalizations

	Frozen []string // layers whose variables are not trained

	Weighted         int    // layers with a kernel, each once
	Bottleneck       string // the layer that BottleneckSize names; empty if there is none
	BottleneckValues int    // for each image

	FewestRectified int // units of the layer that has fewest, of those that all paths go through and that print 0 for all that is negative; 0: there is none
}

// HiddenActivation is a layer and the activation that its output goes through.
type HiddenActivation struct {
	Layer    string
	Function graph.Activation // prelu for a layer PReLU
}

// Initialized is a variable and what it begins with.
type Initialized struct {
	Layer, Variable string
	Initializer     graph.Initializer
	Default         bool // it is Keras' default for a layer of this kind
}

// Penalized is a penalty: of a variable, or of a layer's output if Variable is "activity".
type Penalized struct {
	Layer, Variable string
	graph.Regularizer
}

// Noise is a layer that changes its input at random.
type Noise struct {
	Layer, Class string
	Amount       float64 // rate, or standard deviation
}

// Inspect reads a model's settings.
func Inspect(m *graph.Model) (*Settings, error) {
	d, err := open(m)
	if err != nil {
		return nil, err
	}
	shapes, err := d.shapes()
	if err != nil {
		return nil, err
	}
	s := &Settings{Output: d.outputRange()}
	kept := 1.0
	for _, n := range d.nodes {
		if amount, ok := graph.Noise(n.layer); ok && amount > 0 {
			s.Dropout = append(s.Dropout, Noise{n.name, n.layer.Class(), amount})
			if _, added := n.layer.(graph.GaussianNoise); !added {
				kept *= 1 - amount
			}
		}
		if n.first == nil {
			s.inspect(n)
		}
	}
	s.DropoutTotal = 1 - kept
	for _, n := range d.hiddenActivations() {
		a, _ := activationOf(n.layer)
		s.Hidden = append(s.Hidden, HiddenActivation{n.name, a})
	}
	frozen, err := d.frozen()
	if err != nil {
		return nil, err
	}
	s.Frozen = names(frozen)
	for _, n := range d.passed() {
		if a, ok := activationOf(n.layer); ok && (a == graph.ReLU || a == graph.ReLU6) {
			units := shapes[n][len(shapes[n])-1]
			if s.FewestRectified == 0 || units < s.FewestRectified {
				s.FewestRectified = units
			}
		}
	}
	if b, err := d.bottleneck(shapes); err == nil {
		s.Bottleneck, s.BottleneckValues = b.layer.name, b.values
	}
	return s, nil
}

// inspect adds what a layer has of its own.
func (s *Settings) inspect(n *node) {
	penalize := func(variable string, r graph.Regularizer) {
		if r != (graph.Regularizer{}) {
			s.Regularizers = append(s.Regularizers, Penalized{n.name, variable, r})
		}
	}
	begin := func(variable string, i, def graph.Initializer) {
		same := sameInitializer(i, nil, def)
		if i == nil {
			i = def
		}
		s.Initializers = append(s.Initializers, Initialized{n.name, variable, i, same})
	}
	switch l := n.layer.(type) {
	case graph.BatchNormalization:
		s.Normalizations++
		penalize("gamma", l.GammaRegularizer)
		penalize("beta", l.BetaRegularizer)
	case graph.LayerNormalization:
		penalize("gamma", l.GammaRegularizer)
		penalize("beta", l.BetaRegularizer)
	case graph.GroupNormalization:
		penalize("gamma", l.GammaRegularizer)
		penalize("beta", l.BetaRegularizer)
	case graph.SeparableConv2D:
		begin("depthwise_kernel", l.DepthwiseInit, graph.GlorotUniform())
		penalize("depthwise_kernel", l.DepthwiseRegularizer)
	case graph.ParametricRectifier:
		begin("alpha", l.AlphaInit, graph.Zeros{})
		penalize("alpha", l.AlphaRegularizer)
	}
	w, ok := weightsOf(n.layer)
	if !ok {
		return
	}
	s.Weighted++
	begin("kernel", w.kernel, graph.GlorotUniform())
	penalize("kernel", w.kernelPenalty)
	if !w.noBias {
		begin("bias", w.bias, graph.Zeros{})
		penalize("bias", w.biasPenalty)
	}
	penalize("activity", w.outputPenalty)
}

// InitializerOf is what a layer's kernel or bias begins with; nil is the default, or that the layer has none.
func InitializerOf(l graph.Layer, variable string) graph.Initializer {
	w, ok := weightsOf(l)
	switch {
	case ok && variable == "kernel":
		return w.kernel
	case ok && variable == "bias":
		return w.bias
	}
	return nil
}
