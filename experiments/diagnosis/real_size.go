package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// What a twin shows is looked at in the real size:
//
//   - A model whose twin learns is healthy if it learns too, or its error still falls, or nothing but batch normalization's moving statistics
//     hides that: they need hundreds of steps, which are too dear here, and the twin has shown that they catch up.
//   - A change that repairs a twin which is alike is made in the real size, and trained with one to three fresh seeds, as the time goes.
//   - Where neither is seen, or the twin shows nothing, the likely changes are tried in the real size: what repairs a twin that is unlike, alone, as long as
//     it may learn; then what helped the twin, and learning rates, each for a few steps, the best ones for twice as many each time. One repairs if it explains
//     more than the model as given, trained as long with the same seed, by the margin that a repair must show, and learns, or falls where the given model does
//     not get better; or if it explains far more than one that does, or than one that cannot learn any more.
const (
	realTries   = 8    // changes that are tried at most in the real size, besides the twin's
	alikeFVUs   = 0.02 // difference between FVUs that does not count
	stillFallen = 0.98 // share of its middle FVU that a run's last one must be under to be falling
)

// examineTwin examines the twin, and looks at the real size what of it holds there.
func (s *search) examineTwin() error {
	t := s.twin
	if t.unlike == "" {
		s.say("a step takes too long for the time: the model is examined on images of %dx%d, where its first %d steps are alike", t.size.Height, t.size.Width, t.probed[0].steps)
	} else {
		t.small.budget.total = (1 - unlikeShare) * s.budget.left()
		s.say("a step takes too long for the time: images of %dx%d tell what to try first", t.size.Height, t.size.Width)
	}
	progress := s.options.Progress
	t.small.options.Progress = func(line string) { progress(fmt.Sprintf("%dx%d ", t.size.Height, t.size.Width) + line) }
	err := t.small.examine()
	s.budget.spent += t.small.budget.spent
	t.small.settle()
	if s.verdict = t.small.verdict; t.unlike != "" && s.verdict != Healthy {
		s.verdict = Inconclusive // until it is seen in the real size
	}
	if err != nil {
		return err
	}
	return s.lookAtRealSize()
}

// lookAtRealSize sees what holds in the real size of what the twin shows.
func (s *search) lookAtRealSize() error {
	var err error
	switch {
	case s.twin.small.verdict == Healthy:
		err = s.seeItLearn()
	case s.twin.unlike == "":
		err = s.seeItRepaired()
	}
	if err != nil || s.settled() {
		return err
	}
	return s.tryInRealSize()
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
	s.verdict = Inconclusive
	real, err := s.realTrial(s.given, 1)
	if err != nil {
		return err
	}
	defer func() { // where the time is up, too
		if real.learns() || real.falls() || real.onlyLags() {
			s.verdict = Healthy
		}
	}()
	to := min(2*learningSteps(s.twin.small.given.screened), real.steps+s.affordable(s.given.step))
	for _, to := range []int{min(to, 3*probeSteps), to} { // what prints one image, though the twin does not, leaves its time to changes
		if err := s.advance([]job{{s.given, real, to, true}}); err != nil {
			return err
		}
		if n := len(real.checks); n > 0 && real.checks[n-1].Spread < noSpread && !real.falls() && !real.onlyLags() {
			break
		}
	}
	return nil
}

// realTrial is the trial of an attempt with a seed, which is looked at after every few steps, as they are dear.
func (s *search) realTrial(a *attempt, seed uint64) (*trial, error) {
	t, err := s.trialOf(a, seed)
	if err == nil {
		t.every = max(1, min(probeSteps, s.affordable(a.step)/2))
		t.settle = a == s.given // of the others nobody asks
	}
	return t, err
}

// affordable is how many steps of the given cost are left, whole looks of them.
func (s *search) affordable(step float64) int {
	steps := max(0, int(s.budget.left()/step))
	if steps < probeSteps {
		return steps
	}
	return steps / probeSteps * probeSteps
}

// falls tells whether the held-out error still went down in the second half of the looks.
func (t *trial) falls() bool {
	n := len(t.checks)
	return t.hopeless == "" && n > 1 && t.checks[n-1].FVU < stillFallen*t.checks[(n-1)/2].FVU
}

// improves tells whether a run falls, and not just towards the mean image: one image for all inputs, worse than that one, gets better by the bias of the output
// alone.
func (t *trial) improves() bool { return t.falls() && !(t.isConstant() && t.fvu() > 1) }

