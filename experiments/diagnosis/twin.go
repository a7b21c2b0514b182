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
//   - A twin is made where a trial of the model as given would have under twinBelow steps. It is the largest one with twinSteps steps in all, or
//     else with twinBelow a trial; its smallest map keeps 4 pixels a side where that can be, else 2. Where all are too dear, batches are smaller,
//     and then hidden layers narrower, too.
//   - It counts only if it behaves as the model does over the same first steps, within the limits of [unlike]; else the next larger one is
//     tried, and where none behaves alike the model itself is examined.
//   - What is seen of it is then looked at in the real size, as far as the time goes: that the model learns, or goes on falling, before it is
//     called healthy; that the repaired model learns with one seed. The answer says what was seen at which size.
const (
	twinBelow     = 300  // steps of a trial
	twinSteps     = 8000 // of an examination that has time enough
	probeSteps    = 25   // at most, that model and twin are compared over, and between two looks in the real size
	probeShare    = 0.1  // of the time, that comparing may take
	realShare     = 0.35 // of the time, that is kept for the real size
	twinImages    = 3000
	realSeeds     = 3 // fresh ones at most, that the repair is looked at with in the real size
	stepsAVariant = 9 // how many trials' worth of steps an examination takes
	leastBatch    = 8 // images that a twin's batch is not made smaller than
)

// twinExam is an examination by a twin.
type twinExam struct {
	candidate
	small  *search
	probed [2]*trial // the real model's first steps, and the twin's
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
	if s.budget.total/s.given.step >= twinBelow*stepsAVariant || s.look.findings.untrainable() {
		return s.examine()
	}
	candidates, err := s.twins()
	if err != nil || len(candidates) == 0 {
		return s.examineOr(err)
	}
	probe, err := s.probe()
	if err != nil {
		return err
	}
	for _, c := range candidates {
		t, reason, err := s.tryTwin(c, probe)
		if err != nil {
			return err
		}
		if t == nil {
			s.say("a twin for images of %dx%d does not behave as the model does: %s", c.size.Height, c.size.Width, reason)
			continue
		}
		s.twin = t
		return s.examineTwin()
	}
	return s.examine()
}

func (s *search) examineOr(err error) error {
	if err != nil {
		return err
	}
	return s.examine()
}

