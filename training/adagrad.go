package training

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// Adagrad divides the gradient by the root of the sum of all its squares so far (Duchi et al. 2011): a += g*g,
// w -= rate*g/sqrt(a+epsilon).
type Adagrad struct {
	LearningRate            float64 // default 0.001
	InitialAccumulatorValue float64 // of a; default 0.1
	Epsilon                 float64 // default 1e-7
	Base
}

// String names the optimizer and its settings.
func (a Adagrad) String() string {
	return a.base().describe("adagrad", a.rate(), "initial_accumulator_value=%g, epsilon=%g", setting(a.InitialAccumulatorValue, 0.1), setting(a.Epsilon, 1e-7))
}

// Check tells what is wrong with the settings.
func (a Adagrad) Check() error { return errors.WithMessage(a.base().check(a.rate()), "adagrad") }

func (a Adagrad) rate() float64 { return setting(a.LearningRate, 0.001) }
func (a Adagrad) base() Base    { return a.resolved(0) }

func (a Adagrad) start(variables []*graph.Variable) rule {
	return &adagrad{
		epsilon: float32(setting(a.Epsilon, 1e-7)), variables: variables,
		accumulator: filledLike(variables, float32(setting(a.InitialAccumulatorValue, 0.1))),
	}
}

type adagrad struct {
	epsilon     float32
	variables   []*graph.Variable
	accumulator [][]float32
	now         float32 // this step's learning rate
}

func (a *adagrad) begin(_ int, rate float64) { a.now = float32(rate) }

func (a *adagrad) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	accumulator := a.accumulator[i][from:]
	for k, before := range w {
		accumulator[k] += float32(g[k] * g[k])
		w[k] = before - float32(a.now*g[k])/sqrt(accumulator[k]+a.epsilon)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *adagrad) slots() []Slot { return slotsOf("accumulator", a.variables, a.accumulator) }

func (a Adagrad) with(rate float64, base Base) Optimizer {
	a.LearningRate, a.Base = rate, base
	return a
}
