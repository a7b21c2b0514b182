package training

import "dcae/graph"

// Updater is an optimizer at work on variables, for steps that are taken outside of [Fit].
type Updater struct{ updates *updates }

// NewUpdater starts an optimizer, in the given state if it is not nil. It fails if the settings are not sound, or if the state does not
// fit them and the variables.
func NewUpdater(o Optimizer, variables []*graph.Variable, state *OptimizerState) (*Updater, error) {
	u, err := newUpdates(o, variables, state)
	if err != nil {
		return nil, err
	}
	return &Updater{u}, nil
}

// Step changes all variables by their gradients, gradient(i) being that of the i-th.
func (u *Updater) Step(threads *graph.Threads, gradient func(i int) []float32) {
	u.updates.step(threads, gradient)
}

// State is a copy of what the optimizer remembers.
func (u *Updater) State() OptimizerState { return u.updates.state().clone() }
