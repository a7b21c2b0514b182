package training

import (
	"math"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// TorchAdam is Adam as PyTorch has it: m += (1-beta1)(g-m), v += (1-beta2)(g*g-v), w -= rate/(1-beta1^t) * m/(sqrt(v/(1-beta2^t)) + eps). With AMSGrad
// the largest v so far stands in the root. Reference: https://pytorch.org/docs/stable/generated/torch.optim.Adam.html
type TorchAdam struct {
	LearningRate float64    `setting:"learning_rate"` // default 0.001
	Betas        [2]float64 `setting:"betas"`         // default 0.9, 0.999
	Eps          float64    `setting:"eps"`           // default 1e-8
	AMSGrad      bool       `setting:"amsgrad,quiet"`
	Base
}

// TorchAdamW is TorchAdam whose weight decay, 0.01 by default, is apart from the gradient (Loshchilov and Hutter 2019).
type TorchAdamW TorchAdam

// String names the optimizer and its settings.
func (a TorchAdam) String() string { return describe("torch.Adam", a) }

// String names the optimizer and its settings.
func (a TorchAdamW) String() string { return describe("torch.AdamW", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a TorchAdam) Check() error { return checkShared("torch.Adam", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a TorchAdamW) Check() error { return checkShared("torch.AdamW", a) }

func (TorchAdam) defaults() Optimizer {
	return TorchAdam{LearningRate: 0.001, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8}
}

func (TorchAdamW) defaults() Optimizer {
	return TorchAdamW{LearningRate: 0.001, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, Base: Base{WeightDecay: 0.01}}
}

func (TorchAdam) couplesDecay() bool { return true }

func (a TorchAdamW) start(variables []*graph.Variable) rule { return TorchAdam(a).start(variables) }

func (a TorchAdam) start(variables []*graph.Variable) rule {
	a = resolved(a)
	r := &torchAdam{moments: newMoments(a.Betas, variables), eps: a.Eps}
	if a.AMSGrad {
		r.largest = zerosLike(variables)
	}
	return r
}

// moments are running means of the gradients and of their squares.
type moments struct {
	beta1, beta2  float64
	variables     []*graph.Variable
	first, second [][]float32

	correction1, correction2 float64 // 1-beta^t
}

func newMoments(betas [2]float64, variables []*graph.Variable) moments {
	return moments{beta1: betas[0], beta2: betas[1], variables: variables, first: zerosLike(variables), second: zerosLike(variables)}
}

func (m *moments) correct(t int) {
	m.correction1, m.correction2 = 1-arithmetic.Pow(m.beta1, float64(t)), 1-arithmetic.Pow(m.beta2, float64(t))
}

// take adds a gradient to the means of one value.
func (m *moments) take(i, k int, g float32) (first, second float32) {
	first = m.first[i][k] + float32((g-m.first[i][k])*float32(1-m.beta1))
	second = float32(m.second[i][k]*float32(m.beta2)) + float32(float32(g*g)*float32(1-m.beta2))
	m.first[i][k], m.second[i][k] = first, second
	return first, second
}

func (m *moments) slots() []Slot {
	return interleave(slotsOf("exp_avg", m.variables, m.first), slotsOf("exp_avg_sq", m.variables, m.second))
}

type torchAdam struct {
	moments
	eps     float64
	largest [][]float32 // second moment so far; nil without AMSGrad
	now     float64     // this step's learning rate / (1-beta1^t)
}

func (a *torchAdam) begin(t int, rate float64) {
	a.correct(t)
	a.now = rate / a.correction1
}

func (a *torchAdam) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	root := math.Sqrt(a.correction2)
	if a.largest == nil { // alpha and epsilon are those of the same formula with both sides of the quotient times that root
		return graph.UpdateAdam(w, g, a.first[i][from:], a.second[i][from:], a.now*root, a.beta1, a.beta2, a.eps*root)
	}
	now, eps, by := float32(a.now), float32(a.eps), float32(root)
	for k, before := range w {
		m, v := a.take(i, from+k, g[k])
		u := max(a.largest[i][from+k], v)
		a.largest[i][from+k] = u
		w[k] = before - float32(now*m)/(sqrt(u)/by+eps)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *torchAdam) slots() []Slot {
	out := a.moments.slots()
	if a.largest != nil {
		out = append(out, slotsOf("max_exp_avg_sq", a.variables, a.largest)...)
	}
	return out
}
