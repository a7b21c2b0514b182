package torch

import (
	"math"
	"slices"

	"dcae/graph"
)

// PyTorch's files hold no initializers. A module gets PyTorch's own default, unless its first weights do not look like that.

// kaimingUniform is PyTorch's default for kernels: uniform with a variance of 1/(3 fan_in) (torch.nn.init.kaiming_uniform_ with a = sqrt(5)).
func kaimingUniform() graph.Initializer {
	return graph.VarianceScaling{Scale: 1.0 / 3, Fan: graph.FanIn, Distribution: graph.Uniform, Name: "kaiming_uniform(a=sqrt(5))"}
}

// kernelInit draws a kernel as PyTorch does.
func (r *reading) kernelInit() graph.Initializer {
	w := r.weightFan()
	limit := 1 / math.Sqrt(float64(max(w, 1)))
	return r.initializer(r.parameterOf(variable{argument: "weight"}), kaimingUniformOf(limit))
}

// weightFan is the number of inputs of a unit as PyTorch counts them: all of a weight's values for one place along its first axis.
func (r *reading) weightFan() int {
	fan := 1
	for axis, e := range r.types[argumentName(r.call.arguments["weight"])].shape {
		if axis > 0 {
			fan *= int(e.fixed)
		}
	}
	return fan
}

// biasInit draws a bias as PyTorch does: uniform between -1/sqrt(fan) and 1/sqrt(fan).
func (r *reading) biasInit(fan int) graph.Initializer {
	limit := 1 / math.Sqrt(float64(max(fan, 1)))
	return r.initializer(r.parameterOf(variable{argument: "bias"}), &expectation{graph.RandomUniform{Min: -limit, Max: limit}, limit})
}

// expectation is a uniform distribution that first weights are held against.
type expectation struct {
	initializer graph.Initializer
	limit       float64 // uniform between it and its negative
}

func kaimingUniformOf(limit float64) *expectation { return &expectation{kaimingUniform(), limit} }

// initializer is the expected one where the first weights look like it or were trained before, else one fitted to them. Of a tensor that is not
// trained it is its values.
func (t *translator) initializer(tensor *Tensor, expected *expectation) graph.Initializer {
	switch {
	case tensor == nil || tensor.Type != Float32:
		if expected != nil {
			return expected.initializer
		}
		return nil
	case !tensor.Trained:
		return graph.Values(floats(tensor.Float32s))
	case expected != nil && (t.warm || looksUniform(tensor.Float32s, expected.limit)):
		return expected.initializer
	}
	return fitted(tensor)
}

// level of the test whether first weights are drawn from a distribution: so rarely it is wrong about one that is.
const level = 0.001

// looksUniform tells whether values may be drawn evenly between -limit and limit, by the test of Kolmogorov and Smirnov.
func looksUniform(values []float32, limit float64) bool {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	n := float64(len(sorted))
	distance := 0.0
	for i, v := range sorted {
		if math.Abs(float64(v)) > limit*(1+1e-5) || math.IsNaN(float64(v)) {
			return false
		}
		expected := (float64(v)/limit + 1) / 2
		distance = max(distance, math.Abs(expected-float64(i)/n), math.Abs(float64(i+1)/n-expected))
	}
	// Stephens (1970): the distance times this factor is distributed as for many values.
	return distance*(math.Sqrt(n)+0.12+0.11/math.Sqrt(n)) < kolmogorov(level)
}

// kolmogorov is the distance, times the root of the number of values, that is exceeded with a probability.
func kolmogorov(p float64) float64 {
	return math.Sqrt(-math.Log(p/2) / 2) //nolint:forbidigo // no weights are so close to it
}

// fitted is a distribution with the spread of first weights: constant, orthogonal, uniform or normal.
func fitted(t *Tensor) graph.Initializer {
	values := floats(t.Float32s)
	n := float64(len(values))
	if len(values) == 0 {
		return graph.Zeros{}
	}
	least, most := slices.Min(values), slices.Max(values)
	switch {
	case least == most && least == 0:
		return graph.Zeros{}
	case least == most && least == 1:
		return graph.Ones{}
	case least == most || math.IsNaN(least) || math.IsNaN(most):
		return graph.Constant{Value: least}
	}
	if gain, ok := orthogonal(t); ok {
		return graph.Orthogonal{Gain: gain}
	}
	mean, second, fourth := 0.0, 0.0, 0.0
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		d := (v - mean) * (v - mean)
		second += d / n
		fourth += d * d / n
	}
	if math.Abs(mean) < 3*math.Sqrt(second/n) { // no more than by chance
		mean = 0
	}
	if fourth/(second*second) < 2.4 { // of a uniform distribution it is 1.8, of a normal one 3
		half := math.Sqrt(3 * second)
		return graph.RandomUniform{Min: mean - half, Max: mean + half}
	}
	return graph.RandomNormal{Mean: mean, StdDev: math.Sqrt(second)}
}

// orthogonal tells whether a weight's rows, or its columns, are orthogonal and of equal length, its gain.
func orthogonal(t *Tensor) (gain float64, ok bool) {
	if len(t.Shape) < 2 || t.Shape[0] < 2 {
		return 0, false
	}
	rows, columns := t.Shape[0], t.Size()/t.Shape[0]
	at := func(i, k int) float64 { return float64(t.Float32s[i*columns+k]) }
	if rows > columns {
		rows, columns = columns, rows
		at = func(i, k int) float64 { return float64(t.Float32s[k*rows+i]) }
	}
	const most = 64 // rows are looked at
	for i := range min(rows, most) {
		for j := range i + 1 {
			product := 0.0
			for k := range columns {
				product += at(i, k) * at(j, k)
			}
			switch {
			case i == 0:
				gain = product
			case i == j && math.Abs(product-gain) > 1e-3*gain, i != j && math.Abs(product) > 1e-3*gain:
				return 0, false
			}
		}
	}
	return math.Sqrt(gain), rows > 1 && gain > 0
}

func floats(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// constantInit is nil, for the default, where a parameter's first values are all a number or were trained before; else what fits them.
func (r *reading) constantInit(argument string, number float64) graph.Initializer {
	tensor := r.parameterOf(variable{argument: argument})
	usual := graph.Constant{Value: number}
	if tensor == nil || tensor.Type != Float32 || r.warm || len(tensor.Float32s) == 0 {
		return usual
	}
	for _, v := range tensor.Float32s {
		if float64(v) != float64(float32(number)) {
			return r.initializer(tensor, nil)
		}
	}
	return usual
}
