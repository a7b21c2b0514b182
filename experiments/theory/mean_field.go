package theory

import (
	"math"

	"dcae/graph/arithmetic"
)

// Mean field theory of wide networks at initialization: the weights of a layer are drawn with variance sigma_w^2 / inputs, its biases with
// sigma_b^2, so that pre-activations are normal with a variance q that the next layer maps to sigma_w^2 E[phi(sqrt(q) z)^2] + sigma_b^2,
// and squared gradients shrink by chi = sigma_w^2 E[phi'(sqrt(q) z)^2] a layer (Poole et al. 2016; Schoenholz et al. 2017, "Deep information
// propagation").

// expectation of f over the standard normal distribution, by the trapezoidal rule, which is exact to many places for smooth f.
func expectation(f func(z float64) float64) float64 {
	const from, steps = 8.0, 1600
	sum := 0.0
	for i := range steps + 1 {
		z := -from + 2*from*float64(i)/steps
		weight := 1.0
		if i == 0 || i == steps {
			weight = 0.5
		}
		sum += float64(weight * f(z) * arithmetic.Exp(-z*z/2))
	}
	return sum * (2 * from / steps) / math.Sqrt(2*math.Pi)
}

// meanField is an activation with its derivative, and the variances.
type meanField struct {
	phi, slope     func(float64) float64
	sigmaW, sigmaB float64 // squared
}

// fixedPoint is the variance of pre-activations that layers no longer change.
func (m meanField) fixedPoint() float64 {
	q := 1.0
	for range 2000 {
		root := math.Sqrt(q)
		next := float64(m.sigmaW*expectation(func(z float64) float64 { y := m.phi(root * z); return y * y })) + m.sigmaB
		if math.Abs(next-q) < 1e-12 {
			return next
		}
		q = next
	}
	return q
}

// chi is the factor by which the squared norm of the gradient changes from a layer to the one before it.
func (m meanField) chi() float64 {
	root := math.Sqrt(m.fixedPoint())
	return m.sigmaW * expectation(func(z float64) float64 { s := m.slope(root * z); return s * s })
}

// depthScale is xi = -1 / ln(chi): infinite where chi is 1.
func (m meanField) depthScale() float64 { return -1 / arithmetic.Log(m.chi()) }

func tanhField(sigmaW, sigmaB float64) meanField {
	return meanField{arithmetic.Tanh, func(z float64) float64 { y := arithmetic.Tanh(z); return 1 - float64(y*y) }, sigmaW, sigmaB}
}

func sigmoidField(sigmaW, sigmaB float64) meanField {
	sigmoid := func(z float64) float64 { return 1 / (1 + arithmetic.Exp(-z)) }
	return meanField{sigmoid, func(z float64) float64 { y := sigmoid(z); return y * (1 - y) }, sigmaW, sigmaB}
}

// critical is the sigma_w^2 at which tanh networks with a sigma_b^2 have chi 1.
func critical(sigmaB float64) float64 {
	low, high := 1.0, 4.0
	for range 50 {
		middle := (low + high) / 2
		if tanhField(middle, sigmaB).chi() < 1 {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}
