package diagnosis

import (
	"fmt"
	"math"
	"strings"

	"dcae/experiments"
	"dcae/training/dataset"
)

// Verdict is what is found about a model.
type Verdict string

// The verdicts.
const (
	Healthy      Verdict = "healthy"    // it learns, whatever its symptoms
	Faulty       Verdict = "faulty"     // it does not
	Unreliable   Verdict = "unreliable" // it learns with some random seeds
	Inconclusive Verdict = "unknown"    // it does not learn, and nothing that was tried helps
)

// Diagnosis is the answer. As JSON it is what `dcae diagnose --json` prints.
type Diagnosis struct {
	Verdict       Verdict        `json:"verdict"`
	Causes        []Blame        `json:"causes"` // the most likely one first
	Fix           *Fix           `json:"fix"`
	Interventions []Intervention `json:"interventions"`
	Symptoms      []Symptom      `json:"symptoms"`
	Seconds       float64        `json:"seconds"`
	Truncated     bool           `json:"truncated,omitempty"` // it took twice as long as it should, and was stopped
	Given         Given          `json:"given"`

	// Repaired is the subject with the fix, trained: Params are those of the best fresh seed, Images are prepared as the fix wants
	// them. nil: there is none.
	Repaired *Subject `json:"-"`

	search *search
}

// Given is how the model did as it is.
type Given struct {
	Learned int      `json:"learned"` // of the seeds
	Seeds   int      `json:"seeds"`
	FVU     []Number `json:"fvu"`
	Steps   int      `json:"steps"`
}

// Blame is a cause and what speaks for it.
type Blame struct {
	Cause      Cause    `json:"cause"`
	Confidence float64  `json:"confidence"` // 0 to 1
	Evidence   []string `json:"evidence"`
}

// Fix is the smallest change that repairs.
type Fix struct {
	Changes   []string `json:"changes"`
	Keras     string   `json:"keras"` // code to paste after the model was built
	Data      *string  `json:"data"`  // code for the images, null where they stay
	Learned   string   `json:"learned"`
	FVUBefore Number   `json:"fvu_before"`
	FVUAfter  Number   `json:"fvu_after"`
	Model     string   `json:"model"` // path of the repaired model; empty until it is saved
}

// Intervention is a change that was tried.
type Intervention struct {
	Change string   `json:"change"`
	Cause  Cause    `json:"cause"`
	FVU    []Number `json:"fvu"` // of each seed, screening seeds first
	Steps  int      `json:"steps"`
}

// Number is a float that JSON can hold: null where it is not finite.
type Number float64

// MarshalJSON writes four significant digits.
func (n Number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return fmt.Appendf(nil, "%.4g", float64(n)), nil
}

func numbers(all []float64) []Number {
	out := make([]Number, len(all))
	for i, f := range all {
		out[i] = Number(f)
	}
	return out
}

func figures(all []float64) string {
	var out []string
	for _, f := range all {
		out = append(out, fmt.Sprintf("%.2f", f))
	}
	return strings.Join(out, " ")
}

// diagnosis writes down what the search has found.
func (s *search) diagnosis() (*Diagnosis, error) {
	d := &Diagnosis{Verdict: s.verdict, Causes: []Blame{}, Interventions: []Intervention{}, Symptoms: s.look.symptoms, Truncated: s.truncated, search: s}
	d.Given = Given{count(s.given.screened), len(s.given.screened), numbers(fvus(s.given.screened)), s.given.steps()}
	for _, a := range s.arms {
		if trials := a.trials(); len(trials) > 0 {
			d.Interventions = append(d.Interventions, Intervention{a.what(), a.cause(), numbers(fvus(trials)), a.steps()})
		}
	}
	if s.deadFile {
		d.Causes = append(d.Causes, Blame{Initialization, 0.9, []string{
			fmt.Sprintf("With values drawn anew the model learns with %d of %d seeds; begun with the file's weights it does not.", d.Given.Learned, d.Given.Seeds),
		}})
		t := s.given.screened[0]
		if err := d.handOver(s.given, t, []string{"weights drawn anew"}); err != nil {
			return nil, err
		}
		return d, nil
	}
	if s.verdict == Healthy {
		return d, nil
	}
	d.Causes = s.blames()
	if s.fix != nil && len(s.fix.confirmed) > 0 {
		return d, d.handOver(s.fix, s.best(), nil)
	}
	return d, nil
}

