package diagnosis

import (
	"bytes"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"slices"

	"dcae/experiments/outcome"
	"dcae/experiments/saved"
	"dcae/plots"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
	"dcae/training/names"
)

const (
	pictureFile = "before-after.png"
	shownImages = 8
	shownRuns   = 3 // of each side
)

// savePicture draws before and after to a file, and returns it for the page; none where it cannot be drawn.
func (e *Examination) savePicture(dir string) ([]plots.Picture, error) {
	if e.search == nil {
		return nil, nil
	}
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
		Title: e.question(), Subtitle: fmt.Sprintf("%s, %v, batch %d", s.subject.Images.Name, s.subject.Optimizer, s.options.Batch),
		LossName: "FVU", References: []plots.Reference{{Label: "mean image", Y: 1}, {Label: "learned", Y: s.look.attainable.mark()}},
	}
	shown := func(images *dataset.Images, values []float32) []image.Image {
		a := arrayOf(images.Shape(), values, min(shownImages, len(values)/images.Shape().Size())) // the pool may hold fewer than the set
		return saved.Gray{}.Widened(a.Float32).OrUnit().Pictures(a)
	}
	test := s.subject.Images.Test
	study.Originals = shown(test, s.images.test.images)
	if s.images.test.targets != nil {
		study.Targets = shown(test.Targets(), s.images.test.targets)
	}
	before, err := s.drawn(s.given, "as given", e.Answer(), s.given.screened)
	if err != nil {
		return nil, err
	}
	study.Arms = append(study.Arms, before)
	if a, _ := s.toHandOver(); a != nil && len(a.changes) > 0 && e.Fix != nil {
		after, err := s.drawn(a, "repaired", "Repaired: "+a.what()+".", a.decisive())
		if err != nil {
			return nil, err
		}
		study.Arms = append(study.Arms, after)
	}
	return plots.Report(study)
}

// shownRuns is how many runs of each side are drawn: one where steps are dear, as outputs are then, too.
func (s *search) shownRuns() int {
	if s.tooDear() {
		return 1
	}
	return shownRuns
}

func (s *search) drawn(a *attempt, name, summary string, trials []*trial) (plots.Arm, error) {
	out := plots.Arm{Name: name, Summary: summary}
	trials = slices.DeleteFunc(slices.Clone(trials), func(t *trial) bool { return len(t.norms) == 0 }) // those that took no steps
	if most := s.shownRuns(); len(trials) > most {
		trials = trials[:most]
		if len(a.changes) > 0 && !slices.Contains(trials, a.best()) {
			trials[0] = a.best()
		}
	}
	epoch := float64(s.options.Batch) / float64(s.images.train.n())
	for _, t := range trials {
		ended, err := t.outcome()
		if err != nil {
			return out, err
		}
		run := plots.Run{Seed: t.seed, Outcome: string(ended), HeldOutMSE: math.NaN(), FVU: t.fvu(), RatioStart: math.NaN(), RatioEnd: math.NaN(), ImagesPerSecond: math.NaN()}
		for _, c := range t.checks {
			run.HeldOut = append(run.HeldOut, plots.Point{X: float64(c.Step) * epoch, Y: c.FVU})
		}
		out.Layers = nil
		for _, name := range t.layers {
			out.Layers = append(out.Layers, names.Shown(name))
		}
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
		if t.params != nil { // else it was let go: its curves alone are drawn
			if run.Reconstructions, err = t.reconstruct(s.subject.Images.Test.Targets().Shape(), shownImages); err != nil {
				return out, err
			}
		}
		out.Runs = append(out.Runs, run)
	}
	return out, nil
}

// outcome is how a trial ended, in the words of a study's. Of one that was let go it is not known which constant image it prints.
func (t *trial) outcome() (outcome.Outcome, error) {
	switch {
	case len(t.checks) == 0:
		return "", nil // it was cut short
	case t.learns():
		return outcome.Learned, nil
	}
	last := t.checks[len(t.checks)-1]
	seen := outcome.Evidence{FirstLoss: math.Inf(1), LastLoss: last.TrainLoss, FVU: t.fvu(), Spread: last.Spread}
	for _, c := range t.checks {
		seen.EpochLosses = append(seen.EpochLosses, c.TrainLoss)
	}
	if seen.Spread < outcome.ConstantSpread && t.params != nil {
		mean := t.images.mean(t.setup)
		e, err := training.NewEvaluator(t.setup.model, t.setup.loss, t.params, newWindow(t.images.held, t.setup, math.MaxInt), 0, mean, nil, false)
		if err != nil {
			return "", err
		}
		defer e.Close()
		if _, err := e.Scores(); err != nil {
			return "", err
		}
		if seen.Best, seen.FromBest, err = saved.FromBestConstant(e, t.setup.loss, newWindow(t.images.train, t.setup, math.MaxInt), t.images.train.size, mean); err != nil {
			return "", err
		}
	}
	ended, _ := outcome.Judge(seen)
	return ended, nil
}

// reconstruct draws what the model makes of the first test images, in the brightness of prepared targets of the given shape.
func (t *trial) reconstruct(shape dataset.Shape, n int) ([]image.Image, error) {
	test := newWindow(t.images.test, t.setup, n)
	e, err := training.NewEvaluator(t.setup.model, t.setup.loss, t.params, test, 0, t.images.mean(t.setup), nil, false)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	outputs, err := e.Reconstruct(test.n)
	if err != nil {
		return nil, err
	}
	goals := make([]float32, test.n*shape.Size())
	indices := make([]int, test.n)
	for i := range indices {
		indices[i] = i
	}
	if test.TargetSize() > 0 {
		test.ReadTargets(goals, indices)
	} else {
		test.Read(goals, indices)
	}
	return saved.Gray{}.Widened(goals).OrUnit().Pictures(arrayOf(shape, slices.Concat(outputs...), test.n)), nil
}

// arrayOf is the first n images of values.
func arrayOf(shape dataset.Shape, values []float32, n int) npz.Array {
	return npz.Array{Shape: []int{n, shape.H, shape.W, shape.C}, Float32: values[:n*shape.Size()]}
}
