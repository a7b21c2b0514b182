package training

import (
	"dcae/graph"
)

// TorchRMSprop is RMSprop as PyTorch has it: v = alpha*v + (1-alpha)g*g, w -= rate*g/(sqrt(v)+eps). Centered, a running mean a of the gradients makes v-a*a
// of it. With momentum d = momentum*d + g/(sqrt(v)+eps), and w -= rate*d. Reference: https://pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
type TorchRMSprop struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.01
	Alpha        float64 `setting:"alpha"`         // default 0.99
	Eps          float64 `setting:"eps"`           // default 1e-8
	Momentum     float64 `setting:"momentum"`
	Centered     bool    `setting:"centered"`
	Base
}

// TorchAdagrad is Adagrad as PyTorch has it: a += g*g, w -= rate/(1+(t-1)lr_decay) * g/(sqrt(a)+eps).
// Reference: https://pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
type TorchAdagrad struct {
	LearningRate            float64 `setting:"learning_rate"` // default 0.01
	RateDecay               float64 `setting:"lr_decay,quiet"`
	InitialAccumulatorValue float64 `setting:"initial_accumulator_value,quiet"` // of a
	Eps                     float64 `setting:"eps"`                             // default 1e-10
	Base
}

// TorchAdadelta is Adadelta as PyTorch has it (Zeiler 2012): v = rho*v + (1-rho)g*g, d = sqrt(u+eps)/sqrt(v+eps)*g, u = rho*u + (1-rho)d*d, w -= rate*d.
// Reference: https://pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
type TorchAdadelta struct {
	LearningRate float64 `setting:"learning_rate"` // default 1
	Rho          float64 `setting:"rho"`           // default 0.9
	Eps          float64 `setting:"eps"`           // default 1e-6
	Base
}

// String names the optimizer and its settings.
func (r TorchRMSprop) String() string { return describe("torch.RMSprop", r) }

// String names the optimizer and its settings.
func (a TorchAdagrad) String() string { return describe("torch.Adagrad", a) }

// String names the optimizer and its settings.
func (a TorchAdadelta) String() string { return describe("torch.Adadelta", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (r TorchRMSprop) Check() error { return checkShared("torch.RMSprop", r) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a TorchAdagrad) Check() error { return checkShared("torch.Adagrad", a) }

// Check tells what is wrong with the settings; nil if nothing is.
func (a TorchAdadelta) Check() error { return checkShared("torch.Adadelta", a) }

func (TorchRMSprop) defaults() Optimizer {
	return TorchRMSprop{LearningRate: 0.01, Alpha: 0.99, Eps: 1e-8}
}
func (TorchAdagrad) defaults() Optimizer { return TorchAdagrad{LearningRate: 0.01, Eps: 1e-10} }
func (TorchAdadelta) defaults() Optimizer {
	return TorchAdadelta{LearningRate: 1, Rho: 0.9, Eps: 1e-6}
}

func (TorchRMSprop) couplesDecay() bool  { return true }
func (TorchAdagrad) couplesDecay() bool  { return true }
func (TorchAdadelta) couplesDecay() bool { return true }

func (r TorchRMSprop) start(variables []*graph.Variable) rule {
	r = resolved(r)
	u := &torchRMSprop{
		alpha: float32(r.Alpha), rest: float32(1 - r.Alpha), eps: float32(r.Eps), momentum: float32(r.Momentum), variables: variables, square: zerosLike(variables),
	}
	if u.momentum > 0 {
		u.direction = zerosLike(variables)
	}
	if r.Centered {
		u.mean = zerosLike(variables)
	}
	return u
}

type torchRMSprop struct {
	alpha, rest, eps, momentum float32 // rest is 1-alpha
	variables                  []*graph.Variable
	square                     [][]float32
	direction                  [][]float32 // nil without momentum
	mean                       [][]float32 // of the gradients; nil if not centered
	now                        float32     // this step's learning rate
}

func (r *torchRMSprop) begin(_ int, rate float64) { r.now = float32(rate) }

func (r *torchRMSprop) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	for k, before := range w {
		v := float32(r.alpha*r.square[i][from+k]) + float32(r.rest*float32(g[k]*g[k]))
		r.square[i][from+k] = v
		if r.mean != nil {
			mean := r.mean[i][from+k]
			mean += float32((g[k] - mean) * r.rest)
			r.mean[i][from+k] = mean
			v -= float32(mean * mean)
		}
		step := g[k] / (sqrt(v) + r.eps)
		if r.direction != nil {
			step += float32(r.momentum * r.direction[i][from+k])
			r.direction[i][from+k] = step
		}
		w[k] = before - float32(r.now*step)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (r *torchRMSprop) slots() []Slot {
	out := slotsOf("square_avg", r.variables, r.square)
	if r.direction != nil {
		out = append(out, slotsOf("momentum_buffer", r.variables, r.direction)...)
	}
	if r.mean != nil {
		out = append(out, slotsOf("grad_avg", r.variables, r.mean)...)
	}
	return out
}

func (a TorchAdagrad) start(variables []*graph.Variable) rule {
	a = resolved(a)
	return &torchAdagrad{decay: a.RateDecay, eps: float32(a.Eps), variables: variables, sum: filledLike(variables, float32(a.InitialAccumulatorValue))}
}

type torchAdagrad struct {
	decay     float64
	eps       float32
	variables []*graph.Variable
	sum       [][]float32
	now       float32 // this step's learning rate
}

func (a *torchAdagrad) begin(t int, rate float64) {
	a.now = float32(rate / (1 + float64(float64(t-1)*a.decay)))
}

func (a *torchAdagrad) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	sum := a.sum[i][from:]
	for k, before := range w {
		sum[k] += float32(g[k] * g[k])
		w[k] = before - float32(a.now*g[k])/(sqrt(sum[k])+a.eps)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *torchAdagrad) slots() []Slot { return slotsOf("sum", a.variables, a.sum) }

func (a TorchAdadelta) start(variables []*graph.Variable) rule {
	a = resolved(a)
	return &torchAdadelta{rho: float32(a.Rho), rest: float32(1 - a.Rho), eps: float32(a.Eps), variables: variables, square: zerosLike(variables), steps: zerosLike(variables)}
}

type torchAdadelta struct {
	rho, rest, eps float32 // rest is 1-rho
	variables      []*graph.Variable
	square, steps  [][]float32 // running means of the squares of gradients and of steps
	now            float32     // this step's learning rate
}

func (a *torchAdadelta) begin(_ int, rate float64) { a.now = float32(rate) }

func (a *torchAdadelta) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	square, steps := a.square[i][from:], a.steps[i][from:]
	for k, before := range w {
		square[k] = float32(a.rho*square[k]) + float32(a.rest*float32(g[k]*g[k]))
		d := sqrt(steps[k]+a.eps) / sqrt(square[k]+a.eps) * g[k]
		steps[k] = float32(a.rho*steps[k]) + float32(a.rest*float32(d*d))
		w[k] = before - float32(a.now*d)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (a *torchAdadelta) slots() []Slot {
	return interleave(slotsOf("square_avg", a.variables, a.square), slotsOf("acc_delta", a.variables, a.steps))
}
