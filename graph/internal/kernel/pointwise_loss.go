package kernel

import "math"

// Distance is a loss of one value y against its target, with its derivative by y.
type Distance struct {
	Value, Slope func(y, target float64) float64
}

// MeanDistance is the mean of a distance over all elements.
type MeanDistance[T Float] struct {
	of   Distance
	sums []float64 // by block
}

// NewMeanDistance returns the operation.
func NewMeanDistance[T Float](of Distance) *MeanDistance[T] { return &MeanDistance[T]{of: of} }

// Forward returns the mean distance, summed in float64; 0 for no elements.
func (m *MeanDistance[T]) Forward(p *Pool, y, target []T) T {
	if len(y) == 0 {
		return 0
	}
	n := blockCount(len(y))
	m.sums = resize(m.sums, n)
	p.forElements(len(y)).run(n, each(func(i int) {
		from, to := blockRange(len(y), i)
		sum, target := 0.0, target[from:to]
		for k, v := range y[from:to] {
			sum += m.of.Value(float64(v), float64(target[k]))
		}
		m.sums[i] = sum
	}))
	total := 0.0
	for _, v := range m.sums {
		total += v
	}
	return T(total / float64(len(y)))
}

// Backward computes dy = scale/len(y) * slope.
func (m *MeanDistance[T]) Backward(p *Pool, dy, y, target []T, scale T) {
	factor := float64(scale) / float64(len(y))
	p.forElements(len(y)).run(blockCount(len(y)), each(func(i int) {
		from, to := blockRange(len(y), i)
		dy, target := dy[from:to], target[from:to]
		for k, v := range y[from:to] {
			dy[k] = T(factor * m.of.Slope(float64(v), float64(target[k])))
		}
	}))
}

// AbsoluteError is |y-target|.
func AbsoluteError() Distance {
	return Distance{
		Value: func(y, target float64) float64 { return math.Abs(y - target) },
		Slope: func(y, target float64) float64 { return sign(y - target) },
	}
}

// Huber is half the squared error up to delta, and from there on linear (Huber 1964).
func Huber(delta float64) Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			if e := math.Abs(y - target); e > delta {
				return delta*e - 0.5*delta*delta
			}
			return 0.5 * (y - target) * (y - target)
		},
		Slope: func(y, target float64) float64 {
			if e := y - target; math.Abs(e) > delta {
				return delta * sign(e)
			}
			return y - target
		},
	}
}

// LogCosh is the logarithm of the hyperbolic cosine of the error.
func LogCosh() Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			e := math.Abs(y - target)
			return e + math.Log1p(math.Exp(-2*e)) - math.Ln2
		},
		Slope: func(y, target float64) float64 { return math.Tanh(y - target) },
	}
}

// CrossEntropy is -target*log(y) - (1-target)*log(1-y), with y limited to low and high, beyond which the derivative is 0.
// Targets are drawn to 0.5 by the share of smoothing.
func CrossEntropy(low, high, smoothing float64) Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			y, target = min(max(y, low), high), smooth(target, smoothing)
			return -target*math.Log(y) - (1-target)*math.Log1p(-y)
		},
		Slope: func(y, target float64) float64 {
			if y < low || y > high {
				return 0
			}
			target = smooth(target, smoothing)
			return (1-target)/(1-y) - target/y
		},
	}
}

// LogitCrossEntropy is CrossEntropy of the sigmoid of y, in a form that does not overflow.
func LogitCrossEntropy(smoothing float64) Distance {
	return Distance{
		Value: func(y, target float64) float64 { return softplus(y) - y*smooth(target, smoothing) },
		Slope: func(y, target float64) float64 { return logistic(y) - smooth(target, smoothing) },
	}
}

func smooth(target, smoothing float64) float64 { return target*(1-smoothing) + 0.5*smoothing }

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
