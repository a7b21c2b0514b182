package graph_test

import (
	"math/rand/v2"
	"testing"

	"dcae/graph"
)

// Computed together with the pooling that follows it, an activation gives the same loss and gradients as one by one.
func TestActivationsComputedWithPooling(t *testing.T) {
	for _, act := range []graph.Activation{graph.Sigmoid, graph.Tanh, graph.ReLU, graph.LeakyReLU, graph.Linear, graph.ELU} {
		t.Run(string(act), func(t *testing.T) {
			same, two := graph.Same, graph.Square(2)
			alone := graph.Sequential("alone", graph.Shape{7, 6, 2},
				graph.Conv2D{Filters: 9, Kernel: graph.Square(3), Padding: same, Activation: act}, graph.MaxPooling2D{Padding: same},
				graph.Conv2DTranspose{Filters: 3, Kernel: graph.Square(3), Strides: two, Padding: same, Activation: act}, graph.MaxPooling2D{},
				graph.Flatten{}, graph.Dense{Units: 84}, graph.Reshape{Target: graph.Shape{7, 6, 2}})
			branched := *alone // the first activation is read by more than its pooling
			branched.Nodes = append(append([]graph.Node{}, alone.Nodes[:2]...),
				graph.Node{Name: "again", Layer: graph.MaxPooling2D{Padding: same}, Inputs: []int{0}},
				graph.Node{Name: "sum", Layer: graph.Add{}, Inputs: []int{1, 2}},
				graph.Node{Name: "flat", Layer: graph.Flatten{}, Inputs: []int{3}},
				graph.Node{Name: "dense", Layer: graph.Dense{Units: 84}, Inputs: []int{4}},
				graph.Node{Name: "image", Layer: graph.Reshape{Target: graph.Shape{7, 6, 2}}, Inputs: []int{5}})
			for _, m := range []*graph.Model{alone, &branched} {
				together, separate := firstStep(t, m, false), firstStep(t, m, true)
				within(t, m.Name, together, separate, 1e-14)
			}
		})
	}
}

// firstStep returns a step's loss and all gradients.
func firstStep(t *testing.T, m *graph.Model, separate bool) []float64 {
	t.Helper()
	params, err := m.Init(3, graph.Float64)
	check(t, err)
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 5, KeepActivations: separate})
	check(t, err)
	defer p.Close()
	r := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, 5*m.Input.Size())
	for i := range x {
		x[i] = r.NormFloat64()
	}
	check(t, p.SetInputs(x, x))
	loss, err := p.Step(5)
	check(t, err)
	out := []float64{loss}
	for i := range params.Trainable() {
		out = append(out, values(p.Gradient(i))...)
	}
	return out
}
