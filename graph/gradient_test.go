package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"dcae/graph"
	"dcae/graph/graphtest"
)

// Gradients of every layer, through the symbolic graph in float64, against central differences of the loss.
func TestGradientsAgreeWithFiniteDifferences(t *testing.T) {
	conv := graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.Tanh}
	type model struct {
		name   string
		input  graph.Shape
		layers []graph.Layer
	}
	var cases []model
	for _, act := range slices.Concat(pointwise, rowwise) {
		cases = append(cases,
			model{"dense " + string(act), graph.Shape{6}, []graph.Layer{graph.Dense{Units: 5, Activation: act}, graph.Dense{Units: 3}}},
			model{"activation " + string(act), graph.Shape{4, 3, 2}, []graph.Layer{conv, graph.Activate{Function: act}, conv}})
	}
	sizes := []graph.Shape{{5, 5, 1}, {6, 4, 2}, {7, 8, 3}}
	for k := 1; k <= 7; k++ {
		for stride := 1; stride <= 3; stride++ {
			for _, padding := range []graph.Padding{graph.Same, graph.Valid} {
				input := sizes[(k+stride)%len(sizes)]
				if padding == graph.Valid && k > min(input[0], input[1]) {
					input = graph.Shape{9, 8, 2}
				}
				kernel, strides := graph.Size{H: k, W: max(1, k-1)}, graph.Size{H: stride, W: 1 + stride%3}
				cases = append(cases,
					model{fmt.Sprintf("conv2d %v kernel %v stride %v %v", input, kernel, strides, padding), input, []graph.Layer{conv,
						graph.Conv2D{Filters: 3, Kernel: kernel, Strides: strides, Padding: padding, Activation: graph.Sigmoid}}},
					model{fmt.Sprintf("conv2d_transpose %v kernel %v stride %v %v", input, kernel, strides, padding), input, []graph.Layer{conv,
						graph.Conv2DTranspose{Filters: 3, Kernel: kernel, Strides: strides, Padding: padding, Activation: graph.Tanh}}})
			}
		}
	}
	cases = append(cases,
		model{"no bias", graph.Shape{5, 5, 1}, []graph.Layer{graph.Conv2D{Filters: 2, Kernel: graph.Square(3), NoBias: true}, graph.Conv2DTranspose{Filters: 2, Kernel: graph.Square(2), NoBias: true}, graph.Flatten{}, graph.Dense{Units: 2, NoBias: true}}},
		model{"dilation", graph.Shape{9, 8, 2}, []graph.Layer{conv, graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Dilation: graph.Size{H: 2, W: 3}, Padding: graph.Same}}},
		model{"max_pooling2d", graph.Shape{6, 7, 1}, []graph.Layer{conv, graph.MaxPooling2D{Padding: graph.Same}, conv}},
		model{"max_pooling2d overlapping", graph.Shape{7, 6, 1}, []graph.Layer{conv, graph.MaxPooling2D{Pool: graph.Square(3), Strides: graph.Square(2)}, conv}},
		model{"batch_normalization", graph.Shape{4, 5, 1}, []graph.Layer{conv, graph.BatchNormalization{}, conv}},
		model{"batch_normalization of vectors", graph.Shape{6}, []graph.Layer{graph.Dense{Units: 4}, graph.BatchNormalization{Epsilon: 1e-5}, graph.Dense{Units: 3}}},
		model{"batch_normalization without gamma and beta", graph.Shape{4, 5, 1}, []graph.Layer{conv, graph.BatchNormalization{NoScale: true, NoCenter: true}, conv}},
		model{"batch_normalization without gamma", graph.Shape{4, 5, 1}, []graph.Layer{conv, graph.BatchNormalization{NoScale: true}, conv}},
		model{"batch_normalization without beta", graph.Shape{4, 5, 1}, []graph.Layer{conv, graph.BatchNormalization{NoCenter: true}, conv}},
		model{"leaky_relu", graph.Shape{4, 4, 1}, []graph.Layer{conv, graph.LeakyRectifier{NegativeSlope: 0.1}, conv}},
		model{"flatten and reshape", graph.Shape{4, 3, 2}, []graph.Layer{conv, graph.Flatten{}, graph.Dense{Units: 12}, graph.Reshape{Target: graph.Shape{3, -1, 2}}, conv}},
	)
	cases = append(cases,
		model{"dropout", graph.Shape{5, 4, 1}, []graph.Layer{conv, graph.Dropout{Rate: 0.3}, conv}},
		model{"spatial_dropout2d", graph.Shape{5, 4, 1}, []graph.Layer{graph.Conv2D{Filters: 6, Kernel: graph.Square(3)}, graph.SpatialDropout2D{Rate: 0.4}, conv}},
		model{"gaussian_noise", graph.Shape{5, 4, 1}, []graph.Layer{conv, graph.GaussianNoise{StdDev: 0.5}, conv}},
		model{"activation glu", graph.Shape{4, 3, 2}, []graph.Layer{conv, graph.Dense{Units: 6}, graph.Activate{Function: graph.GLU}, conv}},
		model{"identity", graph.Shape{5, 4, 1}, []graph.Layer{conv, graph.Identity{}, conv}},
	)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			compareWithDifferences(t, graph.Sequential("case", c.input, c.layers...), graph.MSE)
		})
	}
	for _, c := range slices.Concat(kerasCases(), torchCases()) {
		if c.name == "ties" || c.name == "max_pool_large" { // a difference steps over its kinks
			continue
		}
		t.Run(c.name, func(t *testing.T) { compareWithDifferences(t, c.model, c.loss) })
	}
}

func compareWithDifferences(t *testing.T, m *graph.Model, of graph.Loss) {
	t.Helper()
	compareBatchWithDifferences(t, m, of, 3)
}

func compareBatchWithDifferences(t *testing.T, m *graph.Model, of graph.Loss, batch int) {
	t.Helper()
	params, err := m.Init(3, graph.Float64)
	check(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int, scale float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = scale * r.NormFloat64()
		}
		return x
	}
	for _, v := range params.Trainable() { // biases and gammas away from their first values
		x := v.Values()
		for i, d := range random(len(x), 0.3) {
			x[i] += d
		}
		check(t, v.Set(x))
	}
	shapes, err := m.Shapes()
	check(t, err)
	graphtest.Gradients(t, m, params, of, random(batch*m.Input.Size(), 1), random(batch*shapes[len(shapes)-1].Size(), 1))
}
