package graph

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"dcae/graph/internal/kernel"
)

// BatchNormalization normalizes each channel to gamma*(x-mean)/sqrt(variance+epsilon) + beta (Ioffe and Szegedy 2015,
// algorithm 1). Training uses the mean and the biased variance of the batch, over all axes but the last; evaluation their
// moving averages: moving = Momentum*moving + (1-Momentum)*batch. Reference:
// https://keras.io/api/layers/normalization_layers/batch_normalization/
type BatchNormalization struct {
	Momentum float64 // default 0.99
	Epsilon  float64 // default 0.001
	NoScale  bool    // no gamma
	NoCenter bool    // no beta
	Unbiased bool    `json:",omitempty"` // the moving variance takes in the batch's unbiased one, as PyTorch's does

	GammaInit    Initializer `json:",omitempty"` // default ones
	BetaInit     Initializer `json:",omitempty"` // default zeros
	MeanInit     Initializer `json:",omitempty"` // of the moving mean; default zeros
	VarianceInit Initializer `json:",omitempty"` // of the moving variance; default ones

	GammaRegularizer Regularizer `json:",omitzero"`
	BetaRegularizer  Regularizer `json:",omitzero"`
}

// Class is "BatchNormalization".
func (BatchNormalization) Class() string { return "BatchNormalization" }

// OutputShape is the input's. It fails for other than one input, and for one without axes.
func (BatchNormalization) OutputShape(in []Shape) (Shape, error) { return oneWithAxes(in) }

// Variables are gamma, beta, and the moving mean and variance, which are not trained.
func (l BatchNormalization) Variables(in []Shape) []Declaration {
	channels := Shape{in[0][len(in[0])-1]}
	var d []Declaration
	if !l.NoScale {
		d = append(d, Declaration{Name: "gamma", Shape: channels, Init: initializerOr(l.GammaInit, Ones{}), Trainable: true, Regularizer: l.GammaRegularizer})
	}
	if !l.NoCenter {
		d = append(d, Declaration{Name: "beta", Shape: channels, Init: initializerOr(l.BetaInit, Zeros{}), Trainable: true, Regularizer: l.BetaRegularizer})
	}
	return append(d, Declaration{Name: "moving_mean", Shape: channels, Init: initializerOr(l.MeanInit, Zeros{})},
		Declaration{Name: "moving_variance", Shape: channels, Init: initializerOr(l.VarianceInit, Ones{})})
}

func (l BatchNormalization) apply(b *builder, layer string, in []*gorgonia.Node) (*gorgonia.Node, error) {
	if b.precision == Float64 {
		return batchNorm[float64](b, layer, l.withDefaults(), b.fusion, in[0])
	}
	return batchNorm[float32](b, layer, l.withDefaults(), b.fusion, in[0])
}

func (l BatchNormalization) withDefaults() BatchNormalization {
	if l.Epsilon == 0 {
		l.Epsilon = 1e-3
	}
	if l.Momentum == 0 {
		l.Momentum = 0.99
	}
	return l
}

// batchNormalizing adds the ops of a batch normalization of x.
type batchNormalizing[T kernel.Float] struct {
	*builder
	settings    BatchNormalization
	layer       string // whose variables it has
	label       string
	kernel      normalizer[T]
	lazy        bool             // the gradient by x
	item, out   Shape            // of x and the output
	in          []*gorgonia.Node // x and, if there are, gamma and beta
	gamma, beta int              // which of them; 0: there is none

	mean, variance *tensor.Dense // of the batch
}

// batchNorm adds an op over x, gamma and beta (those that there are) and, in evaluation, the moving statistics.
func batchNorm[T kernel.Float](b *builder, layer string, l BatchNormalization, how fusion, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	channels := item[len(item)-1]
	n := &batchNormalizing[T]{
		builder: b, settings: l, layer: layer, label: "batch_normalization", lazy: how.lazyGradient, item: item, out: item,
		kernel: plainNormalizer[T]{kernel.NewBatchNorm[T](channels, l.Epsilon), channels}, in: []*gorgonia.Node{x},
	}
	if pool := how.pooling; pool != nil {
		n.label, n.out = n.label+"+max_pooling2d", Shape{pool.OutH, pool.OutW, pool.OutC}
		n.kernel = &poolingNormalizer[T]{BatchNormPool: kernel.NewBatchNormPool[T](*pool, l.Epsilon), pooled: n.out.Size()}
	}
	var err error
	if !l.NoScale {
		if n.gamma, err = n.read("gamma"); err != nil {
			return nil, err
		}
	}
	if !l.NoCenter {
		if n.beta, err = n.read("beta"); err != nil {
			return nil, err
		}
	}
	if !b.training || b.frozen {
		return n.byMoving()
	}
	return n.byBatch()
}

