package diagnosis

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"dcae/experiments"
	"dcae/graph"
	"dcae/plots"
	"dcae/training"
)

const (
	pageFile    = "report.html"
	pictureFile = "before-after.png"
	shownImages = 8
	shownRuns   = 3 // of each side
)

// savePage draws before and after, and writes the page.
func (d *Diagnosis) savePage(dir string) error {
	figure, err := d.picture()
	if err != nil {
		return errors.WithMessage(err, "picture of before and after")
	}
	if err := figure.SavePNG(filepath.Join(dir, pictureFile)); err != nil {
		return err
	}
	var png bytes.Buffer
	if err := figure.WritePNG(&png); err != nil {
		return err
	}
	s := d.search
	p := plots.Page{
		Title: "diagnosis of " + s.subject.Name, Question: fmt.Sprintf("Why does %s not learn?", s.subject.Name), Answer: d.Answer(),
		Facts: []plots.Fact{
			{Label: "verdict", Value: string(d.Verdict)},
			{Label: "images", Value: s.subject.Images.Name},
			{Label: "optimizer", Value: s.subject.Optimizer.String()},
			{Label: "loss", Value: s.subject.Loss.String()},
			{Label: "batch", Value: fmt.Sprint(s.options.Batch)},
			{Label: "length", Value: fmt.Sprintf("trials of up to %d steps, %d for the model as given", s.budget.short, s.budget.long)},
			{Label: "program", Value: fmt.Sprintf("dcae %s, kernels %s", experiments.Version, graph.KernelFamily())},
		},
		Pictures: []plots.Picture{{Title: "Before and after", File: pictureFile, PNG: png.Bytes(), Caption: "Above all: does the error fall below 1, that of the mean image? Below: does a gradient reach the first layers, and do the printed images differ from each other?"}},
		Tables:   []plots.Table{d.interventionTable(), d.symptomTable()},
		Notes: []string{
			"FVU, the fraction of variance unexplained, is the squared error on held-out images over their squared distance from the mean training image: 0 is a perfect copy, 1 no better than the mean image. A model counts as one that learns when it is under 0.5.",
			"A cause is what, changed alone, makes the model learn. Screening and confirmation use different random seeds; validation images decide, test images are looked at once, for the FVU before and after.",
		},
	}
	if s.truncated {
		p.Notes = append(p.Notes, "The examination took twice as long as it should, and was cut short.")
	}
	if d.Verdict == Healthy {
		p.Question = fmt.Sprintf("Does %s learn?", s.subject.Name)
	}
	for _, c := range d.Causes {
		p.Evidence = append(p.Evidence, fmt.Sprintf("%s (%s, confidence %.2f): %s", upperFirst(causeName(c.Cause)), c.Cause, c.Confidence, strings.Join(c.Evidence, " ")))
	}
	if len(d.Causes) > 0 {
		p.Evidence = append([]string{explanation(d.Causes[0].Cause)}, p.Evidence...)
	}
	if f := d.Fix; f != nil {
		p.Facts = append(p.Facts, plots.Fact{Label: "repair", Value: strings.Join(f.Changes, "; ")}, plots.Fact{Label: "learns then", Value: f.Learned},
			plots.Fact{Label: "test FVU", Value: fmt.Sprintf("%s before, %s after", fvuText(float64(f.FVUBefore)), fvuText(float64(f.FVUAfter)))})
		if f.Data != nil {
			p.Codes = append(p.Codes, plots.Code{Title: "The images", Text: *f.Data})
		}
		p.Codes = append(p.Codes, plots.Code{Title: "The model, after it is built", Text: f.Keras})
	}
	return p.Save(filepath.Join(dir, pageFile))
}

func (d *Diagnosis) interventionTable() plots.Table {
	t := plots.Table{Title: "What was tried", Columns: []plots.Column{{Name: "change"}, {Name: "cause"}, {Name: "median FVU", Numeric: true}, {Name: "FVU of each seed"}, {Name: "steps", Numeric: true}}}
	s := d.search
	row := func(what, cause string, a *arm) {
		trials := a.trials()
		if len(trials) > 0 {
			t.Rows = append(t.Rows, []string{what, cause, fvuText(medianFVU(trials)), figuresOf(numbers(fvus(trials))), fmt.Sprint(a.steps())})
		}
	}
	row("none: as given", "", s.given)
	for _, a := range s.arms {
		row(a.what(), string(a.cause()), a)
	}
	return t
}

func (d *Diagnosis) symptomTable() plots.Table {
	t := plots.Table{Title: "Symptoms", Caption: "They order the work; none of them is a verdict.", Columns: []plots.Column{{Name: "symptom"}, {Name: "layer"}, {Name: "value", Numeric: true}, {Name: "meaning"}}}
	for _, s := range d.Symptoms {
		t.Rows = append(t.Rows, []string{s.Name, s.Where, fmt.Sprintf("%.3g", float64(s.Value)), s.Text})
	}
	return t
}

