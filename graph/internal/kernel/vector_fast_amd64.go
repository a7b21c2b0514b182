//go:build amd64 && !noasm

package kernel

import "dcae/graph/arithmetic"

//go:generate sh -c "cd gen && go run . -set vector"

// The functions below do the part of an operation that fits their vectors and return its length; the rest, fewer than 32
// elements of a slice, is left to the portable form. They do nothing for nil slices and in the portable family.

const (
	vectorUnit    = 16 // elements that an element-wise function covers at a time
	reductionUnit = 32 // and a reduction
)

// whole is the part of n elements that is a multiple of unit.
func whole(n, unit int) int {
	if family() == arithmetic.Portable {
		return 0
	}
	return n - n%unit
}

func vectorActivate(act Activation, y, x []float32) int {
	n := whole(len(x), vectorUnit)
	if n == 0 {
		return 0
	}
	y = y[:n]
	slope, fast := float32(act.Slope), family() == arithmetic.AVX512
	switch {
	case act.Function == ReLU && fast:
		reluAVX512(n, &y[0], &x[0])
	case act.Function == ReLU:
		reluAVX2(n, &y[0], &x[0])
	case act.Function == LeakyReLU && fast:
		leakyAVX512(n, &y[0], &x[0], slope)
	case act.Function == LeakyReLU:
		leakyAVX2(n, &y[0], &x[0], slope)
	case act.Function == Sigmoid && fast:
		sigmoidAVX512(n, &y[0], &x[0])
	case act.Function == Sigmoid:
		sigmoidAVX2(n, &y[0], &x[0])
	case act.Function == Tanh && fast:
		tanhAVX512(n, &y[0], &x[0])
	case act.Function == Tanh:
		tanhAVX2(n, &y[0], &x[0])
	default:
		return 0
	}
	return n
}

func vectorDecays(y, x []float32) int {
	return vectorCurve(y, x, decayAVX2, decayAVX512)
}

func vectorLogsOnePlusDecay(y, x []float32) int {
	return vectorCurve(y, x, logOnePlusDecayAVX2, logOnePlusDecayAVX512)
}

func vectorELU(y, z []float32, above, below float32) int {
	return vectorCurve(y, z, func(n int, y, z *float32) { eluAVX2(n, y, z, above, below) }, func(n int, y, z *float32) { eluAVX512(n, y, z, above, below) })
}

func vectorELUSlopes(y, z []float32, more, below float32) int {
	return vectorCurve(y, z, func(n int, y, z *float32) { eluSlopeAVX2(n, y, z, more, below) }, func(n int, y, z *float32) { eluSlopeAVX512(n, y, z, more, below) })
}

func vectorAdd(y, x []float32) int { return vectorCurve(y, x, addAVX2, addAVX512) }

func vectorMultiply(y, x []float32) int { return vectorCurve(y, x, multiplyAVX2, multiplyAVX512) }

// vectorLogitSlopes has the shares of the target and of 1/2 in what the sigmoid is compared with.
func vectorLogitSlopes(dy, y, target []float32, factor, keep, half float32) int {
	n := whole(len(y), vectorUnit)
	if n == 0 {
		return 0
	}
	dy, target = dy[:n], target[:n]
	if family() == arithmetic.AVX512 {
		logitSlopeAVX512(n, &dy[0], &y[0], &target[0], factor, keep, half)
	} else {
		logitSlopeAVX2(n, &dy[0], &y[0], &target[0], factor, keep, half)
	}
	return n
}

func vectorNormalBelow(y, x []float32) int {
	return vectorCurve(y, x, normalBelowAVX2, normalBelowAVX512)
}

func vectorCurve(y, x []float32, slow, fast func(n int, y, x *float32)) int {
	n := whole(len(x), vectorUnit)
	if n == 0 {
		return 0
	}
	y = y[:n]
	if family() == arithmetic.AVX512 {
		fast(n, &y[0], &x[0])
	} else {
		slow(n, &y[0], &x[0])
	}
	return n
}

