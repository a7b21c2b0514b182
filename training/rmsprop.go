package training

import (
	"dcae/graph"
)

// RMSprop divides the gradient by a running root mean square (Tieleman and Hinton 2012, lecture 6.5): v = rho*v + (1-rho)g*g,
// step = rate*g/sqrt(v+epsilon). Centered, a = rho*a + (1-rho)g and v-a*a stands for v in the root (Graves 2013,
// eq. 38 to 41). With momentum the step joins a velocity: d = momentum*d + step, w -= d. Keras before 2.11 divided by sqrt(v)+epsilon where there was
// no momentum (tf_keras/src/optimizers/legacy/rmsprop.py): epsilon_after_root.
type RMSprop struct {
	LearningRate float64 `setting:"learning_rate"` // default 0.001
	Rho          float64 `setting:"rho"`           // default 0.9
	Momentum     float64 `setting:"momentum"`
	Epsilon      float64 `setting:"epsilon"` // default 1e-7
	Centered     bool    `setting:"centered"`

	EpsilonAfterRoot bool `setting:"epsilon_after_root,quiet"` // not in Keras 3
	Base
}

// String names the optimizer and its settings.
func (r RMSprop) String() string { return describe("rmsprop", r) }

// Check tells what is wrong with the settings; nil if nothing is.
func (r RMSprop) Check() error { return checkShared("rmsprop", r) }

func (RMSprop) defaults() Optimizer { return RMSprop{LearningRate: 0.001, Rho: 0.9, Epsilon: 1e-7} }

func (r RMSprop) start(variables []*graph.Variable) rule {
	r = resolved(r)
	u := &rmsprop{
		rho: float32(r.Rho), rest: float32(1 - r.Rho), momentum: float32(r.Momentum), epsilon: float32(r.Epsilon),
		variables: variables, square: zerosLike(variables),
	}
	if r.EpsilonAfterRoot {
		u.epsilon, u.after = 0, u.epsilon
	}
	if u.momentum > 0 {
		u.velocity = zerosLike(variables)
	}
	if r.Centered {
		u.mean = zerosLike(variables)
	}
	return u
}

type rmsprop struct {
	rho, rest, momentum, epsilon float32 // rest is 1-rho
	after                        float32 // epsilon, where it is added after the root
	variables                    []*graph.Variable
	square                       [][]float32 // running mean of the gradients' squares
	velocity                     [][]float32 // nil without momentum
	mean                         [][]float32 // running mean of the gradients; nil if not centered
	now                          float32     // this step's learning rate
}

func (r *rmsprop) begin(_ int, rate float64) { r.now = float32(rate) }

func (r *rmsprop) update(i, from int, w, g []float32) (s graph.UpdateSums) {
	square := r.square[i][from:]
	for k, before := range w {
		square[k] = float32(r.rho*square[k]) + float32(r.rest*float32(g[k]*g[k]))
		denominator := square[k] + r.epsilon
		if r.mean != nil {
			mean := float32(r.rho*r.mean[i][from+k]) + float32(r.rest*g[k])
			r.mean[i][from+k] = mean
			denominator = square[k] - float32(mean*mean) + r.epsilon
		}
		step := float32(r.now*g[k]) / (sqrt(denominator) + r.after)
		if r.velocity != nil {
			step += float32(r.momentum * r.velocity[i][from+k])
			r.velocity[i][from+k] = step
		}
		w[k] = before - step
		addSquares(&s, g[k], before, w[k])
	}
	return s
}

func (r *rmsprop) slots() []Slot {
	out := slotsOf("velocity", r.variables, r.square)
	if r.velocity != nil {
		out = append(out, slotsOf("momentum", r.variables, r.velocity)...)
	}
	if r.mean != nil {
		out = append(out, slotsOf("average_gradient", r.variables, r.mean)...)
	}
	return out
}
