package diagnosis

import (
	"fmt"
	"slices"
)

// TwinReport says what was seen of a smaller twin, and what in the real size.
type TwinReport struct {
	Size     string  `json:"size"`      // of the images that the twin was examined on
	RealSize string  `json:"real_size"` // of those that the model takes
	Width    float64 `json:"width"`     // factor of the hidden layers' widths; 1: the same
	Batch    int     `json:"batch"`
	Real     int     `json:"real_batch"` // of runs in the real size
	Compared string  `json:"compared"`   // whether the first steps were alike, and in what
	Seen     string  `json:"seen"`       // what was seen at which size
}

// told is the report.
func (t *twinExam) told(s *search) *TwinReport {
	input := s.subject.Model.Input
	r := &TwinReport{
		Size: fmt.Sprintf("%dx%d", t.size.Height, t.size.Width), RealSize: fmt.Sprintf("%dx%d", input[0], input[1]), Width: t.width, Batch: t.batch, Real: s.given.setup.batch,
		Compared: fmt.Sprintf("alike (after %d steps FVU %s and %s, gradient of the first layer over the last's %.2g and %.2g at the start)", t.probed[0].checks[0].Step,
			fvuText(t.probed[0].checks[0].FVU), fvuText(t.probed[1].checks[0].FVU), t.probed[0].gradientRatio(), t.probed[1].gradientRatio()),
	}
	if t.unlike != "" {
		r.Compared = "not alike (" + t.unlike + "), and only told what to try first"
	}
	given := t.small.given.screened
	r.Seen = fmt.Sprintf("As given it learns with %d of %d seeds at %s", count(given), len(given), r.Size)
	if own := s.given.screened; s.verdict == Healthy || s.fix == nil || len(s.fix.screened) > 0 {
		r.Seen += fmt.Sprintf("; at %s %s", r.RealSize, seenOf(own))
	}
	switch {
	case s.fix == nil:
	case t.repairedBy(s.fix) != nil:
		r.Seen += fmt.Sprintf("; repaired with %s seeds at %s, and at %s %s", learnedOf(t.repairedBy(s.fix).decisive()), r.Size, r.RealSize, seenOf(s.fix.trials()))
	default:
		r.Seen += fmt.Sprintf("; repaired there %s", seenOf(s.fix.trials()))
	}
	r.Seen += "."
	return r
}

// repairs are what repaired the twin, the one that counts first; none where it was not seen to be repaired.
func (t *twinExam) repairs() []*attempt {
	fix := t.small.fix
	if fix == nil {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(t.small.winners), func(a *attempt) bool { return a == fix })
	return append([]*attempt{fix}, others...)
}

// repairedBy is the attempt that repaired the twin with the changes of one of the real size; nil: none did.
func (t *twinExam) repairedBy(a *attempt) *attempt {
	for _, winner := range append(slices.Clone(t.small.winners), t.repairs()...) {
		if sameChanges(winner.changes, a.changes) {
			return winner
		}
	}
	return nil
}

func learnedOf(trials []*trial) string { return fmt.Sprintf("%d of %d", count(trials), len(trials)) }

// seenOf says how runs in the real size went.
func seenOf(trials []*trial) string {
	if len(trials) == 0 {
		return "it was not tried"
	}
	t := trials[0]
	if count(trials) > 0 {
		return fmt.Sprintf("with %s (FVU %s after %d steps)", learnedOf(trials), fvuText(t.fvu()), t.steps)
	}
	if t.fvu() < t.mark { // but not for as long as learning takes to be counted
		return fmt.Sprintf("it came under the mark (FVU %s after %d steps), and there was no time to see it stay there", fvuText(t.fvu()), t.steps)
	}
	if t.onlyLags() {
		what := "its training loss still falls"
		if t.normalized < t.mark {
			what = "it learns"
		}
		return fmt.Sprintf("%s, and batch normalization's moving statistics need more steps (after %d of them FVU %s, and %s with statistics of the training images)",
			what, t.steps, fvuText(t.fvu()), fvuText(t.normalized))
	}
	if t.hopeless != "" {
		return fmt.Sprintf("it did not learn (FVU %s after %d steps): %s", fvuText(t.fvu()), t.steps, t.hopeless)
	}
	return fmt.Sprintf("it was not seen to learn: FVU %s after %d steps, which was all that there was time for", fvuText(t.fvu()), t.steps)
}

