package arithmetic

import "math"

// Pow is x^y; NaN for negative x unless y is whole.
func Pow(x, y float64) float64 {
	if Chosen() == Portable {
		return pow(x, y)
	}
	return math.Pow(x, y)
}

// pow multiplies squares of x for the whole part of y, and takes the exponential function for the rest, which is at most a half.
func pow(x, y float64) float64 {
	const most = 1 << 53
	switch {
	case y == 0 || x == 1:
		return 1
	case x == 0 || math.IsInf(x, 1) || !(math.Abs(y) < most):
		return exp(y * log(x))
	}
	whole, rest := math.Modf(math.Abs(y))
	if rest > 0.5 {
		whole, rest = whole+1, rest-1
	}
	power := 1.0
	if rest != 0 {
		power = exp(rest * log(x))
	}
	for n, square := uint64(whole), x; n > 0; n, square = n>>1, square*square {
		if n&1 == 1 {
			power *= square
		}
	}
	if y < 0 {
		return 1 / power
	}
	return power
}

// Cos is the cosine. Of x beyond 1e6 in magnitude the portable form loses digits: all of them from 1e16 on.
func Cos(x float64) float64 {
	if Chosen() == Portable {
		return cos(x)
	}
	return math.Cos(x)
}

// Half of pi in two parts. The first has 33 bits, so that its product with a number of quarter turns is exact.
const (
	quarterHigh = 0x1.921fb544p0
	quarterLow  = math.Pi/2 - quarterHigh
)

// Sin is the sine, with digits as [Cos].
func Sin(x float64) float64 {
	if Chosen() == Portable {
		return sin(x)
	}
	return math.Sin(x)
}

func cos(x float64) float64 { return wave(x, 0) }

func sin(x float64) float64 { return wave(x, 3) }

// wave is the cosine of x, so many quarter turns later. It takes quarter turns off, and Taylor's series of cosine or sine of what is left, at
// most a quarter of pi, whose first term left out is below 1e-17.
func wave(x float64, quarters int64) float64 {
	switch {
	case x-x != 0: // infinite or not a number
		return math.NaN()
	case math.Abs(x) > 1e6:
		x = math.Mod(x, 2*math.Pi)
	}
	k := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := (x - float64(k*quarterHigh)) - float64(k*quarterLow)
	z := float64(r * r)
	quarter := (int64(k) + quarters) & 3
	sine := quarter%2 != 0
	first := 16.0 // cos r = 1 - r*r/(1*2)*(1 - r*r/(3*4)*(...))
	if sine {
		first = 17 // sin r = r*(1 - r*r/(2*3)*(1 - r*r/(4*5)*(...)))
	}
	sum := 1.0
	for i := first; i > 1; i -= 2 {
		sum = 1 - float64(z*sum)/(i*(i-1))
	}
	if sine {
		sum *= r
	}
	if quarter == 1 || quarter == 2 {
		return -sum
	}
	return sum
}