// onlyLags tells whether nothing but the moving statistics of batch normalization hides that a run has learned, or is on its way: with statistics of the
// training images it is under the mark, or its training loss, which needs no moving ones, still falls.
func (t *trial) onlyLags() bool {
	n := len(t.checks)
	if t.hopeless != "" || n < 2 || math.IsNaN(t.normalized) {
		return false
	}
	return t.normalized < t.mark || t.checks[n-1].Spread >= noSpread && t.checks[n-1].TrainLoss < stillFallen*t.checks[(n-1)/2].TrainLoss
}

// seeItRepaired makes in the real size the changes that repaired a twin which is alike, in their order, until one is not seen to fail there.
func (s *search) seeItRepaired() error {
	for _, winner := range s.twin.repairs() {
		if s.affordable(s.given.step) == 0 {
			break
		}
		a, ok, err := s.newAttempt(winner.changes...)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		seen, err := s.tryRepair(a, winner)
		if err != nil {
			return err
		}
		if seen {
			return s.train()
		}
		s.say("%s: repairs the twin, but was not seen to repair the model in its real size", a.what())
	}
	return nil
}

// tryRepair trains a repaired model in its real size with a fresh seed, and with more of them side by side if it learns, as the time allows. It tells whether
// the repair stands, which is s.fix then: the twin is believed until a run in the real size fails.
func (s *search) tryRepair(a, winner *attempt) (bool, error) {
	to := 2 * learningSteps(winner.trials())
	steps := min(to, s.affordable(a.step))
	if steps == 0 {
		return false, nil
	}
	first, err := s.realTrial(a, firstFreshSeed)
	if err != nil {
		return false, err
	}
	first.settle = true // moving statistics of batch normalization may lag longer than there are steps
	cut := s.advance([]job{{a, first, steps, true}})
	s.tell(a, a.what()+" in the real size")
	if first.hopeless != "" || len(first.checks) == 0 || !first.learns() && first.steps >= to && !first.falls() && !first.onlyLags() {
		return false, cut
	}
	s.fix = a
	if cut != nil || !first.learns() {
		return true, cut
	}
	return true, s.tryMoreSeeds(a, first.steps, to)
}

// tryMoreSeeds trains a repaired model in its real size with further seeds, as many as there is time for if they take as many steps as the first one. Runs
// that the clock cuts do not count.
func (s *search) tryMoreSeeds(a *attempt, steps, most int) error {
	seeds := min(realSeeds-1, s.affordable(a.step)/steps)
	if seeds == 0 {
		return nil
	}
	var jobs []job
	for seed := uint64(firstFreshSeed + 1); len(jobs) < seeds; seed++ {
		t, err := s.realTrial(a, seed)
		if err != nil {
			return err
		}
		jobs = append(jobs, job{a, t, min(most, s.affordable(a.step)/seeds), true})
	}
	if err := s.advanceFresh(jobs...); err != nil {
		return err
	}
	s.tell(a, a.what()+" in the real size")
	return nil
}

// tryInRealSize looks for a change that repairs the model in its real size. The runs have the seed of the given model's.
func (s *search) tryInRealSize() error {
	given, err := s.realTrial(s.given, 1)
	if err != nil {
		return err
	}
	open, err := s.realCandidates(given)
	if err != nil {
		return err
	}
	if s.twin.unlike != "" && len(open) > 0 && len(s.twin.repairs()) > 0 { // which come first
		if err := s.halveInRealSize(given, open[:1]); err != nil || s.settled() {
			return err
		}
		open = open[1:]
	}
	return s.halveInRealSize(given, open)
}

// halveInRealSize trains the given model and changed ones ever longer, and drops the worst (successive halving).
func (s *search) halveInRealSize(given *trial, open []*attempt) error {
	goesOn := func(t *trial) bool {
		far := min(1, given.fvuAt(t.steps))-min(1, t.fvu()) > freedGain*s.look.attainable.share()
		return t.falls() && (far || !given.improves()) || given.hopeless != "" && far
	}
	for steps := probeSteps; len(open) > 0; steps *= 2 {
		beside := 1 // the given model's run
		if given.hopeless != "" {
			beside = 0
		}
		more := float64(steps-open[0].steps()) * s.given.step
		n := int(s.budget.left()/2/more) - beside
		if n < 1 {
			steps, n = open[0].steps()+s.affordable(s.given.step)/(1+beside), 1
		}
		if steps <= open[0].steps()+open[0].steps()/10 { // which shows nothing new
			break
		}
		open = open[:min(n, len(open))]
		if err := s.rung(given, open, steps); err != nil {
			s.take(open, given, goesOn) // what was seen until the time was up
			return err
		}
		if s.twin.unlike != "" && given.learns() { // of which the twin shows nothing
			s.verdict = Healthy
			return nil
		}
		if s.take(open, given, (*trial).learns) {
			if err := s.seeOnceMore(); err != nil {
				return err
			}
			return s.train()
		}
		open = s.better(open)
	}
	if s.take(open, given, goesOn) {
		return s.seeOnceMore()
	}
	return nil
}

