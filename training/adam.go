package training

import (
	"math"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// Adam is the optimizer of Kingma and Ba 2015; see [graph.UpdateAdam] for the formula. With AMSGrad the second moment in
// the denominator is the largest so far (Reddi et al. 2018, algorithm 2, without bias correction of its own).
type Adam struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Beta1        float64 `setting:"beta_1"`        // default 0.9
	Beta2        float64 `setting:"beta_2"`        // default 0.999
	Epsilon      float64 `setting:"epsilon"`       // default 1e-7
	AMSGrad      bool    `setting:"amsgrad,quiet"`
	Base
}

// AdamW is Adam whose weight decay, 0.004 by default, is apart from the gradient (Loshchilov and Hutter 2019).
type AdamW Adam

// String names the optimizer and its settings.
func (a Adam) String() string { return describe("adam", a) }

// String names the optimizer and its settings.
func (a AdamW) String() string { return describe("adamw", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a Adam) Check() error { return checkShared("adam", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a AdamW) Check() error { return checkShared("adamw", a) }

func (Adam) defaults() Optimizer {
	return Adam{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}
}

func (AdamW) defaults() Optimizer {
	return AdamW{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, Base: Base{WeightDecay: 0.004}}
}

func (a AdamW) start(variables []*graph.Variable) rule { return Adam(a).start(variables) }

func (a Adam) start(variables []*graph.Variable) rule {
	a = resolved(a)
	r := &adam{beta1: a.Beta1, beta2: a.Beta2, epsilon: a.Epsilon, variables: variables, first: zerosLike(variables), second: zerosLike(variables)}
	if a.AMSGrad {
		r.largest = zerosLike(variables)
	}
	return r
}

type adam struct {
	beta1, beta2, epsilon float64
	variables             []*graph.Variable
	first, second         [][]float32 // moments of the gradients
	largest               [][]float32 // second moment so far; nil without AMSGrad
	alpha                 float64
}

func (a *adam) begin(t int, rate float64) {
	a.alpha = rate * math.Sqrt(1-power(a.beta2, t)) / (1 - power(a.beta1, t))
}

// power is beta^t with beta rounded to float32, as Keras has it; 1-0.999 is then smaller by 1.3e-5 of itself.
func power(beta float64, t int) float64 { return arithmetic.Pow(float64(float32(beta)), float64(t)) }

func (a *adam) update(i, from int, w, g []float32) graph.UpdateSums {
	m, v := a.first[i][from:], a.second[i][from:]
	if a.largest == nil {
		return graph.UpdateAdam(w, g, m, v, a.alpha, a.beta1, a.beta2, a.epsilon)
	}
	return a.amsgrad(w, g, m, v, a.largest[i][from:])
}

// amsgrad: m += (g-m)(1-beta1), v += (g*g-v)(1-beta2), u = max(u, v), w -= alpha*m/(sqrt(u)+epsilon).
func (a *adam) amsgrad(w, g, m, v, u []float32) (s graph.UpdateSums) {
	alpha, m1, v1, epsilon := float32(a.alpha), float32(1-a.beta1), float32(1-a.beta2), float32(a.epsilon)
	for k, before := range w {
		m[k] += float32((g[k] - m[k]) * m1)
		v[k] += float32((float32(g[k]*g[k]) - v[k]) * v1)
		u[k] = max(u[k], v[k])
		w[k] = before - float32(m[k]*alpha)/(sqrt(u[k])+epsilon)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *adam) slots() []Slot {
	out := interleave(slotsOf("momentum", a.variables, a.first), slotsOf("velocity", a.variables, a.second))
	if a.largest != nil {
		out = append(out, slotsOf("velocity_hat", a.variables, a.largest)...)
	}
	return out
}
