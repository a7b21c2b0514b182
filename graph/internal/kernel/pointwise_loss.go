package kernel

import (
	"math"

	"dcae/graph/arithmetic"
)

// Distance is a loss of one value y against its target, with its derivative by y.
type Distance struct {
	Value, Slope func(y, target float64) float64

	// The same for slices of float32, where there is a faster way: the sum of values, and dy = factor * slope.
	sum    func(y, target []float32) float64
	slopes func(dy, y, target []float32, factor float32)
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
		y, target := y[from:to], target[from:to]
		if y32 := float32s(y); y32 != nil && m.of.sum != nil {
			m.sums[i] = m.of.sum(y32, float32s(target))
			return
		}
		sum := 0.0
		for k, v := range y {
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
		dy, y, target := dy[from:to], y[from:to], target[from:to]
		if y32 := float32s(y); y32 != nil && m.of.slopes != nil {
			m.of.slopes(float32s(dy), y32, float32s(target), float32(factor))
			return
		}
		for k, v := range y {
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
				return float64(delta*e) - float64(0.5*delta*delta)
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

// SmoothL1 is Huber divided by beta, which is its delta (Girshick 2015, Fast R-CNN, with PyTorch's beta).
func SmoothL1(beta float64) Distance {
	h := Huber(beta)
	return Distance{
		Value: func(y, target float64) float64 { return h.Value(y, target) / beta },
		Slope: func(y, target float64) float64 { return h.Slope(y, target) / beta },
	}
}

// ClampedCrossEntropy is CrossEntropy whose logarithms are at least -100, and whose derivative is divided by no less than 1e-12, as PyTorch has it.
func ClampedCrossEntropy() Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			return float64((target-1)*max(arithmetic.Log1p(-y), -100)) - float64(target*max(arithmetic.Log(y), -100))
		},
		Slope: func(y, target float64) float64 { return (y - target) / max((1-y)*y, 1e-12) },
		slopes: func(dy, y, target []float32, factor float32) { // in float32, as there
			for i, v := range y {
				dy[i] = factor * ((v - target[i]) / max(float32((1-v)*v), 1e-12))
			}
		},
	}
}

// LogCosh is the logarithm of the hyperbolic cosine of the error.
func LogCosh() Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			e := math.Abs(y - target)
			return e + arithmetic.Log1p(arithmetic.Exp(-2*e)) - math.Ln2
		},
		Slope: func(y, target float64) float64 { return arithmetic.Tanh(y - target) },
	}
}

// CrossEntropy is -target*log(y) - (1-target)*log(1-y), with y limited to low and high, beyond which the derivative is 0.
// Targets are drawn to 0.5 by the share of smoothing.
func CrossEntropy(low, high, smoothing float64) Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			y, target = min(max(y, low), high), smooth(target, smoothing)
			return float64(-target*arithmetic.Log(y)) - float64((1-target)*arithmetic.Log1p(-y))
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
		Value: func(y, target float64) float64 { return softplus(y) - float64(y*smooth(target, smoothing)) },
		Slope: func(y, target float64) float64 { return logistic(y) - smooth(target, smoothing) },
		sum: func(y, target []float32) float64 {
			return sumLogitCrossEntropy32(y, target, smoothing)
		},
		slopes: func(dy, y, target []float32, factor float32) {
			logitCrossEntropySlopes32(dy, y, target, factor, float32(smoothing))
		},
	}
}

func sumLogitCrossEntropy32(y, target []float32, smoothing float64) (sum float64) {
	var scratch [512]float32
	for from := 0; from < len(y); from += len(scratch) {
		y := y[from:min(from+len(scratch), len(y))]
		target, logs := target[from:][:len(y)], scratch[:len(y)]
		logsOnePlusDecay32(logs, y)
		for i, v := range y {
			sum += float64(positive32(v)) - float64(float64(v)*smooth(float64(target[i]), smoothing)) + float64(logs[i])
		}
	}
	return sum
}

// logitCrossEntropySlopes32 has the sigmoid of y times 1-target and that of -y times target, neither of which has lost digits where the other
// is near 1.
func logitCrossEntropySlopes32(dy, y, target []float32, factor, smoothing float32) {
	keep, half := 1-smoothing, float32(0.5*smoothing)
	n := vectorLogitSlopes(dy, y, target, factor, keep, half)
	dy, y, target = dy[n:len(y)], y[n:], target[n:len(y)]
	for i, v := range y {
		q, positive := decay32(v), isPositive(v)
		negative := 1 - positive
		t := float32(target[i]*keep) + half
		above, below := float32((1-t)*(positive+float32(negative*q))), float32(t*(negative+float32(positive*q)))
		dy[i] = factor * ((above - below) / (1 + q))
	}
}

func smooth(target, smoothing float64) float64 {
	return float64(target*(1-smoothing)) + float64(0.5*smoothing)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}
