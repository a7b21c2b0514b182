package corpus

import (
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
	"dcae/training/dataset"
)

// variations are the operators that leave a base healthy: other sizes, losses and data, and decoys, in which something looks wrong that
// does no harm.
func variations() []operator {
	optimizer := func(name string, o training.Optimizer) operator {
		return operator{name: name, why: "an unusual optimizer and rate that work", change: always(func(c *Case) { c.Optim = o })}
	}
	loss := func(name string, l graph.Loss) operator {
		return operator{name: name, change: func(c *Case) (bool, error) {
			ok := c.Data.Treatment.Scale == dataset.ScaleDefault && l != c.Loss
			c.Loss = l
			return ok, nil
		}}
	}
	return []operator{
		{name: "wide", change: edited(func(m *graph.Model) (*graph.Model, []string, error) { return edit.Width(m, 2) })},
		{name: "other-data", change: always(func(c *Case) {
			if c.Data.Source == "mnist" {
				c.Data.Source = "pneumonia"
			} else {
				c.Data.Source = "mnist"
			}
		})},
		loss("mse", mse), loss("bce", bce), loss("log-cosh", graph.Loss{Function: graph.LogCosh}),
		{name: "code-16", change: edited(func(m *graph.Model) (*graph.Model, []string, error) { return edit.Bottleneck(m, 16) })},
		{name: "he-normal", change: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.KernelInitializers(m, graph.HeNormal())
		})},
		{name: "normal-0.05", change: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.KernelInitializers(m, graph.RandomNormal{StdDev: 0.05})
		})},
		{name: "batch-normalized", change: normalized(0.9)},
		{name: "deeper-1", change: deeper(1)},
		optimizer("adam-0.005", training.Adam{LearningRate: 0.005}),
		optimizer("adagrad-0.1", training.Adagrad{LearningRate: 0.1}),
		optimizer("adadelta-5", training.Adadelta{LearningRate: 5}),
		optimizer("rmsprop-centered", training.RMSprop{Centered: true, Rho: 0.99}),
		optimizer("adam-epsilon-0.001", training.Adam{Epsilon: 0.001, LearningRate: 0.003}),
		{name: "sparse-relu", why: "most values are zero, and no harm done", change: sparse},
		{name: "l2-weak", why: "regularization that works", change: penalized(graph.Regularizer{L2: 1e-5}, graph.Regularizer{})},
		{name: "dropout-0.1", why: "regularization that works", change: dropout(0.1)},
		{name: "activity-l1-weak", why: "regularization that works", change: penalized(graph.Regularizer{}, graph.Regularizer{L1: 1e-5})},
		{name: "clip-norm-1", why: "clipping that does no harm", change: always(func(c *Case) {
			c.Optim = training.WithShared(c.Optim, training.Base{ClipNorm: 1})
		})},
		{name: "raw-linear", why: "raw values and large gradients, which Adam does not mind where the output is linear", change: raw},
		{name: "noisy", why: "noise in the training images, which a code cannot hold", change: always(func(c *Case) { c.Data.Treatment.Noise = 0.2 })},
		{name: "hidden-sigmoid-normalized", why: "saturating activations, normalized before them", change: func(c *Case) (bool, error) {
			m, _, err := edit.HiddenActivations(c.Model, nil, sigmoid)
			if err != nil {
				return false, err
			}
			c.Model, _, err = edit.AddBatchNormalization(m, edit.BeforeActivation)
			return true, err
		}},
		{name: "hidden-tanh", why: "saturating activations", change: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.HiddenActivations(m, nil, graph.Tanh)
		})},
		{name: "slow", why: "a small rate with which it takes long to learn", change: always(func(c *Case) {
			c.Optim = training.WithLearningRate(c.Optim, 0.5*training.LearningRate(c.Optim))
		})},
		{name: "plateau", why: "sigmoids, which stay long at the mean image before they learn", bases: 3, change: func(c *Case) (bool, error) {
			m, _, err := edit.HiddenActivations(c.Model, nil, sigmoid)
			c.Model, c.Optim = m, training.Adam{LearningRate: 0.01}
			return true, err
		}},
	}
}

// sparse has ReLUs that begin off where an image is black.
func sparse(c *Case) (bool, error) {
	if c.Data.Source != "mnist" {
		return false, nil
	}
	m, changed, err := edit.HiddenActivations(c.Model, nil, graph.ReLU)
	if err != nil {
		return false, err
	}
	c.Model = withLayers(m, func(_ int, l graph.Layer) graph.Layer {
		switch l := l.(type) {
		case graph.Conv2D:
			if l.Activation == graph.ReLU {
				l.BiasInit = graph.Constant{Value: -0.1}
			}
			return l
		case graph.Dense:
			if l.Activation == graph.ReLU {
				l.BiasInit = graph.Constant{Value: -0.1}
			}
			return l
		}
		return l
	})
	return len(changed) > 0, nil
}

// raw has values of 0 to 255 and an output that reaches them.
func raw(c *Case) (bool, error) {
	m, _, err := edit.OutputActivation(c.Model, linear)
	if err != nil {
		return false, err
	}
	c.Model, c.Loss, c.Optim = m, mse, training.Adam{}
	c.Data.Treatment = dataset.Treatment{Scale: dataset.ScaleNone}
	return true, nil
}
