package graph_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"dcae/graph"
	"dcae/training/dataset/npz"
)

// torchCases are the models of testdata/make_torch_fixtures.py.
func torchCases() []kerasCase {
	image, odd, vector, sequence := graph.Shape{6, 4, 2}, graph.Shape{7, 5, 2}, graph.Shape{6}, graph.Shape{9, 4}
	var cases []kerasCase
	dense := func(units int) graph.Dense { return graph.Dense{Units: units, Activation: graph.Tanh} }
	chain := func(name string, input graph.Shape, units int, layers ...graph.Layer) {
		all := append([]graph.Layer{dense(units)}, layers...)
		cases = append(cases, kerasCase{name, graph.Sequential(name, input, all...), graph.MSE})
	}
	branch := func(name string, input graph.Shape, units int, build func(n *net, h int)) {
		cases = append(cases, kerasCase{name, branching(input, func(n *net) { build(n, n.add(dense(units), -1)) }), graph.MSE})
	}

	chain("permute_chw", odd, 3, graph.Permute{Order: []int{3, 1, 2}})
	chain("permute_wch", odd, 3, graph.Permute{Order: []int{2, 3, 1}})
	chain("permute_whc", odd, 3, graph.Permute{Order: []int{2, 1, 3}})
	chain("permute_cwh", odd, 3, graph.Permute{Order: []int{3, 2, 1}})
	chain("permute_large", graph.Shape{4, 5, 2}, 19, graph.Permute{Order: []int{3, 1, 2}})
	chain("permute_sequence", sequence, 3, graph.Permute{Order: []int{2, 1}})
	chain("slice_rows", odd, 3, graph.Slice{Axis: 1, Start: 1, Stop: -1})
	chain("slice_columns", odd, 3, graph.Slice{Axis: 2, Start: -4, Step: 2})
	chain("slice_channels", odd, 5, graph.Slice{Axis: -1, Start: 1, Stop: 4})
	chain("take_rows", odd, 3, graph.Take{Axis: 1, Indices: []int{2, 3, 0, 2}})
	chain("take_channels", odd, 3, graph.Take{Axis: -1, Indices: []int{2, 1, 0}})
	branch("split", image, 5, func(n *net, h int) {
		a, b := n.add(graph.Slice{Axis: -1, Stop: 2}, h), n.add(graph.Slice{Axis: -1, Start: 2}, h)
		n.add(graph.Multiply{}, n.add(graph.Concatenate{}, b, a), h)
	})
	chain("expand", image, 3, graph.Slice{Axis: 2, Start: 1, Stop: 2}, graph.Slice{Axis: 3, Start: 1, Stop: 2}, graph.BroadcastTo{Target: graph.Shape{6, 5, 3}})
	chain("expand_channels", image, 3, graph.Slice{Axis: 1, Stop: 1}, graph.BroadcastTo{Target: graph.Shape{4, 4, 3}})
	chain("repeat_vector", vector, 3, graph.RepeatVector{N: 4})
	return cases
}

func TestLayersAgreeWithPyTorch(t *testing.T) {
	arrays, err := npz.Read(filepath.Join("testdata", "torch.npz"))
	check(t, err)
	f := fixture{}
	known := 0
	for _, a := range arrays {
		f[a.Name] = a
		if filepath.Base(a.Name) == "loss" {
			known++
		}
	}
	cases := torchCases()
	if known != len(cases) {
		t.Errorf("%d cases, but %d in the fixture", len(cases), known)
	}
	for _, c := range cases {
		for _, precision := range []graph.Precision{graph.Float64, graph.Float32} {
			name, tolerance := c.name+"/float64", 1e-11
			if precision == graph.Float32 {
				name, tolerance = c.name+"/float32", 1e-5
			}
			t.Run(name, func(t *testing.T) { compareWithTorch(t, f, c, precision, tolerance) })
		}
	}
}

func compareWithTorch(t *testing.T, f fixture, c kerasCase, precision graph.Precision, tolerance float64) {
	t.Helper()
	params, err := c.model.Init(1, precision)
	check(t, err)
	for i, v := range params.Trainable() {
		check(t, v.Set(f.values(t, fmt.Sprintf("%s/param/%d", c.name, i))))
	}
	p, err := graph.NewTraining(c.model, params, c.loss, graph.Options{Batch: 3, KeepActivations: true})
	check(t, err)
	defer p.Close()
	check(t, p.SetInputs(f.values(t, c.name+"/x"), f.values(t, c.name+"/target")))
	loss, err := p.Step(3)
	check(t, err)
	within(t, "y", values(p.Activation(len(c.model.Nodes)-1)), f.values(t, c.name+"/y"), tolerance)
	within(t, "loss", []float64{loss}, f.values(t, c.name+"/loss"), tolerance)
	e, err := graph.NewEvaluation(c.model, params, graph.Options{Batch: 3})
	check(t, err)
	defer e.Close()
	check(t, e.SetInput(f.values(t, c.name+"/x")))
	y, err := e.Run(3)
	check(t, err)
	within(t, "y in evaluation", values(y), f.values(t, c.name+"/y"), tolerance)
	var all []float64
	for i := range params.Trainable() {
		all = append(all, f.values(t, fmt.Sprintf("%s/grad/%d", c.name, i))...)
	}
	for i, v := range params.Trainable() {
		withinEither(t, "gradient of "+v.Path(), values(p.Gradient(i)), f.values(t, fmt.Sprintf("%s/grad/%d", c.name, i)), tolerance, tolerance*norm(all))
	}
}
