package graph

import "dcae/graph/internal/kernel"

// UpdateSums are sums of squares that an optimizer's pass over values yields on its way: of the gradient, of the
// values before the step, and of the step that was really taken.
type UpdateSums struct{ Gradient, Weight, Step float64 }

// UpdateAdam takes one step of Adam (Kingma and Ba 2015, algorithm 1, in the form after section 2 and with epsilon as Keras
// places it): m += (1-beta1)(g-m), v += (1-beta2)(g*g-v), w -= alpha*m/(sqrt(v)+epsilon).
// alpha is rate*sqrt(1-beta2^t)/(1-beta1^t) at step t.
func UpdateAdam(w, g, m, v []float32, alpha, beta1, beta2, epsilon float64) UpdateSums {
	return UpdateSums(kernel.Adam(w, g, m, v, alpha, beta1, beta2, epsilon))
}

// UpdateSGD takes one step of gradient descent. Without momentum (velocity is nil) w -= rate*g; with it velocity =
// momentum*velocity - rate*g, and w += velocity or, with Nesterov's (Sutskever et al. 2013, eq. 3 and 4, as Keras rewrites
// it), w += momentum*velocity - rate*g.
func UpdateSGD(w, g, velocity []float32, rate, momentum float64, nesterov bool) UpdateSums {
	return UpdateSums(kernel.SGD(w, g, velocity, rate, momentum, nesterov))
}
