// Score runs the diagnosis on a part of the corpus, writes a line for each case as it goes, and prints how often it was right. Lines that
// are there already are left as they are.
//
//	go run ./experiments/diagnosis/corpus/score -half development|heldout|real [-seconds 60] [-only REGEXP] [-limit N] [-repair]
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments/diagnosis"
	"dcae/experiments/diagnosis/corpus"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "score:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	half := flag.String("half", string(corpus.Development), "development, heldout or real")
	seconds := flag.Float64("seconds", 60, "of each diagnosis")
	only := flag.String("only", "", "score only cases whose names match")
	limit := flag.Int("limit", 0, "diagnose at most so many cases; 0: all")
	repair := flag.Bool("repair", false, "retrain faulty models as repaired, as randomly changed and as they were, too")
	threads := flag.Int("threads", 2, "processors to use")
	out := flag.String("out", "results/corpus", "folder for tables and pictures")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return errors.WithMessage(err, "-only")
	}
	if !slices.Contains([]corpus.Half{corpus.Development, corpus.HeldOut, corpus.Real}, corpus.Half(*half)) {
		return errors.Errorf("there is no half %q; there are development, heldout and real", *half)
	}
	cases, err := corpus.Cases(corpus.Half(*half))
	if err != nil {
		return err
	}
	cases = slices.DeleteFunc(cases, func(c corpus.Case) bool { return !pattern.MatchString(c.Name) })
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return errors.WithStack(err)
	}
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		return errors.WithStack(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := &scorer{
		path: filepath.Join(*out, fmt.Sprintf("%s-%gs", *half, *seconds)), library: corpus.NewLibrary(dir), limit: *limit, repair: *repair,
		options: diagnosis.Options{Seconds: *seconds, Threads: *threads, Guard: math.MaxInt64}, // a busy machine cuts nothing
	}
	if s.results, err = readResults(s.path + ".csv"); err != nil {
		return err
	}
	if err := s.all(ctx, cases); err != nil {
		return err
	}
	own := slices.DeleteFunc(slices.Clone(s.results), func(r result) bool { return !pattern.MatchString(r.Name) })
	if len(own) == 0 {
		return nil
	}
	fmt.Printf("\n%s, %g s, %d of %d cases\n", *half, *seconds, len(own), len(cases))
	summarize(os.Stdout, own)
	return saveConfusion(s.path+"-confusion", fmt.Sprintf("What dcae diagnose names in %g s: %d %s", *seconds, len(own), kinds[corpus.Half(*half)]), own)
}

var kinds = map[corpus.Half]string{corpus.Development: "models that it was developed with", corpus.HeldOut: "models that were put aside", corpus.Real: "real cases"}

// scorer goes through the cases of a half.
type scorer struct {
	path    string // of the table, without .csv
	library *corpus.Library
	options diagnosis.Options
	limit   int
	repair  bool
	results []result
}

// all diagnoses the cases that have no result yet.
func (s *scorer) all(ctx context.Context, cases []corpus.Case) error {
	done := 0
	for i, c := range cases {
		at := slices.IndexFunc(s.results, func(r result) bool { return r.Name == c.Name })
		if at >= 0 && (!s.repair || c.Healthy() || s.results[at].Target > 0) {
			continue
		}
		if s.limit > 0 && done == s.limit {
			break
		}
		done++
		r, err := s.one(ctx, c)
		if err != nil {
			return errors.WithMessage(err, c.Name)
		}
		if at >= 0 {
			s.results[at] = r
		} else {
			s.results = append(s.results, r)
		}
		mark := "right"
		if !r.right(1) {
			mark = "WRONG"
		}
		fmt.Printf("%d/%d %s %-45s %s: %s; expected %s; %.0f s\n", i+1, len(cases), mark, r.Name, r.Verdict, join(r.Named), r.expected(), r.Seconds)
		if err := writeResults(s.path+".csv", s.results); err != nil {
			return err
		}
	}
	return nil
}

// one diagnoses a case.
func (s *scorer) one(ctx context.Context, c corpus.Case) (result, error) {
	r := result{Name: c.Name, Expected: c.Causes}
	images, err := s.library.Open(c.Data)
	if err != nil {
		return r, err
	}
	start := time.Now()
	d, err := diagnosis.Diagnose(ctx, diagnosis.Subject{Name: c.Model.Name, Model: c.Model, Optimizer: c.Optim, Loss: c.Loss, Images: images}, s.options)
	if err != nil {
		return r, err
	}
	r.Seconds = time.Since(start).Seconds()
	r.Verdict, r.Truncated = d.Verdict, d.Truncated
	for _, blame := range d.Causes {
		r.Named = append(r.Named, blame.Cause)
	}
	if d.Fix != nil {
		r.Changes, r.Learned = strings.Join(d.Fix.Changes, "; "), d.Fix.Learned
	}
	if s.repair && !c.Healthy() {
		err = tryRepair(ctx, &r, c, d.Repaired, s.library)
	}
	return r, err
}
