package training

import (
	"dcae/graph"
	"dcae/graph/arithmetic"
)

// Nadam is Adam with Nesterov's momentum (Dozat 2016, algorithm 8, with Keras' momentum schedule): u_t = beta1 (1 - 0.96^(d t) / 2)
// and U_t the product of u_1 to u_t; m += (g-m)(1-beta1), v += (g*g-v)(1-beta2),
// w -= rate (u_t+1 m/(1-U_t+1) + (1-u_t) g/(1-U_t)) / (sqrt(v/(1-beta2^t)) + epsilon). d, momentum_decay, is 1; it was 0.004 in Keras before 2.11
// (tf_keras/src/optimizers/legacy/nadam.py).
type Nadam struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Beta1        float64 `setting:"beta_1"`        // default 0.9
	Beta2        float64 `setting:"beta_2"`        // default 0.999
	Epsilon      float64 `setting:"epsilon"`       // default 1e-7

	MomentumDecay float64 `setting:"momentum_decay,optional,quiet"` // default 1; not in Keras 3
	Base
}

// String names the optimizer and its settings.
func (n Nadam) String() string { return describe("nadam", n) }

// Check tells what is wrong with the settings; nil if nothing is.
func (n Nadam) Check() error { return checkShared("nadam", n) }

func (Nadam) defaults() Optimizer {
	return Nadam{LearningRate: 0.001, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7}
}

func (n Nadam) start(variables []*graph.Variable) rule {
	schedule := n.schedule()
	n = resolved(n)
	return &nadam{
		schedule: schedule,
		beta1:    float64(float32(n.Beta1)), beta2: float64(float32(n.Beta2)), // so does Keras here before it takes 1-beta
		epsilon: n.Epsilon, variables: variables, first: zerosLike(variables), second: zerosLike(variables), product: []float32{1},
	}
}

// MomentumProduct is U_t after t steps, which is part of the optimizer's state.
func (n Nadam) MomentumProduct(t int) float64 {
	u, product := n.schedule(), 1.0
	for i := 1; i <= t && product > 0; i++ {
		product *= u.at(i)
	}
	return product
}

func (n Nadam) schedule() nadamSchedule {
	return nadamSchedule{beta: float64(float32(resolved(n).Beta1)), decay: setting(n.MomentumDecay, 1)}
}

// nadamSchedule is the momentum over the steps.
type nadamSchedule struct{ beta, decay float64 }

// at is u_t.
func (u nadamSchedule) at(t int) float64 {
	return float64(u.beta * (1 - float64(0.5*arithmetic.Pow(0.96, u.decay*float64(t)))))
}

type nadam struct {
	schedule              nadamSchedule
	beta1, beta2, epsilon float64
	variables             []*graph.Variable
	first, second         [][]float32 // moments of the gradients
	product               []float32   // one number: U_t
	now                   float32     // this step's learning rate
	byMoment, byGradient  float32     // their factors in the step
	correction            float32     // 1-beta2^t
}

func (n *nadam) begin(t int, rate float64) {
	current, next := n.schedule.at(t), n.schedule.at(t+1)
	n.product[0] = float32(float64(n.product[0]) * current)
	product := float64(n.product[0])
	n.now = float32(rate)
	n.byMoment = float32(next / (1 - float64(product*next)))
	n.byGradient = float32((1 - current) / (1 - product))
	n.correction = float32(1 - power(n.beta2, t))
}

func (n *nadam) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	m, v := n.first[i][from:], n.second[i][from:]
	m1, v1, epsilon := float32(1-n.beta1), float32(1-n.beta2), float32(n.epsilon)
	for k, before := range w {
		m[k] += float32((g[k] - m[k]) * m1)
		v[k] += float32((float32(g[k]*g[k]) - v[k]) * v1)
		ahead := float32(n.byMoment*m[k]) + float32(n.byGradient*g[k])
		w[k] = before - float32(ahead*n.now)/(sqrt(v[k]/n.correction)+epsilon)
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (n *nadam) slots() []Slot {
	out := interleave(slotsOf("momentum", n.variables, n.first), slotsOf("velocity", n.variables, n.second))
	return append(out, Slot{"", "u_product", n.product})
}
