package graph_test

import (
	"math"
	"testing"

	"dcae/graph"
)

func TestInitializersHaveKerasVariances(t *testing.T) {
	conv := graph.Shape{3, 3, 40, 60} // fan in 360, fan out 540
	for _, c := range []struct {
		init     graph.Initializer
		mean     float64
		variance float64
		limit    float64 // no value lies beyond
	}{
		{graph.GlorotNormal(), 0, 2.0 / 900, 2 * math.Sqrt(2.0/900) / 0.8796},
		{graph.GlorotUniform(), 0, 2.0 / 900, math.Sqrt(6.0 / 900)},
		{graph.HeNormal(), 0, 2.0 / 360, 2 * math.Sqrt(2.0/360) / 0.8796},
		{graph.HeUniform(), 0, 2.0 / 360, math.Sqrt(6.0 / 360)},
		{graph.LecunNormal(), 0, 1.0 / 360, 2 * math.Sqrt(1.0/360) / 0.8796},
		{graph.LecunUniform(), 0, 1.0 / 360, math.Sqrt(3.0 / 360)},
		{graph.RandomNormal{Mean: 0.5, StdDev: 0.05}, 0.5, 0.0025, 1},
		{graph.RandomUniform{Min: -0.05, Max: 0.05}, 0, 0.01 / 12, 0.05},
		{graph.Zeros{}, 0, 0, 0},
		{graph.Ones{}, 1, 0, 1},
		{graph.Constant{Value: -2}, -2, 0, 2},
	} {
		x := make([]float64, conv.Size())
		c.init.Fill(x, conv, graph.Random(1, "initialize", c.init.String(), 0))
		var sum, sq, largest float64
		for _, v := range x {
			sum += v
			largest = max(largest, math.Abs(v))
		}
		mean := sum / float64(len(x))
		for _, v := range x {
			sq += (v - mean) * (v - mean)
		}
		variance := sq / float64(len(x))
		// 21,600 values: a mean is off by under 5 standard errors, a variance by under 5%
		if math.Abs(mean-c.mean) > 5*math.Sqrt(c.variance/float64(len(x))) || math.Abs(variance-c.variance) > 0.05*c.variance || largest > c.limit*1.0001 {
			t.Errorf("%v: mean %.4g, variance %.4g, largest %.4g; want %.4g, %.4g, at most %.4g", c.init, mean, variance, largest, c.mean, c.variance, c.limit)
		}
	}
}

func TestRandomIsAddressed(t *testing.T) {
	first := func(seed uint64, purpose, path string, index int) uint64 {
		return graph.Random(seed, purpose, path, index).Uint64()
	}
	a := first(1, "initialize", "conv2d/kernel", 0)
	if a != first(1, "initialize", "conv2d/kernel", 0) {
		t.Error("the same address gives another stream")
	}
	for _, other := range []uint64{first(2, "initialize", "conv2d/kernel", 0), first(1, "shuffle", "conv2d/kernel", 0), first(1, "initialize", "conv2d/bias", 0), first(1, "initialize", "conv2d/kernel", 1)} {
		if a == other {
			t.Error("another address gives the same stream")
		}
	}
}
