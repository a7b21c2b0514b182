package corpus

import (
	"fmt"
	"slices"

	"dcae/experiments/diagnosis"
	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
	"dcae/training/dataset"
)

// mutations are the operators that make faulty cases, after DeepCrime (Humbatova et al. 2021, "DeepCrime: mutation testing of deep
// learning systems based on real faults") and beyond it. Each is labelled by the setting that was changed, which to put back makes the
// base again.
func mutations() []operator {
	return slices.Concat(rateMutations(), optimizerMutations(), activationMutations(), initializerMutations(), lossMutations(),
		regularizationMutations(), clippingMutations(), dataMutations(), outputMutations(), sizeMutations(), normalizationMutations())
}

func rateMutations() []operator {
	times := func(factor float64, cause diagnosis.Cause) operator {
		return operator{name: fmt.Sprintf("rate-x%g", factor), causes: []diagnosis.Cause{cause}, change: always(func(c *Case) {
			c.Optim = training.WithLearningRate(c.Optim, factor*training.LearningRate(c.Optim))
		})}
	}
	return []operator{
		times(1000, diagnosis.LearningRateHigh), times(100, diagnosis.LearningRateHigh), times(30, diagnosis.LearningRateHigh),
		times(0.01, diagnosis.LearningRateLow), times(0.001, diagnosis.LearningRateLow),
	}
}

// optimizerMutations put another optimizer in, with its defaults or with a setting far off.
func optimizerMutations() []operator {
	other := func(name string, o training.Optimizer, cause diagnosis.Cause) operator {
		return operator{name: name, causes: []diagnosis.Cause{cause}, change: always(func(c *Case) { c.Optim, c.Rates = o, true })}
	}
	return []operator{
		other("adadelta-default", training.Adadelta{}, diagnosis.LearningRateLow),
		other("sgd-default", training.SGD{}, diagnosis.LearningRateLow),
		other("sgd-0.001", training.SGD{LearningRate: 0.001}, diagnosis.LearningRateLow),
		other("adagrad-1e-5", training.Adagrad{LearningRate: 1e-5}, diagnosis.LearningRateLow),
		other("adam-epsilon-1e5", training.Adam{Epsilon: 1e5}, diagnosis.Optimizer),
		other("rmsprop-epsilon-1e10", training.RMSprop{Epsilon: 1e10}, diagnosis.Optimizer),
		other("adadelta-epsilon-1e-30", training.Adadelta{Epsilon: 1e-30}, diagnosis.Optimizer),
	}
}

func activationMutations() []operator {
	hidden := func(a graph.Activation) operator {
		return operator{name: "hidden-" + string(a), causes: []diagnosis.Cause{diagnosis.Activation}, change: allHidden(a)}
	}
	return []operator{
		hidden(graph.Sigmoid), hidden(graph.Softmax), hidden(graph.HardSigmoid), hidden(graph.HardShrink),
		hidden(graph.SparseSigmoid), hidden(graph.Exponential), hidden(graph.SoftShrink), hidden(graph.HardTanh),
	}
}

func initializerMutations() []operator {
	kernels := func(name string, i graph.Initializer) operator {
		return operator{name: name, causes: []diagnosis.Cause{diagnosis.Initialization}, change: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.KernelInitializers(m, i)
		})}
	}
	biases := func(name string, v float64) operator {
		return operator{name: name, causes: []diagnosis.Cause{diagnosis.Initialization}, change: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.BiasInitializers(m, graph.Constant{Value: v})
		})}
	}
	return []operator{
		kernels("kernels-zero", graph.Zeros{}),
		kernels("kernels-ones", graph.Ones{}),
		kernels("kernels-constant", graph.Constant{Value: 0.05}),
		kernels("kernels-normal-1", graph.RandomNormal{StdDev: 1}),
		kernels("kernels-normal-5", graph.RandomNormal{StdDev: 5}),
		kernels("kernels-normal-1e-5", graph.RandomNormal{StdDev: 1e-5}),
		kernels("kernels-positive", graph.RandomUniform{Max: 1}),
		biases("biases-minus-30", -30), biases("biases-100", 100),
	}
}

