package edit_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/graph"
	"dcae/models/edit"
)

// TestOwnLossFollowsEdits changes a model that gives its own loss, whose nodes read the code and the output.
func TestOwnLossFollowsEdits(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{6}, graph.Dense{Units: 4, Activation: graph.Sigmoid}, graph.Dropout{Rate: 0.5}, graph.Dense{Units: 6})
	m.OwnLoss = []graph.Node{
		{Name: "target", Layer: graph.Target{Shape: graph.Shape{6}}}, {Name: "difference", Layer: graph.Subtract{}, Inputs: []int{2, 3}}, {Name: "square", Layer: graph.Multiply{}, Inputs: []int{4, 4}},
		{Name: "both", Layer: graph.Concatenate{}, Inputs: []int{5, 0}}, {Name: "mean", Layer: graph.SumOverBatch{Mean: true}, Inputs: []int{6}},
		{Name: "weights", Layer: graph.Parameter{Shape: graph.Shape{10, 1}, Init: graph.Ones{}, Constant: true}},
		{Name: "sum", Layer: graph.Supplied{Layer: graph.Dense{Units: 1, NoBias: true}, Names: []string{"kernel"}}, Inputs: []int{7, 8}}, {Name: "loss", Layer: graph.Reshape{Target: graph.Shape{}}, Inputs: []int{9}},
	}
	without, changed, err := edit.RemoveDropout(m)
	if err != nil || !cmp.Equal(changed, []string{"dropout"}) {
		t.Fatal(changed, err)
	}
	if got := without.OwnLoss[1].Inputs; !cmp.Equal(got, []int{1, 2}) || len(without.Nodes) != 2 {
		t.Errorf("without dropout the loss reads nodes %v", got)
	}
	linear, _, err := edit.OutputActivation(m, graph.Sigmoid)
	if err != nil {
		t.Fatal(err)
	}
	for _, changed := range []*graph.Model{without, linear} {
		params, err := changed.Init(1, graph.Float32)
		if err != nil {
			t.Fatal(err)
		}
		p, err := graph.NewTraining(changed, params, graph.Loss{Function: graph.Given}, graph.Options{Batch: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Step(2); err != nil {
			t.Error(err)
		}
		p.Close()
	}
}
