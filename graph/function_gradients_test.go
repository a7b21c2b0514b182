package graph_test

import (
	"slices"
	"strings"
	"testing"

	"dcae/graph"
)

// timesOther is a layer of some values, times other values, so that there is something to train beside a function without a slope. The layer's values are
// around 0, or above it.
func timesOther(l graph.Layer, positive bool) *graph.Model {
	within := graph.Rescaling{Scale: []float64{3}}
	if positive {
		within = graph.Rescaling{Scale: []float64{1.4}, Offset: []float64{1.6}}
	}
	return branching(graph.Shape{3, 4}, func(n *net) {
		dense := graph.Dense{Units: 5, Activation: graph.Tanh}
		a := n.add(l, n.add(within, n.add(dense, -1)))
		n.add(graph.Multiply{}, a, n.add(dense, -1))
	})
}

// Each function of one value has the gradients that finite differences give, and the same bits for every number of threads.
func TestEveryFunctionHasItsGradientAndTheSameBitsForAllThreads(t *testing.T) {
	layers := map[string]graph.Layer{"one_hot_max": graph.OneHotMax{}}
	for name, l := range torchFunctions {
		layers[name] = l
	}
	for _, f := range []graph.Function{graph.GreaterEqual, graph.Less, graph.Equal} {
		layers[string(f)] = graph.Elementwise{Function: f, Settings: []float64{0.5}}
	}
	for _, a := range slices.Concat(pointwise, rowwise) {
		layers["activation "+string(a)] = graph.Activate{Function: a}
	}
	above0 := []string{"log", "log2", "log10", "log1p", "log1p_below", "sqrt", "rsqrt", "reciprocal"}
	for name, l := range layers {
		t.Run(name, func(t *testing.T) {
			m := timesOther(l, slices.Contains(above0, name) || strings.HasPrefix(name, "pow"))
			compareWithDifferences(t, m, graph.MSE)
			compareThreads(t, m, graph.MSE, 1+(1<<15)/m.Input.Size(), 1, 3)
		})
	}
	for name, l := range map[string]graph.Layer{"stop_gradient": graph.StopGradient{}, "sample": graph.Sample{}} { // differences see what the gradient is kept from
		t.Run(name, func(t *testing.T) { compareThreads(t, timesOther(l, false), graph.MSE, 1+(1<<15)/12, 1, 3) })
	}
}

// The same of each loss, as it is and scaled.
func TestEveryLossHasItsGradientAndTheSameBitsForAllThreads(t *testing.T) {
	for _, f := range []graph.LossFunction{graph.MeanSquaredError, graph.MeanAbsoluteError, graph.BinaryCrossentropy, graph.Huber, graph.LogCosh,
		graph.BCELoss, graph.BCEWithLogitsLoss, graph.SmoothL1Loss} {
		for _, of := range []graph.Loss{{Function: f}, {Function: f, Sum: true}, {Function: f, SumOfMeans: true, Weight: 0.5}} {
			t.Run(of.String(), func(t *testing.T) {
				for _, last := range []graph.Activation{graph.Sigmoid, graph.HardSigmoid} { // a loss may take the place of the first
					m := graph.Sequential("m", graph.Shape{4, 3}, graph.Dense{Units: 5, Activation: last})
					compareWithDifferences(t, m, of)
					compareThreads(t, m, of, 1+(1<<15)/m.Input.Size(), 1, 3)
				}
			})
		}
	}
}
