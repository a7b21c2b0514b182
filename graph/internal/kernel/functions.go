package kernel

import (
	"math"
	"sync"

	"dcae/graph/arithmetic"
)

// Functions of one value that are no activations. Where one has a kink, the derivative there is the one that PyTorch's gradients give.

// Expm1 is e^z - 1.
func Expm1() Curve { return Curve{Value: arithmetic.Expm1, Slope: arithmetic.Exp} }

// Log is the natural logarithm.
func Log() Curve {
	return Curve{Value: arithmetic.Log, Slope: func(z float64) float64 { return 1 / z }}
}

// Log1p is log(1+z).
func Log1p() Curve {
	return Curve{Value: arithmetic.Log1p, Slope: func(z float64) float64 { return 1 / (1 + z) }}
}

// Logarithm is the logarithm to a base.
func Logarithm(base float64) Curve {
	scale := sync.OnceValue(func() float64 { return 1 / arithmetic.Log(base) }) // curves are made before the family is chosen
	return Curve{
		Value: func(z float64) float64 { return scale() * arithmetic.Log(z) },
		Slope: func(z float64) float64 { return scale() / z },
	}
}

// SquareRoot is the square root.
func SquareRoot() Curve {
	return Curve{Value: math.Sqrt, Slope: func(z float64) float64 { return 0.5 / math.Sqrt(z) }}
}

// Absolute is |z|.
func Absolute() Curve { return Curve{Value: math.Abs, Slope: sign} }

// Stepwise is a function that is constant between its steps, whose derivative is 0.
func Stepwise(value func(float64) float64) Curve {
	return Curve{Value: value, Slope: func(float64) float64 { return 0 }}
}

// Sign is -1, 0 or 1.
func Sign() Curve { return Stepwise(sign) }

// Indicator is 1 where a condition holds, else 0.
func Indicator(holds func(z float64) bool) Curve {
	return Stepwise(func(z float64) float64 {
		if holds(z) {
			return 1
		}
		return 0
	})
}

// Sine is sin z.
func Sine() Curve { return Curve{Value: arithmetic.Sin, Slope: arithmetic.Cos} }

// Cosine is cos z.
func Cosine() Curve {
	return Curve{Value: arithmetic.Cos, Slope: func(z float64) float64 { return -arithmetic.Sin(z) }}
}

// HyperbolicSine is (e^z - e^-z)/2.
func HyperbolicSine() Curve { return Curve{Value: sinh, Slope: cosh} }

// HyperbolicCosine is (e^z + e^-z)/2.
func HyperbolicCosine() Curve { return Curve{Value: cosh, Slope: sinh} }

func sinh(z float64) float64 {
	up := arithmetic.Expm1(math.Abs(z))
	if math.IsInf(up, 1) {
		return math.Copysign(up, z)
	}
	return math.Copysign((up+up/(up+1))/2, z)
}

func cosh(z float64) float64 {
	up := arithmetic.Exp(math.Abs(z))
	return (up + 1/up) / 2
}

// ErrorFunction is 2/sqrt(pi) times the integral of e^(-t*t) from 0 to z.
func ErrorFunction() Curve {
	return Curve{
		Value: arithmetic.Erf,
		Slope: func(z float64) float64 { return 2 / math.SqrtPi * arithmetic.Exp(-z*z) },
	}
}

// Power is z^exponent.
func Power(exponent float64) Curve {
	switch exponent {
	case 2:
		return Curve{Value: func(z float64) float64 { return z * z }, Slope: func(z float64) float64 { return 2 * z }}
	case 0.5:
		return SquareRoot()
	case -0.5:
		return Curve{
			Value: func(z float64) float64 { return 1 / math.Sqrt(z) },
			Slope: func(z float64) float64 { return -0.5 / float64(z*math.Sqrt(z)) },
		}
	case -1:
		return Curve{Value: func(z float64) float64 { return 1 / z }, Slope: func(z float64) float64 { return -1 / float64(z*z) }}
	case 0:
		return Stepwise(func(float64) float64 { return 1 })
	}
	return Curve{
		Value: func(z float64) float64 { return arithmetic.Pow(z, exponent) },
		Slope: func(z float64) float64 { return exponent * arithmetic.Pow(z, exponent-1) },
	}
}

// Clamp limits z to low and high. It passes the gradient on between these, not at them.
func Clamp(low, high float64) Curve {
	return Curve{
		Value: func(z float64) float64 { return min(max(z, low), high) },
		Slope: func(z float64) float64 { return within(z, low, high) },
	}
}

// Negative is -z.
func Negative() Curve {
	return Curve{Value: func(z float64) float64 { return -z }, Slope: func(float64) float64 { return -1 }}
}
