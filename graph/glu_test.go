package graph_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
)

func TestGLU(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{2, 4}, graph.Activate{Function: graph.GLU})
	for _, precision := range []graph.Precision{graph.Float64, graph.Float32} {
		params, err := m.Init(1, precision)
		check(t, err)
		e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 1})
		check(t, err)
		defer e.Close()
		// sigmoid(log 3) is 3/4
		check(t, e.SetInput([]float64{1, -2, 0, math.Log(3), 8, 4, -math.Log(3), 1000}))
		y, err := e.Run(1)
		check(t, err)
		if want := []float64{0.5, -1.5, 2, 4}; y.Shape()[1] != 2 || y.Shape()[2] != 2 || !slices.EqualFunc(values(y), want, func(a, b float64) bool { return math.Abs(a-b) < 1e-6 }) {
			t.Errorf("%v, want %v", values(y), want)
		}
	}
	for _, bad := range []graph.Layer{graph.Activate{Function: graph.GLU}, graph.Dense{Units: 4, Activation: graph.GLU}} {
		m := graph.Sequential("m", graph.Shape{2, 3}, bad)
		params, err := m.Init(1, graph.Float32)
		if err == nil {
			_, err = graph.NewEvaluation(m, params, graph.Options{Batch: 1})
		}
		if err == nil || !strings.Contains(err.Error(), "halves the last axis") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
