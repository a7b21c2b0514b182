package experiments

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"dcae/plots"
	"dcae/training/files"
)

// fill makes a study's report but for the pictures of its groups.
func (d *Definition) fill(ctx context.Context, p *page, dir string, results []*Result, why Explained) error {
	arms := d.summarize(results)
	p.Page = plots.Page{
		Title: d.Name + ": " + d.Question, Question: d.Question, Answer: d.answer(arms, why),
		Facts: []plots.Fact{
			{Label: "study", Value: d.Name},
			{Label: "data", Value: fmt.Sprintf("%s, %d training images", d.Data.Name, d.Data.Train)},
			{Label: "arms", Value: fmt.Sprint(len(d.arms()))},
			{Label: "runs", Value: fmt.Sprintf("%d of %d finished", len(results), d.runs())},
			{Label: "seeds", Value: d.seeds()},
			{Label: "length", Value: d.length()},
			{Label: "kernels", Value: fmt.Sprintf("%s, bits number %d", d.Kernels, d.Bits)},
		},
		Tables:  []plots.Table{d.armsTable(arms), whyTable(arms, why), runsTable(results)},
		Command: d.command(),
		Notes:   d.notes(),
	}
	if d.RecordedBy != "" {
		return d.recordedElsewhere(dir, p)
	}
	if d.Plan != nil {
		for i, m := range d.Plan.Measures {
			if groups, _ := d.laidOut(m, arms); m.Over != "" && len(groups) == 0 {
				continue // of the arms that were chosen to run none differ in it
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			figure, err := d.chart(dir, m, arms)
			if err != nil {
				return errors.WithMessagef(err, "measure %s", m.Quantity)
			}
			if err := p.add(dir, m.pictureFile(i), figure, m.title(), ""); err != nil {
				return err
			}
		}
	}
	dots, err := plots.Dots(d.dots(arms))
	if err != nil {
		return err
	}
	if err := p.add(dir, armsFile, dots, "Every run", "Do the seeds of an arm agree?"); err != nil {
		return err
	}
	shares, err := plots.Intervals(d.shares(arms))
	if err != nil {
		return err
	}
	return p.add(dir, sharesFile, shares, "Share of seeds that learn", "")
}

// recordedElsewhere puts what the records show in the place of results, which only runs of this program have.
func (d *Definition) recordedElsewhere(dir string, p *page) error {
	r, err := Symptoms(dir)
	if err != nil {
		return err
	}
	p.Title, p.Command, p.Notes = d.Name, "", []string{symptomNote}
	p.Answer = fmt.Sprintf("%d symptoms stand out. None of them is a cause.", len(r.Symptoms))
	p.Facts = []plots.Fact{{Label: "recorded by", Value: d.RecordedBy}, {Label: "epochs", Value: fmt.Sprint(d.Groups[0].Arms[0].Epochs)}}
	t := plots.Table{Title: "Symptoms", Columns: []plots.Column{{Name: "symptom"}, {Name: "layer"}, {Name: "value", Numeric: true}, {Name: "meaning"}}}
	for _, s := range r.Symptoms {
		t.Rows = append(t.Rows, []string{s.Name, s.Layer, figure(float64(s.Value)), s.Text})
	}
	p.Tables = []plots.Table{t}
	return nil
}

// The pictures that are of all groups together.
const (
	armsFile   = "arms.png"
	sharesFile = "learned.png"
)

// page is a page with pictures that also lie beside it. They replace former ones when all of them have been written.
type page struct {
	plots.Page
	out files.Together
}

// picture writes a figure.
func (p *page) picture(dir, file string, figure *plots.Figure) ([]byte, error) {
	var b bytes.Buffer
	if err := figure.WritePNG(&b); err != nil {
		return nil, errors.WithMessage(err, file)
	}
	return b.Bytes(), p.out.Write(filepath.Join(dir, file), func(out files.File) error {
		_, err := out.Write(b.Bytes())
		return err
	})
}

// add writes a figure and puts it on the page.
func (p *page) add(dir, file string, figure *plots.Figure, title, caption string) error {
	b, err := p.picture(dir, file, figure)
	p.Pictures = append(p.Pictures, plots.Picture{Title: title, File: file, PNG: b, Caption: caption})
	return err
}

// save writes the page itself, as the last of its files, and gives them all their names.
func (p *page) save(path string) error {
	if err := p.out.Write(path, func(out files.File) error { return errors.WithMessage(p.Render(out), path) }); err != nil {
		return err
	}
	return p.out.Place()
}

func (m Measure) title() string {
	if m.Title != "" {
		return m.Title
	}
	title := upper(quantityNamed(m.Quantity).label)
	if m.Over != "" {
		title += ", over " + strings.ReplaceAll(m.Over, "_", " ")
	}
	return title
}

func (d *Definition) runs() int {
	n := 0
	for _, g := range d.Groups {
		n += len(g.Arms) * len(g.Seeds)
	}
	return n
}

// seeds are those of the groups, which may differ.
func (d *Definition) seeds() string {
	var parts []string
	for _, g := range d.Groups {
		s := FormatSeeds(g.Seeds)
		if len(parts) == 0 || parts[len(parts)-1] != s {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}

func (d *Definition) length() string {
	least, most := math.MaxInt, 0
	for _, a := range d.arms() {
		least, most = min(least, a.Epochs), max(most, a.Epochs)
	}
	epochs := fmt.Sprintf("%d epochs", least)
	switch {
	case most > least:
		epochs = fmt.Sprintf("%d to %d epochs", least, most)
	case most == 1:
		epochs = "1 epoch"
	}
	return fmt.Sprintf("%s, batch %d", epochs, d.Budget.Batch)
}

// command makes all of this again. What a study's file says is left out.
func (d *Definition) command() string {
	if d.Plan == nil {
		return ""
	}
	p := d.Plan
	words := []string{"dcae", "run", p.Name}
	own, err := LookupPlan(p.Name)
	if err != nil { // a study of the user's
		words[2] = p.Name + ".yaml"
		own = &Plan{}
	}
	add := func(flag string, value any, same bool) {
		if !same {
			words = append(words, flag, fmt.Sprint(value))
		}
	}
	if err == nil && len(own.Arms()) != len(p.Arms()) {
		add("--arms", strings.Join(p.Arms(), ","), false)
	}
	if err == nil {
		add("--seeds", FormatSeeds(p.Seeds), FormatSeeds(p.Seeds) == FormatSeeds(own.Seeds))
		add("--data", p.Data.Source, p.Data.Source == own.Data.Source)
		add("--scale", p.Data.Scale, p.Data.Scale == own.Data.Scale)
		add("--resize", p.Data.Resize, p.Data.Resize == own.Data.Resize)
		add("--holdout", p.Data.Holdout, p.Data.Holdout == own.Data.Holdout)
		if p.Budget.Full {
			words = append(words, "--full")
		} else {
			add("--epochs", p.Budget.Epochs, p.Budget.Epochs == own.Budget.Epochs)
			add("--images", p.Budget.Images, p.Budget.Images == own.Budget.Images)
		}
		add("--batch", p.Budget.Batch, p.Budget.Batch == own.Budget.Batch)
	}
	return strings.Join(words, " ")
}

func (d *Definition) notes() []string {
	out := []string{
		"Learned means FVU under 0.5. FVU, the fraction of variance unexplained, is the squared error on test images over their squared distance from the mean training image: 0 is a perfect copy, 1 no better than the mean image.",
		"Intervals are at 95%: of shares Wilson's, of differences those that Wilcoxon's signed-rank test does not reject (none can be given from fewer than 6 seeds). p values are Holm's, corrected for all arms, and given from 10 seeds on.",
	}
	switch {
	case strings.HasPrefix(d.Data.Name, "mnist"):
		out = append(out, "Images: MNIST of Yann LeCun, Corinna Cortes and Christopher J. C. Burges, CC BY-SA 3.0.")
	case strings.HasPrefix(d.Data.Name, "pneumonia"):
		out = append(out, "Images: PneumoniaMNIST of MedMNIST v2 (Yang et al. 2023), from chest X-rays of Kermany et al. 2018, CC BY 4.0.")
	}
	return out
}

// armsTable is one line an arm.
func (d *Definition) armsTable(arms []armSummary) plots.Table {
	t := plots.Table{Title: "Arms", Columns: []plots.Column{
		{Name: "group"}, {Name: "arm"}, {Name: "differs from its control in"}, {Name: "learned", Numeric: true}, {Name: "95% interval"},
		{Name: "median FVU", Numeric: true}, {Name: "range"}, {Name: "FVU less the control's", Numeric: true}, {Name: "95% interval"},
		{Name: "effect", Numeric: true}, {Name: "p (Holm)", Numeric: true},
	}, Caption: "FVU less the control's is the shift by Hodges and Lehmann over common seeds: the median of the means of all pairs of differences. Effect is the matched-pairs rank biserial correlation over common seeds, from -1 (better with every seed) to 1 (worse with every seed)."}
	for _, a := range arms {
		if len(a.results) == 0 {
			continue
		}
		row := []string{
			a.group, a.name(), strings.Join(a.arm.Factors, ", "), fmt.Sprintf("%d/%d", a.learned, len(a.results)),
			fmt.Sprintf("%.0f%% to %.0f%%", 100*a.share.Low, 100*a.share.High), figure(a.fvu), fmt.Sprintf("%s to %s", figure(a.spread.Low), figure(a.spread.High)),
			"", "", "", "",
		}
		switch c := a.against; {
		case a.control:
			row[2] = "(the control)"
		case c != nil:
			row[7] = figure(c.Shift)
			if finite(c.ShiftInterval.Low) && finite(c.ShiftInterval.High) {
				row[8] = fmt.Sprintf("%s to %s", figure(c.ShiftInterval.Low), figure(c.ShiftInterval.High))
			}
			row[9] = fmt.Sprintf("%.2f", c.Effect)
			if finite(a.holm) {
				row[10] = figure(a.holm)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// whyTable is one sentence an arm.
func whyTable(arms []armSummary, why Explained) plots.Table {
	t := plots.Table{Title: "Why", Columns: []plots.Column{{Name: "arm"}, {Name: "what its runs came to, and why"}},
		Caption: "By rules, from the records of gradients, updates, dead units, saturated values and held-out errors. Figures go from the smallest to the largest over the runs. Where no rule holds, the records do not decide."}
	for _, a := range arms {
		if len(a.results) > 0 {
			t.Rows = append(t.Rows, []string{a.name(), why.Sentence(a.results)})
		}
	}
	return t
}

// runsTable is one line a run.
func runsTable(results []*Result) plots.Table {
	t := plots.Table{Title: "Runs", Columns: []plots.Column{
		{Name: "arm"}, {Name: "seed", Numeric: true}, {Name: "outcome"}, {Name: "FVU", Numeric: true}, {Name: "test MSE", Numeric: true},
		{Name: "steps", Numeric: true}, {Name: "gradient first/last, start", Numeric: true}, {Name: "end", Numeric: true}, {Name: "decided by"},
	}}
	for _, r := range results {
		t.Rows = append(t.Rows, []string{
			r.Arm, fmt.Sprint(r.Seed), string(r.Outcome), fmt.Sprintf("%.3f", r.Test.FVU), figure(r.Test.MSE), fmt.Sprint(r.Steps),
			short(r.RatioStart), short(r.RatioEnd), r.Why,
		})
	}
	return t
}
