package graph_test

import (
	"testing"

	"dcae/graph"
)

// Gradients of single values, which tensors may take for scalars, are added like others: variables of one value with
// penalties, and outputs of one value with several readers, in batches of one image too.
func TestGradientsOfSingleValuesAdd(t *testing.T) {
	l2 := graph.Regularizer{L2: 0.1}
	one := graph.Dense{Units: 1, Activation: graph.Tanh, KernelRegularizer: l2, BiasRegularizer: l2, ActivityRegularizer: l2}
	pixel := graph.Conv2D{Filters: 1, Kernel: graph.Square(1), Activation: graph.Tanh, KernelRegularizer: l2, BiasRegularizer: l2}
	build := func(input graph.Shape, l graph.Layer) *graph.Model {
		return branching(input, func(n *net) {
			a := n.add(l, -1)
			b := n.add(l, a)
			c := n.add(l, b)
			n.Nodes[c].SharedWith = n.Nodes[b].Name
			n.add(graph.Add{}, a, b, c, a)
		})
	}
	for _, m := range []*graph.Model{build(graph.Shape{1}, one), build(graph.Shape{1, 1, 1}, pixel), build(graph.Shape{2, 1, 1}, pixel)} {
		for _, batch := range []int{1, 3} {
			compareBatchWithDifferences(t, m, graph.MSE, batch)
		}
		params, err := m.Init(1, graph.Float32)
		check(t, err)
		wide, err := m.Init(1, graph.Float64)
		check(t, err)
		check(t, wide.Restore(params.Snapshot()))
		narrow, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 4})
		check(t, err)
		defer narrow.Close()
		reference, err := graph.NewTraining(m, wide, graph.MSE, graph.Options{Batch: 4})
		check(t, err)
		defer reference.Close()
		for _, batch := range []int{4, 1, 3, 1, 4} {
			x := make([]float64, batch*m.Input.Size())
			for i := range x {
				x[i] = 0.7*float64(i) - 1.3
			}
			for _, p := range []*graph.Training{narrow, reference} {
				check(t, p.SetInputs(x, x))
				_, err = p.Step(batch)
				check(t, err)
			}
			var all []float64
			for i := range params.Trainable() {
				all = append(all, values(reference.Gradient(i))...)
			}
			for i, v := range params.Trainable() {
				withinEither(t, "gradient of "+v.Path(), values(narrow.Gradient(i)), values(reference.Gradient(i)), 1e-5, 1e-5*norm(all))
			}
		}
	}
}
