package live

import (
	"context"
	"net/http"
	"slices"
	"sync"
)

// queue lets so many trainings go on at a time; others wait for their turn in the order in which they came.
type queue struct {
	mu      sync.Mutex
	free    int
	running []*turn
	waiting []*turn
}

// turn is one training's.
type turn struct {
	name string
	come chan struct{} // is closed when it may go on
}

func newQueue(atOnce int) *queue { return &queue{free: atOnce} }

// wait returns when it is the training's turn, and a function that ends the turn. It fails when ctx ends before.
func (q *queue) wait(ctx context.Context, name string) (end func(), err error) {
	t := &turn{name, make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, t)
	q.next()
	q.mu.Unlock()
	var once sync.Once
	end = func() { once.Do(func() { q.leave(t) }) }
	select {
	case <-t.come:
		return end, nil
	case <-ctx.Done():
		end()
		return nil, ctx.Err()
	}
}

// next gives free places to those who wait the longest. The lock is held.
func (q *queue) next() {
	for q.free > 0 && len(q.waiting) > 0 {
		t := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.running = append(q.running, t)
		q.free--
		close(t.come)
	}
}

// leave takes a training out, whether it runs or waits.
func (q *queue) leave(t *turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	is := func(other *turn) bool { return other == t }
	if slices.ContainsFunc(q.running, is) {
		q.running = slices.DeleteFunc(q.running, is)
		q.free++
	}
	q.waiting = slices.DeleteFunc(q.waiting, is)
	q.next()
}

// queueState is what goes on, in words.
type queueState struct {
	Running []string `json:"running"`
	Waiting []string `json:"waiting"`
}

func (q *queue) state() queueState {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := queueState{[]string{}, []string{}}
	for _, t := range q.running {
		s.Running = append(s.Running, t.name)
	}
	for _, t := range q.waiting {
		s.Waiting = append(s.Waiting, t.name)
	}
	return s
}

func (s *Server) showQueue(w http.ResponseWriter, _ *http.Request) { answer(w, s.queue.state()) }
