package live

import (
	"context"
	"math"
	"sync"

	"dcae/training"
)

// ahead is how many steps a run may be ahead of the others that are trained beside it.
const ahead = 8

// gate lets the runs of a lab take their steps: side by side, when it is the lab's turn, and not further than it was asked to go.
type gate struct {
	mu      sync.Mutex
	moved   *sync.Cond
	open    bool              // it is the lab's turn
	limit   int               // the last step to be taken
	done    []int             // steps of each run; math.MaxInt once it has ended
	begun   []int             // the step that each run has been let into
	changes []training.Change // of each step, all arms'
	of      []int             // the arms of changes
	arm     []int             // of each run
}

func newGate(arms []int) *gate {
	g := &gate{done: make([]int, len(arms)), begun: make([]int, len(arms)), arm: arms}
	g.moved = sync.NewCond(&g.mu)
	return g
}

// enter waits until a run may take a step, and returns what changes with it. waiting is called before it waits. It fails when ctx ends.
func (g *gate) enter(ctx context.Context, run, step int, waiting func()) ([]training.Change, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done[run] = step - 1
	g.moved.Broadcast()
	if !g.mayEnter(step) {
		g.mu.Unlock()
		waiting()
		g.mu.Lock()
	}
	for !g.mayEnter(step) && ctx.Err() == nil {
		g.moved.Wait()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	g.begun[run] = step
	var out []training.Change
	for i, c := range g.changes {
		if c.Step == step && g.of[i] == g.arm[run] {
			out = append(out, c)
		}
	}
	return out, nil
}

func (g *gate) mayEnter(step int) bool { return g.open && step <= g.limit && step <= g.slowest()+ahead }

func (g *gate) slowest() int {
	least := math.MaxInt - ahead
	for _, done := range g.done {
		least = min(least, done)
	}
	return least
}

// furthest is the last step that any run has begun.
func (g *gate) furthest() int {
	most := 0
	for _, begun := range g.begun {
		most = max(most, begun)
	}
	return most
}

// leave says that a run has ended.
func (g *gate) leave(run int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done[run] = math.MaxInt
	g.moved.Broadcast()
}

// set changes what may be done, under the lock, and wakes all.
func (g *gate) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	g.moved.Broadcast()
}

// isBusy tells whether a run has steps to take. The lock is held.
func (g *gate) isBusy() bool {
	for _, done := range g.done {
		if done < g.limit {
			return true
		}
	}
	return false
}

// hasEnded tells whether all runs have. The lock is held.
func (g *gate) hasEnded() bool { return g.slowest() == math.MaxInt-ahead }

// wait returns when something is true, with the lock held meanwhile, or false when ctx ends.
func (g *gate) wait(ctx context.Context, is func() bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !is() && ctx.Err() == nil {
		g.moved.Wait()
	}
	return ctx.Err() == nil
}

// isOver is hasEnded for those who do not hold the lock.
func (g *gate) isOver() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hasEnded()
}
