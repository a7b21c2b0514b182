package training

import (
	"dcae/graph"
)

// updates is an optimizer at work on a model.
type updates struct {
	base       Base
	coupled    bool    // weight decay is a part of the gradient
	decays     []decay // of each variable; nil if there is none
	rate       float64 // where there is no schedule
	iterations int     // steps taken
	variables  []*graph.Variable
	rule       rule

	largest         int       // values of a variable
	before, clipped []float32 // of one variable; nil if neither clipped nor decayed
	gradients       [][]float32
	blocks          []updateBlock
	firstBlock      []int       // of each variable, and the end
	running         int         // the first block of those that are being updated
	update          func(i int) // updateBlock; made once, so that a step allocates nothing
	sums            []graph.UpdateSums
}

// updateBlock is a run of a variable's values, which one thread updates at a time.
type updateBlock struct {
	variable, from, to int
	sums               graph.UpdateSums
}

const (
	blockLength = 1 << 14 // sums are joined by blocks in their order, so that they do not depend on threads
	sharedFrom  = 1 << 14 // values from which on waking other threads pays
)

// newUpdates starts an optimizer, in the given state if it is not nil.
func newUpdates(o Optimizer, variables []*graph.Variable, state *OptimizerState) (*updates, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	u := &updates{
		base: resolved(o).shared(), rate: LearningRate(o), variables: variables, rule: startGroups(o, variables),
		gradients: make([][]float32, len(variables)), sums: make([]graph.UpdateSums, len(variables)),
	}
	largest := 0
	for i, v := range variables {
		size := v.Shape.Size()
		largest = max(largest, size)
		u.firstBlock = append(u.firstBlock, len(u.blocks))
		for from := 0; from < size; from += blockLength {
			u.blocks = append(u.blocks, updateBlock{variable: i, from: from, to: min(from+blockLength, size)})
		}
	}
	u.firstBlock = append(u.firstBlock, len(u.blocks))
	u.update = u.updateBlock
	u.coupled, u.decays, u.largest = couplesDecay(o), u.base.decays(variables), largest
	u.setBase(u.base)
	if state == nil {
		return u, nil
	}
	u.iterations = state.Iterations
	if state.LearningRate != 0 {
		u.rate = state.LearningRate
	}
	return u, u.state().set(*state)
}

// setBase limits gradients as base says; the rest of it is as it was.
func (u *updates) setBase(base Base) {
	u.base = base
	switch limited := u.base.clips() || u.decays != nil; {
	case !limited:
		u.before, u.clipped = nil, nil
	case u.before == nil:
		u.before, u.clipped = make([]float32, u.largest), make([]float32, u.largest)
	}
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
	for i := range u.variables {
		u.gradients[i] = gradient(i)
	}
	if u.before == nil {
		u.take(threads, 0, len(u.variables))
		return rate, u.sums
	}
	for i := range u.variables {
		u.limited(threads, i, all, rate)
	}
	return rate, u.sums
}

// take updates the variables from..to by their gradients.
func (u *updates) take(threads *graph.Threads, from, to int) {
	values := 0
	for _, g := range u.gradients[from:to] {
		values += len(g)
	}
	if values < sharedFrom {
		threads = nil
	}
	first, end := u.firstBlock[from], u.firstBlock[to]
	u.running = first
	threads.Run(end-first, u.update)
	clear(u.sums[from:to])
	for _, b := range u.blocks[first:end] {
		u.sums[b.variable].Gradient += b.sums.Gradient
		u.sums[b.variable].Weight += b.sums.Weight
		u.sums[b.variable].Step += b.sums.Step
	}
}

func (u *updates) updateBlock(i int) {
	b := &u.blocks[u.running+i]
	w := u.variables[b.variable].Float32s()
	b.sums = u.rule.update(b.variable, b.from, w[b.from:b.to], u.gradients[b.variable][b.from:b.to])
}
