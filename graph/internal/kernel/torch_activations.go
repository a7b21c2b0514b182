package kernel

import "dcae/graph/arithmetic"

// Activation functions as PyTorch has them: with settings, and with its own derivative at a kink.

// CELUOf is max(z, 0) + min(alpha*(e^(z/alpha)-1), 0) (Barron 2017, eq. 2).
func CELUOf(alpha float64) Curve {
	return Curve{
		Value: func(z float64) float64 {
			if z > 0 {
				return z
			}
			return alpha * arithmetic.Expm1(z/alpha)
		},
		Slope: func(z float64) float64 {
			if z > 0 {
				return 1
			}
			return arithmetic.Exp(z / alpha)
		},
	}
}

// SELUFromBelow is SELU, whose derivative at 0 is that from below.
func SELUFromBelow() Curve {
	c := SELU()
	slope := c.Slope
	c.Slope = func(z float64) float64 {
		if z == 0 {
			return seluScale * seluAlpha
		}
		return slope(z)
	}
	c.slopes = func(y, z []float32) { eluSlope32(y, z, seluScale, seluScale*seluAlpha) }
	return c
}

// SoftplusOf is log(1+e^(beta*z))/beta; beyond the threshold of beta*z it is z.
func SoftplusOf(beta, threshold float64) Curve {
	return Curve{
		Value: func(z float64) float64 {
			if beta*z > threshold {
				return z
			}
			return softplus(beta*z) / beta
		},
		Slope: func(z float64) float64 {
			if beta*z > threshold {
				return 1
			}
			return logistic(beta * z)
		},
	}
}

// Threshold is z above a threshold, else a value.
func Threshold(threshold, value float64) Curve {
	return Curve{
		Value: func(z float64) float64 {
			if z > threshold {
				return z
			}
			return value
		},
		Slope: func(z float64) float64 {
			if z > threshold {
				return 1
			}
			return 0
		},
	}
}

// GELUByTanh is z/2*(1+tanh(sqrt(2/pi)*(z+0.044715*z^3))) (Hendrycks and Gimpel 2016, section 2).
func GELUByTanh() Curve {
	const scale, cubic = 0.7978845608028654, 0.044715 // sqrt(2/pi)
	argument := func(z float64) float64 { return scale * (z + float64(cubic*z*z*z)) }
	return Curve{
		Value: func(z float64) float64 { return 0.5 * z * (1 + arithmetic.Tanh(argument(z))) },
		Slope: func(z float64) float64 {
			t := arithmetic.Tanh(argument(z))
			return float64(0.5*(1+t)) + float64(0.5*z*(1-float64(t*t))*scale*(1+float64(3*cubic*z*z)))
		},
	}
}