func lossMutations() []operator {
	other := func(name string, l graph.Loss, output graph.Activation, causes []diagnosis.Cause, why string) operator {
		return operator{name: name, causes: causes, why: why, change: func(c *Case) (bool, error) {
			if l == c.Loss || c.Data.Treatment.Scale != dataset.ScaleDefault {
				return false, nil
			}
			c.Loss = l
			m, _, err := edit.OutputActivation(c.Model, output)
			c.Model = m
			return true, err
		}}
	}
	smooth := func(share float64) graph.Loss {
		return graph.Loss{Function: graph.BinaryCrossentropy, LabelSmoothing: share}
	}
	logits := graph.Loss{Function: graph.BinaryCrossentropy, FromLogits: true}
	return []operator{
		other("smoothing-0.95", smooth(0.95), sigmoid, []diagnosis.Cause{diagnosis.Loss}, ""),
		other("smoothing-1", smooth(1), sigmoid, []diagnosis.Cause{diagnosis.Loss}, ""),
		other("logits", logits, linear, []diagnosis.Cause{diagnosis.Loss, diagnosis.OutputRange}, "logits are compared with pixels: a sigmoid at the end or a loss on the output itself mends it"),
		{name: "mae-on-digits", causes: []diagnosis.Cause{diagnosis.Loss}, why: "most pixels are black, so that the median image is black", change: func(c *Case) (bool, error) {
			ok := c.Data.Source == "mnist" && c.Loss.Function != graph.MeanAbsoluteError
			c.Loss = mae
			return ok, nil
		}},
		other("huber-1e-8", graph.Loss{Function: graph.Huber, Delta: 1e-8}, sigmoid, []diagnosis.Cause{diagnosis.Loss}, ""),
	}
}

func regularizationMutations() []operator {
	with := func(name string, change func(c *Case) (bool, error)) operator {
		return operator{name: name, causes: []diagnosis.Cause{diagnosis.Regularization}, change: change}
	}
	none := graph.Regularizer{}
	return []operator{
		with("dropout-0.95", dropout(0.95)), with("dropout-0.8", dropout(0.8)),
		with("l2-1", penalized(graph.Regularizer{L2: 1}, none)), with("l1-0.1", penalized(graph.Regularizer{L1: 0.1}, none)),
		with("activity-l1-1", penalized(none, graph.Regularizer{L1: 1})), with("activity-l2-1", penalized(none, graph.Regularizer{L2: 1})),
		with("weight-decay", always(func(c *Case) {
			c.Optim = training.WithShared(c.Optim, training.Base{WeightDecay: 0.1 / training.LearningRate(c.Optim)})
		})),
	}
}

func clippingMutations() []operator {
	with := func(name string, b training.Base) operator {
		return operator{name: name, causes: []diagnosis.Cause{diagnosis.Clipping}, change: always(func(c *Case) { c.Optim = training.WithShared(c.Optim, b) })}
	}
	return []operator{
		with("clip-value-1e-11", training.Base{ClipValue: 1e-11}), with("clip-norm-1e-9", training.Base{ClipNorm: 1e-9}),
		with("global-clip-norm-1e-9", training.Base{GlobalClipNorm: 1e-9}),
		{name: "sgd-clip-norm-1e-4", causes: []diagnosis.Cause{diagnosis.Clipping}, change: func(c *Case) (bool, error) {
			_, sgd := c.Optim.(training.SGD)
			c.Optim = training.WithShared(c.Optim, training.Base{ClipNorm: 1e-4})
			return sgd, nil
		}},
		{name: "sgd-clip-value-1e-6", causes: []diagnosis.Cause{diagnosis.Clipping}, change: func(c *Case) (bool, error) {
			_, sgd := c.Optim.(training.SGD)
			c.Optim = training.WithShared(c.Optim, training.Base{ClipValue: 1e-6})
			return sgd, nil
		}},
	}
}

