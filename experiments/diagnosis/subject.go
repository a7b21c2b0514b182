// Package diagnosis finds out why a model does not learn, by intervention: it changes one thing, trains briefly, and looks whether
// the model learns now. A cause is what, changed alone, makes it learn. Symptoms order the work and illustrate the answer; they
// are never the verdict.
package diagnosis

import (
	"context"
	"time"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// Subject is a model as somebody has it, and how it is trained.
type Subject struct {
	Name      string
	Model     *graph.Model
	Params    *graph.Params      // the file's own weights, which one more run begins with; nil: none
	Optimizer training.Optimizer // default Adam
	Loss      graph.Loss         // default mse
	Assumed   bool               // optimizer and loss come from nowhere: they are usual ones
	Metrics   []string           // that are watched in training, by name
	Images    *dataset.Set       // as they are: their scale is one of the suspects
}

// Options say how a subject is examined. No result depends on Threads or Progress.
type Options struct {
	Seconds  float64           // of work on two processors of nominal speed; default 60
	Batch    int               // images in a step; default 32
	Seeds    int               // fresh seeds that confirm a change, at least 6; default 6
	Threads  int               // processors to use; default 2
	Guard    time.Duration     // after which the examination is cut short; default twice Seconds
	Progress func(line string) // is told what goes on, one line at a time; may be nil
}

func (o Options) withDefaults() Options {
	if o.Seconds <= 0 {
		o.Seconds = 60
	}
	if o.Batch <= 0 {
		o.Batch = 32
	}
	o.Seeds = max(6, o.Seeds)
	if o.Threads <= 0 {
		o.Threads = 2
	}
	if o.Guard <= 0 {
		o.Guard = time.Duration(2 * o.Seconds * float64(time.Second))
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// Examination is a diagnosis and what it comes from.
type Examination struct {
	Diagnosis

	// Repaired is the subject with the fix, trained: Params are those of the best seed, Images are prepared as the fix wants them. Where
	// a fix was tried on a smaller twin alone, Params are just drawn. nil: there is no fix.
	Repaired *Subject

	search *search // whose runs are drawn
}

// Diagnose examines a subject. The same subject and options give the same answer, but for how long it took, and unless it took
// twice as long as it should: then the answer is marked as truncated. Where ctx ends it is what is certain until then, marked as
// interrupted. A model that cannot be trained at all is an error.
func Diagnose(ctx context.Context, subject Subject, o Options) (*Examination, error) {
	start := time.Now()
	o = o.withDefaults()
	if subject.Optimizer == nil {
		subject.Optimizer = training.Adam{}
	}
	if err := subject.check(); err != nil {
		return nil, err
	}
	if all := max(usualBatch, subject.Images.Train.Len()); o.Batch > all {
		o.Batch = all // no step takes more
	}
	guarded, stop := context.WithTimeout(ctx, o.Guard)
	defer stop()
	s, err := newSearch(guarded, subject, o)
	if err != nil {
		return nil, err
	}
	err = s.examineAtAnySize()
	switch {
	case ctx.Err() != nil:
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
	e.Seconds = time.Since(start).Seconds()
	return e, nil
}

// check tells why a subject cannot be examined.
func (s Subject) check() error {
	if err := s.Optimizer.Check(); err != nil {
		return err
	}
	if err := s.Loss.Check(); err != nil {
		return err
	}
	_, _, err := saved.FitImages(s.Model, s.Images, false)
	return err
}
