package training

import (
	"dcae/graph"
)

// Adadelta scales the gradient by the root mean square of past steps over that of past gradients (Zeiler 2012, algorithm 1):
// a = rho*a + (1-rho)g*g, d = -sqrt(b+epsilon)/sqrt(a+epsilon) g, b = rho*b + (1-rho)d*d, w += rate*d. The paper's
// learning rate is 1.
type Adadelta struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Rho          float64 `setting:"rho"`           // default 0.95
	Epsilon      float64 `setting:"epsilon"`       // default 1e-7
	Base
}

// String names the optimizer and its settings.
func (a Adadelta) String() string { return describe("adadelta", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a Adadelta) Check() error { return checkShared("adadelta", a) }

func (Adadelta) defaults() Optimizer { return Adadelta{LearningRate: 0.001, Rho: 0.95, Epsilon: 1e-7} }

func (a Adadelta) start(variables []*graph.Variable) rule {
	a = resolved(a)
	return &adadelta{
		rho: float32(a.Rho), rest: float32(1 - a.Rho), epsilon: float32(a.Epsilon),
		variables: variables, gradients: zerosLike(variables), steps: zerosLike(variables),
	}
}

type adadelta struct {
	rho, rest, epsilon float32 // rest is 1-rho
	variables          []*graph.Variable
	gradients, steps   [][]float32 // running means of squares
	now                float32     // this step's learning rate
}

func (a *adadelta) begin(_ int, rate float64) { a.now = float32(rate) }

func (a *adadelta) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	gradients, steps := a.gradients[i][from:], a.steps[i][from:]
	for k, before := range w {
		gradients[k] = float32(a.rho*gradients[k]) + float32(a.rest*float32(g[k]*g[k]))
		d := -float32(sqrt(steps[k]+a.epsilon)*g[k]) / sqrt(gradients[k]+a.epsilon)
		steps[k] = float32(a.rho*steps[k]) + float32(a.rest*float32(d*d))
		w[k] = before + float32(a.now*d)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *adadelta) slots() []Slot {
	return interleave(slotsOf("accumulated_grad", a.variables, a.gradients), slotsOf("accumulated_delta_var", a.variables, a.steps))
}
