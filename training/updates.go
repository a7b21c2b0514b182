package training

import (
	"dcae/graph"
)

// updates is an optimizer at work on a model.
type updates struct {
	base       Base
	rate       float64 // where there is no schedule
	iterations int     // steps taken
	variables  []*graph.Variable
	rule       rule

	before, clipped []float32 // of one variable
	sums            []graph.UpdateSums
}

// newUpdates starts an optimizer, in the given state if it is not nil.
func newUpdates(o Optimizer, variables []*graph.Variable, state *OptimizerState) (*updates, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	u := &updates{base: o.base(), rate: o.rate(), variables: variables, rule: o.start(variables), sums: make([]graph.UpdateSums, len(variables))}
	largest := 0
	for _, v := range variables {
		largest = max(largest, v.Shape.Size())
	}
	if u.base.clips() || u.base.WeightDecay != 0 {
		u.before, u.clipped = make([]float32, largest), make([]float32, largest)
	}
	if state == nil {
		return u, nil
	}
	u.iterations = state.Iterations
	if state.LearningRate != 0 {
		u.rate = state.LearningRate
	}
	return u, u.state().set(*state)
}

// state is the optimizer's own memory, not a copy.
func (u *updates) state() OptimizerState {
	return OptimizerState{Iterations: u.iterations, LearningRate: u.rate, Slots: u.rule.slots()}
}

// step changes all variables by their gradients. It returns the learning rate that it took and each variable's sums,
// valid until the next step.
func (u *updates) step(threads *graph.Threads, gradient func(i int) []float32) (rate float64, sums []graph.UpdateSums) {
	rate = u.rate
	if u.base.Schedule != nil {
		rate = u.base.Schedule.Rate(u.iterations)
	}
	u.iterations++
	u.rule.begin(u.iterations, rate)
	all := 0.0
	if u.base.GlobalClipNorm > 0 {
		for i := range u.variables {
			all += sumOfSquares(gradient(i))
		}
	}
	for i, v := range u.variables {
		if u.before != nil {
			u.sums[i] = u.limited(threads, i, gradient(i), all, rate)
		} else {
			u.sums[i] = u.rule.update(threads, i, v.Float32s(), gradient(i))
		}
	}
	return rate, u.sums
}
