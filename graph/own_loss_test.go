package graph_test

import (
	"math"
	"strings"
	"testing"

	"dcae/graph"
)

// ownLoss is a model of a vector of 4 that gives its own loss, made of what its parts give for a batch.
func ownLoss(parts func(n *net, output int)) *graph.Model {
	var split int
	m := branching(graph.Shape{4}, func(n *net) {
		output := n.add(graph.Dense{Units: 4}, n.add(graph.Dense{Units: 3, Activation: graph.Tanh}, -1))
		split = output + 1
		parts(n, output)
	})
	m.Nodes, m.OwnLoss = m.Nodes[:split], m.Nodes[split:]
	return m
}

// toScalar makes a number of a vector.
func toScalar(n *net, of int) int {
	return n.add(graph.Reshape{Target: graph.Shape{}}, n.add(graph.Dense{Units: 1, NoBias: true}, of))
}

func squaredError(n *net, output int) int {
	d := n.add(graph.Subtract{}, output, n.add(graph.Target{Shape: graph.Shape{4}}))
	return n.add(graph.Multiply{}, d, d)
}

func TestGradientsOfOwnLosses(t *testing.T) {
	given := graph.Loss{Function: graph.Given}
	for name, parts := range map[string]func(n *net, output int){
		"mean over the batch": func(n *net, output int) {
			toScalar(n, n.add(graph.SumOverBatch{Mean: true}, squaredError(n, output)))
		},
		"per image": func(n *net, output int) { // a sum over the batch divided by the number of images
			sum := toScalar(n, n.add(graph.SumOverBatch{}, squaredError(n, output)))
			size := n.add(graph.BatchSize{})
			n.add(graph.Multiply{}, n.add(graph.Multiply{}, sum, size), size)
		},
		"variance over the batch": func(n *net, output int) {
			d := n.add(graph.Subtract{}, output, n.add(graph.RepeatOverBatch{}, n.add(graph.SumOverBatch{Mean: true}, output)))
			toScalar(n, n.add(graph.SumOverBatch{Mean: true}, n.add(graph.Multiply{}, d, d)))
		},
		"reshaped target": func(n *net, output int) {
			square := graph.Reshape{Target: graph.Shape{2, 2}}
			d := n.add(graph.Subtract{}, n.add(square, output), n.add(square, n.add(graph.Target{Shape: graph.Shape{4}})))
			toScalar(n, n.add(graph.SumOverBatch{Mean: true}, n.add(graph.Flatten{}, n.add(graph.Multiply{}, d, d))))
		},
		"cross-entropy by both": func(n *net, output int) {
			p := n.add(graph.Activate{Function: graph.Sigmoid}, output)
			q := n.add(graph.Activate{Function: graph.Sigmoid}, n.add(graph.Rescaling{Scale: []float64{-0.7}}, output))
			toScalar(n, n.add(graph.SumOverBatch{Mean: true}, n.add(graph.BinaryEntropy{}, p, q)))
		},
		"where": func(n *net, output int) {
			above := n.add(graph.Elementwise{Function: graph.Greater, Settings: []float64{0}}, output)
			toScalar(n, n.add(graph.SumOverBatch{}, n.add(graph.Where{}, above, squaredError(n, output), n.add(graph.Multiply{}, output, output))))
		},
		"sample": func(n *net, output int) {
			noise := n.add(graph.Sample{}, output)
			toScalar(n, n.add(graph.SumOverBatch{}, n.add(graph.Multiply{}, squaredError(n, output), noise)))
		},
		"matrix products": func(n *net, output int) { // of {2, 2, 1} and {2, 1, 2}: the outer product of halves, and its product with itself
			a := n.add(graph.Reshape{Target: graph.Shape{2, 2, 1}}, output)
			b := n.add(graph.Reshape{Target: graph.Shape{2, 1, 2}}, n.add(graph.Activate{Function: graph.Tanh}, output))
			square := n.add(graph.MatMul{}, a, b)
			cube := n.add(graph.MatMul{}, square, square)
			toScalar(n, n.add(graph.SumOverBatch{}, n.add(graph.Reshape{Target: graph.Shape{4}}, n.add(graph.MatMul{}, cube, a))))
		},
		"a number that is trained": func(n *net, output int) {
			number := n.add(graph.Parameter{Shape: graph.Shape{}, Init: graph.Constant{Value: 0.7}})
			n.add(graph.Multiply{}, number, toScalar(n, n.add(graph.SumOverBatch{Mean: true}, squaredError(n, output))))
		},
		"supplied weights": func(n *net, output int) {
			kernel := n.add(graph.Activate{Function: graph.Tanh}, n.add(graph.Parameter{Shape: graph.Shape{4, 4}, Init: graph.RandomNormal{StdDev: 1}}))
			y := n.add(graph.Supplied{Layer: graph.Dense{Units: 4}, Names: []string{"kernel"}}, output, kernel)
			z := n.add(graph.Supplied{Layer: graph.Dense{Units: 4, NoBias: true}, Names: []string{"kernel"}}, y, n.add(graph.Permute{Order: []int{2, 1}}, kernel))
			toScalar(n, n.add(graph.SumOverBatch{Mean: true}, squaredError(n, z)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			compareWithDifferences(t, ownLoss(parts), given)
			compareThreads(t, ownLoss(parts), given, 1<<13+1, 1, 3)
		})
	}
}

// TestOwnLossOfABatch compares a loss, and the number of images in it, with what is computed by hand for batches of changing size.
func TestOwnLossOfABatch(t *testing.T) {
	m := ownLoss(func(n *net, output int) {
		one := n.add(graph.Parameter{Shape: graph.Shape{4}, Init: graph.Ones{}, Constant: true})
		squares := n.add(graph.SumOverBatch{}, squaredError(n, output))
		sum := n.add(graph.Supplied{Layer: graph.Dense{Units: 1, NoBias: true}, Names: []string{"kernel"}}, squares, n.add(graph.Reshape{Target: graph.Shape{4, 1}}, one))
		n.add(graph.Multiply{}, n.add(graph.Reshape{Target: graph.Shape{}}, sum), n.add(graph.BatchSize{}))
	})
	params, err := m.Init(1, graph.Float64)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.Loss{Function: graph.Given}, graph.Options{Batch: 5})
	check(t, err)
	defer p.Close()
	e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 5})
	check(t, err)
	defer e.Close()
	for _, batch := range []int{5, 2, 1, 4} {
		x, target := make([]float64, 4*batch), make([]float64, 4*batch)
		for i := range x {
			x[i], target[i] = math.Sin(float64(i*batch)), math.Cos(float64(i))
		}
		check(t, p.SetInputs(x, target))
		got, err := p.Step(batch)
		check(t, err)
		check(t, e.SetInput(x))
		y, err := e.Run(batch)
		check(t, err)
		want := math.Pow(difference(values(y), target), 2) * float64(batch)
		if math.Abs(got-want) > 1e-12*want {
			t.Errorf("batch of %d: the loss is %g, not %g", batch, got, want)
		}
	}
}

