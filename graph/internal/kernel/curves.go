package kernel

import (
	"math"

	"dcae/graph/arithmetic"
)

// The activation functions whose derivative needs their argument. Where a function has a kink, the derivative there is
// the one that TensorFlow's gradients give.

// Exponential is e^z.
func Exponential() Curve { return Curve{Value: arithmetic.Exp, Slope: arithmetic.Exp} }

// ELU is z above 0 and alpha*(e^z-1) below (Clevert et al. 2016, eq. 15).
func ELU(alpha float64) Curve {
	return Curve{
		Value: func(z float64) float64 {
			if z > 0 {
				return z
			}
			return alpha * arithmetic.Expm1(z)
		},
		Slope: func(z float64) float64 {
			if z > 0 {
				return 1
			}
			return alpha * arithmetic.Exp(z)
		},
		values: func(y, z []float32) { elu32(y, z, 1, float32(alpha)) },
		slopes: func(y, z []float32) { eluSlope32(y, z, 1, float32(alpha)) },
	}
}

// The constants of SELU.
const seluAlpha, seluScale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

// SELU is a scale times ELU, with the constants of Klambauer et al. 2017, eq. 14.
func SELU() Curve {
	return Curve{
		Value: func(z float64) float64 {
			if z < 0 {
				return seluScale * seluAlpha * arithmetic.Expm1(z)
			}
			return seluScale * z
		},
		Slope: func(z float64) float64 {
			if z < 0 {
				return seluScale * seluAlpha * arithmetic.Exp(z)
			}
			return seluScale
		},
		values: func(y, z []float32) { elu32(y, z, seluScale, seluScale*seluAlpha) },
		slopes: func(y, z []float32) {
			eluSlope32(y, z, seluScale, seluScale*seluAlpha)
			for i, v := range z {
				if v == 0 {
					y[i] = seluScale
				}
			}
		},
	}
}

// CELU is max(z, 0) + e^min(z, 0) - 1 (Barron 2017, eq. 2, alpha 1).
func CELU() Curve {
	return Curve{
		Value: func(z float64) float64 { return max(z, 0) + arithmetic.Expm1(min(z, 0)) },
		Slope: func(z float64) float64 {
			switch {
			case z > 0:
				return 1
			case z == 0: // both terms pass the gradient on
				return 2
			}
			return arithmetic.Exp(z)
		},
	}
}

// GELU is z*P(X <= z) for a standard normal X (Hendrycks and Gimpel 2016), exactly.
func GELU() Curve {
	below := func(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) } //nolint:forbidigo // only of float64, which is for tests
	return Curve{
		Value: func(z float64) float64 { return z * below(z) },
		Slope: func(z float64) float64 {
			return below(z) + z*arithmetic.Exp(-0.5*z*z)/math.Sqrt(2*math.Pi)
		},
		values: gelu32, slopes: geluSlope32,
	}
}

// SiLU is z*sigmoid(z) (Ramachandran et al. 2017, where it is called Swish).
func SiLU() Curve {
	return Curve{
		Value: func(z float64) float64 { return z * logistic(z) },
		Slope: func(z float64) float64 {
			s := logistic(z)
			return s * (1 + float64(z*(1-s)))
		},
		values: silu32, slopes: siluSlope32,
	}
}

// Mish is z*tanh(softplus(z)) (Misra 2019, eq. 1).
func Mish() Curve {
	return Curve{
		Value: func(z float64) float64 { return z * arithmetic.Tanh(softplus(z)) },
		Slope: func(z float64) float64 {
			t := arithmetic.Tanh(softplus(z))
			return t + float64(z*(1-float64(t*t))*logistic(z))
		},
		values: mish32, slopes: mishSlope32,
	}
}

// Softplus is log(1+e^z).
func Softplus() Curve {
	return Curve{Value: softplus, Slope: logistic, values: softplus32, slopes: sigmoids32}
}

// LogSigmoid is the logarithm of the sigmoid.
func LogSigmoid() Curve {
	return Curve{
		Value: func(z float64) float64 { return -softplus(-z) },
		Slope: func(z float64) float64 { return logistic(-z) },
	}
}

// Softsign is z/(1+|z|).
func Softsign() Curve {
	return Curve{
		Value: func(z float64) float64 { return z / (1 + math.Abs(z)) },
		Slope: func(z float64) float64 {
			d := 1 + math.Abs(z)
			return 1 / (d * d)
		},
	}
}

// Squareplus is (z+sqrt(z^2+4))/2 (Barron 2021, eq. 1, b 4).
func Squareplus() Curve {
	root := func(z float64) float64 { return math.Sqrt(float64(z*z) + 4) }
	return Curve{
		Value: func(z float64) float64 { return (z + root(z)) / 2 },
		Slope: func(z float64) float64 { return (1 + z/root(z)) / 2 },
	}
}

// TanhShrink is z - tanh(z).
func TanhShrink() Curve {
	return Curve{
		Value: func(z float64) float64 { return z - arithmetic.Tanh(z) },
		Slope: func(z float64) float64 {
			t := arithmetic.Tanh(z)
			return t * t
		},
	}
}

func logistic(z float64) float64 { return 1 / (1 + arithmetic.Exp(-z)) }

func softplus(z float64) float64 { return max(z, 0) + arithmetic.Log1p(arithmetic.Exp(-math.Abs(z))) }
