package kernel

import "math"

// Faster forms for float32, from the vector forms of sigmoid and tanh: e^z is s/(1-s) for s = sigmoid(z), z <= 0, where
// nothing cancels, and e^z-1 is 2t/(1-t) for t = tanh(z/2).

func sigmoids32(y, z []float32) { activateTo(Activation{Function: Sigmoid}, y, z) }

func silu32(y, z []float32) {
	sigmoids32(y, z)
	for i, v := range z {
		y[i] *= v
	}
}

func siluSlope32(y, z []float32) {
	sigmoids32(y, z)
	for i, v := range z {
		y[i] *= 1 + v*(1-y[i])
	}
}

// elu32 is above*z for positive z, else below*(e^z-1). It has no branch, which random signs would mislead.
func elu32(y, z []float32, above, below float32) {
	y = y[:len(z)]
	for i, v := range z {
		y[i] = min(v, 0) / 2
	}
	activateTo(Activation{Function: Tanh}, y, y)
	for i, v := range z {
		t := y[i]
		y[i] = above*max(v, 0) + below*(2*t/(1-t))
	}
}

func eluSlope32(y, z []float32, above, below float32) {
	y = y[:len(z)]
	for i, v := range z {
		y[i] = min(v, 0)
	}
	sigmoids32(y, y)
	for i, s := range y {
		y[i] = below * (s / (1 - s))
	}
	if above != below {
		for i, v := range z {
			if v > 0 {
				y[i] = above
			}
		}
	}
}

// decays32 computes e^-|z|.
func decays32(y, z []float32) {
	y = y[:len(z)]
	for i, v := range z {
		y[i] = -abs32(v)
	}
	sigmoids32(y, y)
	for i, s := range y {
		y[i] = s / (1 - s)
	}
}

func softplus32(y, z []float32) {
	decays32(y, z)
	for i, v := range z {
		y[i] = max(v, 0) + log1p32(y[i])
	}
}

// log1p32 is log(1+u) for 0 <= u <= 1: twice the area tangent of w = u/(2+u), whose series in w <= 1/3 is cut where its terms
// fall below a tenth of a float32's last place.
func log1p32(u float32) float32 {
	w := u / (2 + u)
	q := w * w
	s := float32(1.0 / 15)
	for _, c := range [...]float32{1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1} {
		s = s*q + c
	}
	return 2 * w * s
}

// mishParts32 returns tanh(softplus(z)) and 1 less it, from q = e^-|z|.
func mishParts32(z, q float32) (t, rest float32) {
	if z > 0 {
		d := 1 + 2*q + 2*q*q
		return (1 + 2*q) / d, 2 * q * q / d
	}
	d := q*(q+2) + 2
	return q * (q + 2) / d, 2 / d
}

func mish32(y, z []float32) {
	decays32(y, z)
	for i, v := range z {
		t, _ := mishParts32(v, y[i])
		y[i] = v * t
	}
}

func mishSlope32(y, z []float32) {
	decays32(y, z)
	for i, v := range z {
		q := y[i]
		t, rest := mishParts32(v, q)
		s := 1 / (1 + q) // sigmoid of |z|
		if v <= 0 {
			s *= q
		}
		y[i] = t + v*rest*(1+t)*s
	}
}

func gelu32(y, z []float32) {
	normalBelow32(y, z)
	for i, v := range z {
		y[i] *= v
	}
}

func geluSlope32(y, z []float32) {
	const root = 0.3989422804014327 // 1/sqrt(2 pi)
	normalBelow32(y, z)
	density := make([]float32, min(len(z), 512))
	for from := 0; from < len(z); from += len(density) {
		z, y := z[from:min(from+len(density), len(z))], y[from:]
		d := density[:len(z)]
		for i, v := range z {
			d[i] = -0.5 * v * v
		}
		sigmoids32(d, d)
		for i, v := range z {
			y[i] += v * root * (d[i] / (1 - d[i]))
		}
	}
}

// normalBelow32 computes the standard normal distribution's share below each z. It follows from Press et al., Numerical
// Recipes, section 6.2: erfc(x) = t*exp(-x^2 + a polynomial in t) for t = 1/(1+x/2), within 1.2e-7 of its value.
func normalBelow32(y, z []float32) {
	y = y[:len(z)]
	for i, v := range z {
		x := float64(abs32(v)) / math.Sqrt2
		t := 1 / (1 + 0.5*x)
		s := 1.48851587 + t*(-0.82215223+t*0.17087277)
		s = 0.27886807 + t*(-1.13520398+t*s)
		s = 0.09678418 + t*(-0.18628806+t*s)
		s = 1.00002368 + t*(0.37409196+t*s)
		y[i] = float32(min(t*s-1.26551223-x*x, 0))
	}
	sigmoids32(y, y)
	for i, v := range z {
		beyond := 0.5 / (1 + 0.5/math.Sqrt2*abs32(v)) * (y[i] / (1 - y[i]))
		y[i] = [2]float32{1 - beyond, beyond}[math.Float32bits(v)>>31]
	}
}
