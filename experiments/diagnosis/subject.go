// Package diagnosis finds out why a model does not learn, by intervention: it changes one thing, trains briefly, and looks whether
// the model learns now. A cause is what, changed alone, makes it learn. Symptoms order the work and illustrate the answer; they
// are never the verdict.
package diagnosis

import (
	"context"
	"time"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/torch"
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
	Torch     *torch.Module      // the program of PyTorch that the model comes from; nil: none
	Metrics   []string           // that are watched in training, by name
	Images    *dataset.Set       // as they are: their scale is one of the suspects
}

// Options say how a subject is examined. No result depends on Threads or Progress. How much is done follows from Seconds and the cost model alone
// ([WorkOf]); the clock only cuts, where a machine is slower or busy.
type Options struct {
	Seconds  float64           // that it may take on two processors; default 60
	Batch    int               // images in a step; default 32
	Seeds    int               // fresh seeds that confirm a change, at least 6; default 6
	Threads  int               // processors to use; default 2
	Start    time.Time         // from when on the clock counts; default: when Diagnose is called
	Guard    time.Duration     // after which the examination is cut short; default Seconds
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
	if o.Start.IsZero() {
		o.Start = time.Now()
	}
	if o.Guard <= 0 {
		o.Guard = time.Duration(o.Seconds * float64(time.Second))
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

	subject Subject
	options Options
	search  *search // whose runs are drawn; nil: the examination did not end in time
}

// Diagnose examines a subject. The same subject and options give the same answer, but for how long it took, and unless the clock cut it: then the
// answer is what was certain until then, and is marked as truncated. Where ctx ends it is marked as interrupted. A model that cannot be trained at all
// is an error.
func Diagnose(ctx context.Context, subject Subject, o Options) (*Examination, error) {
	o = o.withDefaults()
	if subject.Optimizer == nil {
		subject.Optimizer = training.Adam{}
	}
	if err := subject.check(); err != nil {
		return nil, err
	}
	guarded, stop := context.WithTimeout(ctx, max(0, o.Guard-time.Since(o.Start)))
	defer stop()
	x := &examining{ctx: ctx, guarded: guarded, subject: subject, options: o}
	x.publish(&Examination{Diagnosis: Diagnosis{Verdict: Inconclusive, Name: subject.Name, Causes: []Blame{}, Interventions: []Intervention{}, Findings: []Finding{}, Given: Given{Sides: []Side{}}}})
	e, err := x.inTime()
	if err != nil {
		return nil, err
	}
	e.subject, e.options = subject, o
	e.Seconds = time.Since(o.Start).Seconds()
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
