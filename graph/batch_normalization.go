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

// OutputShape is the input's.
func (BatchNormalization) OutputShape(in []Shape) (Shape, error) { return one(in, 0) }

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

// batchNorm adds an op over x, gamma and beta (those that there are) and, in evaluation, the moving statistics.
func batchNorm[T kernel.Float](b *builder, layer string, l BatchNormalization, how fusion, x *gorgonia.Node) (*gorgonia.Node, error) {
	item := Shape(x.Shape()[1:])
	channels := item[len(item)-1]
	label, out := "batch_normalization", item
	var k normalizer[T] = plainNormalizer[T]{kernel.NewBatchNorm[T](channels, l.Epsilon), channels}
	if pool := how.pooling; pool != nil {
		label, out = label+"+max_pooling2d", Shape{pool.OutH, pool.OutW, pool.OutC}
		k = &poolingNormalizer[T]{BatchNormPool: kernel.NewBatchNormPool[T](*pool, l.Epsilon), pooled: out.Size()}
	}
	in := []*gorgonia.Node{x}
	read := func(name string) (at int, err error) {
		v, err := b.variable(layer, name)
		in = append(in, v)
		return len(in) - 1, err
	}
	var gamma, beta int // which input; 0: there is none
	var err error
	if !l.NoScale {
		if gamma, err = read("gamma"); err != nil {
			return nil, err
		}
	}
	if !l.NoCenter {
		if beta, err = read("beta"); err != nil {
			return nil, err
		}
	}
	if !b.training || b.frozen {
		return normalizeByMoving(b, label, layer, k, gamma, beta, out, in)
	}
	mean, variance := newDense(b.precision, Shape{channels}), newDense(b.precision, Shape{channels})
	perImage := 0
	if l.Unbiased {
		perImage = item.Size() / channels
	}
	b.statistics = append(b.statistics,
		statistic{moving: b.params.Lookup(layer + "/moving_mean"), batch: mean, momentum: l.Momentum},
		statistic{moving: b.params.Lookup(layer + "/moving_variance"), batch: variance, momentum: l.Momentum, unbiased: perImage})
	forward := &op{label: label, batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		k.train(b.pool, data[T](y), pixels[T](in[0], x), optional[T](in, gamma, gamma > 0), optional[T](in, beta, beta > 0), data[T](mean), data[T](variance))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		var dgamma, dbeta *tensor.Dense
		reads := []*gorgonia.Node{in[0], grad}
		if gamma > 0 {
			dgamma = newDense(b.precision, Shape{channels})
			reads = append(reads, in[gamma])
		}
		if beta > 0 {
			dbeta = newDense(b.precision, Shape{channels})
		}
		backward := &op{label: "gradient of " + label, batched: true, item: item}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			k.backward(b.pool, data[T](dx), data[T](dgamma), data[T](dbeta), data[T](in[0]), optional[T](in, 2, gamma > 0), data[T](mean), data[T](variance), data[T](in[1]))
			return nil
		}
		if how.lazyGradient {
			var act kernel.Activation
			if source, ours := x.Op().(*op); ours {
				act = source.act
			}
			b.makeLazy(backward)
			backward.derived = true
			backward.run = func(in []gorgonia.Value, _ gorgonia.Value) error {
				backward.lazy = k.backwardLazy(b.pool, data[T](dgamma), data[T](dbeta), pixels[T](in[0], x), act, optional[T](in, 2, gamma > 0), data[T](mean), data[T](variance), data[T](in[1]))
				return nil
			}
		}
		core, err := b.add(backward, reads...)
		if err != nil {
			return nil, err
		}
		grads := make(gorgonia.Nodes, len(in))
		if forward.differentiable[0] {
			grads[0] = core
		}
		if gamma > 0 {
			if grads[gamma], err = b.pick("gamma", core, dgamma); err != nil {
				return nil, err
			}
		}
		if beta > 0 {
			if grads[beta], err = b.pick("beta", core, dbeta); err != nil {
				return nil, err
			}
		}
		return grads, nil
	}
	return b.add(forward, in...)
}

// normalizeByMoving adds an op that takes mean and variance from the moving averages: in evaluation, and where the layer is
// frozen, as in Keras. By its input it is affine.
func normalizeByMoving[T kernel.Float](b *builder, label, layer string, k normalizer[T], gamma, beta int, out Shape, in []*gorgonia.Node) (*gorgonia.Node, error) {
	mean := len(in)
	for _, name := range []string{"moving_mean", "moving_variance"} {
		v, err := b.variable(layer, name)
		if err != nil {
			return nil, err
		}
		in = append(in, v)
	}
	forward := &op{label: label + " (evaluation)", batched: true, item: out}
	forward.run = func(in []gorgonia.Value, y gorgonia.Value) error {
		k.evaluate(b.pool, data[T](y), data[T](in[0]), optional[T](in, gamma, gamma > 0), optional[T](in, beta, beta > 0), data[T](in[mean]), data[T](in[mean+1]))
		return nil
	}
	forward.derive = func(in gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		grads := make(gorgonia.Nodes, len(in))
		if !forward.differentiable[0] {
			return grads, nil
		}
		zero := newDense(b.precision, Shape(in[mean].Shape()))
		reads := []*gorgonia.Node{grad, in[mean+1]}
		if gamma > 0 {
			reads = append(reads, in[gamma])
		}
		backward := &op{label: "gradient of " + label, batched: true, item: Shape(in[0].Shape()[1:])}
		backward.run = func(in []gorgonia.Value, dx gorgonia.Value) error {
			k.evaluate(b.pool, data[T](dx), data[T](in[0]), optional[T](in, 2, gamma > 0), nil, data[T](zero), data[T](in[1]))
			return nil
		}
		dx, err := b.add(backward, reads...)
		grads[0] = dx
		return grads, err
	}
	return b.add(forward, in...)
}