// read makes a variable of the layer an input of the op, and returns which.
func (n *batchNormalizing[T]) read(name string) (at int, err error) {
	v, err := n.variable(n.layer, name)
	n.in = append(n.in, v)
	return len(n.in) - 1, err
}

// byBatch adds an op that takes mean and variance from the batch, and the two to what the moving averages take in.
func (n *batchNormalizing[T]) byBatch() (*gorgonia.Node, error) {
	channels := Shape{n.item[len(n.item)-1]}
	n.mean, n.variance = newDense(n.precision, channels), newDense(n.precision, channels)
	perImage := 0
	if n.settings.Unbiased {
		perImage = n.item.Size() / channels[0]
	}
	n.statistics = append(n.statistics,
		statistic{moving: n.params.Lookup(n.layer + "/moving_mean"), batch: n.mean, momentum: n.settings.Momentum},
		statistic{moving: n.params.Lookup(n.layer + "/moving_variance"), batch: n.variance, momentum: n.settings.Momentum, unbiased: perImage})
	forward := &op{label: n.label, batched: true, item: n.out}
	x := n.in[0]
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		n.kernel.train(n.pool, data[T](y), pixels[T](in[0], x), optional[T](in, n.gamma, n.gamma > 0), optional[T](in, n.beta, n.beta > 0), data[T](n.mean), data[T](n.variance))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		return n.gradients(forward.differentiable[0], in, grad)
	}
	return n.add(forward, n.in...)
}

// gradients adds one op that computes the gradients by x, gamma and beta together, and nodes to pick them.
func (n *batchNormalizing[T]) gradients(byInput bool, in gorgonia.Nodes, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	channels := Shape(n.mean.Shape())
	var dgamma, dbeta *tensor.Dense
	reads := []*gorgonia.Node{in[0], grad}
	if n.gamma > 0 {
		dgamma = newDense(n.precision, channels)
		reads = append(reads, in[n.gamma])
	}
	if n.beta > 0 {
		dbeta = newDense(n.precision, channels)
	}
	backward := &op{label: "gradient of " + n.label, batched: true, item: n.item}
	backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
		n.kernel.backward(n.pool, data[T](dx), data[T](dgamma), data[T](dbeta), data[T](in[0]), optional[T](in, 2, n.gamma > 0), data[T](n.mean), data[T](n.variance), data[T](in[1]))
		return nil
	}
	if n.lazy {
		x := n.in[0]
		var act kernel.Activation
		if source, ours := x.Op().(*op); ours {
			act = source.act
		}
		n.makeLazy(backward)
		backward.derived = true
		backward.run = func(in []gorgonia.Value, _ gorgonia.Value) error {
			backward.lazy = n.kernel.backwardLazy(n.pool, data[T](dgamma), data[T](dbeta), pixels[T](in[0], x), act, optional[T](in, 2, n.gamma > 0), data[T](n.mean), data[T](n.variance), data[T](in[1]))
			return nil
		}
	}
	core, err := n.add(backward, reads...)
	if err != nil {
		return nil, err
	}
	grads := make(gorgonia.Nodes, len(in))
	if byInput {
		grads[0] = core
	}
	if n.gamma > 0 {
		if grads[n.gamma], err = n.pick("gamma", core, dgamma); err != nil {
			return nil, err
		}
	}
	if n.beta > 0 {
		if grads[n.beta], err = n.pick("beta", core, dbeta); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

// byMoving adds an op that takes mean and variance from the moving averages: in evaluation, and where the layer is frozen, as in Keras. By its
// input it is affine.
func (n *batchNormalizing[T]) byMoving() (*gorgonia.Node, error) {
	mean, err := n.read("moving_mean")
	if err != nil {
		return nil, err
	}
	variance, err := n.read("moving_variance")
	if err != nil {
		return nil, err
	}
	forward := &op{label: n.label + " (evaluation)", batched: true, item: n.out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		n.kernel.evaluate(n.pool, data[T](y), data[T](in[0]), optional[T](in, n.gamma, n.gamma > 0), optional[T](in, n.beta, n.beta > 0), data[T](in[mean]), data[T](in[variance]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, len(in))
		if !forward.differentiable[0] {
			return grads, nil
		}
		zero := newDense(n.precision, Shape(in[mean].Shape()))
		reads := []*gorgonia.Node{grad, in[variance]}
		if n.gamma > 0 {
			reads = append(reads, in[n.gamma])
		}
		backward := &op{label: "gradient of " + n.label, batched: true, item: n.item}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			n.kernel.evaluate(n.pool, data[T](dx), data[T](in[0]), optional[T](in, 2, n.gamma > 0), nil, data[T](zero), data[T](in[1]))
			return nil
		}
		dx, err := n.add(backward, reads...)
		grads[0] = dx
		return grads, err
	}
	return n.add(forward, n.in...)
}
