package arithmetic

import "math"

// Log is the natural logarithm: NaN for negative x, -Inf for 0.
func Log(x float64) float64 {
	if Chosen() == Portable {
		return log(x)
	}
	return math.Log(x)
}

// Log1p is log(1+x), which keeps its digits near 0.
func Log1p(x float64) float64 {
	if Chosen() == Portable {
		return log1p(x)
	}
	return math.Log1p(x)
}

// log splits x = 2^n * (1+f), 1+f from sqrt(1/2) to sqrt(2). With s = f/(2+f), log(1+f) = 2*artanh(s) = f - f*f/2 + s*(f*f/2 + R), where R
// = 2*(s^2/3 + s^4/5 + ...) is the small part (Tang 1990, "Table-driven implementation of the logarithm function in IEEE floating-point
// arithmetic", section 3). The first term left out is below 3e-18 of the result.
func log(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, n := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		n--
	}
	f, k := m-1, float64(n)
	s := f / (2 + f)
	z := float64(s * s)
	rest := 0.0
	for i := 25.0; i >= 3; i -= 2 {
		rest = float64((rest + 2/i) * z)
	}
	half := float64(0.5 * float64(f*f))
	return float64(k*ln2High) - ((half - (float64(s*(half+rest)) + float64(k*ln2Low))) - f)
}

// log1p gives back what rounding took from 1+x (Kahan's form, in Goldberg 1991, "What every computer scientist should know about
// floating-point arithmetic", theorem 4).
func log1p(x float64) float64 {
	u := 1 + x
	if u == 1 || math.IsInf(u, 1) {
		return x
	}
	return log(u) * x / (u - 1)
}