// twins are those that may be examined, the best one first, at most two.
func (s *search) twins() ([]candidate, error) {
	budget := (1 - realShare) * s.budget.left()
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

// twinsOf are the twins of all sizes of a width that take at most half as long as the model itself, the smallest first.
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

// probe takes the first steps of the model in its real size: as many as a share of the time pays, and at least one, of fewer images if that is too dear.
func (s *search) probe() (*trial, error) {
	given, a := s.given.setup, s.given
	affordable := probeShare * s.budget.total / s.given.step
	if affordable < 1 {
		given.batch = max(1, int(affordable*float64(given.batch)))
		a = &attempt{setup: given}
		if err := a.reckon(); err != nil {
			return nil, err
		}
	}
	t, err := newTrial(given, 1, s.images, s.look.attainable.mark(), nil)
	if err != nil {
		return nil, err
	}
	t.every = max(1, min(probeSteps, int(affordable)))
	if a == s.given {
		a.screened = append(a.screened, t)
	}
	return t, s.advance([]job{{a, t, t.every, false}})
}

// tryTwin makes a twin and compares its first steps with the model's; nil, and why, if it behaves in another way.
func (s *search) tryTwin(c candidate, probe *trial) (*twinExam, string, error) {
	images, err := s.subject.Images.Shrunk(c.size.Height, c.size.Width, twinImages)
	if err != nil {
		return nil, err.Error(), nil
	}
	subject := s.subject
	subject.Model, subject.Params, subject.Images = c.model, nil, images
	options := s.options
	options.Seconds = (1 - realShare) * s.budget.left() / (workers * inUse)
	options.Batch = c.batch
	small, err := newSearch(s.ctx, subject, options)
	if err != nil {
		return nil, err.Error(), nil
	}
	// What stands out are the settings of the real model and the values of the real images, not what was made to follow from their size.
	small.look.values, small.look.goals, small.look.settings = s.look.values, s.look.goals, s.look.settings
	first := small.given.setup
	first.batch = min(c.batch, probe.setup.batch)
	t, err := newTrial(first, 1, small.images, small.look.attainable.mark(), nil)
	if err != nil {
		return nil, "", err
	}
	t.every = probe.every
	if err := small.advance([]job{{small.given, t, probe.every, false}}); err != nil {
		return nil, "", err
	}
	if reason := unlike(probe, t); reason != "" {
		return nil, reason, nil
	}
	return &twinExam{candidate: c, small: small, probed: [2]*trial{probe, t}}, "", nil
}

// The limits within which a model and its twin behave alike over their first steps.
const (
	alikeFVU      = 2.0  // factor between the held-out FVUs
	alikeGradient = 5.0  // factor between the ratios of the first layer's gradient to the last's, at the first step
	alikeShare    = 0.25 // difference between the mean shares of dead units, and of saturated values
)

// unlike tells in what two runs of the same first steps differ too much; empty if they behave alike.
func unlike(a, b *trial) string {
	if (a.hopeless != "") != (b.hopeless != "") {
		return "one of them cannot learn any more after the first steps"
	}
	apart := func(x, y, factor float64) bool {
		if x <= 0 || y <= 0 || math.IsInf(x, 0) || math.IsInf(y, 0) || math.IsNaN(x) || math.IsNaN(y) {
			return (x > 0 && !math.IsInf(x, 0)) != (y > 0 && !math.IsInf(y, 0))
		}
		return math.Abs(math.Log(x/y)) > math.Log(factor)
	}
	if x, y := a.fvu(), b.fvu(); apart(x, y, alikeFVU) {
		return fmt.Sprintf("FVU %.2f and %.2f after %d steps", x, y, a.steps)
	}
	if x, y := a.gradientRatio(), b.gradientRatio(); apart(x, y, alikeGradient) {
		return fmt.Sprintf("the first layer's gradient begins as %.2g and %.2g of the last one's", x, y)
	}
	if x, y := a.shares.Dead, b.shares.Dead; math.Abs(x-y) > alikeShare {
		return fmt.Sprintf("%.0f%% and %.0f%% of the units are dead after %d steps", 100*x, 100*y, a.steps)
	}
	if x, y := a.shares.Saturated, b.shares.Saturated; math.Abs(x-y) > alikeShare {
		return fmt.Sprintf("%.0f%% and %.0f%% of the values are saturated after %d steps", 100*x, 100*y, a.steps)
	}
	return ""
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

// examineTwin examines the twin, and looks at the real size what of it holds there.
func (s *search) examineTwin() error {
	t := s.twin
	s.say("a step takes too long for the time: the model is examined on images of %dx%d, where its first %d steps are alike", t.size.Height, t.size.Width, t.probed[0].steps)
	progress := s.options.Progress
	t.small.options.Progress = func(line string) { progress(fmt.Sprintf("%dx%d ", t.size.Height, t.size.Width) + line) }
	if err := t.small.examine(); err != nil {
		s.verdict = t.small.verdict
		return err
	}
	t.small.settle()
	s.verdict = t.small.verdict
	s.budget.spent += t.small.budget.spent
	if s.verdict == Healthy {
		return s.seeItLearn()
	}
	return s.seeItRepaired()
}

// learningSteps is how many steps the twin's runs of an attempt took at most until they had learned.
func learningSteps(trials []*trial) int {
	most := 2 * checkEvery
	for _, t := range trials {
		if t.learns() {
			most = max(most, t.steps)
		}
	}
	return most
}

// seeItLearn trains the model itself on: it is healthy only if it learns too, or is still on its way.
func (s *search) seeItLearn() error {
	real, err := s.trialOf(s.given, 1)
	if err != nil {
		return err
	}
	if real.every = probeSteps; s.affordable(s.given.step) < 2*probeSteps {
		real.every = max(1, s.affordable(s.given.step)/2)
	}
	to := min(2*learningSteps(s.twin.small.given.screened), real.steps+s.affordable(s.given.step))
	if err := s.advance([]job{{s.given, real, to, true}}); err != nil {
		return err
	}
	if !real.learns() && !real.falls() {
		s.verdict = Inconclusive
	}
	return nil
}

// affordable is how many steps of the given cost are left, whole looks of them.
func (s *search) affordable(step float64) int {
	steps := max(0, int(s.budget.left()/step))
	if steps < probeSteps {
		return steps
	}
	return steps / probeSteps * probeSteps
}

// falls tells whether the held-out error still went down by over 2% in the second half of the looks.
func (t *trial) falls() bool {
	n := len(t.checks)
	return t.hopeless == "" && n > 1 && t.checks[n-1].FVU < 0.98*t.checks[(n-1)/2].FVU
}

// seeItRepaired makes in the real size the changes that repaired the twin, in their order, until one is not seen to fail there.
func (s *search) seeItRepaired() error {
	small := s.twin.small
	if small.fix == nil {
		return nil
	}
	order := append([]*attempt{small.fix}, small.winners...)
	for i, winner := range order {
		if i > 0 && winner == small.fix {
			continue
		}
		a, ok, err := s.newAttempt(winner.changes...)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		failed, err := s.tryRepair(a, winner)
		if err != nil {
			return err
		}
		if !failed {
			s.fix = a
			return s.train()
		}
		s.say("%s: repairs the twin, but not the model in its real size", a.what())
	}
	return nil
}

// tryRepair trains a repaired model in its real size with one fresh seed after another, as the time allows, and tells whether the first failed.
func (s *search) tryRepair(a, winner *attempt) (failed bool, err error) {
	to := 2 * learningSteps(winner.trials())
	for seed := uint64(firstFreshSeed); seed < firstFreshSeed+realSeeds; seed++ {
		steps := min(to, s.affordable(a.step))
		if steps == 0 && len(a.confirmed) > 0 || len(a.confirmed) > 0 && steps < a.confirmed[0].steps {
			break
		}
		t, err := s.trialOf(a, seed)
		if err != nil {
			return false, err
		}
		t.every = max(1, min(probeSteps, steps))
		if err := s.advance([]job{{a, t, max(1, steps), true}}); err != nil {
			return false, err
		}
		s.tell(a, a.what()+" in the real size")
		if !t.learns() {
			break
		}
	}
	first := a.confirmed[0]
	return first.hopeless != "" || !first.learns() && first.steps >= to && !first.falls(), nil
}
