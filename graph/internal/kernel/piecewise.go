package kernel

import "math"

// Rectifier says how values are rectified; the zero value is max(z, 0).
type Rectifier struct {
	Threshold float64 // values up to it are cut off
	Slope     float64 // what lies below the threshold, times Slope, is added
	Max       float64 // values are limited to it; 0: not limited
}

// Curve is z between Threshold and Max, Max above, and Slope*(z-Threshold) below.
func (r Rectifier) Curve() Curve {
	return Curve{
		Value: func(z float64) float64 {
			y := z
			if z <= r.Threshold {
				y = 0
			}
			if r.Max > 0 {
				y = min(y, r.Max)
			}
			if z < r.Threshold {
				y += float64(r.Slope * (z - r.Threshold))
			}
			return y
		},
		Slope: func(z float64) float64 {
			switch {
			case z < r.Threshold:
				return r.Slope
			case z == r.Threshold || r.Max > 0 && z > r.Max:
				return 0
			}
			return 1
		},
	}
}

// ReLU6 is min(max(z, 0), 6).
func ReLU6() Curve {
	return Curve{
		Value: func(z float64) float64 { return min(max(z, 0), 6) },
		Slope: func(z float64) float64 { return within(z, 0, 6) },
	}
}

// HardSigmoid is z/6 + 0.5, limited to 0 and 1.
func HardSigmoid() Curve {
	return Curve{
		Value: hardSigmoid,
		Slope: func(z float64) float64 { return within(z, -3, 3) / 6 },
	}
}

// HardSiLU is z times HardSigmoid (Howard et al. 2019, section 5.2).
func HardSiLU() Curve {
	return Curve{
		Value: func(z float64) float64 { return z * hardSigmoid(z) },
		Slope: func(z float64) float64 { return hardSigmoid(z) + z*within(z, -3, 3)/6 },
	}
}

func hardSigmoid(z float64) float64 { return min(max(z+3, 0), 6) / 6 }

// HardTanh limits z to -1 and 1.
func HardTanh() Curve {
	return Curve{
		Value: func(z float64) float64 { return min(max(z, -1), 1) },
		Slope: func(z float64) float64 {
			if z < -1 || z > 1 {
				return 0
			}
			return 1
		},
	}
}

// HardShrink is z, but 0 from -limit to limit.
func HardShrink(limit float64) Curve {
	return Curve{
		Value: func(z float64) float64 {
			if math.Abs(z) > limit {
				return z
			}
			return 0
		},
		Slope: func(z float64) float64 { return beyond(z, limit) },
	}
}

// SoftShrink takes limit from z's magnitude, or all of it.
func SoftShrink(limit float64) Curve {
	return Curve{
		Value: func(z float64) float64 {
			switch {
			case z > limit:
				return z - limit
			case z < -limit:
				return z + limit
			}
			return 0
		},
		Slope: func(z float64) float64 { return beyond(z, limit) },
	}
}

// SparsePlus is 0 below -1, z above 1, and (z+1)^2/4 between.
func SparsePlus() Curve {
	return Curve{
		Value: func(z float64) float64 {
			switch {
			case z <= -1:
				return 0
			case z < 1:
				return (z + 1) * (z + 1) / 4
			}
			return z
		},
		Slope: sparseSigmoid,
	}
}

// SparseSigmoid is (z+1)/2, limited to 0 and 1 (Blondel et al. 2019, section 4).
func SparseSigmoid() Curve {
	return Curve{
		Value: sparseSigmoid,
		Slope: func(z float64) float64 { return within(z, -1, 1) / 2 },
	}
}

func sparseSigmoid(z float64) float64 {
	switch {
	case z <= -1:
		return 0
	case z >= 1:
		return 1
	}
	return (z + 1) / 2
}

// within is 1 between low and high, else 0.
func within(z, low, high float64) float64 {
	if z > low && z < high {
		return 1
	}
	return 0
}

// beyond is 1 for a magnitude above limit, else 0.
func beyond(z, limit float64) float64 {
	if math.Abs(z) > limit {
		return 1
	}
	return 0
}
