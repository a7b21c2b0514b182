package kernel

import "math"

// Faster forms for float32, from vector forms of e^-|z|, ELU, the sigmoid and the normal distribution. The scalar twins of those compute
// the same bits.

const leastExponent = -87 // of e^u that is a normal number

// decay32 is e^-|x|, but no less than e^-87; within 2 units in the last place.
func decay32(x float32) float32 {
	u := -abs32(x)
	if u < leastExponent {
		u = leastExponent
	}
	n, r, t := expParts(u)
	return float32((1 + (r + t)) * power2(n))
}

// decayLessOne32 is e^min(x,0) - 1, where nothing cancels near 0.
func decayLessOne32(x float32) float32 {
	if x > 0 {
		x = 0
	}
	u := -abs32(x)
	if u < leastExponent {
		u = leastExponent
	}
	n, r, t := expParts(u)
	s := power2(n)
	return (s - 1) + (float32(s*r) + float32(s*t))
}

// normalBelow32 is the standard normal distribution's share below z. It follows from Press et al., Numerical
// Recipes, section 6.2: erfc(x) = t*exp(-x^2 + a polynomial in t) for t = 1/(1+x/2), within 1.2e-7 of its value.
func normalBelow32(z float32) float32 {
	x := float32(abs32(z) * 0.70710678)
	t := 1 / (1 + float32(0.5*x))
	p := float32(0.17087277 * t)
	for _, c := range [...]float32{-0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368} {
		p = float32((p + c) * t)
	}
	p = (p + -1.26551223) - float32(x*x)
	beyond := float32(0.5 * float32(decay32(p)*t))
	if math.Signbit(float64(z)) {
		return beyond
	}
	return 1 - beyond
}

func decays32(y, z []float32) {
	for i := vectorDecays(y, z); i < len(z); i++ {
		y[i] = decay32(z[i])
	}
}

// logsOnePlusDecay32 are log(1 + e^-|z|).
func logsOnePlusDecay32(y, z []float32) {
	for i := vectorLogsOnePlusDecay(y, z); i < len(z); i++ {
		y[i] = log1p32(decay32(z[i]))
	}
}

func normalsBelow32(y, z []float32) {
	for i := vectorNormalBelow(y, z); i < len(z); i++ {
		y[i] = normalBelow32(z[i])
	}
}

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
		y[i] *= 1 + float32(v*(1-y[i]))
	}
}

// elu32 is above*z for positive z, else below*(e^z-1). It has no branch, which random signs would mislead.
func elu32(y, z []float32, above, below float32) {
	for i := vectorELU(y, z, above, below); i < len(z); i++ {
		y[i] = float32(above*positive32(z[i])) + float32(below*decayLessOne32(z[i]))
	}
}

func eluSlope32(y, z []float32, above, below float32) {
	more := above - below
	for i := vectorELUSlopes(y, z, more, below); i < len(z); i++ {
		y[i] = float32(below*(1+decayLessOne32(z[i]))) + float32(more*isPositive(z[i]))
	}
}

// positive32 is max(v, 0), or v if that is not a number.
func positive32(v float32) float32 {
	return math.Float32frombits(math.Float32bits(v) &^ uint32(int32(math.Float32bits(v))>>31))
}

// isPositive is 1 for v > 0, else 0.
func isPositive(v float32) float32 {
	bits := math.Float32bits(v)
	return float32(int32(-(bits &^ signBit) >> 31 &^ (bits >> 31)))
}

func softplus32(y, z []float32) {
	logsOnePlusDecay32(y, z)
	for i, v := range z {
		y[i] += max(v, 0)
	}
}

// log1p32 is log(1+u) for 0 <= u <= 1: twice the area tangent of w = u/(2+u), whose series in w <= 1/3 is cut where its terms
// fall below a tenth of a float32's last place.
func log1p32(u float32) float32 {
	w := u / (2 + u)
	q := w * w
	s := float32(1.0 / 15)
	for _, c := range [...]float32{1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1} {
		s = float32(s*q) + c
	}
	return float32(2 * w * s)
}

// mishParts32 returns tanh(softplus(z)) and 1 less it, from q = e^-|z|.
func mishParts32(z, q float32) (t, rest float32) {
	if z > 0 {
		d := 1 + float32(2*q) + float32(2*q*q)
		return (1 + float32(2*q)) / d, 2 * q * q / d
	}
	d := float32(q*(q+2)) + 2
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
		y[i] = t + float32(v*rest*(1+t)*s)
	}
}

func gelu32(y, z []float32) {
	normalsBelow32(y, z)
	for i, v := range z {
		y[i] *= v
	}
}

func geluSlope32(y, z []float32) {
	const root = 0.3989422804014327 // 1/sqrt(2 pi)
	normalsBelow32(y, z)
	var density [512]float32
	for from := 0; from < len(z); from += len(density) {
		z, y := z[from:min(from+len(density), len(z))], y[from:]
		d := density[:len(z)]
		for i, v := range z {
			d[i] = 0.5 * v * v
		}
		decays32(d, d)
		for i, v := range z {
			y[i] += float32(v * root * d[i])
		}
	}
}
