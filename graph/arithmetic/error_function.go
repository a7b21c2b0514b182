package arithmetic

import "math"

// Erf is the error function: 2/sqrt(pi) times the integral of e^(-t*t) from 0 to x.
func Erf(x float64) float64 {
	if Chosen() == Portable {
		return erf(x)
	}
	return math.Erf(x)
}

// erf adds up to x = 1 a series of positive terms (Abramowitz and Stegun 1964, formula 7.1.6), and takes from there on the continued
// fraction of what is missing to 1 (7.1.14).
func erf(x float64) float64 {
	size := math.Abs(x)
	switch {
	case x != x || x == 0: // of either sign
		return x
	case size > 6:
		return math.Copysign(1, x)
	}
	square := float64(size * size)
	if size <= 1 {
		sum := 1.0
		for n := 43.0; n > 1; n -= 2 { // 1 + 2*x*x/3*(1 + 2*x*x/5*(...))
			sum = 1 + float64(2*square*sum)/n
		}
		return 2 / math.SqrtPi * x * exp(-square) * sum
	}
	fraction := size
	for n := 200.0; n > 0; n-- {
		fraction = size + n/2/fraction
	}
	return math.Copysign(1-exp(-square)/(math.SqrtPi*fraction), x)
}
