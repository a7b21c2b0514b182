package training

import (
	"math"

	"dcae/graph"
	"dcae/graph/arithmetic"
)

// TorchNAdam is Adam with Nesterov's momentum (Dozat 2016) as PyTorch has it: mu(t) = beta1(1 - 0.96^(t*momentum_decay)/2), and with M the product of all
// mu up to t, w -= rate*((1-mu(t))/(1-M) g + mu(t+1)/(1-M*mu(t+1)) m)/(sqrt(v/(1-beta2^t)) + eps).
// Reference: https://pytorch.org/docs/stable/generated/torch.optim.NAdam.html
type TorchNAdam struct {
	LearningRate  float64    `setting:"learning_rate"`  // default 0.002
	Betas         [2]float64 `setting:"betas"`          // default 0.9, 0.999
	Eps           float64    `setting:"eps"`            // default 1e-8
	MomentumDecay float64    `setting:"momentum_decay"` // default 0.004
	Decoupled     bool       `setting:"decoupled_weight_decay,quiet"`
	Base
}

// TorchRAdam is Adam whose adaptive rate is rectified by its variance (Liu et al. 2020), as PyTorch has it: with r(t) = r - 2t*beta2^t/(1-beta2^t), where
// r = 2/(1-beta2) - 1, a step is rate*m/(1-beta1^t), times sqrt((1-beta2^t)(r(t)-4)(r(t)-2)r / ((r-4)(r-2)r(t)))/(sqrt(v) + eps) if r(t) > 5.
// Reference: https://pytorch.org/docs/stable/generated/torch.optim.RAdam.html
type TorchRAdam struct {
	LearningRate float64    `setting:"learning_rate"` // default 0.001
	Betas        [2]float64 `setting:"betas"`         // default 0.9, 0.999
	Eps          float64    `setting:"eps"`           // default 1e-8
	Decoupled    bool       `setting:"decoupled_weight_decay,quiet"`
	Base
}

// TorchAdamax is Adam by the infinity norm as PyTorch has it: u = max(beta2*u, |g|+eps), w -= rate/(1-beta1^t) * m/u.
// Reference: https://pytorch.org/docs/stable/generated/torch.optim.Adamax.html
type TorchAdamax struct {
	LearningRate float64    `setting:"learning_rate"` // default 0.002
	Betas        [2]float64 `setting:"betas"`         // default 0.9, 0.999
	Eps          float64    `setting:"eps"`           // default 1e-8
	Base
}

// String names the optimizer and its settings.
func (n TorchNAdam) String() string { return describe("torch.NAdam", n) }

// String names the optimizer and its settings.
func (r TorchRAdam) String() string { return describe("torch.RAdam", r) }

// String names the optimizer and its settings.
func (a TorchAdamax) String() string { return describe("torch.Adamax", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (n TorchNAdam) Check() error { return checkShared("torch.NAdam", n) }

// Check tells what is wrong with the settings; nil if nothing is.
func (r TorchRAdam) Check() error { return checkShared("torch.RAdam", r) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a TorchAdamax) Check() error { return checkShared("torch.Adamax", a) }

func (TorchNAdam) defaults() Optimizer {
	return TorchNAdam{LearningRate: 0.002, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8, MomentumDecay: 0.004}
}

func (TorchRAdam) defaults() Optimizer {
	return TorchRAdam{LearningRate: 0.001, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8}
}

func (TorchAdamax) defaults() Optimizer {
	return TorchAdamax{LearningRate: 0.002, Betas: [2]float64{0.9, 0.999}, Eps: 1e-8}
}

func (n TorchNAdam) couplesDecay() bool { return !n.Decoupled }

func (r TorchRAdam) couplesDecay() bool { return !r.Decoupled }

func (TorchAdamax) couplesDecay() bool { return true }

func (n TorchNAdam) start(variables []*graph.Variable) rule {
	n = resolved(n)
	return &torchNAdam{moments: newMoments(n.Betas, variables), eps: n.Eps, decay: n.MomentumDecay, product: []float32{1}}
}

type torchNAdam struct {
	moments
	eps, decay           float64
	product              []float32 // of all mu so far
	byMoment, byGradient float32   // what a step takes of each
}

func (n *torchNAdam) mu(t int) float64 {
	return float64(n.beta1 * (1 - float64(0.5*arithmetic.Pow(0.96, float64(t)*n.decay))))
}

func (n *torchNAdam) begin(t int, rate float64) {
	n.correct(t)
	mu, next := n.mu(t), n.mu(t+1)
	n.product[0] *= float32(mu)
	product := float64(n.product[0])
	n.byGradient = float32(rate * (1 - mu) / (1 - product))
	n.byMoment = float32(rate * next / (1 - float64(product*next)))
}

func (n *torchNAdam) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	eps, correction := float32(n.eps), float32(n.correction2)
	for k, before := range w {
		m, v := n.take(i, from+k, g[k])
		root := sqrt(v/correction) + eps
		w[k] = before - float32(n.byGradient*g[k])/root - float32(n.byMoment*m)/root
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (n *torchNAdam) slots() []Slot {
	return append(n.moments.slots(), Slot{"", "mu_product", n.product})
}

func (r TorchRAdam) start(variables []*graph.Variable) rule {
	r = resolved(r)
	return &torchRAdam{moments: newMoments(r.Betas, variables), eps: r.Eps}
}

type torchRAdam struct {
	moments
	eps      float64
	now      float32 // this step's learning rate / (1-beta1^t)
	adaptive float32 // the rectified rate's factor; 0 where there is none
}

func (r *torchRAdam) begin(t int, rate float64) {
	r.correct(t)
	r.now, r.adaptive = float32(rate/r.correction1), 0
	limit := 2/(1-r.beta2) - 1
	length := limit - 2*float64(t)*(1-r.correction2)/r.correction2
	if length > 5 {
		r.adaptive = float32(math.Sqrt(r.correction2 * (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)))
	}
}

func (r *torchRAdam) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	eps := float32(r.eps)
	for k, before := range w {
		m, v := r.take(i, from+k, g[k])
		step := float32(r.now * m)
		if r.adaptive != 0 {
			step *= r.adaptive / (sqrt(v) + eps)
		}
		w[k] = before - float32(step)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a TorchAdamax) start(variables []*graph.Variable) rule {
	a = resolved(a)
	return &torchAdamax{moments: newMoments(a.Betas, variables), eps: float32(a.Eps)}
}

// torchAdamax keeps the norm in the place of the second moment.
type torchAdamax struct {
	moments
	eps float32
	now float32 // this step's learning rate / (1-beta1^t)
}

func (a *torchAdamax) begin(t int, rate float64) {
	a.correct(t)
	a.now = float32(rate / a.correction1)
}

func (a *torchAdamax) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	m, u := a.first[i][from:], a.second[i][from:]
	m1, beta2 := float32(1-a.beta1), float32(a.beta2)
	for k, before := range w {
		m[k] += float32((g[k] - m[k]) * m1)
		u[k] = max(float32(u[k]*beta2), abs(g[k])+a.eps)
		w[k] = before - float32(a.now*m[k])/u[k]
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *torchAdamax) slots() []Slot {
	return interleave(slotsOf("exp_avg", a.variables, a.first), slotsOf("exp_inf", a.variables, a.second))
}
