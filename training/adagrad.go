package training

import (
	"dcae/graph"
)

// Adagrad divides the gradient by the root of the sum of all its squares so far (Duchi et al. 2011): a += g*g,
// w -= rate*g/sqrt(a+epsilon). Keras before 2.11 divided by sqrt(a)+epsilon (tf_keras/src/optimizers/legacy/adagrad.py): epsilon_after_root.
type Adagrad struct {
	LearningRate            float64 `setting:"learning_rate"`             // default 0.001
	InitialAccumulatorValue float64 `setting:"initial_accumulator_value"` // of a; default 0.1
	Epsilon                 float64 `setting:"epsilon"`                   // default 1e-7

	EpsilonAfterRoot bool `setting:"epsilon_after_root,quiet"` // not in Keras 3
	Base
}

// String names the optimizer and its settings.
func (a Adagrad) String() string { return describe("adagrad", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a Adagrad) Check() error { return checkShared("adagrad", a) }

func (Adagrad) defaults() Optimizer {
	return Adagrad{LearningRate: 0.001, InitialAccumulatorValue: 0.1, Epsilon: 1e-7}
}

func (a Adagrad) start(variables []*graph.Variable) rule {
	a = resolved(a)
	u := &adagrad{epsilon: float32(a.Epsilon), variables: variables, accumulator: filledLike(variables, float32(a.InitialAccumulatorValue))}
	if a.EpsilonAfterRoot {
		u.epsilon, u.after = 0, u.epsilon
	}
	return u
}

type adagrad struct {
	epsilon     float32
	after       float32 // epsilon, where it is added after the root
	variables   []*graph.Variable
	accumulator [][]float32
	now         float32 // this step's learning rate
}

func (a *adagrad) begin(_ int, rate float64) { a.now = float32(rate) }

func (a *adagrad) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	accumulator := a.accumulator[i][from:]
	for k, before := range w {
		accumulator[k] += float32(g[k] * g[k])
		w[k] = before - float32(a.now*g[k])/(sqrt(accumulator[k]+a.epsilon)+a.after)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *adagrad) slots() []Slot { return slotsOf("accumulator", a.variables, a.accumulator) }
