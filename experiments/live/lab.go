package live

import (
	"context"
	"math"
	"sync"

	"github.com/pkg/errors"

	"dcae/experiments"
	"dcae/graph"
	"dcae/training"
)

// mostRuns is how many models are trained side by side.
const mostRuns = 4

// lab is a study of few runs that is trained while somebody looks on.
type lab struct {
	id      string
	plan    *experiments.Plan // as it is shown: with the changes that were made, and paths as they were given
	study   experiments.Study
	runs    []experiments.RunOf
	trainer *experiments.Trainer
	gate    *gate
	events  *events
	threads int
	atOnce  *queue
	ctx     context.Context
	stop    context.CancelFunc
	mu      sync.Mutex // of plan, when it changes
}

func (l *lab) address() string { return l.id }
func (l *lab) stream() *events { return l.events }

// newLab makes a study ready; its runs are in the order of its arms. The changes that it plans are made by the gate, as those are that come later.
func newLab(ctx context.Context, plan *experiments.Plan, study experiments.Study, threads int, q *queue) (*lab, error) {
	l := &lab{id: randomName(), plan: plan, study: study, runs: study.Runs(), threads: threads, atOnce: q, events: newEvents()}
	if len(l.runs) > mostRuns {
		return nil, errors.Errorf("%d runs are too many to be watched side by side; %d are the most", len(l.runs), mostRuns)
	}
	var arms []int // of each run
	l.runs = nil
	for i, a := range study.Arms() {
		for _, r := range study.Runs() {
			if r.Arm.Name == a.Name {
				r.Arm.Changes = nil
				l.runs, arms = append(l.runs, r), append(arms, i)
			}
		}
	}
	l.gate = newGate(arms)
	for i, a := range study.Arms() {
		for _, c := range a.Changes {
			l.gate.changes, l.gate.of = append(l.gate.changes, c), append(l.gate.of, i)
		}
	}
	var err error
	if l.trainer, err = experiments.NewTrainer(study, threads); err != nil {
		return nil, err
	}
	l.ctx, l.stop = context.WithCancel(ctx)
	context.AfterFunc(l.ctx, func() { l.gate.set(func() {}) }) // who waits is to notice
	l.events.add("lab", l.describe())
	return l, nil
}

// labEvent is what a page is told of a lab at first.
type labEvent struct {
	ID    string     `json:"id"`
	Runs  []labRun   `json:"runs"`
	Batch int        `json:"batch"`
	Data  string     `json:"data"`
	Marks []changed  `json:"changes"`
	Queue queueState `json:"queue"`
}

type labRun struct {
	Arm      string   `json:"arm"`
	Seed     uint64   `json:"seed"`
	Differs  []string `json:"differs"` // from the first
	Values   int      `json:"values"`  // that are trained
	Settings string   `json:"optimizer"`
	Loss     string   `json:"loss"`
}

// changed is a change that takes hold with a step.
type changed struct {
	Arm  string `json:"arm"`
	Step int    `json:"step"`
	What string `json:"what"`
}

func (l *lab) describe() labEvent {
	e := labEvent{ID: l.id, Batch: l.plan.Budget.Batch, Data: l.study.Images.Name, Marks: []changed{}, Queue: l.atOnce.state()}
	first := l.runs[0]
	for _, r := range l.runs {
		about := labRun{Arm: r.Arm.Name, Seed: r.Seed, Differs: r.Arm.Settings.Differences(first.Arm.Settings), Settings: r.Arm.Optimizer.String(), Loss: r.Arm.Loss.String()}
		if r.Seed != first.Seed {
			about.Differs = append(about.Differs, "seed")
		}
		if params, err := r.Arm.Model.Zeros(graph.Float32); err == nil { // or the run will say so
			for _, v := range params.Trainable() {
				about.Values += v.Shape.Size()
			}
		}
		e.Runs = append(e.Runs, about)
	}
	for i, c := range l.gate.changes {
		e.Marks = append(e.Marks, changed{l.study.Arms()[l.gate.of[i]].Name, c.Step, c.String()})
	}
	return e
}

// stateEvent says what a lab does.
type stateEvent struct {
	State string     `json:"state"` // paused, waiting, running, ended
	Step  int        `json:"step"`  // that all runs come to, or have come to
	Queue queueState `json:"queue"`
}

// run trains until all runs have ended, or the lab is stopped.
func (l *lab) run() {
	defer l.events.end()
	var done sync.WaitGroup
	each := max(1, l.threads/len(l.runs))
	for i := range l.runs {
		done.Go(func() {
			defer l.gate.leave(i)
			threads := graph.NewThreads(each)
			defer threads.Close()
			newLabRecorder(l, i).train(threads)
		})
	}
	l.takeTurns()
	done.Wait()
	if l.ctx.Err() == nil {
		l.say("ended")
	}
}

// takeTurns opens the gate when it is the lab's turn, as often as there is something to do.
func (l *lab) takeTurns() {
	l.say("paused")
	for l.gate.wait(l.ctx, func() bool { return l.gate.isBusy() || l.gate.hasEnded() }) {
		if l.gate.isOver() {
			return
		}
		l.say("waiting")
		end, err := l.atOnce.wait(l.ctx, l.study.Name)
		if err != nil {
			return
		}
		l.gate.set(func() { l.gate.open = true })
		l.say("running")
		l.gate.wait(l.ctx, func() bool { return !l.gate.isBusy() })
		l.gate.set(func() { l.gate.open = false })
		end()
		l.say("paused")
	}
}

func (l *lab) say(state string) {
	l.gate.mu.Lock()
	step := l.gate.furthest()
	l.gate.mu.Unlock()
	l.events.add("state", stateEvent{state, step, l.atOnce.state()})
}

// goOn trains to the end, pause no further than the run that is furthest, and step so many steps more.
func (l *lab) goOn()      { l.gate.set(func() { l.gate.limit = math.MaxInt }) }
func (l *lab) pause()     { l.gate.set(func() { l.gate.limit = l.gate.furthest() }) }
func (l *lab) step(n int) { l.gate.set(func() { l.gate.limit = l.gate.furthest() + n }) }

// change changes an arm's training from the next step on that none of its runs has begun.
func (l *lab) change(arm string, c experiments.Change) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, a := range l.study.Arms() {
		if a.Name != arm {
			continue
		}
		var err error
		l.gate.set(func() {
			c.Step = l.gate.furthest() + 1
			t := c.Training()
			if err = t.Check(a.Optimizer, a.Model); err == nil {
				l.gate.changes, l.gate.of = append(l.gate.changes, t), append(l.gate.of, i)
			}
		})
		if err != nil {
			return err
		}
		l.plan.Change(arm, c)
		l.events.add("change", changed{arm, c.Step, c.Training().String()})
		return nil
	}
	return errors.Errorf("there is no arm %q", arm)
}

var _ training.SnapshotRecorder = (*labRecorder)(nil)
