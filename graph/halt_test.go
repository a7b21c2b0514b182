package graph_test

import (
	"testing"

	"dcae/graph"
)

// TestHaltedProgramsFail ends a program in the middle of an op, and leaves what goes through Run alone.
func TestHaltedProgramsFail(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{32, 32, 8}, graph.Conv2D{Filters: 64, Kernel: graph.Square(3), Padding: graph.Same}, graph.Conv2D{Filters: 8, Kernel: graph.Square(3), Padding: graph.Same})
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 3} {
		threads := graph.NewThreads(n)
		p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 16, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Step(16); err != nil {
			t.Error(err)
		}
		threads.Halt()
		if _, err := p.Step(16); err == nil {
			t.Errorf("%d threads: a halted program goes on", n)
		}
		done := make([]bool, 100)
		threads.Run(len(done), func(i int) { done[i] = true })
		for i, d := range done {
			if !d {
				t.Fatalf("%d threads: piece %d was left out", n, i)
			}
		}
		p.Close()
		threads.Close()
	}
}
