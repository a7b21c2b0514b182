package arithmetic

import "math"

// Exp is e^x.
func Exp(x float64) float64 {
	if Chosen() == Portable {
		return exp(x)
	}
	return math.Exp(x)
}

// Expm1 is e^x - 1, which keeps its digits near 0.
func Expm1(x float64) float64 {
	if Chosen() == Portable {
		return expm1(x)
	}
	return math.Expm1(x)
}

// Tanh is the hyperbolic tangent.
func Tanh(x float64) float64 {
	if Chosen() == Portable {
		return tanh(x)
	}
	return math.Tanh(x)
}

// The logarithm of 2 in two parts. The first has 33 bits, so that its product with an exponent is exact.
const (
	ln2High = 0x1.62e42feep-1
	ln2Low  = math.Ln2 - ln2High
)

const (
	largestExponent  = 709.782712893384 // of an e^x that is finite
	smallestExponent = -745.1332191019412
)

// reducedExp takes e^x apart: e^x = 2^n * (1+p), where x = n*ln 2 + r, |r| <= ln(2)/2 (Cody and Waite 1980, chapter 6), and p is
// Taylor's series of e^r - 1, whose first term left out is below 5e-18. x is from -800 to 800.
func reducedExp(x float64) (n int, p float64) {
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := (x - float64(k*ln2High)) - float64(k*ln2Low)
	q := 1.0 / 13
	for i := 12.0; i >= 2; i-- { // e^r - 1 = r*(1 + r/2*(1 + r/3*(...)))
		q = (1 + float64(r*q)) / i
	}
	return int(k), r + float64(r*float64(r*q))
}

func exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > largestExponent:
		return math.Inf(1)
	case x < smallestExponent:
		return 0
	}
	n, p := reducedExp(x)
	return math.Ldexp(1+p, n)
}

func expm1(x float64) float64 {
	const certain = 40 // from here on one of the terms is below half a unit in the last place of the other
	switch {
	case x == 0: // of either sign
		return x
	case x > certain:
		return exp(x)
	case x < -certain:
		return -1
	}
	n, p := reducedExp(x)
	power := math.Ldexp(1, n)
	return (power - 1) + float64(power*p)
}

// tanh is (e^2|x|-1)/(e^2|x|+1) with the sign of x.
func tanh(x float64) float64 {
	t := expm1(min(2*math.Abs(x), 100))
	return math.Copysign(t/(t+2), x)
}
