package kernel

import "math"

// Sums are sums of squares, in float64, that recorders need, as a by-product of an optimizer's one pass.
type Sums struct {
	Gradient float64 // of g
	Weight   float64 // of w before the step
	Step     float64 // of w after - w before: the step really taken
}

func (s *Sums) add(gradient, weight, step float64) {
	s.Gradient += float64(gradient * gradient)
	s.Weight += float64(weight * weight)
	s.Step += float64(step * step)
}

// rule is an optimizer's formula.
type rule uint8

const (
	adam rule = iota
	gradientDescent
	momentum
	nesterovMomentum
)

// update is an optimizer's step over one variable.
type update[T Float] struct {
	rule    rule
	w, g    []T
	m, v    []T // moments of adam; m is the velocity of momentum
	rate    T   // alpha of adam
	keep    T   // momentum
	m1, v1  T   // 1-beta1, 1-beta2
	epsilon T
}

// Adam takes a step of Kingma & Ba's Adam (2015), in the form that Keras gives it: m += (g-m)*(1-beta1); v += (g*g-v)*(1-beta2);
// w -= alpha*m / (sqrt(v)+epsilon). alpha is the learning rate times sqrt(1-beta2^t)/(1-beta1^t) at step t = 1, 2, ...
func Adam[T Float](w, g, m, v []T, alpha, beta1, beta2, epsilon float64) Sums {
	u := update[T]{rule: adam, w: w, g: g, m: m, v: v, rate: T(alpha), m1: T(1 - beta1), v1: T(1 - beta2), epsilon: T(epsilon)}
	return u.run()
}

// SGD takes a step of gradient descent: w -= lr*g. With a momentum other than 0, velocity = momentum*velocity - lr*g, and w += velocity
// or, after Nesterov, w += momentum*velocity - lr*g. velocity is not used without momentum.
func SGD[T Float](w, g, velocity []T, lr, decay float64, nesterov bool) Sums {
	u := update[T]{rule: gradientDescent, w: w, g: g, rate: T(lr), keep: T(decay)}
	if decay != 0 {
		u.rule, u.m = momentum, velocity
		if nesterov {
			u.rule = nesterovMomentum
		}
	}
	return u.run()
}

// run takes the step. Moments of weights without a gradient fade away: subnormal numbers are taken for zero.
func (u update[T]) run() Sums {
	defer keepSubnormals(flushSubnormals())
	var total Sums
	for i := range blockCount(len(u.w)) {
		total.merge(u.block(i))
	}
	return total
}

func (s *Sums) merge(o Sums) {
	s.Gradient += o.Gradient
	s.Weight += o.Weight
	s.Step += o.Step
}

// block takes the step for block i.
func (u *update[T]) block(i int) Sums {
	from, to := blockRange(len(u.w), i)
	w, g, m, v := u.w[from:to], u.g[from:to], part(u.m, from, to), part(u.v, from, to)
	s, n := vectorUpdate(u.float32(), float32s(w), float32s(g), float32s(m), float32s(v))
	w, g = w[n:], g[n:]
	if m != nil {
		m = m[n:]
	}
	if v != nil {
		v = v[n:]
	}
	switch u.rule {
	case adam:
		u.adam(&s, w, g, m, v)
	case gradientDescent:
		u.descend(&s, w, g)
	case momentum:
		u.momentum(&s, w, g, m)
	case nesterovMomentum:
		u.nesterov(&s, w, g, m)
	}
	return s
}

// float32 is the rule with its numbers.
func (u *update[T]) float32() update[float32] {
	return update[float32]{rule: u.rule, rate: float32(u.rate), keep: float32(u.keep), m1: float32(u.m1), v1: float32(u.v1), epsilon: float32(u.epsilon)}
}

// The conversions below keep a compiler from fusing a product and a sum, so that every machine gets the same bits.

func (u *update[T]) adam(s *Sums, w, g, m, v []T) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	for i, before := range w {
		m[i] += T((g[i] - m[i]) * u.m1)
		v[i] += T((T(g[i]*g[i]) - v[i]) * u.v1)
		w[i] = before - T(u.rate*m[i])/(T(math.Sqrt(float64(v[i])))+u.epsilon)
		s.add(float64(g[i]), float64(before), float64(w[i]-before))
	}
}

func (u *update[T]) descend(s *Sums, w, g []T) {
	g = g[:len(w)]
	for i, before := range w {
		w[i] = before - T(u.rate*g[i])
		s.add(float64(g[i]), float64(before), float64(w[i]-before))
	}
}

func (u *update[T]) momentum(s *Sums, w, g, velocity []T) {
	g, velocity = g[:len(w)], velocity[:len(w)]
	for i, before := range w {
		velocity[i] = T(u.keep*velocity[i]) - T(u.rate*g[i])
		w[i] = before + velocity[i]
		s.add(float64(g[i]), float64(before), float64(w[i]-before))
	}
}

func (u *update[T]) nesterov(s *Sums, w, g, velocity []T) {
	g, velocity = g[:len(w)], velocity[:len(w)]
	for i, before := range w {
		step := T(u.rate * g[i])
		velocity[i] = T(u.keep*velocity[i]) - step
		w[i] = before + (T(u.keep*velocity[i]) - step)
		s.add(float64(g[i]), float64(before), float64(w[i]-before))
	}
}
