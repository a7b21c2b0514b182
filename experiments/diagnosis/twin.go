package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
)

// A model whose steps are too dear for the time is examined by a twin, the same model for images of fewer pixels ([edit.Twin]). The rule:
//
//   - A twin is made where a trial of the model as given would have under twinBelow steps, or two thirds of that for one with a layer of few rectifiers, whose
//     death a twin does not show. It is the largest one with twinSteps steps in all, or
//     else with twinBelow a trial; its smallest map keeps 4 pixels a side where that can be, else 2. Where all are too dear, batches are smaller,
//     and then hidden layers narrower, too.
//   - It counts only if it behaves as the model does over the same first steps, within the limits of [unlike]; else the next larger one is
//     tried, and where none behaves alike the last one only tells what to try first in the real size.
//   - What is seen of it is then looked at in the real size, as far as the time goes (real_size.go): that the model learns, or goes on falling,
//     before it is called healthy; that the repaired model learns with one seed. The answer says what was seen at which size.
const (
	twinBelow     = 300  // steps of a trial
	twinSteps     = 8000 // of an examination that has time enough
	probeSteps    = 25   // at most, that model and twin are compared over, and between two looks in the real size
	probeShare    = 0.1  // of the time, that comparing may take
	realShare     = 0.35 // of the time, that is kept for the real size
	longShare     = 0.5  // the same from longTime on, where a repair is to be seen there with one seed at least
	longTime      = 180  // seconds
	unlikeShare   = 0.6  // the same where no twin behaves alike
	twinImages    = 3000
	realSeeds     = 3   // fresh ones at most, that the repair is looked at with in the real size
	stepsAVariant = 9   // how many trials' worth of steps an examination takes
	leastBatch    = 8   // images that a twin's batch is not made smaller than
	lookedImages  = 0.6 // held-out images of a look in the real size, for each image of the steps before it: a fifth of their time
)

// twinExam is an examination by a twin.
type twinExam struct {
	candidate
	small  *search
	probed [2]*trial // the real model's first steps, and the twin's
	unlike string    // why it does not count, and only tells what to try first; empty: it behaves as the model does
}

// candidate is a twin that may be examined.
type candidate struct {
	size  edit.TwinSize
	width float64 // factor of the hidden layers' widths
	batch int
	model *graph.Model
	step  float64
}

// examineAtAnySize examines the model itself if there is time enough, else by a twin.
func (s *search) examineAtAnySize() error {
	if !s.tooDear() || s.look.findings.untrainable() {
		return s.examine()
	}
	candidates, err := s.twins()
	if err != nil || len(candidates) == 0 {
		return s.examineOr(err)
	}
	if err := s.fitRealSize(); err != nil {
		return err
	}
	probe, err := s.probe()
	if err != nil {
		return err
	}
	for _, c := range candidates {
		t, err := s.tryTwin(c, probe)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		s.twin = t
		if t.unlike == "" {
			break
		}
		s.say("a twin for images of %dx%d does not behave as the model does: %s", c.size.Height, c.size.Width, t.unlike)
	}
	if s.twin == nil {
		return s.examine()
	}
	return s.examineTwin()
}

// tooDear tells whether the model's steps take too long for an examination.
func (s *search) tooDear() bool {
	least := twinBelow
	if s.look.fewRectifiers() {
		least = least * 2 / 3
	}
	return s.budget.total/s.given.step < float64(least*stepsAVariant)
}

func (s *search) examineOr(err error) error {
	if err != nil {
		return err
	}
	return s.examine()
}

// twins are those that may be examined, the best one first, at most two.
func (s *search) twins() ([]candidate, error) {
	budget := (1 - s.realSizeShare()) * s.budget.left()
	var all []candidate
	for _, width := range []float64{1, 0.5, 0.25} {
		for batch := s.given.setup.batch; batch == s.given.setup.batch || batch >= max(leastBatch, s.given.setup.batch/4); batch /= 2 {
			own, err := s.twinsOf(width, batch)
			if err != nil {
				return nil, err
			}
			for _, steps := range []float64{twinSteps, twinBelow * stepsAVariant} {
				affordable := slices.DeleteFunc(slices.Clone(own), func(c candidate) bool { return budget/c.step < steps })
				if len(affordable) > 0 {
					return preferred(affordable, own), nil
				}
			}
			all = append(all, own...)
		}
	}
	if len(all) > 0 { // the cheapest is better than none
		slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.step, b.step) })
		all = all[:1]
	}
	return all, nil
}