func TestOwnLossRefuses(t *testing.T) {
	given := graph.Loss{Function: graph.Given}
	for what, m := range map[string]*graph.Model{
		"no loss of its own": graph.Sequential("m", graph.Shape{4}, graph.Dense{Units: 4}),
		"must be one number": ownLoss(func(n *net, output int) { n.add(graph.SumOverBatch{}, output) }),
		"must be common": ownLoss(func(n *net, output int) {
			n.add(graph.Supplied{Layer: graph.Dense{Units: 1}, Names: []string{"bias"}}, output, n.add(graph.Dense{Units: 1}, output))
		}),
		"must have shape 4x2": ownLoss(func(n *net, output int) {
			n.add(graph.Supplied{Layer: graph.Dense{Units: 2}, Names: []string{"kernel"}}, output, n.add(graph.Parameter{Shape: graph.Shape{2, 4}}))
		}),
		"has no variable alpha": ownLoss(func(n *net, output int) {
			n.add(graph.Supplied{Layer: graph.Dense{Units: 2}, Names: []string{"alpha"}}, output, output)
		}),
		"model's output shape": ownLoss(func(n *net, _ int) { n.add(graph.SumOverBatch{}, n.add(graph.Target{Shape: graph.Shape{3}})) }),
		"repeat the first":     ownLoss(func(n *net, output int) { n.add(graph.Add{}, output, n.add(graph.SumOverBatch{}, output)) }),
		"one for each image":   ownLoss(func(n *net, output int) { toScalar(n, output) }),
	} {
		err := func() error {
			params, err := m.Init(1, graph.Float32)
			if err != nil {
				return err
			}
			p, err := graph.NewTraining(m, params, given, graph.Options{Batch: 3})
			if err != nil {
				return err
			}
			defer p.Close()
			_, err = p.Step(3)
			return err
		}()
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v does not say %q", err, what)
		}
	}
}

