package graph

import (
	"math"

	"dcae/graph/internal/kernel"
)

// functions are those of [Elementwise].
var functions = func() map[Function]function {
	inf, needed := math.Inf(1), math.NaN()
	plain := func(c kernel.Curve) function { return function{curve: func([]float64) kernel.Curve { return c }} }
	bent := func(c kernel.Curve) function { // on either side of 0
		f := plain(c)
		f.shape = even
		return f
	}
	between := func(least, most float64, c kernel.Curve) function {
		f := plain(c)
		f.shape, f.least, f.most = anywhere, least, most
		return f
	}
	from0 := func(least float64, c kernel.Curve) function {
		f := between(least, inf, c)
		f.shape = positive
		return f
	}
	compared := func(holds func(z, a float64) bool) function {
		return function{
			curve: func(s []float64) kernel.Curve {
				return kernel.Indicator(func(z float64) bool { return holds(z, s[0]) })
			},
			defaults: []float64{needed}, shape: anywhere, most: 1,
		}
	}
	activating := func(like Activation, curve func([]float64) kernel.Curve, defaults ...float64) function {
		return function{curve: curve, defaults: defaults, like: like}
	}
	gelu := activating(GELU, func([]float64) kernel.Curve { return kernel.GELUByTanh() })
	gelu.shape, gelu.least, gelu.most = anywhere, -0.171, inf
	threshold := activating(ReLU, func(s []float64) kernel.Curve { return kernel.Threshold(s[0], s[1]) }, needed, needed)
	threshold.shape, threshold.least, threshold.most = anywhere, -inf, inf // it may fall, where b > a
	return map[Function]function{
		Exp: plain(kernel.Exponential()), Expm1: plain(kernel.Expm1()), Log: from0(-inf, kernel.Log()), Log1p: from0(-inf, kernel.Log1p()),
		Log2: from0(-inf, kernel.Logarithm(2)), Log10: from0(-inf, kernel.Logarithm(10)),
		Sqrt: from0(0, kernel.SquareRoot()), Rsqrt: from0(0, kernel.Power(-0.5)), Reciprocal: from0(-inf, kernel.Power(-1)),
		Abs: bent(kernel.Absolute()), Squared: bent(kernel.Power(2)), Cosh: bent(kernel.HyperbolicCosine()), Neg: plain(kernel.Negative()),
		Pow: {curve: func(s []float64) kernel.Curve { return kernel.Power(s[0]) }, defaults: []float64{needed}, shape: positive, least: -inf, most: inf},
		Sin: between(-1, 1, kernel.Sine()), Cos: between(-1, 1, kernel.Cosine()), Sinh: plain(kernel.HyperbolicSine()), Erf: plain(kernel.ErrorFunction()),
		Sign: plain(kernel.Sign()), Floor: plain(kernel.Stepwise(math.Floor)), Ceil: plain(kernel.Stepwise(math.Ceil)),
		Round: plain(kernel.Stepwise(math.RoundToEven)), Trunc: plain(kernel.Stepwise(math.Trunc)),
		Clamp:    {curve: func(s []float64) kernel.Curve { return kernel.Clamp(s[0], s[1]) }, defaults: []float64{needed, needed}},
		ClampMin: {curve: func(s []float64) kernel.Curve { return kernel.Clamp(s[0], inf) }, defaults: []float64{needed}},
		ClampMax: {curve: func(s []float64) kernel.Curve { return kernel.Clamp(-inf, s[0]) }, defaults: []float64{needed}},

		Greater:      compared(func(z, a float64) bool { return z > a }),
		GreaterEqual: compared(func(z, a float64) bool { return z >= a }),
		Less:         compared(func(z, a float64) bool { return z < a }),
		LessEqual:    compared(func(z, a float64) bool { return z <= a }),
		Equal:        compared(func(z, a float64) bool { return z == a }),
		NotEqual:     compared(func(z, a float64) bool { return z != a }),

		HardTanhOf:   activating(HardTanh, func(s []float64) kernel.Curve { return kernel.Clamp(s[0], s[1]) }, -1, 1),
		CELUOf:       activating(CELU, func(s []float64) kernel.Curve { return kernel.CELUOf(s[0]) }, 1),
		SELUOf:       activating(SELU, func([]float64) kernel.Curve { return kernel.SELUFromBelow() }),
		SoftplusOf:   activating(Softplus, func(s []float64) kernel.Curve { return kernel.SoftplusOf(s[0], s[1]) }, 1, 20),
		HardShrinkOf: activating(HardShrink, func(s []float64) kernel.Curve { return kernel.HardShrink(s[0]) }, 0.5),
		SoftShrinkOf: activating(SoftShrink, func(s []float64) kernel.Curve { return kernel.SoftShrink(s[0]) }, 0.5),
		Threshold:    threshold,
		GELUTanh:     gelu,
	}
}()
