package models_test

import (
	"math"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models"
)

// widths are the units of a model's layers with a kernel.
func widths(t *testing.T, m *graph.Model) (out []int) {
	t.Helper()
	shapes, err := m.Shapes()
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range m.Nodes {
		switch n.Layer.(type) {
		case graph.Dense, graph.Conv2D:
			out = append(out, shapes[i][len(shapes[i])-1])
		}
	}
	return out
}

func TestPlainHasOneWidth(t *testing.T) {
	small := graph.Shape{4, 4, 1}
	for _, c := range []struct {
		plain models.Plain
		want  []int
	}{
		{models.Plain{Input: small, Layers: 1, Bottleneck: 3, Activation: graph.Linear, OutputActivation: graph.Linear}, []int{3, 16}},
		{models.Plain{Input: small, Layers: 4, Units: 5}, []int{5, 5, 5, 5, 16}},
		{models.Plain{Input: small, Layers: 3, Units: 5, Bottleneck: 2, BatchNormalization: true}, []int{5, 2, 5, 16}},
		{models.Plain{Input: small, Layers: 3, Units: 5, Convolutional: true}, []int{5, 5, 5, 1}},
		{models.Plain{Input: small, Layers: 3, Units: 5, Bottleneck: 2, Variational: models.SumOfValues}, []int{5, 2, 2, 5, 16}},
	} {
		m, err := c.plain.Model()
		if err != nil {
			t.Fatal(err)
		}
		if got := widths(t, m); len(got) != len(c.want) {
			t.Errorf("%+v: widths %v, not %v", c.plain, got, c.want)
		} else {
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("%+v: widths %v, not %v", c.plain, got, c.want)
					break
				}
			}
		}
	}
	m, err := models.Plain{Input: small, Layers: 128, Units: 2}.Model()
	if err != nil || len(widths(t, m)) != 129 {
		t.Errorf("128 layers: %v", err)
	}
	for _, c := range []struct {
		plain models.Plain
		want  string
	}{
		{models.Plain{Layers: 129}, "1 to 128"}, {models.Plain{Units: -1}, "at least 1 unit"}, {models.Plain{Variational: "median"}, "sum and mean"},
		{models.Plain{Variational: models.SumOfValues, Convolutional: true}, "dense"}, {models.Plain{Input: graph.Shape{4}}, "height x width"},
	} {
		if _, err := c.plain.Model(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gives %v", c.plain, err)
		}
	}
}

// The loss of a variational model is the squared error, summed or averaged, and the divergence from the standard normal distribution.
func TestLossOfAVariationalPlain(t *testing.T) {
	for _, how := range []models.ErrorOf{models.SumOfValues, models.MeanOfValues} {
		m, err := models.Plain{Input: graph.Shape{2, 2, 1}, Layers: 1, Bottleneck: 1, OutputActivation: graph.Linear, Variational: how, Initializer: graph.Zeros{}}.Model()
		if err != nil {
			t.Fatal(err)
		}
		params, err := m.Init(1, graph.Float64)
		if err != nil {
			t.Fatal(err)
		}
		for path, value := range map[string]float64{"mean/bias": 0.5, "log_variance/bias": math.Log(4)} {
			if err := params.Lookup(path).Set([]float64{value}); err != nil {
				t.Fatal(err)
			}
		}
		p, err := graph.NewTraining(m, params, graph.Loss{Function: graph.Given}, graph.Options{Batch: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		x := []float64{1, 2, 0, 0, 0, 0, 0, 1} // the output is zero: squared errors 5 and 1
		if err := p.SetInputs(x, x); err != nil {
			t.Fatal(err)
		}
		got, err := p.Step(2)
		if err != nil {
			t.Fatal(err)
		}
		want := 3 + (0.25+4-math.Log(4)-1)/2
		if how == models.MeanOfValues {
			want = 0.75 + (0.25+4-math.Log(4)-1)/2
		}
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: loss %g, not %g", how, got, want)
		}
	}
}
