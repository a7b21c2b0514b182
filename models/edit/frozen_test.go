package edit_test

import (
	"slices"
	"testing"

	"dcae/graph"
	"dcae/models/edit"
)

// Layers of whose variables none is trained are frozen, whether as a whole or one by one, as a program of PyTorch has them.
func TestFreeLayersWhoseVariablesAreNotTrained(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{6, 6, 1}, graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Padding: graph.Same}, graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Padding: graph.Same},
		graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same})
	m.Nodes[0].Untrained = []string{"kernel", "bias"}
	m.Nodes[1].Untrained = []string{"bias"} // one of two
	m.Nodes[2].Frozen = true
	s, err := edit.Inspect(m)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"conv2d", "conv2d_2"}
	if !slices.Equal(s.Frozen, want) {
		t.Errorf("frozen %q, want %q", s.Frozen, want)
	}
	free, names, err := edit.Free(m)
	if err != nil || !slices.Equal(names, want) {
		t.Fatal(names, err)
	}
	params, err := free.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(params.Trainable()); n != 5 {
		t.Errorf("%d variables are trained, want all but one bias", n)
	}
}