// TestSuppliedLayersAreWhole compares a layer whose kernel is supplied with one that has it: activation and penalty are those of the layer.
func TestSuppliedLayersAreWhole(t *testing.T) {
	for _, act := range []graph.Activation{graph.Linear, graph.Sigmoid, graph.ELU} {
		l := graph.Dense{Units: 5, Activation: act, ActivityRegularizer: graph.Regularizer{L2: 1}}
		last := graph.Dense{Units: 4}
		own := branching(graph.Shape{4}, func(n *net) { n.add(last, n.add(l, -1)) })
		supplied := branching(graph.Shape{4}, func(n *net) {
			kernel := n.add(graph.Parameter{Shape: graph.Shape{4, 5}})
			n.add(last, n.add(graph.Supplied{Layer: l, Names: []string{"kernel"}}, -1, kernel))
		})
		var results [2][]float64
		for i, m := range []*graph.Model{own, supplied} {
			params, err := m.Init(1, graph.Float64)
			check(t, err)
			for _, v := range params.All {
				x := make([]float64, v.Shape.Size())
				for k := range x {
					x[k] = math.Sin(float64(7*len(v.Shape) + 3*k + v.Shape[len(v.Shape)-1]))
				}
				check(t, v.Set(x))
			}
			p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
			check(t, err)
			defer p.Close()
			x := []float64{1, -2, 0.5, 3, -1, 0.25, 2, -0.5}
			check(t, p.SetInputs(x, x))
			loss, err := p.Step(2)
			check(t, err)
			results[i] = []float64{loss, p.PenalizedLoss()}
		}
		within(t, string(act), results[1], results[0], 1e-14)
	}
}

// TestVariablesThatNoLossReads have a gradient of zero, and those of a loss that is not used are not in the way.
func TestVariablesThatNoLossReads(t *testing.T) {
	m := ownLoss(func(n *net, output int) { toScalar(n, n.add(graph.SumOverBatch{Mean: true}, squaredError(n, output))) })
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
	check(t, err)
	defer p.Close()
	check(t, p.SetInputs(make([]float64, 8), []float64{1, 1, 1, 1, 1, 1, 1, 1}))
	_, err = p.Step(2)
	check(t, err)
	for i, v := range params.Trainable() {
		if g := values(p.Gradient(i)); (norm(g) == 0) != (i >= 4) && v.Name != "kernel" {
			t.Errorf("%s has a gradient of %g", v.Path(), norm(g))
		}
	}
}

// TestStoppedBeforeAllActivations keeps activations of a model through which no gradient reaches its input.
func TestStoppedBeforeAllActivations(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{4}, graph.Dense{Units: 3}, graph.StopGradient{}, graph.Dense{Units: 4})
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2, KeepActivations: true})
	check(t, err)
	defer p.Close()
	x := []float64{1, 2, 3, 4, 5, 6, 7, 8}
	check(t, p.SetInputs(x, x))
	_, err = p.Step(2)
	check(t, err)
	if p.Derivative(0) != nil || p.Derivative(2) == nil || norm(values(p.Gradient(0))) != 0 || norm(values(p.Gradient(2))) == 0 {
		t.Error("gradients do not end where they are stopped")
	}
}

// TestUnbiasedVariance takes the variance of PyTorch's running_var into the moving one.
func TestUnbiasedVariance(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{2, 1, 1}, graph.BatchNormalization{Momentum: 0.75, Unbiased: true})
	params, err := m.Init(1, graph.Float64)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
	check(t, err)
	defer p.Close()
	x := []float64{1, 2, 3, 6} // mean 3, squared deviations 14
	check(t, p.SetInputs(x, x))
	_, err = p.Step(2)
	check(t, err)
	p.UpdateStatistics()
	within(t, "moving mean", params.Lookup("batch_normalization/moving_mean").Values(), []float64{0.75}, 1e-12)
	within(t, "moving variance", params.Lookup("batch_normalization/moving_variance").Values(), []float64{0.75 + 0.25*14/3}, 1e-12)
}

// TestStopGradient compares the gradient of y times a stopped y with half that of the square of y.
func TestStopGradient(t *testing.T) {
	gradients := func(stop bool) [][]float64 {
		m := ownLoss(func(n *net, output int) {
			var l graph.Layer = graph.Identity{}
			if stop {
				l = graph.StopGradient{}
			}
			other := n.add(l, output)
			toScalar(n, n.add(graph.SumOverBatch{Mean: true}, n.add(graph.Multiply{}, output, other)))
		})
		params, err := m.Init(1, graph.Float64)
		check(t, err)
		p, err := graph.NewTraining(m, params, graph.Loss{Function: graph.Given}, graph.Options{Batch: 2})
		check(t, err)
		defer p.Close()
		check(t, p.SetInputs([]float64{1, 2, 3, 4, -1, 0.5, 2, -3}, make([]float64, 8)))
		_, err = p.Step(2)
		check(t, err)
		var out [][]float64
		for i := range params.Trainable()[:4] { // those before the loss
			out = append(out, values(p.Gradient(i)))
		}
		return out
	}
	whole, half := gradients(false), gradients(true)
	for i := range whole {
		for k := range half[i] {
			half[i][k] *= 2
		}
		within(t, "twice the gradient", half[i], whole[i], 1e-12)
	}
}
