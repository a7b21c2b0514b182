package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"dcae/training/dataset"
)

// conclude writes down what the search has found, and what is handed over; nil: nothing is.
func (s *search) conclude() (Diagnosis, *Subject, error) {
	s.settle()
	d := s.described()
	if s.verdict == Healthy && !s.deadFile {
		return d, nil, nil
	}
	a, t := s.toHandOver()
	if a == nil {
		return d, nil, nil
	}
	var repaired *Subject
	var err error
	d.Fix, repaired, err = s.handOver(a, t)
	if err != nil {
		return d, nil, err
	}
	d.Fix.Narrows = s.fix == nil && s.narrows() != nil
	d.Fix.Likely = a != s.fix && !s.deadFile && !d.Fix.Narrows
	return d, repaired, nil
}

// described is what the search has found so far, without what is handed over.
func (s *search) described() Diagnosis {
	settled := *s
	s = &settled
	s.settle()
	d := Diagnosis{
		Verdict: s.verdict, Causes: []Blame{}, Interventions: []Intervention{}, Symptoms: s.look.symptoms, Truncated: s.truncated, Interrupted: s.interrupted,
		Name: s.subject.Name, TrialSteps: s.budget.short, Used: Number(min(1, s.budget.spent/s.budget.total)), Findings: append([]Finding{}, s.look.findings...), Attainable: s.look.attainable.told(), Given: s.describeGiven(),
	}
	for _, a := range s.attempts {
		if trials := a.trials(); len(trials) > 0 {
			d.Interventions = append(d.Interventions, Intervention{Change: a.what(), Cause: a.cause(), FVU: numbers(fvus(trials)), Steps: a.steps()})
		}
	}
	switch {
	case s.deadFile:
		d.Causes = append(d.Causes, Blame{Initialization, 0.9, []string{
			fmt.Sprintf("With values drawn anew the model learns with %d of %d seeds; begun with the file's weights it does not.", d.Given.Learned, d.Given.Seeds),
		}})
	case s.verdict == Healthy:
		d.Given.Slow = s.slowness()
	default:
		d.Causes = s.blames()
	}
	return d
}

// toHandOver is the repaired model's best run; nil where nothing was seen to repair, or to help with too few images, or where no run's variables were kept.
func (s *search) toHandOver() (*attempt, *trial) {
	if s.deadFile {
		return s.given, s.given.screened[0]
	}
	if a := cmp.Or(s.fix, s.narrows(), s.likely()); a != nil {
		if t := a.best(); t != nil {
			return a, t
		}
	}
	return nil, nil
}

// likely is the change that learned with the largest share of the seeds that it was tried with, the first one of several, where too little was tried
// to be sure; nil: none learned with half of them.
func (s *search) likely() *attempt {
	var likely *attempt
	most := 0.5
	for _, a := range slices.Concat(s.winners, s.attempts) {
		n := len(a.decisive())
		if share := float64(count(a.decisive())) / float64(max(1, n)); !a.beaten && n > 0 && share >= most && (likely == nil || share > most) {
			likely, most = a, share
		}
	}
	return likely
}

// handOver describes a repair, and makes the subject with it: its weights are those of a trial, its images are prepared as it wants them.
func (s *search) handOver(a *attempt, t *trial) (*Fix, *Subject, error) {
	given := s.middle()
	var changes []string
	if s.deadFile {
		given, changes = s.own, []string{"weights drawn anew"}
	}
	before, err := s.test(given)
	if err != nil {
		return nil, nil, err
	}
	after, err := s.test(t)
	if err != nil {
		return nil, nil, err
	}
	changes = append(changes, a.names()...)
	fix := &Fix{Changes: changes, Learned: a.learned(), FVUBefore: Number(before), FVUAfter: Number(after), Steps: a.steps()}
	s.explain(fix, a.setup)
	if a.setup.batch != s.given.setup.batch {
		fix.Batch = a.setup.batch
	}
	switch {
	case s.deadFile && s.subject.Torch != nil:
		fix.PyTorch = torchCodeAnew(a.setup, s.subject.Torch)
	case s.deadFile:
		fix.Keras = codeAnew(a.setup)
	}
	changed, err := s.changed(a, t)
	return fix, changed, err
}

// changed is the subject with the changes of an attempt and the weights of one of its trials.
func (s *search) changed(a *attempt, t *trial) (*Subject, error) {
	images := s.subject.Images
	if treatment := a.setup.prepare.treatment(); treatment != (dataset.Treatment{}) {
		var err error
		if images, err = images.Treated(treatment, 0); err != nil {
			return nil, err
		}
	}
	return &Subject{Name: s.subject.Name, Model: a.setup.model, Params: t.params, Optimizer: a.setup.optimizer, Loss: a.setup.loss, Images: images, Torch: s.subject.Torch}, nil
}

// middle is the given model's run that ended in the middle, the upper one of two; nil: there is none.
func (s *search) middle() *trial {
	m := middleFVU(s.given.screened)
	for _, t := range s.given.screened {
		if t.fvu() == m {
			return t
		}
	}
	return nil
}

