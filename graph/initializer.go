package graph

import (
	"fmt"
	"math"
	"math/rand/v2"

	"dcae/graph/arithmetic"
)

// Initializer draws a variable's first values. Formulas and defaults are Keras'.
type Initializer interface {
	// Fill writes the values of a variable of the given shape (the batch has no part in it), drawn from r.
	Fill(values []float64, shape Shape, r *rand.Rand)
	// String names the initializer and its settings, as in "he_normal" or "random_normal(mean=0, stddev=0.05)".
	String() string
}

// Zeros sets every value to 0.
type Zeros struct{}

// Ones sets every value to 1.
type Ones struct{}

// Constant sets every value to Value.
type Constant struct{ Value float64 }

// Values are the values themselves, whatever the seed: of constants.
type Values []float64

// RandomNormal draws from a normal distribution, not truncated. Keras' defaults are mean 0, standard deviation 0.05.
type RandomNormal struct{ Mean, StdDev float64 }

// RandomUniform draws evenly from [Min, Max). Keras' defaults are -0.05 and 0.05.
type RandomUniform struct{ Min, Max float64 }

// RandomTruncatedNormal draws from a normal distribution, anew where a value lies more than two standard deviations from the
// mean; Keras calls it TruncatedNormal. Its defaults are mean 0, standard deviation 0.05.
type RandomTruncatedNormal struct{ Mean, StdDev float64 }

// VarianceScaling scales the variance to the layer's fan: Scale/fan, where a variable of shape {..., in, out} has fan in
// = in * receptive field and fan out = out * receptive field. The receptive field is the product of the other axes.
type VarianceScaling struct {
	Scale        float64 // default 1
	Fan          Fan
	Distribution Distribution
	Name         string // what String returns; default variance_scaling with the settings
}

// Fan says which of a layer's fans scales the variance.
type Fan uint8

// The fans: inputs of a unit, outputs that an input reaches, and their mean. A fan below 1 counts as 1.
const (
	FanIn Fan = iota
	FanOut
	FanAverage
)

// Distribution is what VarianceScaling draws from.
type Distribution uint8

// The distributions: normal truncated at two standard deviations and widened so that the variance is kept; normal;
// uniform.
const (
	TruncatedNormal Distribution = iota
	UntruncatedNormal
	Uniform
)

// GlorotNormal has variance 2/(fan in + fan out) (Glorot and Bengio 2010, eq. 12), truncated normal.
func GlorotNormal() Initializer {
	return VarianceScaling{1, FanAverage, TruncatedNormal, "glorot_normal"}
}

// GlorotUniform has variance 2/(fan in + fan out) (Glorot and Bengio 2010, eq. 16), uniform. It is Keras' default.
func GlorotUniform() Initializer { return VarianceScaling{1, FanAverage, Uniform, "glorot_uniform"} }

// HeNormal has variance 2/fan in (He et al. 2015, eq. 10), truncated normal.
func HeNormal() Initializer { return VarianceScaling{2, FanIn, TruncatedNormal, "he_normal"} }

// HeUniform has variance 2/fan in (He et al. 2015, eq. 10), uniform.
func HeUniform() Initializer { return VarianceScaling{2, FanIn, Uniform, "he_uniform"} }

// LecunNormal has variance 1/fan in (LeCun et al. 1998, eq. 16), truncated normal.
func LecunNormal() Initializer { return VarianceScaling{1, FanIn, TruncatedNormal, "lecun_normal"} }

// LecunUniform has variance 1/fan in (LeCun et al. 1998, eq. 16), uniform.
func LecunUniform() Initializer { return VarianceScaling{1, FanIn, Uniform, "lecun_uniform"} }

// Fill sets every value to 0.
func (Zeros) Fill(values []float64, _ Shape, _ *rand.Rand) { clear(values) }

// Fill sets every value to 1.
func (Ones) Fill(values []float64, _ Shape, _ *rand.Rand) { fill(values, 1) }

// Fill sets every value to Value.
func (c Constant) Fill(values []float64, _ Shape, _ *rand.Rand) { fill(values, c.Value) }

// Fill copies the values.
func (v Values) Fill(values []float64, _ Shape, _ *rand.Rand) { copy(values, v) }

