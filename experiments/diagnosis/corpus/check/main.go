// Check trains all candidates of the corpus and writes what they did to corpus.csv. A healthy case is kept if 10 of 10 seeds learn, a
// faulty one if none of 3 does. It goes on from the rows that are there already, of the same models, so that it may be stopped at any
// time.
//
//	go run ./experiments/diagnosis/corpus/check [-only REGEXP] [-seconds N] [-seeds N]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis/corpus"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
}

func run() error {
	only := flag.String("only", "", "check only cases whose names match")
	seconds := flag.Float64("seconds", 0, "begin no case after so many seconds; 0: check all")
	path := flag.String("out", "experiments/diagnosis/corpus/corpus.csv", "the table")
	threads := flag.Int("threads", 2, "cases to train at a time")
	seeds := flag.Int("seeds", 10, "seeds with which a healthy case must learn")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return errors.WithMessage(err, "-only")
	}
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return errors.WithStack(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t, err := open(*path, *seeds)
	if err != nil {
		return err
	}
	unsettled := t.unsettled(pattern)
	var end time.Time
	if *seconds > 0 {
		end = time.Now().Add(time.Duration(*seconds * float64(time.Second)))
	}
	err = t.check(unsettled, corpus.NewLibrary(dir), *threads, end)
	fmt.Println(t.summary())
	return err
}

// table is the rows so far.
type table struct {
	path  string
	seeds int // of healthy cases
	cases []corpus.Case
	rows  []corpus.Row
	lock  sync.Mutex
}

// open reads the table and forgets rows of cases that are others now.
func open(path string, seeds int) (*table, error) {
	cases, err := corpus.Candidates()
	if err != nil {
		return nil, err
	}
	rows, err := corpus.ReadTable(path)
	if err != nil {
		return nil, err
	}
	t := &table{path: path, seeds: seeds, cases: cases}
	for _, c := range cases {
		want, err := c.Describe()
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Name == want.Name && r.Fingerprint == want.Fingerprint {
				want.Trials, want.Rates = r.Trials, r.Rates
				want.Kept, want.Reason = corpus.Judge(c, r.Trials, r.Rates)
				t.rows = append(t.rows, want)
			}
		}
	}
	return t, corpus.WriteTable(path, t.rows)
}

// trials are those of a case so far.
func (t *table) trials(c corpus.Case) []corpus.Trial {
	t.lock.Lock()
	defer t.lock.Unlock()
	for _, r := range t.rows {
		if r.Name == c.Name {
			return r.Trials
		}
	}
	return nil
}

// unsettled are the cases that are not settled: the bases first, then one of each change in each half, then those of the same changes to other
// bases.
func (t *table) unsettled(pattern *regexp.Regexp) []corpus.Case {
	var rounds [][]corpus.Case
	for i, c := range t.cases {
		if !pattern.MatchString(c.Name) || !c.Unsettled(t.trials(c), t.seeds) {
			continue
		}
		round := 0
		if c.Change != "" {
			round = 1
			for _, other := range t.cases[:i] {
				if other.Half == c.Half && other.Change == c.Change {
					round++
				}
			}
		}
		for len(rounds) <= round {
			rounds = append(rounds, nil)
		}
		rounds[round] = append(rounds[round], c)
	}
	return slices.Concat(rounds...)
}

// check trains cases side by side until the end comes.
func (t *table) check(unsettled []corpus.Case, library *corpus.Library, threads int, end time.Time) error {
	next := make(chan corpus.Case)
	failed := make(chan error, threads)
	var workers sync.WaitGroup
	for range threads {
		workers.Go(func() {
			for c := range next {
				if err := t.one(c, library); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	err := func() error {
		defer close(next)
		for _, c := range unsettled {
			if !end.IsZero() && time.Now().After(end) {
				return nil
			}
			select {
			case next <- c:
			case err := <-failed:
				return err
			}
		}
		return nil
	}()
	workers.Wait()
	select {
	case e := <-failed:
		return e
	default:
		return err
	}
}

// one trains a case and adds its row.
func (t *table) one(c corpus.Case, library *corpus.Library) error {
	start := time.Now()
	images, err := library.Open(c.Data)
	if err != nil {
		return err
	}
	trials, err := c.Try(context.Background(), images, t.trials(c), t.seeds)
	if err != nil {
		return err
	}
	row, err := c.Describe()
	if err != nil {
		return err
	}
	row.Trials = trials
	row.Kept, row.Reason = corpus.Judge(c, trials, "")
	if c.Rates && row.Kept {
		if row.Rates, err = c.TryRates(context.Background(), images); err != nil {
			return err
		}
		row.Kept, row.Reason = corpus.Judge(c, trials, row.Rates)
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	t.rows = append(slices.DeleteFunc(t.rows, func(r corpus.Row) bool { return r.Name == c.Name }), row)
	slices.SortFunc(t.rows, func(a, b corpus.Row) int { return t.place(a) - t.place(b) })
	fvu := ""
	for _, trial := range trials {
		fvu += fmt.Sprintf(" %.3g", trial.FVU)
	}
	fmt.Printf("%-50s %-5v %-30s %s  (%.1f s)\n", c.Name, row.Kept, row.Reason, fvu, time.Since(start).Seconds())
	return corpus.WriteTable(t.path, t.rows)
}

func (t *table) place(r corpus.Row) int {
	return slices.IndexFunc(t.cases, func(c corpus.Case) bool { return c.Name == r.Name })
}

// summary counts what was kept.
func (t *table) summary() string {
	s := ""
	for _, half := range []corpus.Half{corpus.Development, corpus.HeldOut, corpus.Real} {
		healthy, faulty, dropped := 0, 0, 0
		for _, r := range t.rows {
			switch {
			case r.Half != half:
			case !r.Kept:
				dropped++
			case r.Causes == "":
				healthy++
			default:
				faulty++
			}
		}
		s += fmt.Sprintf("%s: %d faulty, %d healthy, %d dropped\n", half, faulty, healthy, dropped)
	}
	return s + fmt.Sprintf("%d of %d candidates checked", len(t.rows), len(t.cases))
}
