package kernel

import "math"

// Sigmoid and tanh in float32 follow from the exponential function of u <= 0. With n = round(u/ln 2) and r = u - n*ln 2, in two steps
// (Cody & Waite, 1980), e^u = 2^n * (1+r+t) for t = r^2*q(r). q is the polynomial of degree 4 that minimizes the
// largest relative error of 1+r+t over |r| <= ln(2)/2, found by Remez' exchange algorithm with weight r^2/e^r: 3.6e-9, a seventeenth of
// a float32's last place.
//
// What rounding takes from the denominator d, which is 1 to 2, is given back with d taken as 1 there.
//
// Nothing is fused (the conversions see to that), so that the vector forms in assembly compute the same bits.
const (
	log2e   = 1.44269504
	ln2High = 0.693359375 // few bits: its product with n is exact
	ln2Low  = -2.12194440e-4
	rounder = 1.5 * (1 << 23) // x + rounder - rounder is x rounded to an integer

	q0 = 0.49999994
	q1 = 0.16666521
	q2 = 0.04166839
	q3 = 0.008368745
	q4 = 0.0013814539

	smallestExponent = -104 // of the sigmoid's e^u: it is 0 from here on
	tanhExponent     = -40  // tanh is 1 from well before here on
)

// expParts returns the parts of e^u = 2^n * (1+r+t).
func expParts(u float32) (n int32, r, t float32) {
	k := float32(u*log2e) + rounder
	n = int32(math.Float32bits(k) - math.Float32bits(rounder))
	f := k - rounder
	r = (u - float32(f*ln2High)) - float32(f*ln2Low)
	square := float32(r * r)
	q := (float32(q1*r) + q0) + float32(square*((float32(q3*r)+q2)+float32(q4*square))) // Estrin's scheme
	return n, r, float32(square * q)
}

// power2 returns 2^n for normal results.
func power2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// sigmoid32 is e^-|x|/(1+e^-|x|), or 1/(1+e^-|x|) for positive x; within 2 units in the last place.
func sigmoid32(x float32) float32 {
	u := -abs32(x)
	if u < smallestExponent {
		u = smallestExponent
	}
	n, r, t := expParts(u)
	half := n >> 1 // 2^n may be too small for a normal number
	e := float32(float32((1+(r+t))*power2(half)) * power2(n-half))
	numerator := float32(1)
	if math.Signbit(float64(x)) {
		numerator = e
	}
	d := 1 + e
	lost := e - (d - 1)
	y := numerator / d
	return y - float32(y*lost)
}

// tanh32 is (1-e^-2|x|)/(1+e^-2|x|) with the sign of x, where e^-2|x| is taken less 1 from the start; within 2 units in the last place.
func tanh32(x float32) float32 {
	u := -2 * abs32(x)
	if u < tanhExponent {
		u = tanhExponent
	}
	n, r, t := expParts(u)
	s := power2(n)
	s1, sr, st := s-1, float32(s*r), float32(s*t)
	less1 := s1 + (sr + st)
	d := less1 + 2
	lost := less1 - (d - 2)
	y := (s1 + (sr + (st - float32(less1*lost)))) / d
	return math.Float32frombits(math.Float32bits(y)&^signBit | math.Float32bits(x)&signBit)
}

const signBit = 1 << 31

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ signBit) }
