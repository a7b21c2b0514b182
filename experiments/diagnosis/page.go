package diagnosis

import (
	"fmt"
	"path/filepath"
	"strings"

	"dcae/experiments/outcome"
	"dcae/graph/arithmetic"
	"dcae/plots"
)

// savePage writes the page, with the picture if there is one.
func (e *Examination) savePage(dir string, pictures []plots.Picture) error {
	p := plots.Page{
		Title: "diagnosis of " + e.Name, Question: e.question(), Answer: e.Answer(),
		Facts: []plots.Fact{
			{Label: "verdict", Value: string(e.Verdict)},
			{Label: "images", Value: e.subject.Images.Name},
			{Label: "optimizer", Value: e.subject.Optimizer.String()},
			{Label: "loss", Value: e.subject.Loss.String()},
			{Label: "batch", Value: fmt.Sprint(e.options.Batch)},
			{Label: "program", Value: fmt.Sprintf("dcae %s, kernels %s", outcome.Version(), arithmetic.Chosen())},
		},
		Pictures: pictures,
		Tables:   []plots.Table{e.sideTable(), e.findingTable(), e.interventionTable(), e.symptomTable()},
		Notes: []string{
			"FVU, the fraction of variance unexplained, is the squared error on held-out images over their squared distance from the mean training image: 0 is a perfect copy, 1 no better than the mean image. " + e.Attainable.Text,
			"A cause is what, changed alone, makes the model learn. Screening and confirmation use different random seeds; validation images decide, test images are looked at once, for the FVU before and after.",
		},
	}
	if s := e.search; s != nil {
		p.Facts = append(p.Facts, plots.Fact{Label: "length", Value: fmt.Sprintf("trials of up to %d steps, %d for the model as given", s.budget.short, s.budget.long)})
	}
	if t := e.Twin; t != nil {
		p.Facts = append(p.Facts, plots.Fact{Label: "examined on images of", Value: t.Size}, plots.Fact{Label: "seen where", Value: t.Seen})
		p.Notes = append(p.Notes, fmt.Sprintf("A step takes too long at %s for the time, so a twin was examined: the same model for images of %s. Its first steps there are %s.", t.RealSize, t.Size, t.Compared))
	}
	if e.Truncated {
		p.Notes = append(p.Notes, "The time was up before all was done that is done in it on an idle machine: the answer is what was certain until then.")
	}
	for _, c := range e.Causes {
		p.Evidence = append(p.Evidence, fmt.Sprintf("%s (%s, confidence %.2f): %s", upperFirst(e.causeName(c.Cause)), c.Cause, c.Confidence, strings.Join(c.Evidence, " ")))
	}
	if len(e.Causes) > 0 {
		p.Evidence = append([]string{e.explanation(e.Causes[0].Cause)}, p.Evidence...)
	}
	if f := e.Fix; f != nil {
		p.Facts = append(p.Facts, plots.Fact{Label: f.label(), Value: strings.Join(f.Changes, "; ")}, plots.Fact{Label: "learns then", Value: f.Learned},
			plots.Fact{Label: "test FVU", Value: fmt.Sprintf("%s before, %s after", fvuText(float64(f.FVUBefore)), fvuText(float64(f.FVUAfter)))})
		if f.Data != nil {
			p.Codes = append(p.Codes, plots.Code{Title: "The images", Text: *f.Data})
		}
		p.Codes = append(p.Codes, plots.Code{Title: "The model, after it is built", Text: f.code()})
	}
	return p.Save(filepath.Join(dir, pageFile))
}

func (e *Examination) interventionTable() plots.Table {
	t := plots.Table{Title: "What was tried", Columns: []plots.Column{{Name: "change"}, {Name: "cause"}, {Name: "median FVU", Numeric: true}, {Name: "FVU of each seed"}, {Name: "steps", Numeric: true}}}
	if e.search == nil {
		return t
	}
	rows := func(s *search, where string) {
		row := func(what, cause string, a *attempt) {
			trials := a.trials()
			if len(trials) > 0 {
				t.Rows = append(t.Rows, []string{what + where, cause, fvuText(middleFVU(trials)), figuresOf(numbers(fvus(trials))), fmt.Sprint(a.steps())})
			}
		}
		row("none: as given", "", s.given)
		for _, a := range s.attempts {
			row(a.what(), string(a.cause()), a)
		}
	}
	if e.Twin != nil {
		rows(e.search.twin.small, ", at "+e.Twin.Size)
		rows(e.search, ", at "+e.Twin.RealSize)
	} else {
		rows(e.search, "")
	}
	return t
}

func (e *Examination) sideTable() plots.Table {
	t := plots.Table{
		Title: "Training and held-out images", Caption: "The model as given, in the run that ended in the middle; intervals at 95%, for other images of the same kind.",
		Columns: []plots.Column{{Name: "images"}, {Name: "how many", Numeric: true}, {Name: "FVU", Numeric: true}, {Name: "interval"}},
	}
	if e.Twin != nil {
		t.Title += ", at " + e.Twin.Size
	}
	for _, s := range e.Given.Sides {
		t.Rows = append(t.Rows, []string{s.Of, fmt.Sprint(s.Images), fvuText(float64(s.FVU)), fvuText(float64(s.Low)) + " to " + fvuText(float64(s.High))})
	}
	return t
}

func (e *Examination) findingTable() plots.Table {
	t := plots.Table{Title: "Certain without training", Columns: []plots.Column{{Name: "finding"}, {Name: "what to do"}, {Name: "makes the verdict"}}}
	for _, f := range e.Findings {
		decides := "no"
		if f.Decides {
			decides = "yes"
		}
		t.Rows = append(t.Rows, []string{f.Text, f.Do, decides})
	}
	return t
}

func (e *Examination) symptomTable() plots.Table {
	t := plots.Table{Title: "Symptoms", Caption: "They order the work; none of them is a verdict.", Columns: []plots.Column{{Name: "symptom"}, {Name: "layer"}, {Name: "value", Numeric: true}, {Name: "meaning"}}}
	for _, s := range e.Symptoms {
		t.Rows = append(t.Rows, []string{s.Name, s.Where, fmt.Sprintf("%.3g", float64(s.Value)), s.Text})
	}
	return t
}

// label is what the page calls the change.
func (f *Fix) label() string {
	if f.Narrows {
		return "helps until there are more images"
	}
	return "repair"
}

// question is what the answer answers.
func (e *Examination) question() string {
	if e.Verdict == Healthy {
		return fmt.Sprintf("Does %s learn?", e.Name)
	}
	return fmt.Sprintf("Why does %s not learn?", e.Name)
}
