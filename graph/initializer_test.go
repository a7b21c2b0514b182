package graph_test

import (
	"math"
	"slices"
	"strings"
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
		{graph.VarianceScaling{}, 0, 1.0 / 360, 2 * math.Sqrt(1.0/360) / 0.8796},
		{graph.VarianceScaling{Scale: 3, Fan: graph.FanOut, Distribution: graph.UntruncatedNormal}, 0, 3.0 / 540, 1},
		{graph.VarianceScaling{Scale: 0.5, Fan: graph.FanAverage, Distribution: graph.Uniform}, 0, 0.5 / 450, math.Sqrt(1.5 / 450)},
		{graph.RandomTruncatedNormal{Mean: 1, StdDev: 0.05}, 1, 0.0025 * 0.7737, 1.1},
		{graph.Orthogonal{Gain: 2}, 0, 4.0 / 360, 1},
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

// TestInitializersHaveTheirDistributions compares what is drawn with the cumulative distribution, by Kolmogorov and Smirnov's test: of n
// values its distance times sqrt(n) is over 1.95 once in a thousand times.
func TestInitializersHaveTheirDistributions(t *testing.T) {
	normal := func(stddev float64) func(x float64) float64 {
		return func(x float64) float64 { return 0.5 * math.Erfc(-x/stddev/math.Sqrt2) }
	}
	truncated := func(stddev float64) func(x float64) float64 { // at two standard deviations
		cut := normal(1)(-2)
		return func(x float64) float64 { return (normal(stddev)(x) - cut) / (1 - 2*cut) }
	}
	even := func(low, high float64) func(x float64) float64 {
		return func(x float64) float64 { return (x - low) / (high - low) }
	}
	// a normal distribution truncated at two standard deviations has 0.7737 of the variance
	widened := func(variance float64) func(x float64) float64 { return truncated(math.Sqrt(variance / 0.7737413)) }
	limit := func(variance float64) func(x float64) float64 {
		return even(-math.Sqrt(3*variance), math.Sqrt(3*variance))
	}
	dense, transposed := graph.Shape{80, 120}, graph.Shape{5, 5, 10, 20} // fans 80 and 120; 250 and 500
	for _, c := range []struct {
		init  graph.Initializer
		shape graph.Shape
		below func(x float64) float64
	}{
		{graph.RandomNormal{StdDev: 0.3}, dense, normal(0.3)},
		{graph.RandomUniform{Min: -0.2, Max: 0.7}, dense, even(-0.2, 0.7)},
		{graph.RandomTruncatedNormal{StdDev: 0.3}, dense, truncated(0.3)},
		{graph.GlorotNormal(), dense, widened(2.0 / 200)},
		{graph.GlorotUniform(), dense, limit(2.0 / 200)},
		{graph.HeNormal(), dense, widened(2.0 / 80)},
		{graph.HeUniform(), dense, limit(2.0 / 80)},
		{graph.LecunNormal(), transposed, widened(1.0 / 250)},
		{graph.LecunUniform(), transposed, limit(1.0 / 250)},
		{graph.VarianceScaling{Scale: 3, Fan: graph.FanOut, Distribution: graph.UntruncatedNormal}, transposed, normal(math.Sqrt(3.0 / 500))},
		{graph.HeNormal(), graph.Shape{5000}, widened(2.0 / 5000)}, // a vector's fans are its length
	} {
		x := make([]float64, c.shape.Size())
		c.init.Fill(x, c.shape, graph.Random(2, "initialize", c.init.String(), 0))
		slices.Sort(x)
		n, distance := float64(len(x)), 0.0
		for i, v := range x {
			distance = max(distance, c.below(v)-float64(i)/n, float64(i+1)/n-c.below(v))
		}
		if !(distance*math.Sqrt(n) < 1.95) {
			t.Errorf("%v of %v: distance %g", c.init, c.shape, distance)
		}
	}
}

func TestOrthogonalVectors(t *testing.T) {
	for _, shape := range []graph.Shape{{3, 3, 2, 7}, {4, 9}, {5, 5}} {
		columns := shape[len(shape)-1]
		rows := shape.Size() / columns
		x := make([]float64, shape.Size())
		graph.Orthogonal{Gain: 3}.Fill(x, shape, graph.Random(1, "initialize", "", 0))
		at := func(vector, i int) float64 { // the shorter axis counts vectors
			if rows < columns {
				return x[vector*columns+i]
			}
			return x[i*columns+vector]
		}
		for a := range min(rows, columns) {
			for b := range a + 1 {
				product, want := 0.0, 0.0
				for i := range max(rows, columns) {
					product += at(a, i) * at(b, i)
				}
				if a == b {
					want = 9
				}
				if math.Abs(product-want) > 1e-12 {
					t.Errorf("%v: vectors %d and %d have the product %g, not %g", shape, a, b, product, want)
				}
			}
		}
	}
}

func TestIdentityMatrix(t *testing.T) {
	x := make([]float64, 6)
	graph.IdentityMatrix{Gain: 2}.Fill(x, graph.Shape{2, 3}, nil)
	if want := []float64{2, 0, 0, 0, 2, 0}; !slices.Equal(x, want) {
		t.Errorf("%v, want %v", x, want)
	}
}

func TestInitializersRefuseShapes(t *testing.T) {
	for _, layer := range []graph.Layer{
		graph.Conv2D{Filters: 1, Kernel: graph.Square(1), KernelInit: graph.IdentityMatrix{}},
		graph.Conv2D{Filters: 1, Kernel: graph.Square(1), BiasInit: graph.Orthogonal{}},
		graph.Conv2D{Filters: 1, Kernel: graph.Square(1), BiasInit: graph.DeltaOrthogonal{}},
	} {
		_, err := graph.Sequential("m", graph.Shape{2, 2, 1}, layer).Init(1, graph.Float32)
		if err == nil || !strings.HasPrefix(err.Error(), "layer conv2d (Conv2D), ") {
			t.Errorf("%+v: %v", layer, err)
		}
	}
}

func TestInitializersAreNamedAsInKeras(t *testing.T) {
	for _, c := range []struct {
		init graph.Initializer
		want string
	}{
		{graph.HeNormal(), "he_normal"},
		{graph.VarianceScaling{Fan: graph.FanAverage, Distribution: graph.Uniform}, "variance_scaling(scale=1, mode=fan_avg, distribution=uniform)"},
		{graph.RandomTruncatedNormal{StdDev: 0.05}, "truncated_normal(mean=0, stddev=0.05)"},
		{graph.Orthogonal{}, "orthogonal(gain=1)"},
		{graph.DeltaOrthogonal{}, "delta_orthogonal(gain=1)"},
		{graph.IdentityMatrix{Gain: 0.5}, "identity(gain=0.5)"},
	} {
		if got := c.init.String(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
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

// A delta-orthogonal kernel is an orthogonal matrix in the middle and zero elsewhere, so that a linear convolution keeps the length of every pixel.
func TestDeltaOrthogonalKeepsLengths(t *testing.T) {
	for _, c := range []struct {
		shape  graph.Shape
		middle int
	}{{graph.Shape{3, 3, 4, 4}, 4}, {graph.Shape{3, 5, 2, 4}, 7}, {graph.Shape{2, 2, 3, 3}, 0}, {graph.Shape{5, 3, 3}, 2}, {graph.Shape{4, 4}, 0}} {
		x := make([]float64, c.shape.Size())
		graph.DeltaOrthogonal{Gain: 2}.Fill(x, c.shape, graph.Random(1, "initialize", "", 0))
		in, out := c.shape[len(c.shape)-2], c.shape[len(c.shape)-1]
		for at := 0; at < len(x)/(in*out); at++ {
			matrix := x[at*in*out : (at+1)*in*out]
			for i := range in { // rows are orthogonal and of length 2 in the middle
				for k := range in {
					sum := 0.0
					for j := range out {
						sum += matrix[i*out+j] * matrix[k*out+j]
					}
					want := 0.0
					if at == c.middle && i == k {
						want = 4
					}
					if math.Abs(sum-want) > 1e-12 {
						t.Errorf("%v at %d: rows %d and %d give %g, not %g", c.shape, at, i, k, sum, want)
					}
				}
			}
		}
	}
}