// Fill draws from the normal distribution.
func (n RandomNormal) Fill(values []float64, _ Shape, r *rand.Rand) {
	for i := range values {
		values[i] = n.Mean + float64(n.StdDev*arithmetic.Normal(r))
	}
}

// Fill draws from the uniform distribution.
func (u RandomUniform) Fill(values []float64, _ Shape, r *rand.Rand) {
	for i := range values {
		values[i] = u.Min + float64((u.Max-u.Min)*r.Float64())
	}
}

// Fill draws from the truncated normal distribution.
func (n RandomTruncatedNormal) Fill(values []float64, _ Shape, r *rand.Rand) {
	for i := range values {
		values[i] = n.Mean + float64(n.StdDev*truncatedNormal(r))
	}
}

// truncatedNormalStdDev is the standard deviation of a standard normal distribution truncated at two standard deviations.
const truncatedNormalStdDev = 0.87962566103423978

// Fill draws from the distribution with the variance that the shape's fan gives.
func (v VarianceScaling) Fill(values []float64, shape Shape, r *rand.Rand) {
	in, out := fans(shape)
	fan := in
	switch v.Fan {
	case FanOut:
		fan = out
	case FanAverage:
		fan = (in + out) / 2
	}
	scale := v.Scale
	if scale == 0 {
		scale = 1
	}
	variance := scale / max(1, fan)
	switch v.Distribution {
	case TruncatedNormal:
		scale := math.Sqrt(variance) / truncatedNormalStdDev
		for i := range values {
			values[i] = scale * truncatedNormal(r)
		}
	case UntruncatedNormal:
		RandomNormal{StdDev: math.Sqrt(variance)}.Fill(values, shape, r)
	case Uniform:
		limit := math.Sqrt(3 * variance)
		RandomUniform{-limit, limit}.Fill(values, shape, r)
	}
}

// fans are those of Keras' compute_fans: a transposed convolution's kernel [KH, KW, out, in] is read like any other, so
// that there "in" is the number of its output channels.
func fans(shape Shape) (in, out float64) {
	switch len(shape) {
	case 0:
		return 1, 1
	case 1:
		return float64(shape[0]), float64(shape[0])
	}
	field := shape[:len(shape)-2].Size()
	return float64(shape[len(shape)-2] * field), float64(shape[len(shape)-1] * field)
}

func truncatedNormal(r *rand.Rand) float64 {
	for {
		if x := arithmetic.Normal(r); math.Abs(x) <= 2 {
			return x
		}
	}
}

// initializerOr is an initializer, or its default.
func initializerOr(i, def Initializer) Initializer {
	if i == nil {
		return def
	}
	return i
}

func fill(values []float64, v float64) {
	for i := range values {
		values[i] = v
	}
}

func (Zeros) String() string      { return "zeros" }
func (Ones) String() string       { return "ones" }
func (c Constant) String() string { return fmt.Sprintf("constant(value=%g)", c.Value) }
func (v Values) String() string   { return fmt.Sprintf("%d given values", len(v)) }
func (n RandomNormal) String() string {
	return fmt.Sprintf("random_normal(mean=%g, stddev=%g)", n.Mean, n.StdDev)
}
func (u RandomUniform) String() string {
	return fmt.Sprintf("random_uniform(minval=%g, maxval=%g)", u.Min, u.Max)
}
func (n RandomTruncatedNormal) String() string {
	return fmt.Sprintf("truncated_normal(mean=%g, stddev=%g)", n.Mean, n.StdDev)
}
func (v VarianceScaling) String() string {
	if v.Name != "" {
		return v.Name
	}
	scale := v.Scale
	if scale == 0 {
		scale = 1
	}
	return fmt.Sprintf("variance_scaling(scale=%g, mode=%v, distribution=%v)", scale, v.Fan, v.Distribution)
}

// String is Keras' name of the fan.
func (f Fan) String() string { return [...]string{"fan_in", "fan_out", "fan_avg"}[f] }

// String is Keras' name of the distribution.
func (d Distribution) String() string {
	return [...]string{"truncated_normal", "untruncated_normal", "uniform"}[d]
}
