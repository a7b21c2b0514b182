package kernel

import (
	"sync"
	"sync/atomic"
)

// Pool runs the pieces of one operation at a time on a fixed number of goroutines. A nil pool runs them on the caller's.
type Pool struct {
	threads int
	wake    chan struct{}
	job     job
	pieces  int64
	next    atomic.Int64
	done    sync.WaitGroup
	vector  vectorJobs
}

// job is an operation cut into pieces that may run in any order and at the same time. worker tells the goroutines apart (0
// to threads-1), so that each has scratch memory of its own; no result may depend on it.
type job interface {
	piece(worker, i int)
}

// NewPool returns a pool of the given number of threads (at least 1). Close ends its goroutines.
func NewPool(threads int) *Pool {
	p := &Pool{threads: max(threads, 1)}
	p.wake = make(chan struct{}, p.threads)
	for w := 1; w < p.threads; w++ {
		go func() {
			for range p.wake {
				p.work(w)
				p.done.Done()
			}
		}()
	}
	return p
}

// Threads is how many pieces run at the same time.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return p.threads
}

// Close ends the pool's goroutines; it must not be used afterwards.
func (p *Pool) Close() {
	if p != nil {
		close(p.wake)
	}
}

// run calls j.piece for 0 <= i < pieces and returns when all are done.
func (p *Pool) run(pieces int, j job) {
	others := min(p.Threads(), pieces) - 1
	if others <= 0 {
		for i := range pieces {
			j.piece(0, i)
		}
		return
	}
	p.job, p.pieces = j, int64(pieces)
	p.next.Store(0)
	p.done.Add(others)
	for range others {
		p.wake <- struct{}{}
	}
	p.work(0)
	p.done.Wait()
	p.job = nil
}

func (p *Pool) work(worker int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.pieces {
			return
		}
		p.job.piece(worker, int(i))
	}
}
