package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"dcae/graph"
)

// attempt is the subject with some changes, and the trials that were made of it. Without changes it is the subject as given.
type attempt struct {
	changes   []change
	setup     setup
	step      float64 // nominal seconds of a step
	start     float64 // nominal seconds until the first one
	screened  []*trial
	confirmed []*trial

	comparison *comparison // with the given model, trained as long; nil: there is none

	beaten bool // it is no better than the given model

	necessary bool // its old value breaks the model in which all settings are restored
	tested    bool // whether that was looked at
	lesser    int  // how many other learning rates do better
}

// names of the changes.
func (a *attempt) names() []string {
	var names []string
	for _, c := range a.changes {
		names = append(names, c.in(a.setup))
	}
	return names
}

// what names the changes.
func (a *attempt) what() string { return strings.Join(a.names(), ", ") }

// named is the changes in a sentence: "the change A", "the changes A and B".
func (a *attempt) named() string {
	names := a.names()
	if n := len(names); n > 1 {
		return "the changes " + strings.Join(names[:n-1], "; ") + " and " + names[n-1]
	}
	return "the change " + a.what()
}

func (a *attempt) cause() Cause { return a.changes[0].cause }

// isRate tells whether the attempt has another learning rate and nothing else.
func (a *attempt) isRate() bool {
	return len(a.changes) == 1 && (a.cause() == LearningRateHigh || a.cause() == LearningRateLow)
}

func (a *attempt) departure() float64 {
	d := 0.0
	for _, c := range a.changes {
		d = max(d, c.departure)
	}
	return d
}

// trials are all of them, those of screening first.
func (a *attempt) trials() []*trial { return slices.Concat(a.screened, a.confirmed) }

// decisive are the trials that an attempt is judged by: those with fresh seeds, as soon as there are any.
func (a *attempt) decisive() []*trial {
	if len(a.confirmed) == 0 {
		return a.screened
	}
	return a.confirmed
}

// learned says how many of them learned: "5/6".
func (a *attempt) learned() string {
	return fmt.Sprintf("%d/%d", count(a.decisive()), len(a.decisive()))
}

// best is the one that ended best, of those that decide or else of all, whose variables are still there; nil: there is none.
func (a *attempt) best() *trial {
	for _, trials := range [][]*trial{a.decisive(), a.screened} {
		there := slices.DeleteFunc(slices.Clone(trials), func(t *trial) bool { return t.params == nil })
		if len(there) > 0 {
			return slices.MinFunc(there, func(a, b *trial) int { return cmp.Compare(a.fvu(), b.fvu()) })
		}
	}
	return nil
}

func (a *attempt) steps() int {
	n := 0
	for _, t := range a.trials() {
		n = max(n, t.steps)
	}
	return n
}

// count is how many of the trials learned.
func count(trials []*trial) int {
	n := 0
	for _, t := range trials {
		if t.learns() {
			n++
		}
	}
	return n
}

// middleFVU is that of the run in the middle, the upper one of two; infinite where there is no trial.
func middleFVU(trials []*trial) float64 {
	if len(trials) == 0 {
		return math.Inf(1)
	}
	all := fvus(trials)
	slices.Sort(all)
	return all[len(all)/2]
}

func fvus(trials []*trial) []float64 {
	out := make([]float64, len(trials))
	for i, t := range trials {
		out[i] = t.fvu()
	}
	return out
}

// trialOf is the screening trial with a seed; it is made if there is none.
func (s *search) trialOf(a *attempt, seed uint64) (*trial, error) {
	for _, t := range a.trials() {
		if t.seed == seed {
			return t, nil
		}
	}
	t, err := newTrial(a.setup, seed, s.images, s.look.attainable.mark(), nil)
	if err != nil {
		return nil, err
	}
	if seed >= firstFreshSeed {
		a.confirmed = append(a.confirmed, t)
	} else {
		a.screened = append(a.screened, t)
	}
	return t, nil
}

// job takes a trial further.
type job struct {
	attempt *attempt
	trial   *trial
	to      int
	stop    bool // when it has learned, but not before the steps in which what was learned may be lost again
}

