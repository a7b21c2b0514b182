package training

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// SGD is gradient descent, with momentum or Nesterov's momentum (Sutskever et al. 2013); see [graph.UpdateSGD] for the
// formula.
type SGD struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.01
	Momentum     float64 `setting:"momentum"`      // 0 to 1
	Nesterov     bool    `setting:"nesterov"`
	Base
}

// String names the optimizer and its settings.
func (s SGD) String() string { return describe("sgd", s) }

// Check tells what is wrong with the settings; nil if nothing is.
func (s SGD) Check() error {
	if !(s.Momentum >= 0 && s.Momentum <= 1) {
		return errors.Errorf("sgd: momentum must be between 0 and 1, not %g", s.Momentum)
	}
	return checkShared("sgd", s)
}

func (SGD) defaults() Optimizer { return SGD{LearningRate: 0.01} }

func (s SGD) start(variables []*graph.Variable) rule {
	r := &sgd{momentum: resolved(s).Momentum, nesterov: s.Nesterov, variables: variables, velocity: make([][]float32, len(variables))}
	if r.momentum != 0 {
		r.velocity = zerosLike(variables)
	}
	return r
}

type sgd struct {
	momentum  float64
	nesterov  bool
	variables []*graph.Variable
	velocity  [][]float32
	now       float64 // this step's learning rate
}

func (s *sgd) begin(_ int, rate float64) { s.now = rate }

func (s *sgd) update(i, from int, w, g []float32) graph.UpdateSums {
	var velocity []float32
	if s.momentum != 0 {
		velocity = s.velocity[i][from:]
	}
	return graph.UpdateSGD(w, g, velocity, s.now, s.momentum, s.nesterov)
}

func (s *sgd) slots() []Slot {
	if s.momentum == 0 {
		return nil
	}
	return slotsOf("momentum", s.variables, s.velocity)
}
