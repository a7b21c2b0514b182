package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models"
)

func TestSequentialNamesLayersAsKerasDoes(t *testing.T) {
	var names []string
	for _, n := range models.Improved().Nodes {
		names = append(names, n.Name)
	}
	want := strings.Fields("conv2d batch_normalization max_pooling2d conv2d_1 batch_normalization_1 max_pooling2d_1 flatten dense dense_1 reshape conv2d_transpose conv2d_transpose_1 conv2d_2")
	if !slices.Equal(names, want) {
		t.Errorf("got  %v\nwant %v", names, want)
	}
	if n := graph.Sequential("m", graph.Shape{1}, graph.LeakyRectifier{}).Nodes[0].Name; n != "leaky_re_lu" {
		t.Error(n)
	}
}

func TestShapesThatDoNotFitAreErrorsThatNameTheLayer(t *testing.T) {
	image := graph.Shape{8, 6, 2}
	for _, c := range []struct {
		input  graph.Shape
		layers []graph.Layer
		want   string
	}{
		{graph.Shape{5}, []graph.Layer{graph.Conv2D{Filters: 1, Kernel: graph.Square(1)}}, "conv2d (Conv2D): takes images of height x width x channels, not 5"},
		{image, []graph.Layer{graph.Conv2D{Filters: 1, Kernel: graph.Square(7)}}, "a window of 7 pixels does not fit into 6"},
		{image, []graph.Layer{graph.Conv2D{Kernel: graph.Square(3)}}, "at least one filter"},
		{image, []graph.Layer{graph.Conv2D{Filters: 1}}, "must be at least 1, not 0"},
		{image, []graph.Layer{graph.MaxPooling2D{Pool: graph.Square(7), Margins: graph.AllAround(4)}}, "wider than half"},
		{image, []graph.Layer{graph.Reshape{Target: graph.Shape{5, -1}}}, "an input of shape 8x6x2 (96 values) cannot become 5x-1"},
		{image, []graph.Layer{graph.Flatten{}, graph.Dense{}}, "at least one unit"},
		{graph.Shape{8, 0, 1}, []graph.Layer{graph.Flatten{}}, "must be positive"},
		{image, nil, "has no layers"},
		{image, []graph.Layer{graph.UpSampling2D{Factor: graph.Square(1 << 30)}}, "would have more than"},
		{image, []graph.Layer{graph.Conv2D{Filters: 1, Kernel: graph.Square(1 << 21), Padding: graph.Same}}, "at most 1048576"},
		{image, []graph.Layer{graph.Conv2D{Filters: 1, Kernel: graph.Square(1 << 40), Padding: graph.Same}}, "Kernel.H must be within 2147483647"},
		{graph.Shape{1 << 40, 1 << 40}, []graph.Layer{graph.Flatten{}}, "would have more than"},
	} {
		if _, err := graph.Sequential("m", c.input, c.layers...).Shapes(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.layers, err, c.want)
		}
	}
	huge := graph.Sequential("m", image, graph.Conv2D{Filters: 1, Kernel: graph.Square(1 << 20), Padding: graph.Same})
	if _, err := huge.Init(1, graph.Float32); err == nil || !strings.Contains(err.Error(), "kernel of 1048576x1048576x2x1 would have more than") {
		t.Error(err)
	}
	m := graph.Sequential("m", image, graph.Activate{Function: "swoosh"})
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	if _, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 1}); err == nil || !strings.Contains(err.Error(), `layer activation (Activation): unknown activation "swoosh"`) {
		t.Error(err)
	}
}

// Space that a layer's output leaves must not be taken while somebody still reads it: a program that lends memory and one
// that keeps all of it agree, but for the last bits of gradients behind a pooling, also for batches of changing size.
func TestLentMemoryIsNotTakenTooEarly(t *testing.T) {
	m := models.Improved()
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	var programs [2]*graph.Training
	for i := range programs {
		programs[i], err = graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 5, KeepActivations: i == 1})
		check(t, err)
		defer programs[i].Close()
	}
	for step, batch := range []int{5, 5, 2, 5, 1, 3} {
		var losses [2]float64
		for i, p := range programs {
			x, target := p.Inputs(batch)
			r := graph.Random(1, "test", "", step)
			for k := range x {
				x[k] = r.Float32()
			}
			copy(target, x)
			losses[i], err = p.Step(batch)
			check(t, err)
		}
		if losses[0] != losses[1] {
			t.Errorf("step %d: losses %v", step, losses)
		}
		for i, v := range params.Trainable() {
			within(t, fmt.Sprintf("step %d, batch %d: gradient of %s", step, batch, v.Path()), values(programs[0].Gradient(i)), values(programs[1].Gradient(i)), 1e-5)
		}
	}
}

func TestStepAllocatesLittle(t *testing.T) {
	m := models.Sigmoid()
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 4})
	check(t, err)
	defer p.Close()
	step := func() {
		p.Inputs(4)
		if _, err := p.Step(4); err != nil {
			t.Fatal(err)
		}
	}
	step() // blocks are made
	step() // and find their places
	nodes := float64(p.Nodes())
	// Gorgonia's machine makes three small allocations for each node and eleven in a run; four are left for the rest of the process
	if n := testing.AllocsPerRun(5, step); n > 3*nodes+15 {
		t.Errorf("%.0f allocations in a step of %.0f nodes", n, nodes)
	}
}

func TestDotShowsFusedOps(t *testing.T) {
	m := models.Improved()
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 2})
	check(t, err)
	defer p.Close()
	dot := p.Dot()
	for _, want := range []string{
		"digraph", "gradient of conv2d+bias+relu", "conv2d_transpose+bias+relu", "mean_squared_error", `"batch_normalization+max_pooling2d\nbatch_normalization\n`,
		`"flatten\nflatten, view\n2x3136", style="rounded,filled,dotted"`,
	} {
		if !strings.Contains(dot, want) {
			t.Errorf("the DOT graph does not show %s", want)
		}
	}
}
