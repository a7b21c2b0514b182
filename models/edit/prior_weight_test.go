package edit_test

import (
	"slices"
	"testing"

	"dcae/graph"
	"dcae/models/edit"
)

// variational has the mean squared error, or its sum, beside the sum of the code's squares as loss of its own.
func variational(how graph.Reduction) *graph.Model {
	return &graph.Model{
		Name: "variational", Input: graph.Shape{6},
		Nodes: []graph.Node{{Name: "code", Layer: graph.Dense{Units: 2}, Inputs: []int{-1}}, {Name: "out", Layer: graph.Dense{Units: 6}, Inputs: []int{0}}},
		OwnLoss: []graph.Node{
			{Name: "target", Layer: graph.Target{Shape: graph.Shape{6}}},
			{Name: "error", Layer: graph.Subtract{}, Inputs: []int{1, 2}},
			{Name: "square", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{3}},
			{Name: "of image", Layer: graph.Reduce{How: how, Axes: []int{1}}, Inputs: []int{4}},
			{Name: "of batch", Layer: graph.SumOverBatch{Mean: true}, Inputs: []int{5}},
			{Name: "squares", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{0}},
			{Name: "of code", Layer: graph.Reduce{How: graph.ReduceSum, Axes: []int{1}}, Inputs: []int{7}},
			{Name: "prior", Layer: graph.SumOverBatch{Mean: true}, Inputs: []int{8}},
			{Name: "loss", Layer: graph.Add{}, Inputs: []int{6, 9}},
		},
	}
}

func TestFullPriorIsSeenAndWeighed(t *testing.T) {
	if term, values := edit.FullPrior(variational(graph.ReduceMean)); term != "prior" || values != 6 {
		t.Errorf("found %q, %d values", term, values)
	}
	if term, _ := edit.FullPrior(variational(graph.ReduceSum)); term != "" {
		t.Errorf("%s is found beside a sum", term)
	}
	given := variational(graph.ReduceMean)
	loss := func(m *graph.Model) float64 {
		params, err := m.Init(1, graph.Float64)
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.NewTraining(m, params, graph.Loss{Function: graph.Given}, graph.Options{Batch: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		x := []float64{1, 2, 3, 4, 5, 6, 2, 1, 0, 1, 2, 1}
		if err := p.SetInputs(x, x); err != nil {
			t.Fatal(err)
		}
		l, err := p.Step(2)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	weighed, names, err := edit.WeighPrior(given)
	if err != nil || !slices.Equal(names, []string{"prior"}) {
		t.Fatalf("changed %v: %v", names, err)
	}
	// error + prior, error + prior/6, and, of a model that has the weight already, error + prior/36
	twice, _, err := edit.WeighPrior(weighed)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := loss(given), loss(weighed), loss(twice)
	prior := (a - b) * 6 / 5
	if want := a - prior*35/36; !(prior > 0) || c < want-1e-9 || c > want+1e-9 {
		t.Errorf("losses %g, %g, %g", a, b, c)
	}
}
