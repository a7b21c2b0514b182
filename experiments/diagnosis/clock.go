package diagnosis

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pkg/errors"

	"dcae/graph"
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
		e := *x.last.Load()
		e.Interrupted = x.ctx.Err() != nil
		e.Truncated = !e.Interrupted
		return &e, nil
	}
}

func (x *examining) examine() (*Examination, error) {
	s, err := newSearch(x.guarded, x.subject, x.options)
	if err != nil {
		return nil, err
	}
	s.publish = func() { x.publish(&Examination{Diagnosis: s.described()}) }
	s.publish()
	err = s.examineAtAnySize()
	switch {
	case x.ctx.Err() != nil:
		s.interrupted = true
	case errors.Is(err, context.DeadlineExceeded):
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

// threads are for a while, and are halted when the time is up; release ends them.
func (s *search) threads(n int) (t *graph.Threads, release func()) {
	t = graph.NewThreads(n)
	stop := context.AfterFunc(s.ctx, t.Halt)
	return t, func() {
		stop()
		t.Close()
	}
}
