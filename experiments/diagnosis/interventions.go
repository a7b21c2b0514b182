package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

// intervene tries changes, stage by stage, until one repairs.
func (s *search) intervene() error {
	departing, stages := s.stages()
	for i, stage := range stages {
		if err := s.try(stage, departing); err != nil || s.settled() {
			return err
		}
		if i == 0 && s.isShort() { // it costs little, and there is no time for all
			if err := s.shallow(departing); err != nil || s.settled() {
				return err
			}
		}
	}
	for _, more := range []func() error{func() error { return s.shallow(departing) }, s.everything, func() error { return s.pairs(departing) }, func() error { return s.persist(departing) }} {
		if err := more(); err != nil || s.settled() {
			return err
		}
	}
	return nil
}

// stages are the changes that there are, those first that are likeliest to repair, and of these the ones that restore what stands out.
func (s *search) stages() (departing []change, stages []stage) {
	var others []change
	for _, c := range s.look.restores(s.given.setup) {
		if c.departs() {
			departing = append(departing, c)
		} else {
			others = append(others, c)
		}
	}
	if s.normalizes() {
		departing = append([]change{statisticsRestore(9)}, departing...)
	}
	likely, unlikely := otherRates(s.given.setup.optimizer)
	aids := s.look.aids(s.given.setup)
	stages = []stage{{"settings that stand out", departing}}
	if s.verdict == Unreliable {
		if slices.ContainsFunc(departing, func(c change) bool { return c.departure >= clearDeparture }) {
			stages = append(stages, s.steadying()...)
		} else { // what stands out a little has let it learn, too
			stages = append(s.steadying(), stages...)
		}
	}
	if s.look.deep() {
		others = append(others, s.look.fewerLayers())
	}
	if s.isShort() { // there is no time for one stage after another
		return departing, append(stages, stage{"learning rate, optimizer and other settings", slices.Concat(likely, optimizerRestores(s.given.setup), others)}, stage{"aids", aids})
	}
	return departing, append(stages,
		stage{"learning rate and other settings", slices.Concat(likely, others)},
		stage{"learning rates further off", unlikely},
		stage{"optimizer", optimizerRestores(s.given.setup)},
		stage{"aids", aids},
	)
}

// try makes the changes of a stage, and confirms those that learn.
func (s *search) try(stage stage, departing []change) error {
	if len(stage.changes) == 0 || s.budget.exhausted() {
		return nil
	}
	if stage.changes[0].cause == Optimizer { // which is to blame only if no rate works with it
		found, err := s.longer()
		if err != nil {
			return err
		}
		if err := s.confirm(found, departing); err != nil || s.settled() {
			return err
		}
	}
	attempts, err := s.attemptsOf(stage.changes)
	if err != nil || len(attempts) == 0 {
		return err
	}
	freed, err := s.freed(attempts)
	if err != nil {
		return err
	}
	attempts = append(attempts, freed...)
	s.say("%s: %d changes", stage.name, len(attempts))
	found, err := s.halve(attempts)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(found, (*attempt).isRate) {
		found = slices.DeleteFunc(found, func(a *attempt) bool { return a.cause() == Optimizer })
	}
	if found, err = s.sortOut(found); err != nil {
		return err
	}
	if len(found) == 0 && stage.changes[0].departs() {
		if found, err = s.secondChance(attempts); err != nil {
			return err
		}
	}
	if err := s.confirm(found, departing); err != nil || s.settled() || !stage.changes[0].departs() {
		return err
	}
	if err := s.revive(departing); err != nil || s.settled() {
		return err
	}
	return s.allWayOff(departing)
}

// settled tells whether a repair is found, or the model turned out to be healthy.
func (s *search) settled() bool { return s.fix != nil || s.verdict == Healthy }

// stage is changes that are tried together; the next one is begun only if none of them repairs.
type stage struct {
	name    string
	changes []change
}

const (
	clearDeparture = 0.5 // decades, from which on a setting stands out clearly
	deadLayer      = 0.5 // share of dead units with which a layer hands on little
)

// steadying are the changes that come first for a model that learns with some seeds: no setting that stands out keeps it from learning, so it is
// how runs begin that decides. Where runs have died, or half of a layer's units, or a layer has few, that is what the rectifiers' dead side does; else, or where a slope
// there does not help, an output that starts too far off and steps somewhat too large.
func (s *search) steadying() []stage {
	var out []stage
	if s.given.dies() || s.look.fewRectifiers() {
		out = append(out, stage{"runs that die", []change{leakyAid()}})
	}
	rate := presentRate(s.given.setup.optimizer)
	softer := []change{rateChange(s.given.setup.optimizer, oneDigit(rate/math.Sqrt(10)), 0)}
	if c, ok := s.look.outputBiasRestore(); ok {
		softer = append(softer, c)
	}
	return append(out, stage{"a softer start", softer})
}

