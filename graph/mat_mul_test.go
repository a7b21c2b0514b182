package graph_test

import (
	"math"
	"testing"

	"dcae/graph"
)

// TestMatMul compares products and the one-hot form of maxima with what is computed by hand, for all numbers of threads.
func TestMatMul(t *testing.T) {
	m := branching(graph.Shape{2, 3, 4}, func(n *net) {
		n.add(graph.MatMul{}, -1, n.add(graph.Permute{Order: []int{1, 3, 2}}, n.add(graph.Rescaling{Scale: []float64{0.5}}, -1)))
	})
	params := &graph.Params{Precision: graph.Float64}
	x := make([]float64, 3*24)
	for i := range x {
		x[i] = math.Sin(float64(i))
	}
	var want []float64
	for pair := range 6 {
		a := x[pair*12:][:12]
		for i := range 3 {
			for j := range 3 {
				sum := 0.0
				for k := range 4 {
					sum += a[i*4+k] * 0.5 * a[j*4+k]
				}
				want = append(want, sum)
			}
		}
	}
	for _, threads := range []int{1, 3} {
		pool := graph.NewThreads(threads)
		defer pool.Close()
		e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 3, Threads: pool})
		check(t, err)
		defer e.Close()
		check(t, e.SetInput(x))
		y, err := e.Run(3)
		check(t, err)
		within(t, "product", values(y), want, 1e-14)
	}
	for _, in := range [][]graph.Shape{{{2, 3}}, {{2, 3}, {2, 3}}, {{3}, {3}}, {{2, 2, 3}, {1, 3, 2}}} {
		if s, err := (graph.MatMul{}).OutputShape(in); err == nil {
			t.Errorf("matrices of %v are multiplied to %v", in, s)
		}
	}
	hot := graph.Sequential("m", graph.Shape{4}, graph.OneHotMax{})
	e, err := graph.NewEvaluation(hot, params, graph.Options{Batch: 3})
	check(t, err)
	defer e.Close()
	check(t, e.SetInput([]float64{1, 3, 2, 3, -1, -2, -3, -4, 0, 0, 0, 0.5}))
	y, err := e.Run(3)
	check(t, err)
	within(t, "one-hot", values(y), []float64{0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1}, 0)
}
