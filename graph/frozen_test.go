package graph_test

import (
	"math"
	"slices"
	"testing"

	"dcae/graph"
)

// TestFrozenLayersPassGradientsOn compares gradients of what lies before and behind frozen layers with finite differences.
func TestFrozenLayersPassGradientsOn(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{4, 4, 2},
		graph.Conv2D{Filters: 3, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Tanh},
		graph.BatchNormalization{}, graph.MaxPooling2D{},
		graph.Conv2D{Filters: 2, Kernel: graph.Square(1), Activation: graph.Sigmoid}, graph.Dense{Units: 2})
	m.Nodes[1].Frozen, m.Nodes[3].Frozen = true, true
	params, err := m.Init(5, graph.Float64)
	check(t, err)
	check(t, params.Lookup("batch_normalization/moving_mean").Set([]float64{0.3, -0.2, 0.1}))
	check(t, params.Lookup("batch_normalization/moving_variance").Set([]float64{0.5, 2, 1}))
	check(t, params.Lookup("batch_normalization/gamma").Set([]float64{1.5, -0.7, 0.2}))
	if n := len(params.Trainable()); n != 4 {
		t.Fatalf("%d variables are trained, not the kernels and biases of the first and last layer", n)
	}
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 3})
	check(t, err)
	defer p.Close()
	x, target := make([]float64, 3*4*4*2), make([]float64, 3*2*2*2)
	for i := range x {
		x[i] = math.Sin(float64(7 * i))
	}
	check(t, p.SetInputs(x, target))
	_, err = p.Step(3)
	check(t, err)
	var gradients [][]float64
	for i := range params.Trainable() {
		gradients = append(gradients, values(p.Gradient(i)))
	}
	before := params.Lookup("batch_normalization/moving_mean").Values()
	p.UpdateStatistics()
	if after := params.Lookup("batch_normalization/moving_mean").Values(); !slices.Equal(before, after) {
		t.Errorf("moving mean became %v, was %v", after, before)
	}
	for i, v := range params.Trainable() {
		w := v.Values()
		for k := range w {
			const h = 1e-5
			loss := func(x float64) float64 {
				moved := slices.Clone(w)
				moved[k] = x
				check(t, v.Set(moved))
				l, err := p.Step(3)
				check(t, err)
				return l
			}
			want := (loss(w[k]+h) - loss(w[k]-h)) / (2 * h)
			if got := gradients[i][k]; math.Abs(got-want) > 1e-8 {
				t.Errorf("%s[%d]: %g, finite difference %g", v.Path(), k, got, want)
			}
		}
		check(t, v.Set(w))
	}
}