// advance does jobs side by side, and counts what they cost. Results do not depend on how many go at a time.
func (s *search) advance(jobs []job) error {
	workers := max(1, min(s.options.Threads, len(jobs), s.together))
	before := make([]int, len(jobs))
	for i, j := range jobs {
		before[i] = j.trial.taken()
	}
	failures := make([]error, len(jobs))
	queue := make(chan int)
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := range queue {
				if ctx.Err() != nil {
					failures[i] = ctx.Err()
					continue
				}
				threads, release := s.threads(s.threadsOf(i, len(jobs)))
				failures[i] = s.run(ctx, jobs[i], threads)
				release()
				if failures[i] != nil {
					stop()
				}
			}
		})
	}
	for i := range jobs {
		queue <- i
	}
	close(queue)
	done.Wait()
	for i, j := range jobs {
		if n := j.trial.steps - before[i]; n > 0 {
			s.budget.spent += float64(n)*j.attempt.step + j.attempt.start
		}
	}
	s.letGo(keptMemory)
	if s.publish != nil {
		s.publish()
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	for i, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return errors.WithMessagef(err, "%s, seed %d", cmp.Or(jobs[i].attempt.what(), "as given"), jobs[i].trial.seed)
		}
	}
	return nil
}

// advanceFresh takes runs of one attempt with fresh seeds further. Those that the clock cuts are left out: they neither learned nor failed.
func (s *search) advanceFresh(jobs ...job) error {
	err := s.advance(jobs)
	if err != nil {
		a := jobs[0].attempt
		a.confirmed = slices.DeleteFunc(a.confirmed, func(t *trial) bool {
			return t.hopeless == "" && !t.learns() && slices.ContainsFunc(jobs, func(j job) bool { return j.trial == t && t.steps < j.to })
		})
	}
	return err
}

// threadsOf is how many threads the i-th of n jobs gets: one, but for the last ones, which share what would be idle otherwise. Jobs that have no room
// side by side get all in turn.
func (s *search) threadsOf(i, n int) int {
	threads := s.options.Threads
	if s.together < threads {
		return max(1, threads/max(1, s.together))
	}
	last := n % threads
	if i < n-last {
		return 1
	}
	return (threads + i - (n - last)) / last
}

// do takes a job's trial further.
func (s *search) do(ctx context.Context, j job, threads *graph.Threads) error {
	if j.stop {
		if err := j.trial.advance(ctx, min(j.to, s.lasting), false, threads); err != nil {
			return err
		}
	}
	return j.trial.advance(ctx, j.to, j.stop, threads)
}

// newAttempt applies changes to the subject; ok is false where one of them changes nothing.
func (s *search) newAttempt(changes ...change) (a *attempt, ok bool, err error) {
	a = &attempt{changes: changes, setup: s.given.setup}
	for _, c := range changes {
		if a.setup, ok, err = c.apply(a.setup); err != nil || !ok {
			return nil, false, err
		}
	}
	if s.fits(a.setup) != nil {
		return nil, false, nil
	}
	for _, other := range s.attempts {
		if sameChanges(other.changes, a.changes) {
			return other, true, nil
		}
	}
	if err = a.reckon(); err != nil {
		return nil, false, err
	}
	s.attempts = append(s.attempts, a)
	return a, true, nil
}

// reckon finds what the attempt's steps cost.
func (a *attempt) reckon() error {
	work, err := WorkOf(a.setup.model, a.setup.optimizer, a.setup.loss, a.setup.batch)
	if err != nil {
		return err
	}
	values, others, err := a.setup.model.Values()
	a.step, a.start = work.Seconds(), nominalStart+nominalDraw*float64(values+others)
	return err
}

// sameChanges tells whether two lists have the same changes, in whatever order.
func sameChanges(a, b []change) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c change) bool {
		return !slices.ContainsFunc(b, func(d change) bool { return c.what == d.what })
	})
}

// fits tells why a changed model cannot be trained.
func (s *search) fits(c setup) error {
	if err := c.optimizer.Check(); err != nil {
		return err
	}
	shapes, err := c.model.Shapes()
	if err != nil {
		return err
	}
	given, err := s.given.setup.model.Shapes()
	if err != nil {
		return err
	}
	if !slices.Equal(shapes[len(shapes)-1], given[len(given)-1]) {
		return errors.New("the output has another shape")
	}
	return nil
}
