package diagnosis

import (
	"context"
	"sync/atomic"
	"time"

	"dcae/graph"
	"dcae/training"
)

// examining is an examination and the clock. When time is up, training ends within an op, and the answer is what is certain until then. What
// cannot be stopped, such as drawing the first values of a hundred million weights, is not waited for longer than the grace: then the answer is the
// last one that was published.
type examining struct {
	ctx, guarded context.Context // the caller's, and with the time limit
	subject      Subject
	options      Options
	last         atomic.Pointer[Examination]
}

// grace is the share of the time that the end of an examination is waited for after the time is up, and at least leastGrace.
const (
	grace      = 0.04
	leastGrace = 50 * time.Millisecond
)

// publish makes an answer the last one.
func (x *examining) publish(e *Examination) { x.last.Store(e) }

// inTime examines, and returns in time.
func (x *examining) inTime() (*Examination, error) {
	type ended struct {
		e   *Examination
		err error
	}
	done := make(chan ended, 1)
	go func() {
		e, err := x.examine()
		done <- ended{e, err}
	}()
	select {
	case d := <-done:
		return d.e, d.err
	case <-x.guarded.Done():
	}
	more := time.NewTimer(max(leastGrace, time.Duration(grace*x.options.Seconds*float64(time.Second))))
	defer more.Stop()
	select {
	case d := <-done:
		return d.e, d.err
	case <-more.C:
		return x.lastKnown(), nil
	}
}

// lastKnown is the answer that was published last, when the time is up.
func (x *examining) lastKnown() *Examination {
	e := *x.last.Load()
	e.Interrupted = x.ctx.Err() != nil
	e.Truncated = !e.Interrupted
	return &e
}

func (x *examining) examine() (*Examination, error) {
	s, err := newSearch(x.guarded, x.subject, x.options)
	if err != nil && x.guarded.Err() != nil { // it was halted
		return x.lastKnown(), nil
	}
	if err != nil {
		return nil, err
	}
	stop := s.leaveTimeToWrite(x.guarded)
	defer stop()
	s.publish = func() { x.publish(&Examination{Diagnosis: s.known()}) }
	s.publish()
	err = s.examineAtAnySize()
	switch {
	case x.ctx.Err() != nil:
		s.interrupted = true
	case s.isCut(err):
		s.truncated = true
	case err != nil:
		return nil, err
	}
	e := &Examination{search: s}
	conclude := s.conclude
	if s.twin != nil {
		conclude = s.concludeTwin
	}
	if e.Diagnosis, e.Repaired, err = conclude(); err != nil {
		return nil, err
	}
	return e, nil
}

// lateness is the share of the time by which a call may end later than it was told to.
const lateness = 0.08

// leaveTimeToWrite makes training end so early that the answer is written in time, too: what is handed over must be scored, drawn and saved, which
// for a large model takes as long as some steps of it. Where this is short, being somewhat late is allowed.
func (s *search) leaveTimeToWrite(guarded context.Context) (stop func()) {
	end, ok := guarded.Deadline()
	early := s.writing() - time.Duration(lateness*s.options.Seconds*float64(time.Second))
	if !ok || early <= 0 {
		return func() {}
	}
	s.ctx, stop = context.WithDeadline(guarded, end.Add(-early))
	return stop
}

// writing is how long it takes to score, draw and save what is handed over, by the cost model.
func (s *search) writing() time.Duration {
	trainable, others, err := s.given.setup.model.Values()
	if err != nil {
		return 0
	}
	const sides, imageShare = 2, 1.0 / 3 // before and after; of what an image takes in training
	images := float64(sides*(s.images.test.n()+s.shownRuns()*shownImages)) * imageShare
	bytes := valueBytes * float64(trainable*(1+training.StateValues(s.given.setup.optimizer))+others)
	seconds := images*s.given.step/float64(s.given.setup.batch)/workers + nominalSave*bytes
	return time.Duration(seconds * float64(time.Second))
}

// isCut tells whether an error is the clock's: also that of an op which it halted.
func (s *search) isCut(err error) bool { return err != nil && s.ctx.Err() != nil }

// threads are for a while, and are halted when the time is up; release ends them.
func (s *search) threads(n int) (t *graph.Threads, release func()) {
	t = graph.NewThreads(n)
	stop := context.AfterFunc(s.ctx, t.Halt)
	return t, func() {
		stop()
		t.Close()
	}
}