// take makes the first change the repair whose run goes as it should, and explains more than the given model's.
func (s *search) take(open []*attempt, given *trial, goes func(*trial) bool) bool {
	at := slices.IndexFunc(open, func(a *attempt) bool { return len(a.screened) > 0 && goes(a.screened[0]) && s.gains(a, given) })
	if at < 0 {
		return false
	}
	s.verdict, s.fix, s.winners = Faulty, open[at], open[at:at+1]
	return true
}

// rung trains the given model and changed ones to so many steps.
func (s *search) rung(given *trial, open []*attempt, steps int) error {
	jobs := []job{{s.given, given, steps, false}}
	for _, a := range open {
		t, err := s.realTrial(a, given.seed)
		if err != nil {
			return err
		}
		jobs = append(jobs, job{a, t, steps, true})
	}
	if err := s.advance(jobs); err != nil {
		return err
	}
	for _, a := range open {
		s.tell(a, a.what()+" in the real size")
	}
	return nil
}

// better is the better third of attempts, those that can learn no more left out; of those that are alike the ones that came first. Of the others no
// variables are kept.
func (s *search) better(open []*attempt) []*attempt {
	open = slices.DeleteFunc(open, func(a *attempt) bool { return a.screened[0].hopeless != "" })
	slices.SortStableFunc(open, func(a, b *attempt) int {
		return cmp.Compare(math.Round(worst(a)/alikeFVUs), math.Round(worst(b)/alikeFVUs))
	})
	n := (len(open) + 2) / 3
	for _, a := range open[n:] {
		a.screened[0].drop()
	}
	return open[:n]
}

// gains tells whether a changed model's run explains more than the given model's after as many steps, by the margin that a repair must show.
func (s *search) gains(a *attempt, given *trial) bool {
	t := a.screened[0]
	return beyondMargin(min(1, given.fvuAt(t.steps))-min(1, t.fvu()), s.look.attainable)
}

// seeOnceMore trains the repaired model with a fresh seed, if there is time.
func (s *search) seeOnceMore() error {
	steps := s.fix.screened[0].steps
	if s.affordable(s.fix.step) < steps {
		return nil
	}
	t, err := s.realTrial(s.fix, firstFreshSeed)
	if err != nil {
		return err
	}
	return s.advanceFresh(job{s.fix, t, steps, true})
}

// realCandidates are what is tried in the real size: what helped the twin, then learning rates and settings that stand out.
func (s *search) realCandidates(given *trial) ([]*attempt, error) {
	var sets [][]change
	for _, a := range s.twin.repairs() {
		sets = append(sets, a.changes)
	}
	for _, a := range slices.Concat(s.twin.small.winners, s.twin.small.attempts) {
		if n := len(a.decisive()); n > 0 && count(a.decisive()) == n && !a.beaten {
			sets = append(sets, a.changes)
		}
	}
	for _, c := range s.look.likelyInRealSize(s.given.setup, given.hopeless != "" || given.fvu() > 1 && !given.falls()) {
		sets = append(sets, []change{c})
	}
	var out []*attempt
	for _, changes := range sets {
		a, ok, err := s.newAttempt(changes...)
		if err != nil {
			return nil, err
		}
		if ok && len(a.trials()) == 0 && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out[:min(realTries, len(out))], nil
}

// likelyInRealSize are learning rates and settings that stand out; lower rates come before higher ones for a model that is no better than the mean image and does
// not get better.
func (l *look) likelyInRealSize(s setup, stands bool) []change {
	restores := slices.DeleteFunc(l.restores(s), func(c change) bool { return !c.departs() })
	slices.SortStableFunc(restores, func(a, b change) int { return cmp.Compare(b.departure, a.departure) })
	likely, _ := otherRates(s.optimizer)
	rates := func(high bool) []change {
		return slices.DeleteFunc(slices.Clone(likely), func(c change) bool { return (c.cause == LearningRateHigh) != high })
	}
	return slices.Concat(restores, rates(stands), rates(!stands))
}
