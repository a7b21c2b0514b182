package kernel

import "sync/atomic"

// Pool runs the pieces of one operation at a time on a fixed number of goroutines. A nil pool runs them on the caller's.
type Pool struct {
	workers []worker // the goroutines besides the caller's
	job     job
	shares  []share      // by worker, the caller's first
	busy    atomic.Int64 // workers that have not finished
	rest    rest         // of the caller, until none is busy
	flush   bool         // the job is to flush subnormal numbers
	halted  atomic.Bool  // pieces of operations are left out
	whole   bool         // no piece of this job is left out
	scratch scratch
}

// job is an operation cut into pieces that may run in any order and at the same time. worker tells the goroutines apart (0
// to threads-1), so that each has scratch memory of its own; no result may depend on it.
type job interface {
	piece(worker, i int)
}

// worker is a goroutine that waits for an order.
type worker struct {
	order atomic.Int32
	rest  rest
	_     [64]byte // on a cache line of its own
}

const (
	orderNone = iota
	orderWork
	orderTaken // at work
	orderQuit
)

// NewPool returns a pool of the given number of threads (at least 1). Close ends its goroutines.
func NewPool(threads int) *Pool {
	p := &Pool{workers: make([]worker, max(threads, 1)-1), shares: make([]share, max(threads, 1)), scratch: scratch{least: minPoolChunk}}
	p.rest.wake = make(chan struct{}, 1)
	for i := range p.workers {
		p.workers[i].rest.wake = make(chan struct{}, 1)
		go p.serve(i)
	}
	return p
}

// Threads is how many pieces run at the same time.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return len(p.workers) + 1
}

// Close ends the pool's goroutines; it must not be used afterwards.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	for i := range p.workers {
		p.workers[i].give(orderQuit)
	}
}

// Halt makes the pool leave out all pieces of operations that have not begun, whose results are worth nothing then. It may be called at any time from
// any goroutine.
func (p *Pool) Halt() { p.halted.Store(true) }

// Halted tells whether Halt was called.
func (p *Pool) Halted() bool { return p != nil && p.halted.Load() }

// Run calls f for 0 <= i < pieces and returns when all are done. It leaves out none, whether the pool is halted or not.
func (p *Pool) Run(pieces int, f func(i int)) {
	if p == nil {
		p.run(pieces, function(f))
		return
	}
	p.whole = true
	p.run(pieces, function(f))
	p.whole = false
}

// leavesOut tells whether pieces of the present job are left out.
func (p *Pool) leavesOut() bool { return p != nil && !p.whole && p.halted.Load() }

// function is a job that needs no scratch memory.
type function func(i int)

func (f function) piece(_, i int) { f(i) }

// run calls j.piece for 0 <= i < pieces and returns when all are done.
func (p *Pool) run(pieces int, j job) {
	others := min(p.Threads(), pieces) - 1
	if others <= 0 {
		p.runAlone(pieces, j)
		return
	}
	p.job = j
	for i := range others + 1 {
		p.shares[i].set(split(pieces, others+1, i))
	}
	p.busy.Store(int64(others))
	for i := range others {
		p.workers[i].give(orderWork)
	}
	p.work(0)
	for i := range others { // who has not begun by now need not: nothing is left
		if p.workers[i].order.CompareAndSwap(orderWork, orderNone) {
			p.busy.Add(-1)
		}
	}
	for p.busy.Load() > 0 {
		p.rest.until(func() bool { return p.busy.Load() == 0 })
	}
	p.job = nil
}

func (p *Pool) runAlone(pieces int, j job) {
	for i := range pieces {
		if p.leavesOut() {
			return
		}
		j.piece(0, i)
	}
}

// runFlushing is run with subnormal numbers taken for zero, where the processor can: see [flushSubnormals].
func (p *Pool) runFlushing(pieces int, j job) {
	if min(p.Threads(), pieces) <= 1 {
		defer keepSubnormals(flushSubnormals())
		p.runAlone(pieces, j)
		return
	}
	p.flush = true
	p.run(pieces, j)
	p.flush = false
}

func (p *Pool) work(worker int) {
	if p.flush {
		defer keepSubnormals(flushSubnormals())
	}
	own := &p.shares[worker]
	for i, ok := own.take(true); ok; i, ok = own.take(true) {
		p.piece(worker, i)
	}
	for other := range p.shares { // those that the job does not need are empty
		share := &p.shares[other]
		for i, ok := share.take(false); ok; i, ok = share.take(false) {
			p.piece(worker, i)
		}
	}
}

func (p *Pool) piece(worker, i int) {
	if !p.leavesOut() {
		p.job.piece(worker, i)
	}
}

// share is the run of pieces that a worker takes from the front; others take from its back once they have none left. Pieces follow the
// batch, so that a core finds much of what an operation reads in its own cache, where the operation before has left it.
type share struct {
	left atomic.Uint64 // the first piece and the end, 32 bits each
	_    [56]byte      // on a cache line of its own
}

func (s *share) set(from, to int) { s.left.Store(uint64(from)<<32 | uint64(to)) }

// take takes the first piece that is left, or the last.
func (s *share) take(first bool) (i int, ok bool) {
	for {
		left := s.left.Load()
		from, to := left>>32, left&(1<<32-1)
		if from >= to {
			return 0, false
		}
		taken, rest := to-1, left-1
		if first {
			taken, rest = from, left+1<<32
		}
		if s.left.CompareAndSwap(left, rest) {
			return int(taken), true
		}
	}
}

// serve obeys orders until it is to quit.
func (p *Pool) serve(i int) {
	w := &p.workers[i]
	for {
		w.rest.until(func() bool { return w.order.Load() != orderNone })
		switch {
		case w.order.Load() == orderQuit:
			return
		case w.order.CompareAndSwap(orderWork, orderTaken):
			p.work(i + 1)
			w.order.Store(orderNone)
			if p.busy.Add(-1) == 0 {
				p.rest.end()
			}
		}
	}
}

func (w *worker) give(order int32) {
	w.order.Store(order)
	w.rest.end()
}

// rest is how a goroutine waits: first it looks again and again, since orders follow each other within microseconds and to
// wake a goroutine takes as long, then it parks.
type rest struct {
	parked atomic.Bool
	wake   chan struct{}
}

const looks = 300000 // some 300 microseconds: longer than what lies between the operations of a step

// until returns when over is true, or earlier; what makes it true is followed by a call of end.
func (r *rest) until(over func() bool) {
	for range looks {
		if over() {
			return
		}
	}
	r.parked.Store(true)
	if over() && r.parked.CompareAndSwap(true, false) {
		return
	}
	<-r.wake
}

func (r *rest) end() {
	if r.parked.CompareAndSwap(true, false) {
		r.wake <- struct{}{}
	}
}
