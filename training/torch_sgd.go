package training

import (
	"github.com/pkg/errors"

	"dcae/graph"
)

// TorchSGD is gradient descent as PyTorch has it: with momentum d = momentum*d + (1-dampening)g, in the first step d = g, and w -= rate*d, or, with
// Nesterov's, w -= rate*(g + momentum*d). Reference: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
type TorchSGD struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Momentum     float64 `setting:"momentum"`
	Dampening    float64 `setting:"dampening,quiet"`
	Nesterov     bool    `setting:"nesterov"`
	Base
}

// String names the optimizer and its settings.
func (s TorchSGD) String() string { return describe("torch.SGD", s) }

// Check tells what is wrong with the settings; nil if nothing is.
func (s TorchSGD) Check() error {
	if s.Nesterov && (s.Momentum <= 0 || s.Dampening != 0) {
		return errors.New("torch.SGD: nesterov needs a momentum, and no dampening")
	}
	if s.Momentum < 0 {
		return errors.Errorf("torch.SGD: momentum must not be negative, as %g is", s.Momentum)
	}
	return checkShared("torch.SGD", s)
}

func (TorchSGD) defaults() Optimizer { return TorchSGD{LearningRate: 0.001} }

func (TorchSGD) couplesDecay() bool { return true }

func (s TorchSGD) start(variables []*graph.Variable) rule {
	r := &torchSGD{momentum: float32(s.Momentum), rest: float32(1 - s.Dampening), nesterov: s.Nesterov, variables: variables}
	if s.Momentum != 0 {
		r.direction = zerosLike(variables)
	}
	return r
}

type torchSGD struct {
	momentum, rest float32 // rest is 1-dampening
	nesterov       bool
	variables      []*graph.Variable
	direction      [][]float32 // nil without momentum
	now            float32     // this step's learning rate
	share          float32     // of the gradient in this step's direction
}

func (s *torchSGD) begin(t int, rate float64) {
	s.now, s.share = float32(rate), s.rest
	if t == 1 {
		s.share = 1
	}
}

func (s *torchSGD) update(i, from int, w, g []float32) (sums graph.UpdateSums) {
	for k, before := range w {
		step := g[k]
		if s.direction != nil {
			d := float32(s.momentum*s.direction[i][from+k]) + float32(s.share*step)
			s.direction[i][from+k] = d
			if s.nesterov {
				step += float32(s.momentum * d)
			} else {
				step = d
			}
		}
		w[k] = before - float32(s.now*step)
		addSquares(&sums, g[k], before, w[k])
	}
	return sums
}

func (s *torchSGD) slots() []Slot {
	if s.direction == nil {
		return nil
	}
	return slotsOf("momentum_buffer", s.variables, s.direction)
}
