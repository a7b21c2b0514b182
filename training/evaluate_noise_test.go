package training

import (
	"testing"

	"dcae/graph"
)

// TestFVUWithoutNoise adds noise to what is else the image itself.
func TestFVUWithoutNoise(t *testing.T) {
	shape := smallModel().Input
	m := &graph.Model{Name: "noisy", Input: shape, Nodes: []graph.Node{
		{Name: "noise", Layer: graph.Sample{}, Inputs: []int{-1}},
		{Name: "sum", Layer: graph.Add{}, Inputs: []int{-1, 0}},
	}}
	if quiet := smallModel(); !m.DrawsInEvaluation() || quiet.DrawsInEvaluation() {
		t.Error("which model draws is not seen")
	}
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	threads := graph.NewThreads(1)
	defer threads.Close()
	images, mean := stripes{10}, make([]float32, shape.Size())
	e, err := NewEvaluator(m, graph.Loss{}, params, images, 0, mean, threads, false)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	noisy, err := e.Scores()
	if err != nil {
		t.Fatal(err)
	}
	without, err := FVUWithoutNoise(m, graph.Loss{}, params, images, mean, threads)
	if err != nil || without != 0 || noisy.MSE < 0.5 {
		t.Errorf("FVU %g without noise, mean squared error %g with it; error %v", without, noisy.MSE, err)
	}
}