// known is what has been found so far, by a twin, too, if there is one.
func (s *search) known() Diagnosis {
	if s.twin == nil {
		return s.described()
	}
	known := *s
	known.heedProof()
	return known.besideTwin(s.twin.small.described(), s.described())
}

// heedProof makes the verdict what is proven of the model.
func (s *search) heedProof() {
	if s.fails() && s.verdict != Unreliable {
		s.verdict = Faulty
	}
}

// besideTwin is what a twin shows beside what was found in the real size.
func (s *search) besideTwin(d, own Diagnosis) Diagnosis {
	d.Verdict, d.Name, d.Findings, d.Truncated, d.Interrupted = s.verdict, s.subject.Name, own.Findings, s.truncated, s.interrupted
	d.Twin, d.Fix = s.twin.told(s), nil
	d.Attainable.Text = fmt.Sprintf("On images of %s: %s", d.Twin.Size, d.Attainable.Text)
	for i := range d.Interventions {
		d.Interventions[i].Size = d.Twin.Size
	}
	for _, tried := range own.Interventions {
		tried.Size = d.Twin.RealSize
		d.Interventions = append(d.Interventions, tried)
	}
	d.Used = Number(min(1, s.budget.spent/s.budget.total))
	return d
}

// concludeTwin is the answer of an examination by a twin: causes and trials are the twin's, what is handed over is of the real size.
func (s *search) concludeTwin() (Diagnosis, *Subject, error) {
	d, _, err := s.twin.small.conclude()
	if err != nil {
		return d, nil, err
	}
	s.heedProof()
	seen, own := d.Fix, s.described()
	d = s.besideTwin(d, own)
	var best *trial
	if s.fix != nil {
		best = s.fix.best()
	}
	if best == nil {
		changed, err := s.likelyOfTwin(&d, seen)
		return d, changed, err
	}
	fix, repaired, err := s.handOver(s.fix, best)
	if err != nil {
		return d, nil, err
	}
	if repaired := s.twin.repairedBy(s.fix); repaired != nil && s.twin.unlike == "" {
		learned := count(repaired.decisive())
		fix.Likely = learned == 0 && !best.learns()
		if learned > 0 || fix.Likely {
			fix.Learned = repaired.learned()
		}
	} else { // it was seen in the real size alone
		fix.Likely = count(s.fix.decisive()) == 0
		d.Causes = append(own.Causes, slices.DeleteFunc(d.Causes, func(b Blame) bool {
			return slices.ContainsFunc(own.Causes, func(o Blame) bool { return o.Cause == b.Cause })
		})...)
	}
	d.Causes = putFirst(d.Causes, s.fix.cause())
	d.Fix = fix
	return d, repaired, nil
}

// putFirst makes a cause the first one, of which no other is surer then.
func putFirst(causes []Blame, c Cause) []Blame {
	at := slices.IndexFunc(causes, func(b Blame) bool { return b.Cause == c })
	if at < 0 {
		return causes
	}
	first := causes[at]
	out := append([]Blame{first}, slices.Delete(causes, at, at+1)...)
	for i := range out {
		out[i].Confidence = min(out[i].Confidence, first.Confidence)
	}
	return out
}

// likelyOfTwin writes down what repaired the twin, where there was no time to try it in the real size. Its figures are the twin's, and the model
// with it is untrained. What failed in the real size is not handed over.
func (s *search) likelyOfTwin(d *Diagnosis, seen *Fix) (*Subject, error) {
	small, _ := s.twin.small.toHandOver()
	if seen == nil || small == nil || len(small.changes) == 0 {
		return nil, nil
	}
	a, ok, err := s.newAttempt(small.changes...)
	if err != nil || !ok {
		return nil, err
	}
	tried := a.confirmed
	if s.twin.unlike != "" {
		tried = a.trials()
	}
	if len(tried) > 0 && !s.truncated && !s.interrupted {
		return nil, nil
	}
	untrained, err := newTrial(a.setup, firstFreshSeed, s.images, s.look.attainable.mark(), nil)
	if err != nil {
		return nil, err
	}
	d.Fix = seen
	seen.Likely = true
	s.explain(seen, a.setup)
	d.Twin.Seen += fmt.Sprintf(" What probably repairs it was tried at %s alone: its figures are from there, and fixed.keras is not trained.", d.Twin.Size)
	return s.changed(a, untrained)
}
