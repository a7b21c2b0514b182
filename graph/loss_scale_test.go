package graph_test

import (
	"math"
	"testing"

	"dcae/graph"
)

// A sum or a multiple of a loss has as many times the loss and the gradients of the mean.
func TestScaledLosses(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{4, 4, 2}, graph.Conv2D{Filters: 3, Kernel: graph.Square(3), Padding: graph.Same})
	const batch = 2
	lossAndGradient := func(l graph.Loss) (loss, gradient float64) {
		params, err := m.Init(1, graph.Float64)
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.NewTraining(m, params, l, graph.Options{Batch: batch})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		x, target := p.Inputs(batch)
		for i := range x {
			x[i] = float32(i%7) / 7
		}
		for i := range target {
			target[i] = float32(i%5) / 5
		}
		result, err := p.Step(batch)
		if err != nil {
			t.Fatal(err)
		}
		return result, p.Gradient(0).Data().([]float64)[3]
	}
	for _, f := range []graph.LossFunction{graph.MeanSquaredError, graph.MeanAbsoluteError} {
		loss, gradient := lossAndGradient(graph.Loss{Function: f})
		for _, c := range []struct {
			scaled graph.Loss
			times  float64
			name   string
		}{
			{graph.Loss{Function: f, Weight: 1e-3}, 1e-3, ", times 0.001"},
			{graph.Loss{Function: f, Sum: true}, batch * 4 * 4 * 3, ", summed"},
			{graph.Loss{Function: f, SumOfMeans: true}, batch * 4 * 4, ", summed"},
			{graph.Loss{Function: f, SumOfMeans: true, Weight: 0.5}, batch * 4 * 4 / 2, ", summed, times 0.5"},
		} {
			l, g := lossAndGradient(c.scaled)
			if math.Abs(l/loss/c.times-1) > 1e-12 || math.Abs(g/gradient/c.times-1) > 1e-12 {
				t.Errorf("%v: loss %g and gradient %g, of the mean's %g and %g", c.scaled, l, g, loss, gradient)
			}
			if c.scaled.String() != string(f)+c.name || !c.scaled.IsScaled() {
				t.Errorf("it is called %q", c.scaled)
			}
		}
	}
	for _, w := range []float64{-1, math.Inf(1), math.NaN()} {
		if (graph.Loss{Weight: w}).Check() == nil {
			t.Errorf("a weight of %g is taken", w)
		}
	}
}