// describeGiven tells how the model did as it is.
func (s *search) describeGiven() Given {
	trials := s.given.screened
	g := Given{Learned: count(trials), Seeds: len(trials), FVU: numbers(fvus(trials)), Steps: s.given.steps(), Sides: []Side{}}
	if s.sides != nil {
		for _, side := range []struct {
			of string
			measured
		}{{"training", s.sides.train}, {"held-out", s.sides.held}, {"test", s.sides.test}} {
			g.Sides = append(g.Sides, Side{side.of, Number(side.FVU), Number(side.interval.Low), Number(side.interval.High), side.images})
		}
	}
	return g
}

// blames are the causes in order: those that repair, then what stands out though it did not help alone.
func (s *search) blames() []Blame {
	out := []Blame{}
	named := map[Cause]bool{}
	add := func(c Cause, confidence float64, evidence ...string) {
		if !named[c] && c != Unknown && len(out) < 4 {
			named[c] = true
			if n := len(out); n > 0 {
				confidence = min(confidence, out[n-1].Confidence) // the rule decides the order
			}
			out = append(out, Blame{c, confidence, evidence})
		}
	}
	if s.quantity != nil {
		b := s.quantity.blame(s)
		add(b.Cause, b.Confidence, b.Evidence...)
	}
	for _, f := range s.look.findings.deciding() {
		if f.Cause == DataSplit || len(s.winners) == 0 {
			add(f.Cause, certain, f.Text)
		}
	}
	for _, a := range s.winners {
		if a.kindUnknown() {
			continue
		}
		add(a.cause(), s.confidence(a), s.evidence(a)...)
		for _, c := range a.changes[1:] {
			add(c.cause, s.confidence(a)/2, fmt.Sprintf("It takes this change, too: %s.", c.in(a.setup)))
		}
	}
	if s.fix == nil { // time ran out, or too few fresh seeds learned
		for _, a := range s.attempts {
			if n := len(a.screened); n > 0 && count(a.screened) == n && !a.kindUnknown() && !a.beaten {
				add(a.cause(), 0.2, s.evidence(a)...)
			}
		}
	}
	for _, a := range s.attempts {
		if falling := s.stillFalling(); falling && (a.cause() == Capacity || a.cause() == Depth) {
			continue
		}
		if len(a.changes) == 1 && a.departure() >= 0.5 && len(a.screened) > 0 && !a.beaten {
			add(a.cause(), 0.1, fmt.Sprintf("The setting stands out; %s alone did not make the model learn (FVU %.2f after %d steps).", a.what(), slices.Max(fvus(a.screened)), a.steps()))
		}
	}
	for _, f := range s.look.findings.deciding() {
		add(f.Cause, 0.5, f.Text)
	}
	return out
}

func (a *attempt) kindUnknown() bool { return a.cause() == Unknown }

const certain = 0.99 // without training, as far as intervals allow

func (s *search) confidence(a *attempt) float64 {
	k, n := count(a.confirmed), len(a.confirmed)
	if n == 0 {
		return 0.2
	}
	c := 0.85
	switch {
	case a.standing().Kind == Aid:
		c = 0.75
	case a.necessary:
		c = 0.95
	case len(s.winners) == 1:
		c = 0.9
	}
	if n < s.options.Seeds { // it could not be confirmed with all of them
		c *= 0.8
	}
	return math.Round(100*c*float64(k)/float64(n)) / 100
}

func (s *search) evidence(a *attempt) []string {
	g := s.given
	out := []string{fmt.Sprintf("As it is, the model learns with %d of %d random seeds (FVU %s after up to %d steps).", count(g.screened), len(g.screened), figures(fvus(g.screened)), g.steps())}
	if s.lasting > 0 {
		out = append(out, "At first all of them learned, but what was learned was lost again as training went on.")
	}
	if n := len(a.confirmed); n > 0 {
		out = append(out, fmt.Sprintf("With %s it learns with %d of %d fresh seeds (FVU %s).", a.named(), count(a.confirmed), n, figures(fvus(a.confirmed))))
		if c := a.comparison; c != nil {
			out = append(out, fmt.Sprintf("Over %d pairs of runs with the same seeds and as many steps that explains %.2f more of the variance than the model as given (%.2f to %.2f).", c.pairs, c.gain, c.interval.Low, c.interval.High))
		}
	} else if count(a.screened) > 0 {
		out = append(out, fmt.Sprintf("With %s it learned in screening; that was not tried with fresh seeds.", a.named()))
	} else {
		out = append(out, fmt.Sprintf("With %s it explains far more (FVU %s), and does not learn in the time that there was.", a.named(), figures(fvus(a.screened))))
	}
	if f := s.fix; f != nil && f != a && f.cause() == a.cause() && len(f.confirmed) > 0 && !slices.Contains(s.winners, f) {
		out = append(out, fmt.Sprintf("What is handed over is another form of this that does better: with %s it learns with %d of %d fresh seeds (FVU %s).",
			f.named(), count(f.confirmed), len(f.confirmed), figures(fvus(f.confirmed))))
	}
	switch {
	case a.necessary:
		out = append(out, "With everything that stands out restored, the old value alone breaks the model again.")
	case a.tested:
		out = append(out, "With everything else that stands out restored, the model learns with the old value, too.")
	}
	return out
}