// picture is before and after in one.
func (d *Diagnosis) picture() (*plots.Figure, error) {
	s := d.search
	study := plots.Study{
		Title: "Why does " + s.subject.Name + " not learn?", Subtitle: fmt.Sprintf("%s, %v, batch %d", s.subject.Images.Name, s.subject.Optimizer, s.options.Batch),
		LossName: "FVU", References: []plots.Reference{{Label: "mean image", Y: 1}, {Label: "learned", Y: learned}},
		Originals: pictures(s.images.test, s.subject.Model.Input, shownImages),
	}
	before, err := s.drawn(s.given, "as given", d.Answer(), s.given.screened)
	if err != nil {
		return nil, err
	}
	study.Arms = append(study.Arms, before)
	if s.fix != nil && d.Fix != nil {
		after, err := s.drawn(s.fix, "repaired", "Repaired: "+s.fix.what()+".", s.fix.confirmed)
		if err != nil {
			return nil, err
		}
		study.Arms = append(study.Arms, after)
	}
	return plots.Report(study)
}

func (s *search) drawn(a *arm, name, summary string, trials []*trial) (plots.Arm, error) {
	out := plots.Arm{Name: name, Summary: summary}
	if len(trials) > shownRuns {
		trials = slices.Clone(trials[:shownRuns])
		if a == s.fix && !slices.Contains(trials, s.best()) {
			trials[0] = s.best()
		}
	}
	epoch := float64(s.options.Batch) / float64(len(s.images.train)/s.images.size)
	for _, t := range trials {
		run := plots.Run{Seed: t.seed, Outcome: string(t.outcome()), HeldOutMSE: math.NaN(), FVU: t.fvu(), RatioStart: math.NaN(), RatioEnd: math.NaN(), ImagesPerSecond: math.NaN()}
		for _, c := range t.checks {
			run.HeldOut = append(run.HeldOut, plots.Point{X: float64(c.Step) * epoch, Y: c.FVU})
		}
		out.Layers = t.layers
		run.Gradients.Norms = make([][]float64, len(t.layers))
		for _, n := range t.norms {
			run.Gradients.Steps = append(run.Gradients.Steps, float64(n.step))
			for i, v := range n.layers {
				run.Gradients.Norms[i] = append(run.Gradients.Norms[i], v)
			}
		}
		if n := len(t.norms); n > 0 {
			ratio := func(l []float64) float64 { return l[0] / l[len(l)-1] }
			run.RatioStart, run.RatioEnd = ratio(t.norms[0].layers), ratio(t.norms[n-1].layers)
		}
		images, err := t.reconstruct(shownImages)
		if err != nil {
			return out, err
		}
		run.Reconstructions = images
		out.Runs = append(out.Runs, run)
	}
	return out, nil
}

// reconstruct draws what the model makes of the first test images, in the brightness of prepared images.
func (t *trial) reconstruct(n int) ([]image.Image, error) {
	valid := newWindow(t.images.test, t.images.size, t.setup.prepare, n)
	e, err := training.NewEvaluator(t.setup.model, t.setup.loss, t.params, valid, 0, meanOf(t), nil, false)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	outputs, err := e.Reconstruct(valid.n)
	if err != nil {
		return nil, err
	}
	prepared := make([]float32, valid.n*t.images.size)
	indices := make([]int, valid.n)
	for i := range indices {
		indices[i] = i
	}
	valid.Read(prepared, indices)
	black, white := limits(prepared)
	var out []image.Image
	for _, v := range outputs {
		out = append(out, picture(v, t.setup.model.Input, black, white))
	}
	return out, nil
}

func pictures(images []float32, shape graph.Shape, n int) []image.Image {
	size := shape.Size()
	n = min(n, len(images)/size)
	black, white := limits(images[:n*size])
	var out []image.Image
	for i := range n {
		out = append(out, picture(images[i*size:(i+1)*size], shape, black, white))
	}
	return out
}

func limits(values []float32) (low, high float32) {
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range values {
		if v-v == 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	return low, high
}

// picture draws one image, grey unless it has three channels.
func picture(v []float32, shape graph.Shape, black, white float32) image.Image {
	level := func(x float32) uint8 {
		if share := (x - black) / (white - black); share > 0 {
			return uint8(255*min(share, 1) + 0.5)
		}
		return 0
	}
	p := image.NewNRGBA(image.Rect(0, 0, shape[1], shape[0]))
	channels := shape[2]
	for i := range shape[0] * shape[1] {
		px := v[i*channels : (i+1)*channels]
		c := color.NRGBA{level(px[0]), level(px[0]), level(px[0]), 255}
		if channels == 3 {
			c.G, c.B = level(px[1]), level(px[2])
		}
		p.SetNRGBA(i%shape[1], i/shape[1], c)
	}
	return p
}
