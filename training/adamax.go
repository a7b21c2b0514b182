package training

import (
	"dcae/graph"
)

// Adamax is Adam by the infinity norm (Kingma and Ba 2015, algorithm 2, with Keras' epsilon): m += (g-m)(1-beta1),
// u = max(beta2*u, |g|), w -= rate*m/((1-beta1^t)(u+epsilon)).
type Adamax struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Beta1        float64 `setting:"beta_1"`        // default 0.9
	Beta2        float64 `setting:"beta_2"`        // default 0.999
	Epsilon      float64 `setting:"epsilon"`       // default 1e-7
	Base
}

// String names the optimizer and its settings.
func (a Adamax) String() string { return describe("adamax", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a Adamax) Check() error { return checkShared("adamax", a) }

func (Adamax) defaults() Optimizer {
	return Adamax{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}
}

func (a Adamax) start(variables []*graph.Variable) rule {
	a = resolved(a)
	return &adamax{beta1: a.Beta1, beta2: a.Beta2, epsilon: a.Epsilon, variables: variables, moment: zerosLike(variables), norm: zerosLike(variables)}
}

type adamax struct {
	beta1, beta2, epsilon float64
	variables             []*graph.Variable
	moment, norm          [][]float32
	now, correction       float32 // this step's learning rate and 1-beta1^t
}

func (a *adamax) begin(t int, rate float64) {
	a.now, a.correction = float32(rate), float32(1-power(a.beta1, t))
}

func (a *adamax) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	m, u := a.moment[i][from:], a.norm[i][from:]
	m1, beta2, epsilon := float32(1-a.beta1), float32(a.beta2), float32(a.epsilon)
	for k, before := range w {
		m[k] += float32((g[k] - m[k]) * m1)
		u[k] = max(float32(beta2*u[k]), abs(g[k]))
		w[k] = before - float32(a.now*m[k])/float32(a.correction*(u[k]+epsilon))
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *adamax) slots() []Slot {
	return interleave(slotsOf("momentum", a.variables, a.moment), slotsOf("norm", a.variables, a.norm))
}