func dataMutations() []operator {
	with := func(name string, causes []diagnosis.Cause, why string, bases int, t dataset.Treatment, output graph.Activation) operator {
		return operator{name: name, causes: causes, why: why, bases: bases, change: func(c *Case) (bool, error) {
			c.Data.Treatment = t
			m, _, err := edit.OutputActivation(c.Model, output)
			c.Model = m
			return true, err
		}}
	}
	const bright = "its own scale and an output that reaches the data both mend it; the data are further from what is usual"
	const negative = "data below 0 and an output that cannot be: to change either mends it"
	either := []diagnosis.Cause{diagnosis.OutputRange, diagnosis.DataScale}
	return []operator{
		with("raw-sigmoid", []diagnosis.Cause{diagnosis.DataScale}, bright, 1, dataset.Treatment{Scale: dataset.ScaleNone}, sigmoid),
		with("times-100-sigmoid", []diagnosis.Cause{diagnosis.DataScale}, bright, 1, dataset.Treatment{Multiply: 100}, sigmoid),
		with("times-0.001", []diagnosis.Cause{diagnosis.DataScale}, "", 1, dataset.Treatment{Multiply: 0.001}, sigmoid),
		with("standardized-sigmoid", either, negative, 1, dataset.Treatment{Scale: dataset.ScaleStandardize}, sigmoid),
		with("standardized-relu", either, negative, 1, dataset.Treatment{Scale: dataset.ScaleStandardize}, graph.ReLU),
		with("outliers-minmax", []diagnosis.Cause{diagnosis.DataQuality}, "", 2, dataset.Treatment{Outliers: 0.01, Scale: dataset.ScaleMinMax}, sigmoid),
		with("outliers-1000", []diagnosis.Cause{diagnosis.DataQuality}, "", 1, dataset.Treatment{Outliers: 0.05, OutlierValue: 1000, Multiply: 1. / 255}, sigmoid),
		with("outliers-linear", []diagnosis.Cause{diagnosis.DataQuality}, "", 1, dataset.Treatment{Outliers: 0.2, OutlierValue: 1000, Multiply: 1. / 255}, linear),
	}
}

func outputMutations() []operator {
	with := func(a graph.Activation, why string, others ...diagnosis.Cause) operator {
		causes := append([]diagnosis.Cause{diagnosis.OutputRange}, others...)
		return operator{name: "output-" + string(a), causes: causes, why: why, change: func(c *Case) (bool, error) {
			if c.Data.Treatment.Scale != dataset.ScaleDefault {
				return false, nil
			}
			m, _, err := edit.OutputActivation(c.Model, a)
			c.Model = m
			return true, err
		}}
	}
	return []operator{
		with(graph.Softmax, ""), with(graph.LogSigmoid, ""),
		with(graph.Exponential, "it grows without bounds, which a smaller rate prevents, too", diagnosis.LearningRateHigh),
		with(graph.LogSoftmax, ""),
	}
}

func sizeMutations() []operator {
	code := func(n, bases int) operator {
		return operator{name: fmt.Sprintf("code-%d", n), causes: []diagnosis.Cause{diagnosis.Capacity}, bases: bases, change: edited(func(m *graph.Model) (*graph.Model, []string, error) {
			return edit.Bottleneck(m, n)
		})}
	}
	deep := func(n int) operator {
		return operator{
			name: fmt.Sprintf("deeper-%d", n), causes: []diagnosis.Cause{diagnosis.Depth, diagnosis.Initialization}, change: deeper(n),
			why: "initial values that suit the activation can carry signals through very many layers, too",
		}
	}
	return []operator{code(1, 2), code(2, 2), deep(12), deep(24)}
}

func normalizationMutations() []operator {
	with := func(momentum float64, bases int) operator {
		return operator{name: fmt.Sprintf("momentum-%g", momentum), causes: []diagnosis.Cause{diagnosis.BatchNorm}, bases: bases, change: normalized(momentum)}
	}
	return []operator{with(0.9999, 2), with(0.999999, 1)}
}

// normalized has batch normalizations with a momentum behind all hidden layers.
func normalized(momentum float64) func(c *Case) (bool, error) {
	return func(c *Case) (bool, error) {
		m, _, err := edit.AddBatchNormalization(c.Model, edit.AfterActivation)
		if err != nil {
			return false, err
		}
		c.Model = withLayers(m, func(_ int, l graph.Layer) graph.Layer {
			if n, ok := l.(graph.BatchNormalization); ok {
				n.Momentum = momentum
				return n
			}
			return l
		})
		return true, nil
	}
}
