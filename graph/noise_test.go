package graph_test

import (
	"math"
	"slices"
	"testing"

	"dcae/graph"
)

// noisyOutput is the training output of a layer behind an identity kernel for an image of ones, in the given step.
func noisyOutput(t *testing.T, layer graph.Layer, threads, step int, seed uint64) []float64 {
	t.Helper()
	const size, channels, batch = 40, 16, 3
	one := graph.Conv2D{Filters: channels, Kernel: graph.Square(1), KernelInit: graph.Ones{}}
	m := graph.Sequential("m", graph.Shape{size, size, 1}, one, layer)
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	pool := graph.NewThreads(threads)
	defer pool.Close()
	p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: batch, KeepActivations: true, Threads: pool, Seed: seed})
	check(t, err)
	defer p.Close()
	p.SetSteps(step - 1)
	x, _ := p.Inputs(batch)
	for i := range x {
		x[i] = 1
	}
	_, err = p.Step(batch)
	check(t, err)
	return values(p.Activation(1))
}

func TestNoiseIsAddressedBySeedAndStep(t *testing.T) {
	for _, layer := range []graph.Layer{graph.Dropout{Rate: 0.3}, graph.SpatialDropout2D{Rate: 0.3}, graph.GaussianNoise{StdDev: 0.3}} {
		y := noisyOutput(t, layer, 1, 5, 7)
		for threads := 2; threads <= 3; threads++ {
			if !slices.Equal(y, noisyOutput(t, layer, threads, 5, 7)) {
				t.Errorf("%s: %d threads draw other numbers", layer.Class(), threads)
			}
		}
		if slices.Equal(y, noisyOutput(t, layer, 1, 6, 7)) || slices.Equal(y, noisyOutput(t, layer, 1, 5, 8)) {
			t.Errorf("%s: another step or seed draws the same numbers", layer.Class())
		}
	}
}

func TestNoiseHasItsMoments(t *testing.T) {
	// 76,800 values; of spatial dropout 48 channels
	dropped := func(y []float64) (share float64) {
		for _, v := range y {
			switch {
			case v == 0:
				share += 1 / float64(len(y))
			case math.Abs(v-1/0.7) > 1e-6:
				t.Fatalf("a kept value of 1 became %g", v)
			}
		}
		return share
	}
	if s := dropped(noisyOutput(t, graph.Dropout{Rate: 0.3}, 2, 1, 1)); math.Abs(s-0.3) > 0.01 {
		t.Errorf("a share of %.3f is dropped", s)
	}
	y := noisyOutput(t, graph.SpatialDropout2D{Rate: 0.3}, 2, 1, 1)
	if s := dropped(y); math.Abs(s-0.3) > 0.25 {
		t.Errorf("a share of %.3f of the channels is dropped", s)
	}
	for i, v := range y {
		if image, channel := i/(1600*16), i%16; v != y[image*1600*16+channel] {
			t.Fatalf("channel %d of image %d is dropped in part", channel, image)
		}
	}
	for _, v := range noisyOutput(t, graph.Dropout{Rate: 1}, 2, 1, 1) {
		if v != 0 {
			t.Fatalf("a rate of 1 left %g", v)
		}
	}
	y = noisyOutput(t, graph.GaussianNoise{StdDev: 0.3}, 2, 1, 1)
	var sum, squares float64
	for _, v := range y {
		sum += v - 1
		squares += (v - 1) * (v - 1)
	}
	n := float64(len(y))
	if mean, stddev := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 5*0.3/math.Sqrt(n) || math.Abs(stddev-0.3) > 0.005 {
		t.Errorf("the noise has mean %.4f and standard deviation %.4f", mean, stddev)
	}
}

func TestNoiseIsLeftOutOfEvaluation(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{4, 4, 1}, graph.Dropout{Rate: 0.5}, graph.SpatialDropout2D{Rate: 0.5}, graph.GaussianNoise{StdDev: 1})
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	e, err := graph.NewEvaluation(m, params, graph.Options{Batch: 2})
	check(t, err)
	defer e.Close()
	x := make([]float64, 32)
	for i := range x {
		x[i] = float64(i)
	}
	check(t, e.SetInput(x))
	y, err := e.Run(2)
	check(t, err)
	if !slices.Equal(values(y), x) {
		t.Errorf("evaluation changes the input to %v", values(y))
	}
}

