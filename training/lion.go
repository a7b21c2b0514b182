package training

import (
	"dcae/graph"
)

// Lion steps by the sign of a momentum alone (Chen et al. 2023, algorithm 2): c = beta1 m + (1-beta1) g, w -= rate sign(c), m = beta2 m +
// (1-beta2) g. Every value moves by the learning rate, so that it is usually 3 to 10 times smaller than Adam's.
type Lion struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Beta1        float64 `setting:"beta_1"`        // default 0.9
	Beta2        float64 `setting:"beta_2"`        // default 0.99
	Base
}

// String names the optimizer and its settings.
func (l Lion) String() string { return describe("lion", l) }

// Check tells what is wrong with the settings; nil if nothing is.
func (l Lion) Check() error { return checkShared("lion", l) }

func (Lion) defaults() Optimizer { return Lion{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.99} }

func (l Lion) start(variables []*graph.Variable) rule {
	l = resolved(l)
	return &lion{
		beta1: float32(l.Beta1), rest1: float32(1 - l.Beta1), beta2: float32(l.Beta2), rest2: float32(1 - l.Beta2),
		variables: variables, moment: zerosLike(variables),
	}
}

type lion struct {
	beta1, rest1, beta2, rest2 float32 // rest is 1-beta
	variables                  []*graph.Variable
	moment                     [][]float32
	now                        float32 // this step's learning rate
}

func (l *lion) begin(_ int, rate float64) { l.now = float32(rate) }

func (l *lion) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	m := l.moment[i][from:]
	for k, before := range w {
		w[k] = before - float32(l.now*sign(float32(l.beta1*m[k])+float32(l.rest1*g[k])))
		m[k] = float32(l.beta2*m[k]) + float32(l.rest2*g[k])
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (l *lion) slots() []Slot { return slotsOf("momentum", l.variables, l.moment) }

// sign is -1, 0 or 1, and not a number for what is none.
func sign(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}
