package diagnosis

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"dcae/graph"
	"dcae/plots"
	"dcae/training"
)

const (
	pictureFile = "before-after.png"
	shownImages = 8
	shownRuns   = 3 // of each side
)

// savePicture draws before and after to a file, and returns it for the page; none where it cannot be drawn.
func (e *Examination) savePicture(dir string) ([]plots.Picture, error) {
	figure, err := e.picture()
	if err != nil {
		return nil, err
	}
	if err := figure.SavePNG(filepath.Join(dir, pictureFile)); err != nil {
		return nil, err
	}
	var png bytes.Buffer
	if err := figure.WritePNG(&png); err != nil {
		return nil, err
	}
	return []plots.Picture{{
		Title: "Before and after", File: pictureFile, PNG: png.Bytes(),
		Caption: "Above all: does the error fall below 1, that of the mean image? Below: does a gradient reach the first layers, and do the printed images differ from each other?",
	}}, nil
}

// picture is before and after in one.
func (e *Examination) picture() (*plots.Figure, error) {
	s := e.search
	study := plots.Study{
		Title: "Why does " + s.subject.Name + " not learn?", Subtitle: fmt.Sprintf("%s, %v, batch %d", s.subject.Images.Name, s.subject.Optimizer, s.options.Batch),
		LossName: "FVU", References: []plots.Reference{{Label: "mean image", Y: 1}, {Label: "learned", Y: learned}},
		Originals: pictures(s.images.test, s.subject.Model.Input, shownImages),
	}
	before, err := s.drawn(s.given, "as given", e.Answer(), s.given.screened)
	if err != nil {
		return nil, err
	}
	study.Arms = append(study.Arms, before)
	if s.fix != nil && e.Fix != nil {
		after, err := s.drawn(s.fix, "repaired", "Repaired: "+s.fix.what()+".", s.fix.confirmed)
		if err != nil {
			return nil, err
		}
		study.Arms = append(study.Arms, after)
	}
	return plots.Report(study)
}

func (s *search) drawn(a *attempt, name, summary string, trials []*trial) (plots.Arm, error) {
	out := plots.Arm{Name: name, Summary: summary}
	trials = slices.DeleteFunc(slices.Clone(trials), func(t *trial) bool { return len(t.norms) == 0 }) // those that took no steps
	if len(trials) > shownRuns {
		trials = trials[:shownRuns]
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