// A layer of a name draws what it draws, whichever others there are, and two of one name draw different numbers.
func TestNoiseDependsOnTheLayersNameAlone(t *testing.T) {
	draw := func(names ...string) []float64 {
		m := &graph.Model{Name: "m", Input: graph.Shape{64}, Nodes: []graph.Node{{Name: "dense", Layer: graph.Dense{Units: 64, KernelInit: graph.IdentityMatrix{}}, Inputs: []int{-1}}}}
		for i, name := range names {
			m.Nodes = append(m.Nodes, graph.Node{Name: name, Layer: graph.GaussianNoise{StdDev: 1}, Inputs: []int{i}})
		}
		params, err := m.Init(1, graph.Float64)
		check(t, err)
		p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 1, KeepActivations: true})
		check(t, err)
		defer p.Close()
		check(t, p.SetInputs(make([]float64, 64), make([]float64, 64)))
		_, err = p.Step(1)
		check(t, err)
		noise, before := values(p.Activation(len(names))), values(p.Activation(len(names)-1))
		for i := range noise {
			noise[i] -= before[i]
		}
		return noise
	}
	alone := draw("b")
	if d := difference(draw("a", "b"), alone); d > 1e-12 {
		t.Error("another layer changes what one draws")
	}
	if d := difference(draw("b", "b"), alone); d < 1 {
		t.Error("two layers of one name draw the same numbers")
	}
}

// A Sample draws anew in each step of training, once for each image in evaluation, in whatever batches it comes, or gives its mean.
func TestSamples(t *testing.T) {
	m := graph.Sequential("m", graph.Shape{50, 40}, graph.Dense{Units: 40}, graph.Sample{})
	params, err := m.Init(1, graph.Float32)
	check(t, err)
	evaluate := func(o graph.Options, first, images int) []float64 {
		o.Batch = images
		e, err := graph.NewEvaluation(m, params, o)
		check(t, err)
		defer e.Close()
		e.SetFirst(first)
		y, err := e.Run(images)
		check(t, err)
		return values(y)
	}
	four := evaluate(graph.Options{Seed: 1}, 0, 4)
	if got := evaluate(graph.Options{Seed: 1}, 2, 2); !slices.Equal(got, four[2*2000:]) {
		t.Error("images of another batch get other samples")
	}
	if slices.Equal(four[:2000], four[2000:4000]) || slices.Equal(four, evaluate(graph.Options{Seed: 2}, 0, 4)) {
		t.Error("samples are equal where they should not be")
	}
	var sum, squares float64
	for _, v := range four {
		sum += v
		squares += v * v
	}
	if n := float64(len(four)); math.Abs(sum/n) > 5/math.Sqrt(n) || math.Abs(math.Sqrt(squares/n)-1) > 0.03 {
		t.Errorf("samples have mean %.3f and deviation %.3f", sum/n, math.Sqrt(squares/n))
	}
	for _, v := range evaluate(graph.Options{Seed: 1, MeanSamples: true}, 0, 1) {
		if v != 0 {
			t.Fatalf("the mean of a normal distribution is %g", v)
		}
	}
	m.Nodes[1].Layer = graph.Sample{Uniform: true, TrainingOnly: true}
	for _, v := range evaluate(graph.Options{}, 0, 1) {
		if v != 0.5 {
			t.Fatalf("the mean of a uniform distribution is %g", v)
		}
	}
	train := func(threads, step int) []float64 {
		m := branching(graph.Shape{5, 4, 16}, func(n *net) {
			h := n.add(graph.Dense{Units: 16}, -1)
			n.add(graph.Add{}, h, n.add(graph.Sample{Uniform: true, PerChannel: true}, h))
		})
		params, err := m.Init(1, graph.Float32)
		check(t, err)
		pool := graph.NewThreads(threads)
		defer pool.Close()
		p, err := graph.NewTraining(m, params, graph.MSE, graph.Options{Batch: 3, KeepActivations: true, Threads: pool})
		check(t, err)
		defer p.Close()
		p.SetSteps(step)
		_, err = p.Step(3)
		check(t, err)
		return values(p.Activation(1))
	}
	step := train(1, 3)
	if !slices.Equal(step, train(3, 3)) || slices.Equal(step, train(1, 4)) {
		t.Error("in training samples depend on the number of threads, or not on the step")
	}
	if step[0] != step[16] || step[0] == step[1] || step[0] == step[320] || slices.Min(step) < 0 || slices.Max(step) > 1 {
		t.Error("a channel of an image has not one sample from 0 to 1 of its own")
	}
}

// AlphaDropout keeps mean and variance of standard normal values, and drops to what SELU tends to, as PyTorch does.
func TestAlphaDropout(t *testing.T) {
	const rate, least = 0.2, -1.7580993408473766
	a := 1 / math.Sqrt((least*least*rate+1)*(1-rate))
	dropped, kept := a*least*(1-rate), a-a*least*rate // of what was 1
	counts := map[bool]int{}
	y := noisyOutput(t, graph.AlphaDropout{Rate: rate}, 2, 1, 1)
	for _, v := range y {
		low := math.Abs(v-dropped) < 1e-5
		if counts[low]++; !low && math.Abs(v-kept) > 1e-5 {
			t.Fatalf("%g is neither %g nor %g", v, dropped, kept)
		}
	}
	if share := float64(counts[true]) / float64(len(y)); math.Abs(share-rate) > 0.01 {
		t.Errorf("%.3f of the values are dropped, not %g", share, rate)
	}
}
