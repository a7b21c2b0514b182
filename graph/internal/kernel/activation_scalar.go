package kernel

import "dcae/graph/arithmetic"

// apply returns f(z).
func apply[T Float](a Activation, z T) T {
	switch a.Function {
	case ReLU:
		return max(z, 0)
	case LeakyReLU:
		if z < 0 {
			return z * T(a.Slope)
		}
	case Sigmoid:
		return T(1 / (1 + arithmetic.Exp(-float64(z))))
	case Tanh:
		return T(arithmetic.Tanh(float64(z)))
	}
	return z
}

// derivative returns f'(z) for the result y = f(z).
func derivative[T Float](a Activation, y T) T {
	switch a.Function {
	case ReLU:
		if y <= 0 {
			return 0
		}
	case LeakyReLU:
		if y <= 0 {
			return T(a.Slope)
		}
	case Sigmoid:
		return y * (1 - y)
	case Tanh:
		return 1 - T(y*y)
	}
	return 1
}
