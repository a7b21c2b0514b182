package graph_test

import (
	"math/rand/v2"
	"testing"

	"dcae/graph"
)

// TestLazyOutputs trains a step of models whose outputs or gradients are lazy, or almost: in float32 they give what a program that keeps
// everything gives, and what float64 gives, in batches of changing size.
func TestLazyOutputs(t *testing.T) {
	three, same, two := graph.Square(3), graph.Same, graph.Square(2)
	image := graph.Shape{12, 10, 1}
	conv := graph.Conv2D{Filters: 12, Kernel: three, Padding: same, Activation: graph.ReLU, KernelInit: graph.HeNormal()}
	norm, pool, last := graph.BatchNormalization{}, graph.MaxPooling2D{}, graph.Conv2D{Filters: 1, Kernel: three, Padding: same, Activation: graph.Sigmoid}
	with := func(change func(c *graph.Conv2D)) graph.Conv2D {
		c := conv
		change(&c)
		return c
	}
	up := graph.Conv2DTranspose{Filters: 9, Kernel: three, Strides: two, Padding: same, Activation: graph.LeakyReLU}
	sequences := map[string][]graph.Layer{
		"normalized":        {conv, norm, last},
		"pooled":            {conv, norm, pool, up, last},
		"twice":             {conv, norm, pool, with(func(c *graph.Conv2D) { c.Filters = 20 }), norm, pool, up, norm, up, last},
		"second":            {with(func(c *graph.Conv2D) { c.Filters = 2 }), with(func(c *graph.Conv2D) { c.Kernel = two }), norm, pool, conv, norm, up, last},
		"sigmoid":           {with(func(c *graph.Conv2D) { c.Activation = graph.Sigmoid }), norm, pool, up, last},
		"tanh":              {with(func(c *graph.Conv2D) { c.Activation = graph.Tanh }), norm, last},
		"leaky":             {with(func(c *graph.Conv2D) { c.Activation = graph.LeakyReLU }), norm, pool, up, last},
		"linear":            {with(func(c *graph.Conv2D) { c.Activation = graph.Linear }), norm, graph.Activate{Function: graph.ReLU}, last},
		"curve":             {with(func(c *graph.Conv2D) { c.Activation = graph.ELU }), norm, pool, up, last},
		"no bias":           {with(func(c *graph.Conv2D) { c.NoBias = true }), norm, pool, up, last},
		"stride 2":          {with(func(c *graph.Conv2D) { c.Strides = two }), norm, up, last},
		"no scale, center":  {conv, graph.BatchNormalization{NoScale: true, NoCenter: true}, pool, up, last},
		"penalized":         {with(func(c *graph.Conv2D) { c.ActivityRegularizer = graph.Regularizer{L2: 0.1} }), norm, pool, up, last},
		"flat":              {conv, graph.Flatten{}, norm, graph.Dense{Units: 120}, graph.Reshape{Target: image}},
		"dense":             {graph.Flatten{}, graph.Dense{Units: 40, Activation: graph.ReLU}, norm, graph.Dense{Units: 120}, graph.Reshape{Target: image}},
		"last after pooled": {conv, pool, with(func(c *graph.Conv2D) { c.Filters = 6 }), graph.UpSampling2D{}, last},
	}
	for name, layers := range sequences {
		t.Run(name, func(t *testing.T) { testLazy(t, graph.Sequential("lazy", image, layers...)) })
	}
	frozen := func(node int) *graph.Model {
		m := graph.Sequential("lazy", image, conv, norm, pool, up, last)
		m.Nodes[node].Frozen = true
		return m
	}
	t.Run("frozen convolution", func(t *testing.T) { testLazy(t, frozen(0)) })
	t.Run("frozen normalization", func(t *testing.T) { testLazy(t, frozen(1)) })
	t.Run("frozen last", func(t *testing.T) { testLazy(t, frozen(4)) })
	branch := graph.Sequential("lazy", image, conv, norm, last)
	branch.Nodes = append(branch.Nodes, // the convolution's output is read by the normalization and once more
		graph.Node{Name: "other", Layer: last, Inputs: []int{0}}, graph.Node{Name: "sum", Layer: graph.Add{}, Inputs: []int{2, 3}})
	t.Run("branch", func(t *testing.T) { testLazy(t, branch) })
}

func testLazy(t *testing.T, m *graph.Model) {
	single, err := m.Init(1, graph.Float32)
	check(t, err)
	double, err := m.Init(1, graph.Float64)
	check(t, err)
	check(t, double.Restore(single.Snapshot())) // rounded to float32
	shapes, err := m.Shapes()
	check(t, err)
	threads := graph.NewThreads(2)
	defer threads.Close()
	var programs [3]*graph.Training
	for i, params := range []*graph.Params{single, single, double} {
		programs[i], err = graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 7, KeepActivations: i == 1, Threads: threads})
		check(t, err)
		defer programs[i].Close()
	}
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(r.Float32())
		}
		return x
	}
	for _, batch := range []int{7, 2, 7, 1, 5} {
		x, target := draw(batch*m.Input.Size()), draw(batch*shapes[len(shapes)-1].Size())
		var losses [3]float64
		for i, p := range programs {
			check(t, p.SetInputs(x, target))
			losses[i], err = p.Step(batch)
			check(t, err)
		}
		within(t, "loss", losses[:1], losses[1:2], 1e-6)
		within(t, "loss", losses[:1], losses[2:], 1e-5)
		var all []float64
		for i := range single.Trainable() {
			all = append(all, values(programs[2].Gradient(i))...)
		}
		for i, v := range single.Trainable() {
			got := values(programs[0].Gradient(i))
			withinEither(t, "gradient of "+v.Path(), got, values(programs[1].Gradient(i)), 1e-5, 1e-6*norm(all))
			withinEither(t, "gradient of "+v.Path(), got, values(programs[2].Gradient(i)), 1e-4, 1e-5*norm(all))
		}
	}
}
