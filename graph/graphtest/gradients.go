package graphtest

import (
	"math"
	"slices"
	"testing"

	"dcae/graph"
)

// Gradients compares the gradients by a model's trainable variables, through the symbolic graph in float64, with central differences of the loss. They may be off by
// 1e-6 of the norm of all gradients. x and target are a batch of images and what these are to become. Of each variable at most 12 values are moved.
func Gradients(t *testing.T, m *graph.Model, params *graph.Params, of graph.Loss, x, target []float64) {
	t.Helper()
	batch := len(x) / m.Input.Size()
	p, err := graph.NewTraining(m, params, of, graph.Options{Batch: batch})
	check(t, err)
	defer p.Close()
	check(t, p.SetInputs(x, target))
	loss := func() float64 {
		p.SetSteps(0) // the same noise each time
		_, err := p.Step(batch)
		check(t, err)
		return p.PenalizedLoss()
	}
	loss()
	variables := params.Trainable()
	gradients := make([][]float64, len(variables))
	scale := 0.0
	for i := range variables {
		gradients[i] = slices.Clone(p.Gradient(i).Float64s())
		for _, g := range gradients[i] {
			scale += float64(g * g)
		}
	}
	scale = math.Sqrt(scale)
	for i, v := range variables {
		values := v.Values()
		difference := func(k int, h float64) float64 {
			old := values[k]
			var at [2]float64
			for side, move := range []float64{h, -h} {
				values[k] = old + move
				check(t, v.Set(values))
				at[side] = loss()
			}
			values[k] = old
			check(t, v.Set(values))
			return (at[0] - at[1]) / (2 * h)
		}
		n := min(len(values), 12)
		for k := range n {
			k = k * len(values) / n
			got, want := gradients[i][k], 0.0
			agrees := false
			for _, h := range []float64{2e-6, 1e-7} { // the larger one may step over a kink
				want = difference(k, h)
				if agrees = math.Abs(got-want) <= 1e-6*scale; agrees {
					break
				}
			}
			if !agrees {
				t.Errorf("%s[%d]: gradient %.9g, differences give %.9g (off by %.2g of the gradient's norm)", v.Path(), k, got, want, math.Abs(got-want)/scale)
			}
		}
	}
}

// Threads compares the bits of a model's loss and gradients for several numbers of threads. The batch is to be so large that its images are shared out.
func Threads(t *testing.T, m *graph.Model, params *graph.Params, of graph.Loss, batch int, threads ...int) {
	t.Helper()
	var first []float32
	for _, n := range threads {
		got := step(t, m, params, of, batch, n)
		if first == nil {
			first = got
		}
		if !slices.EqualFunc(got, first, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("%d threads give other bits than %d", n, threads[0])
		}
	}
}

// step gives the loss of a batch of values of 0 to 1, that with penalties, and all gradients.
func step(t *testing.T, m *graph.Model, params *graph.Params, of graph.Loss, batch, threads int) []float32 {
	t.Helper()
	pool := graph.NewThreads(threads)
	defer pool.Close()
	p, err := graph.NewTraining(m, params, of, graph.Options{Batch: batch, Threads: pool})
	check(t, err)
	defer p.Close()
	r := graph.Random(1, "test", "", 0)
	x, target := p.Inputs(batch)
	for _, values := range [][]float32{x, target} {
		for i := range values {
			values[i] = r.Float32()
		}
	}
	loss, err := p.Step(batch)
	check(t, err)
	out := []float32{float32(loss), float32(p.PenalizedLoss())}
	for i := range params.Trainable() {
		out = append(out, p.Gradient(i).Float32s()...)
	}
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