// handOver fills in the fix.
func (d *Diagnosis) handOver(a *arm, t *trial, changes []string) error {
	s := d.search
	before, err := s.test(s.median())
	if err != nil {
		return err
	}
	if s.deadFile {
		if before, err = s.test(s.own); err != nil {
			return err
		}
	}
	after, err := s.test(t)
	if err != nil {
		return err
	}
	for _, c := range a.changes {
		changes = append(changes, c.what)
	}
	trials := a.confirmed
	if len(trials) == 0 {
		trials = a.screened
	}
	code, data := kerasCode(s.given.setup, a.setup)
	d.Fix = &Fix{Changes: changes, Keras: code, Data: data, Learned: fmt.Sprintf("%d/%d", count(trials), len(trials)), FVUBefore: Number(before), FVUAfter: Number(after)}
	images := s.subject.Images
	if treatment := a.setup.prepare.treatment(); treatment != (dataset.Treatment{}) {
		if images, err = images.Treated(treatment, 0); err != nil {
			return err
		}
	}
	d.Repaired = &Subject{Name: s.subject.Name, Model: a.setup.model, Params: t.params, Optimizer: a.setup.optimizer, Loss: a.setup.loss, Images: images}
	return nil
}

// median is the given model's run that ended in the middle.
func (s *search) median() *trial {
	m := medianFVU(s.given.screened)
	for _, t := range s.given.screened {
		if t.fvu() == m {
			return t
		}
	}
	return s.given.screened[0]
}

// blames are the causes in order: those that repair, then what stands out though it did not help alone.
func (s *search) blames() []Blame {
	out := []Blame{}
	named := map[Cause]bool{}
	add := func(c Cause, confidence float64, evidence ...string) {
		if !named[c] && c != Unknown && len(out) < 4 {
			named[c] = true
			out = append(out, Blame{c, confidence, evidence})
		}
	}
	for _, a := range s.winners {
		if a.kindUnknown() {
			continue
		}
		add(a.cause(), s.confidence(a), s.evidence(a)...)
		for _, c := range a.changes[1:] {
			add(c.cause, s.confidence(a)/2, "Changed together with the first, it repairs.")
		}
	}
	if s.fix == nil { // time ran out, or too few fresh seeds learned
		for _, a := range s.arms {
			if n := len(a.screened); n > 0 && count(a.screened) == n && !a.kindUnknown() {
				add(a.cause(), 0.2, s.evidence(a)...)
			}
		}
	}
	for _, a := range s.arms {
		if len(a.changes) == 1 && a.departure() >= 0.5 && len(a.screened) > 0 {
			add(a.cause(), 0.1, fmt.Sprintf("The setting stands out; %s alone did not make the model learn (FVU %.2f after %d steps).", a.what(), worst(a), a.steps()))
		}
	}
	return out
}

func (a *arm) kindUnknown() bool { return a.cause() == Unknown }

func (s *search) confidence(a *arm) float64 {
	k, n := count(a.confirmed), len(a.confirmed)
	if n == 0 {
		return 0.15
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
	return math.Round(100*c*float64(k)/float64(n)) / 100
}

func (s *search) evidence(a *arm) []string {
	g := s.given
	out := []string{fmt.Sprintf("As it is, the model learns with %d of %d random seeds (FVU %s after up to %d steps).", count(g.screened), len(g.screened), figures(fvus(g.screened)), g.steps())}
	if s.lasting > 0 {
		out = append(out, "At first all of them learned, but what was learned was lost again as training went on.")
	}
	if n := len(a.confirmed); n > 0 {
		out = append(out, fmt.Sprintf("With one change, %s, it learns with %d of %d fresh seeds (FVU %s).", a.what(), count(a.confirmed), n, figures(fvus(a.confirmed))))
	} else {
		out = append(out, fmt.Sprintf("With %s it learned in screening; that was not tried with fresh seeds.", a.what()))
	}
	switch {
	case a.necessary:
		out = append(out, "With everything that stands out restored, the old value alone breaks the model again.")
	case a.tested:
		out = append(out, "With everything else that stands out restored, the model learns with the old value, too.")
	}
	return out
}

// outcome is how a trial ended, in the words of a study's.
func (t *trial) outcome() experiments.Outcome {
	if t.learns() {
		return experiments.Learned
	}
	e := experiments.Evidence{FirstLoss: math.Inf(1), FVU: t.fvu(), Spread: math.NaN()}
	for _, c := range t.checks {
		e.EpochLosses = append(e.EpochLosses, c.TrainLoss)
		e.LastLoss, e.Spread = c.TrainLoss, c.Spread
	}
	o, _ := experiments.Judge(e)
	return o
}
