package edit_test

import (
	"math"
	"slices"
	"testing"

	"dcae/graph"
	"dcae/models/edit"
)

// variational has the squared error of 24 values beside the squares of a code of two, each reduced in its way, as loss of its own. The last node takes
// both.
func variational(image, code graph.Reduction, batch graph.Layer, weight float64, sum graph.Layer) *graph.Model {
	return &graph.Model{
		Name: "variational", Input: graph.Shape{24},
		Nodes: []graph.Node{{Name: "code", Layer: graph.Dense{Units: 2}, Inputs: []int{-1}}, {Name: "out", Layer: graph.Dense{Units: 24}, Inputs: []int{0}}},
		OwnLoss: []graph.Node{
			{Name: "target", Layer: graph.Target{Shape: graph.Shape{24}}},
			{Name: "error", Layer: graph.Subtract{}, Inputs: []int{1, 2}},
			{Name: "square", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{3}},
			{Name: "of image", Layer: graph.Reduce{How: image, Axes: []int{1}}, Inputs: []int{4}},
			{Name: "of batch", Layer: graph.SumOverBatch{Mean: true}, Inputs: []int{5}},
			{Name: "squares", Layer: graph.Elementwise{Function: graph.Squared}, Inputs: []int{0}},
			{Name: "half", Layer: graph.Rescaling{Scale: []float64{-0.5}}, Inputs: []int{7}},
			{Name: "of code", Layer: graph.Reduce{How: code, Axes: []int{1}}, Inputs: []int{8}},
			{Name: "weight", Layer: graph.Rescaling{Scale: []float64{weight}}, Inputs: []int{9}},
			{Name: "prior", Layer: batch, Inputs: []int{10}},
			{Name: "loss", Layer: sum, Inputs: []int{6, 11}},
		},
	}
}

// printed gives the model's output other axes, in which the loss does not take it, as a program of PyTorch does that views vectors as images.
func printed(m *graph.Model) *graph.Model {
	m.Nodes = append(m.Nodes, graph.Node{Name: "image", Layer: graph.Reshape{Target: graph.Shape{2, 3, 4}}, Inputs: []int{1}},
		graph.Node{Name: "turned", Layer: graph.Permute{Order: []int{2, 3, 1}}, Inputs: []int{2}})
	for _, n := range m.OwnLoss {
		for i, in := range n.Inputs {
			if in > 1 {
				n.Inputs[i] = in + 2
			}
		}
	}
	return m
}

var overBatch = graph.SumOverBatch{Mean: true}

func TestFullPriorIsSeen(t *testing.T) {
	const sum, mean = graph.ReduceSum, graph.ReduceMean
	for name, c := range map[string]struct {
		model *graph.Model
		times float64 // 0: it is not told
	}{
		"mean error, whole term":             {variational(mean, sum, overBatch, 1, graph.Add{}), 24},
		"output in another order":            {printed(variational(mean, sum, overBatch, 1, graph.Add{})), 24},
		"subtracted":                         {variational(mean, sum, overBatch, 1, graph.Subtract{}), 24},
		"means of both":                      {variational(mean, mean, overBatch, 1, graph.Add{}), 12},
		"sums of both":                       {variational(sum, sum, overBatch, 1, graph.Add{}), 0},
		"term summed over the batch":         {variational(sum, sum, graph.SumOverBatch{}, 1, graph.Add{}), 16},
		"mean error, term of a weight":       {variational(mean, sum, overBatch, 1./24, graph.Add{}), 0},
		"sums of both, term of a weight":     {variational(sum, sum, overBatch, 100, graph.Add{}), 100},
		"a weight that is meant, as of four": {variational(sum, sum, overBatch, 4, graph.Add{}), 0},
	} {
		term, times := edit.FullPrior(c.model, 16)
		if math.Abs(times-c.times) > 1e-9 || (term == "prior") != (c.times > 0) {
			t.Errorf("%s: found %q, %g times", name, term, times)
		}
	}
}

func TestFullPriorIsWeighed(t *testing.T) {
	given := variational(graph.ReduceMean, graph.ReduceSum, overBatch, 1, graph.Add{})
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
		x := make([]float64, 48)
		for i := range x {
			x[i] = float64(i % 7)
		}
		if err := p.SetInputs(x, x); err != nil {
			t.Fatal(err)
		}
		l, err := p.Step(2)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	weighed, names, err := edit.WeighPrior(given, 2)
	if err != nil || !slices.Equal(names, []string{"prior"}) {
		t.Fatalf("changed %v: %v", names, err)
	}
	if term, _ := edit.FullPrior(weighed, 2); term != "" {
		t.Errorf("%s is found once more", term)
	}
	if _, _, err := edit.WeighPrior(weighed, 2); err == nil {
		t.Error("it is weighed twice")
	}
	// error + prior, error + prior/24, and error + 24 prior/(24 * 24)
	again := variational(graph.ReduceMean, graph.ReduceSum, overBatch, 24, graph.Add{})
	heavy, _, err := edit.WeighPrior(again, 2)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := loss(given), loss(weighed), loss(heavy)
	if prior := (a - b) * 24 / 23; !(prior < 0) || math.Abs(c-b) > 1e-9*math.Abs(b) {
		t.Errorf("losses %g, %g, %g", a, b, c)
	}
}