// twinsOf are the twins of all sizes of a width that take at most half as long as the model itself, the smallest first. A code that is narrower than its
// image stays so, if that can be: else copying would be all that there is to learn.
func (s *search) twinsOf(width float64, batch int) ([]candidate, error) {
	var out []candidate
	for _, size := range edit.TwinSizes(s.subject.Model) {
		m, err := edit.Twin(s.subject.Model, size.Height, size.Width)
		if err == nil && width < 1 {
			m, _, err = edit.Width(m, width)
		}
		if err != nil {
			continue
		}
		work, err := WorkOf(m, s.given.setup.optimizer, s.given.setup.loss, batch)
		if err != nil {
			return nil, err
		}
		if step := work.Seconds(); step <= s.given.step/2 {
			out = append(out, candidate{size, width, batch, m, step})
		}
	}
	if n := s.look.settings.BottleneckValues; n > 0 && n < s.subject.Model.Input.Size() {
		return compressing(out)
	}
	return out, nil
}

// compressing are those twins whose code has fewer values than their image; all of them if none has.
func compressing(all []candidate) ([]candidate, error) {
	var out []candidate
	for _, c := range all {
		settings, err := edit.Inspect(c.model)
		if err != nil {
			return nil, err
		}
		if settings.BottleneckValues < c.model.Input.Size() {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return all, nil
	}
	return out, nil
}

// preferred is the largest of those that are affordable, with 4 pixels a side in the smallest map if there is such a one, and the next larger
// one after it.
func preferred(affordable, all []candidate) []candidate {
	deep := slices.DeleteFunc(slices.Clone(affordable), func(c candidate) bool { return c.size.Deepest < 4 })
	if len(deep) == 0 {
		deep = affordable
	}
	best := deep[len(deep)-1]
	out := []candidate{best}
	for _, c := range all {
		if c.size.Height > best.size.Height {
			return append(out, c)
		}
	}
	return out
}

// fitRealSize makes the batches of the real size so small that the time which is kept for it pays some steps, since many steps of few images show
// more than few steps of many; and the held-out images so few that a look at them takes a fifth as long as the steps before it.
func (s *search) fitRealSize() error {
	if steps := s.realSizeShare() * s.budget.total / s.given.step; steps < probeSteps {
		s.given.setup.batch = max(1, int(float64(s.given.setup.batch)*steps/probeSteps))
		if err := s.given.reckon(); err != nil {
			return err
		}
	}
	looked := max(leastBatch, int(lookedImages*float64(s.firstSteps()*s.given.setup.batch)))
	s.images.held = s.images.held.slice(0, min(s.images.held.n(), looked))
	return nil
}

// realSizeShare is the share of the time that is kept for the real size.
func (s *search) realSizeShare() float64 {
	if s.options.Seconds >= longTime {
		return longShare
	}
	return realShare
}

// firstSteps are those of the model in its real size that a share of the time pays, at least one.
func (s *search) firstSteps() int {
	return max(1, min(probeSteps, int(probeShare*s.budget.total/s.given.step)))
}

// probe takes the first steps of the model in its real size.
func (s *search) probe() (*trial, error) {
	t, err := s.trialOf(s.given, 1)
	if err != nil {
		return nil, err
	}
	t.every = s.firstSteps()
	return t, s.advance([]job{{s.given, t, t.every, false}})
}

// tryTwin makes a twin and compares its first steps with the model's; nil where there can be none of this size.
func (s *search) tryTwin(c candidate, probe *trial) (*twinExam, error) {
	images, err := s.subject.Images.Shrunk(c.size.Height, c.size.Width, twinImages)
	if err != nil {
		s.say("no twin for images of %dx%d: %v", c.size.Height, c.size.Width, err)
		return nil, nil
	}
	subject := s.subject
	subject.Model, subject.Params, subject.Images = c.model, nil, images
	options := s.options
	options.Seconds = (1 - s.realSizeShare()) * s.budget.left() / (workers * inUse)
	options.Batch = c.batch
	small, err := newSearch(s.ctx, subject, options)
	if err != nil {
		s.say("no twin for images of %dx%d: %v", c.size.Height, c.size.Width, err)
		return nil, nil
	}
	small.isTwin, small.publish = true, s.publish
	// What stands out are the settings of the real model and the values of the real images, not what was made to follow from their size.
	small.look.values, small.look.goals, small.look.settings, small.look.batch = s.look.values, s.look.goals, s.look.settings, s.look.batch
	first := small.given.setup
	first.batch = min(c.batch, probe.setup.batch)
	t, err := newTrial(first, 1, small.images, small.look.attainable.mark(), nil)
	if err != nil {
		return nil, err
	}
	t.every = probe.every
	if err := small.advance([]job{{small.given, t, probe.every, false}}); err != nil {
		return nil, err
	}
	larger := float64(s.subject.Model.Input.Size()) / float64(c.model.Input.Size()) / c.width
	return &twinExam{c, small, [2]*trial{probe, t}, unlike(probe, t, larger)}, nil
}

// The limits within which a model and its twin behave alike over their first steps.
const (
	alikeFVU      = 2.0  // factor between the held-out FVUs
	alikeGradient = 5.0  // factor between the ratios of the first layer's gradient to the last's, at the first step, and at least that of the pixels and widths
	alikeStill    = 1.1  // factor between the held-out FVUs where one of them cannot learn any more
	alikeShare    = 0.25 // difference between the mean shares of dead units, and of saturated values
)

// unlike tells in what two runs of the same first steps differ too much, the first so many times larger, by its pixels and by its layers' widths; empty if they
// behave alike.
//
// A kernel's gradient is a sum over pixels, a dense layer's is not, so that with the size their ratio changes by up to the ratio of the pixels (measured:
// 15 times with 64 times the pixels); a layer's gradient grows with its width, too, unless the image gives that. Runs that print one image for all, equally bad
// ones, have failed alike, whatever part of their units that took. A saturated output of more pixels has more that are not quite at the limit: no gradient at all is like one
// that does not improve anything.
func unlike(a, b *trial, larger float64) string {
	apart := func(x, y, factor float64) bool {
		if x <= 0 || y <= 0 || math.IsInf(x, 0) || math.IsInf(y, 0) || math.IsNaN(x) || math.IsNaN(y) {
			return (x > 0 && !math.IsInf(x, 0)) != (y > 0 && !math.IsInf(y, 0))
		}
		return math.Abs(math.Log(x/y)) > math.Log(factor)
	}
	if (a.hopeless != "") != (b.hopeless != "") {
		if x, y := a.fvu(), b.fvu(); min(x, y) < 1 || apart(x, y, alikeStill) {
			return "one of them cannot learn any more after the first steps"
		}
		return ""
	}
	if x, y := a.fvu(), b.fvu(); apart(x, y, alikeFVU) {
		return fmt.Sprintf("FVU %.2f and %.2f after %d steps", x, y, a.steps)
	}
	if x, y := a.gradientRatio(), b.gradientRatio(); apart(x, y, max(alikeGradient, larger)) {
		return fmt.Sprintf("the first layer's gradient begins as %.2g and %.2g of the last one's", x, y)
	}
	if a.isConstant() && b.isConstant() && min(a.fvu(), b.fvu()) > 1 && !apart(a.fvu(), b.fvu(), alikeStill) {
		return ""
	}
	if x, y := a.shares.Dead, b.shares.Dead; math.Abs(x-y) > alikeShare {
		return fmt.Sprintf("%.0f%% and %.0f%% of the units are dead after %d steps", 100*x, 100*y, a.steps)
	}
	if x, y := a.shares.Saturated, b.shares.Saturated; math.Abs(x-y) > alikeShare {
		return fmt.Sprintf("%.0f%% and %.0f%% of the values are saturated after %d steps", 100*x, 100*y, a.steps)
	}
	return ""
}

// isConstant tells whether a run printed one image for all inputs at its last look.
func (t *trial) isConstant() bool {
	n := len(t.checks)
	return n > 0 && t.checks[n-1].Spread < sameOutputs
}

// gradientRatio is the norm of the first layer's gradient over the last's at the first step; NaN if there was none.
func (t *trial) gradientRatio() float64 {
	if len(t.norms) == 0 || len(t.norms[0].layers) == 0 {
		return math.NaN()
	}
	l := t.norms[0].layers
	return l[0] / l[len(l)-1]
}

// meanShares are those of dead units and saturated values, averaged over the layers that have any.
func meanShares(units []training.UnitShares) training.UnitShares {
	var sum training.UnitShares
	dead, saturated := 0.0, 0.0
	for _, u := range units {
		if !math.IsNaN(u.Dead) {
			sum.Dead += u.Dead
			dead++
		}
		if !math.IsNaN(u.Saturated) {
			sum.Saturated += u.Saturated
			saturated++
		}
	}
	sum.Dead, sum.Saturated = sum.Dead/max(1, dead), sum.Saturated/max(1, saturated)
	return sum
}
