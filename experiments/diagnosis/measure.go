package diagnosis

import (
	"fmt"
	"math"
	"slices"

	"dcae/experiments/statistics"
	"dcae/graph"
	"dcae/training"
)

// measured is how well a model does on some images.
type measured struct {
	FVU      float64
	interval statistics.Interval // of FVU, at 95%, for other images of the same kind
	images   int
}

// differs tells whether it is worse than another beyond both intervals.
func (m measured) worse(than measured) bool { return m.interval.Low > than.interval.High }

// sides are a model's figures on training images beside those on held-out ones: of the given model's run that ended in the middle.
type sides struct {
	train, held, test measured

	of    *trial
	steps int // that it had taken
}

// measure scores a trial on images, moving statistics and all.
func (t *trial) measure(images samples, threads *graph.Threads) (measured, error) {
	e, err := training.NewEvaluator(t.setup.model, t.setup.loss, t.params, newWindow(images, t.setup, images.n()), 0, t.images.mean(t.setup), threads, false)
	if err != nil {
		return measured{}, err
	}
	defer e.Close()
	scores, err := e.Scores()
	if err != nil {
		return measured{}, err
	}
	errors, distances := e.Errors()
	_, interval := statistics.Ratio(errors, distances)
	return measured{scores.FVU, interval, images.n()}, nil
}

// sidesOf measures a trial on as many training images as held-out ones, on these, and on the test images.
func (s *search) sidesOf(t *trial) (sides, error) {
	threads, release := s.threads(s.options.Threads)
	defer release()
	out := sides{of: t, steps: t.steps}
	for _, side := range []struct {
		to     *measured
		images samples
	}{
		{&out.train, s.images.train.slice(0, min(scoredImages, s.images.train.n())).usual(s.images.goals)}, {&out.held, s.images.held}, {&out.test, s.images.test},
	} {
		var err error
		if *side.to, err = t.measure(side.images, threads); err != nil {
			return out, err
		}
	}
	return out, nil
}

// farLess is the share of what is attainable by which the test images must be explained less for them to be a fault.
const farLess = 0.3

// compareSides measures the given model's middle run on training, held-out and test images. A model that learns what is held out, and
// fails with the test images beyond chance, has test images of another kind: that is a fault where it explains far less of them, else a warning.
func (s *search) compareSides() error {
	t := s.middle()
	if t == nil || t.hopeless != "" && math.IsInf(t.fvu(), 1) || s.sides != nil && s.sides.of == t && s.sides.steps == t.steps {
		return nil
	}
	both, err := s.sidesOf(t)
	if err != nil {
		return err
	}
	s.sides = &both
	if err := s.measureWithoutNoise(t, both.held); err != nil {
		return err
	}
	if s.verdict == Healthy && both.test.interval.Low > t.mark && both.test.worse(both.held) && !s.look.findings.splits("test") {
		s.look.findings.add("other_images", "test", fmt.Sprintf("The model learns the held-out images (FVU %.2f), but not the test images: %.2f (%.2f to %.2f, %s).",
			both.held.FVU, both.test.FVU, both.test.interval.Low, both.test.interval.High, number(both.test.images, "image", "images")),
			"Look at the test images: they are of another kind, or were prepared otherwise.").blames(DataSplit, both.test.FVU-both.held.FVU > farLess*s.look.attainable.share())
	}
	return nil
}

const noiseFinding = "noise"

// measureWithoutNoise says what a model that draws at random in evaluation, as a variational autoencoder does, makes of the held-out images with its
// draws at their mean.
func (s *search) measureWithoutNoise(t *trial, drawn measured) error {
	if !t.setup.model.DrawsInEvaluation() {
		return nil
	}
	threads, release := s.threads(s.options.Threads)
	defer release()
	images := s.images.held
	fvu, err := training.FVUWithoutNoise(t.setup.model, t.setup.loss, t.params, newWindow(images, t.setup, images.n()), t.images.mean(t.setup), threads)
	if err != nil {
		return err
	}
	s.look.findings = slices.DeleteFunc(s.look.findings, func(f Finding) bool { return f.Name == noiseFinding }) // of fewer steps
	s.look.findings.add(noiseFinding, "", fmt.Sprintf("The model draws at random in evaluation, too: with one draw for each held-out image it has an FVU of %.2f, with all draws at their mean %.2f.", drawn.FVU, fvu), "")
	return nil
}