func vectorActivationGradient(act Activation, dx, y, dy []float32) int {
	n := whole(len(y), vectorUnit)
	if n == 0 {
		return 0
	}
	dx, dy = dx[:n], dy[:n]
	slope, fast := float32(act.Slope), family() == arithmetic.AVX512
	switch {
	case act.Function == ReLU && fast:
		reluGradientAVX512(n, &dx[0], &y[0], &dy[0])
	case act.Function == ReLU:
		reluGradientAVX2(n, &dx[0], &y[0], &dy[0])
	case act.Function == LeakyReLU && fast:
		leakyGradientAVX512(n, &dx[0], &y[0], &dy[0], slope)
	case act.Function == LeakyReLU:
		leakyGradientAVX2(n, &dx[0], &y[0], &dy[0], slope)
	case act.Function == Sigmoid && fast:
		sigmoidGradientAVX512(n, &dx[0], &y[0], &dy[0])
	case act.Function == Sigmoid:
		sigmoidGradientAVX2(n, &dx[0], &y[0], &dy[0])
	case act.Function == Tanh && fast:
		tanhGradientAVX512(n, &dx[0], &y[0], &dy[0])
	case act.Function == Tanh:
		tanhGradientAVX2(n, &dx[0], &y[0], &dy[0])
	default:
		return 0
	}
	return n
}

// sumLanes adds in index order.
func sumLanes(lanes []float64) float64 {
	sum := 0.0
	for _, v := range lanes {
		sum += v
	}
	return sum
}

func vectorSquaredDistance(y, target []float32) (sum float64, n int) {
	if n = whole(len(y), reductionUnit); n == 0 {
		return 0, 0
	}
	target = target[:n]
	var lanes [reductionUnit]float64
	if family() == arithmetic.AVX512 {
		squaredDistanceAVX512(n, &y[0], &target[0], &lanes[0])
	} else {
		squaredDistanceAVX2(n, &y[0], &target[0], &lanes[0])
	}
	return sumLanes(lanes[:]), n
}

func vectorScaledDifference(dy, y, target []float32, factor float32) int {
	n := whole(len(y), vectorUnit)
	if n == 0 {
		return 0
	}
	dy, target = dy[:n], target[:n]
	if family() == arithmetic.AVX512 {
		scaledDifferenceAVX512(n, &dy[0], &y[0], &target[0], factor)
	} else {
		scaledDifferenceAVX2(n, &dy[0], &y[0], &target[0], factor)
	}
	return n
}

func vectorUpdate(u update[float32], w, g, m, v []float32) (sums Sums, n int) {
	if n = whole(len(w), vectorUnit); n == 0 {
		return Sums{}, 0
	}
	var lanes [3 * 8]float64
	to := &lanes[0]
	g = g[:n]
	if u.rule != gradientDescent {
		m = m[:n]
	}
	if u.rule == adam {
		v = v[:n]
	}
	fast := family() == arithmetic.AVX512
	switch {
	case u.rule == adam && fast:
		adamAVX512(n, &w[0], &g[0], &m[0], &v[0], u.rate, u.m1, u.v1, u.epsilon, to)
	case u.rule == adam:
		adamAVX2(n, &w[0], &g[0], &m[0], &v[0], u.rate, u.m1, u.v1, u.epsilon, to)
	case u.rule == gradientDescent && fast:
		descendAVX512(n, &w[0], &g[0], u.rate, to)
	case u.rule == gradientDescent:
		descendAVX2(n, &w[0], &g[0], u.rate, to)
	case u.rule == momentum && fast:
		momentumAVX512(n, &w[0], &g[0], &m[0], u.rate, u.keep, to)
	case u.rule == momentum:
		momentumAVX2(n, &w[0], &g[0], &m[0], u.rate, u.keep, to)
	case fast:
		nesterovAVX512(n, &w[0], &g[0], &m[0], u.rate, u.keep, to)
	default:
		nesterovAVX2(n, &w[0], &g[0], &m[0], u.rate, u.keep, to)
	}
	return Sums{Gradient: sumLanes(lanes[:8]), Weight: sumLanes(lanes[8:16]), Step: sumLanes(lanes[16:])}, n
}