// longer gives the best learning rates so far more time, as long as the given model was given, or three times that where there is plenty; it
// returns those that learn.
func (s *search) longer() ([]*attempt, error) {
	var rates, found []*attempt
	for _, a := range s.attempts {
		if a.isRate() && len(a.screened) > 0 && count(a.screened) == 0 && !slices.ContainsFunc(a.screened, func(t *trial) bool { return t.hopeless != "" }) {
			rates = append(rates, a)
		}
	}
	slices.SortStableFunc(rates, func(a, b *attempt) int { return cmp.Compare(worst(a), worst(b)) })
	rates = rates[:min(2, len(rates))]
	to := s.budget.long
	if s.budget.left() > s.budget.total/2 {
		to *= 3
	}
	var jobs []job
	for _, a := range rates {
		for _, t := range a.screened {
			jobs = append(jobs, job{a, t, to, true})
		}
	}
	if err := s.advance(jobs); err != nil {
		return nil, err
	}
	if len(rates) > 0 && worst(rates[0]) > s.look.attainable.mark() && worst(rates[0]) < s.nearly() { // it is on its way: as long as confirmation can be paid for, too
		a := rates[0]
		to := roundSteps(s.budget.left() / a.step / float64(s.options.Seeds+5))
		if err := s.advance([]job{{a, a.screened[0], to, true}}); err != nil {
			return nil, err
		}
	}
	for _, a := range rates {
		if s.tell(a, a.what()); count(a.screened) == len(a.screened) {
			found = append(found, a)
		}
	}
	if len(found) == 0 || !isSGD(s.given.setup.optimizer) {
		return found, nil
	}
	return s.besideAdam(found)
}

// besideAdam adds Adam to rates of SGD that learn with more time, if it learns, too: what does best is handed over.
func (s *search) besideAdam(found []*attempt) ([]*attempt, error) {
	adam, err := s.attemptsOf([]change{adamForRate(s.given.setup.optimizer, adamRate, found[0].cause(), found[0].departure())})
	if err != nil || len(adam) == 0 {
		return found, err
	}
	run, err := s.trialOf(adam[0], s.failing()[0])
	if err != nil {
		return nil, err
	}
	to := s.budget.short
	for _, a := range found {
		to = max(to, a.steps())
	}
	if err := s.advance([]job{{adam[0], run, to, true}}); err != nil {
		return nil, err
	}
	if s.tell(adam[0], adam[0].what()); run.learns() {
		found = append(found, adam[0])
	}
	return found, nil
}

// secondChance gives the best restores of settings that stand out all screening seeds and as long as the given model was given, before
// anything less likely is tried: the one seed that they failed with may be a slow one. It returns those that learn with most.
func (s *search) secondChance(attempts []*attempt) ([]*attempt, error) {
	if s.budget.left() < s.budget.total/2 {
		return nil, s.secondSeed(attempts)
	}
	var open, found []*attempt
	for _, a := range attempts {
		if worst(a) < 1 && !slices.ContainsFunc(a.screened, func(t *trial) bool { return t.hopeless != "" }) {
			open = append(open, a)
		}
	}
	slices.SortStableFunc(open, func(a, b *attempt) int { return cmp.Compare(merit(a), merit(b)) })
	most := 2
	if s.isShort() { // the given model is to be trained as long, too
		most = 1
	}
	open = open[:min(most, len(open))]
	var jobs []job
	for _, a := range open {
		for seed := range uint64(screeningSeeds) {
			t, err := s.trialOf(a, seed+1)
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, job{a, t, s.budget.long, true})
		}
	}
	if err := s.advance(jobs); err != nil {
		return nil, err
	}
	for _, a := range open {
		if s.tell(a, a.what()); 2*count(a.screened) > len(a.screened) {
			found = append(found, a)
		}
	}
	if s.isShort() && len(found) == 0 && len(open) > 0 { // it may be far better all the same (agreeing)
		return nil, s.asLong(open[0])
	}
	return found, nil
}

// normalizes tells whether most runs of the given model that have not learned do so but for their moving statistics.
func (s *search) normalizes() bool {
	n, failed := 0, 0
	for _, t := range s.given.screened {
		if t.learns() {
			continue
		}
		if failed++; t.normalized < t.mark {
			n++
		}
	}
	return 2*n > failed
}

func (s *search) attemptsOf(changes []change) ([]*attempt, error) {
	var out []*attempt
	for _, c := range changes {
		known := len(s.attempts)
		a, ok, err := s.newAttempt(c)
		if err != nil {
			return nil, err
		}
		if ok && len(s.attempts) > known {
			out = append(out, a)
		}
	}
	return out, nil
}
