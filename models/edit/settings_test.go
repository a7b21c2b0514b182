package edit_test

import (
	"math"
	"testing"

	"dcae/graph"
	"dcae/models"
	"dcae/models/edit"
)

func TestInspect(t *testing.T) {
	s, err := edit.Inspect(separate())
	check(t, err)
	if s.Weighted != 8 || s.Normalizations != 1 || s.Bottleneck != "dense" || s.BottleneckValues != 5 {
		t.Errorf("%+v", s)
	}
	if len(s.Dropout) != 2 || s.DropoutTotal != 0.5 {
		t.Errorf("dropout %v, together %g", s.Dropout, s.DropoutTotal)
	}
	var hidden []string
	for _, h := range s.Hidden {
		hidden = append(hidden, string(h.Function))
	}
	mustBe(t, "activations", hidden, []string{"leaky_relu", "prelu", "softsign", "hard_sigmoid", "relu", "elu"})

	s, err = edit.Inspect(residual())
	check(t, err)
	var penalties []string
	for _, p := range s.Regularizers {
		penalties = append(penalties, p.Layer+"/"+p.Variable)
		if p.L2 != 0.01 || p.L1 != 0 {
			t.Errorf("%+v", p)
		}
	}
	mustBe(t, "penalties", penalties, []string{"first/kernel", "first/activity", "norm/gamma"})
	if s.Bottleneck != "" {
		t.Errorf("bottleneck %s", s.Bottleneck)
	}
}

func TestOutputRange(t *testing.T) {
	inf := math.Inf(1)
	image := graph.Shape{2, 2, 2}
	chain := func(l ...graph.Layer) *graph.Model { return graph.Sequential("m", image, l...) }
	joined := func(l graph.Layer) *graph.Model {
		return functional("m", image, func(n *net) {
			n.add("join", l, n.add("a", conv(2, graph.Tanh), -1), n.add("b", conv(2, graph.Sigmoid), -1))
		})
	}
	for _, c := range []struct {
		name      string
		model     *graph.Model
		low, high float64
	}{
		{"sigmoid", models.Sigmoid(), 0, 1},
		{"linear", chain(conv(1, graph.Linear)), -inf, inf},
		{"relu", chain(conv(1, graph.ReLU), graph.Flatten{}), 0, inf},
		{"bounded relu", chain(conv(1, graph.Linear), graph.Rectifier{Max: 2}), 0, 2},
		{"elu", chain(conv(1, graph.Linear), graph.ExponentialLinear{Alpha: 3}), -3, inf},
		{"tanh of relu", chain(conv(1, graph.ReLU), graph.Activate{Function: graph.Tanh}), -1, 1},
		{"rescaled tanh", separate(), 0, 1},
		{"rescaled per channel", chain(conv(2, graph.Sigmoid), graph.Rescaling{Scale: []float64{-2, 1}, Offset: []float64{0, 5}}), -2, 6},
		{"rescaled relu", chain(conv(2, graph.ReLU), graph.Rescaling{Scale: []float64{-1}, Offset: []float64{1}}), -inf, 1},
		{"normalized", chain(conv(1, graph.Sigmoid), graph.BatchNormalization{}), -inf, inf},
		{"padded", chain(conv(1, graph.Linear), graph.Rescaling{}, graph.Activate{Function: graph.HardSigmoid}, graph.Rescaling{Offset: []float64{1}}, graph.ZeroPadding2D{Padding: graph.AllAround(1)}), 0, 2},
		{"input", chain(graph.Flatten{}), -inf, inf},
		{"joined", joined(graph.Concatenate{}), -1, 1}, {"sum", joined(graph.Add{}), -1, 2}, {"mean", joined(graph.Average{}), -0.5, 1},
		{"difference", joined(graph.Subtract{}), -2, 1}, {"product", joined(graph.Multiply{}), -1, 1}, {"most", joined(graph.Maximum{}), 0, 1}, {"least", joined(graph.Minimum{}), -1, 1},
		{"input and sigmoid", functional("m", image, func(n *net) {
			n.add("join", graph.Add{}, n.add("a", conv(2, graph.Sigmoid), -1), -1)
		}), -inf, inf},
	} {
		s, err := edit.Inspect(c.model)
		check(t, err)
		if s.Output.Low != c.low || s.Output.High != c.high {
			t.Errorf("%s: %g to %g, want %g to %g", c.name, s.Output.Low, s.Output.High, c.low, c.high)
		}
	}
	s, err := edit.Inspect(joined(graph.Concatenate{}))
	check(t, err)
	if s.Output.Activation != graph.Tanh || len(s.Output.Others) != 1 || s.Output.Others[0] != graph.Sigmoid {
		t.Errorf("%+v", s.Output)
	}
	mustBe(t, "layers", s.Output.Layers, []string{"a", "b"})
}

// The ranges of all activations, by trying: no value lies outside of a range, and a finite end is nearly reached.
func TestRangesOfActivations(t *testing.T) {
	for _, a := range []graph.Activation{
		graph.Linear, graph.Sigmoid, graph.Tanh, graph.ReLU, graph.LeakyReLU, graph.ReLU6, graph.ELU, graph.SELU, graph.CELU, graph.GELU, graph.SiLU, graph.Swish,
		graph.HardSiLU, graph.HardSwish, graph.Mish, graph.Softplus, graph.Softsign, graph.Squareplus, graph.SparsePlus, graph.Exponential, graph.HardSigmoid,
		graph.SparseSigmoid, graph.LogSigmoid, graph.HardTanh, graph.HardShrink, graph.SoftShrink, graph.TanhShrink, graph.Softmax, graph.LogSoftmax, graph.Sparsemax,
	} {
		const n = 4000
		m := graph.Sequential("m", graph.Shape{n, 2}, graph.Activate{Function: a})
		s, err := edit.Inspect(graph.Sequential("m", graph.Shape{n, 2}, graph.Dense{Units: 2}, graph.Activate{Function: a}))
		check(t, err)
		params, err := m.Init(1, graph.Float64)
		check(t, err)
		e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 1})
		check(t, err)
		var x []float64
		for i := range n { // -100 to 100, and closer at 0
			z := float64(2*i-n) / n
			x = append(x, 10*z*(1+9*z*z*z*z), -3)
		}
		check(t, e.SetInput(x))
		y, err := e.Run(1)
		check(t, err)
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range y.Data().([]float64) {
			low, high = min(low, v), max(high, v)
		}
		e.Close()
		reached := func(end, value float64) bool {
			if math.IsInf(end, 0) && a == graph.Sparsemax {
				return value > 2 // it grows with the distance of two large negative values
			}
			if math.IsInf(end, 0) {
				return math.Abs(value) > 15
			}
			return math.Abs(end-value) < 0.02
		}
		if low < s.Output.Low || high > s.Output.High || !reached(s.Output.Low, low) || !reached(s.Output.High, high) {
			t.Errorf("%s gives %g to %g, its range is said to be %g to %g", a, low, high, s.Output.Low, s.Output.High)
		}
	}
}
