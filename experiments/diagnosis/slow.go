package diagnosis

import (
	"cmp"
	"math"
	"slices"
)

// slowSteps is how long a run of the given model that is on its way is waited for: a model that learns within as many steps is slow, and
// not faulty. Models whose learning rate is a hundred times too low take ten thousand and more.
const slowSteps = 3000

// waitingShare is the share of the time that waiting for slow runs may take; the rest is for changes.
const waitingShare = 0.5

// Slow says that a model learns, but late.
type Slow struct {
	Steps Number `json:"steps"` // after which all its runs have learned, about
	Low   Number `json:"low"`   // 95% interval, where that was foretold
	High  Number `json:"high"`
	Seen  bool   `json:"seen"` // it was trained that long, and has learned
}

// wait trains runs of the given model further that have not learned, but are on their way to it or not far, the best one first: as soon as it has learned, the
// others get twice its steps, since runs may stand still for long before they fall.
func (s *search) wait() error {
	for {
		var open []*trial
		for _, t := range s.givenRuns() {
			if !t.done() && t.steps < slowSteps {
				open = append(open, t)
			}
		}
		if len(open) == 0 {
			return nil
		}
		best := slices.MinFunc(open, func(a, b *trial) int { return cmp.Compare(a.fvu(), b.fvu()) })
		to := min(2*best.steps, slowSteps)
		learned := s.lastLearned()
		switch c, ok := newCourse(best.checks); {
		case learned > 0 && best.steps < min(2*learned, slowSteps):
			to = min(2*learned, slowSteps)
		case best.isNear(): // it may have stood still for long, which no power law fits
			open = []*trial{best}
		case !ok || !c.falls():
			return nil
		default:
			if early, _ := c.learnsBetween(best.mark); early > slowSteps {
				return nil
			}
			open = []*trial{best}
		}
		var jobs []job
		cost := 0.0
		for _, t := range open {
			if t.steps < to {
				jobs = append(jobs, job{s.given, t, to, true})
				cost += float64(to-t.steps) * s.given.step
			}
		}
		if s.budget.spent+cost > waitingShare*s.budget.total {
			return nil
		}
		s.say("%d runs are on their way, and are trained to %d steps", len(jobs), to)
		if err := s.advance(jobs); err != nil {
			return err
		}
	}
}

// lastLearned is the most steps that a run of the given model took to learn; 0: none has.
func (s *search) lastLearned() int {
	most := 0
	for _, t := range s.givenRuns() {
		if t.learns() {
			most = max(most, t.steps)
		}
	}
	return most
}

// givenRuns are all screening runs of the given model, with the one that began with the file's weights.
func (s *search) givenRuns() []*trial {
	if s.own == nil {
		return s.given.screened
	}
	return append(append([]*trial{}, s.given.screened...), s.own)
}

// foretold tells whether a run will have learned soon enough, as its course says.
func (t *trial) foretold() bool {
	if t.hopeless != "" || t.learned {
		return false
	}
	c, ok := newCourse(t.checks)
	if !ok || !c.falls() {
		return false
	}
	_, late := c.learnsBetween(t.mark)
	return late <= slowSteps
}

// learnsInTime tells whether a run of the given model has learned, or will have soon enough.
func (t *trial) learnsInTime() bool { return t.learns() || t.foretold() }

func countInTime(trials []*trial) int {
	n := 0
	for _, t := range trials {
		if t.learnsInTime() {
			n++
		}
	}
	return n
}

// learnedAt is the first step of which it is known that the run had learned; infinite: none.
func (t *trial) learnedAt() float64 {
	for i, c := range t.checks {
		if i > 0 && c.FVU < t.mark && t.checks[i-1].FVU < t.mark {
			return float64(c.Step)
		}
	}
	if t.learned {
		return float64(t.steps)
	}
	return math.Inf(1)
}

// slowness is when the given model's runs have learned, if that is later than a usual run is waited for; nil: it is not slow.
func (s *search) slowness() *Slow {
	out := Slow{Seen: true}
	for _, t := range s.given.screened {
		at := t.learnedAt()
		early, late := at, at
		if math.IsInf(at, 1) {
			c, ok := newCourse(t.checks)
			if !ok {
				return nil
			}
			out.Seen = false
			at = c.best.reaches(t.mark)
			early, late = c.learnsBetween(t.mark)
		}
		out.Steps, out.Low, out.High = max(out.Steps, Number(at)), max(out.Low, Number(early)), max(out.High, Number(late))
	}
	if out.Seen && float64(out.Steps) <= float64(s.budget.short) {
		return nil
	}
	return &out
}

// onItsWay tells whether a run that has not learned falls, and may be at the mark within ten times the steps.
func (t *trial) onItsWay() bool {
	if t.hopeless != "" || t.learns() {
		return false
	}
	c, ok := newCourse(t.checks)
	if !ok || !c.falls() {
		return false
	}
	early, _ := c.learnsBetween(t.mark)
	return early < 10*c.step
}

// maySoonLearn tells whether a run would be at the mark within twice the steps that a slow one is given, if it went on falling as in the last quarter of
// its looks. Power laws do not fit runs that begin to fall after a plateau.
func (t *trial) maySoonLearn() bool {
	n := len(t.checks)
	back := max(3, n/4)
	if t.hopeless != "" || t.learns() || n <= back {
		return false
	}
	now, before := t.checks[n-1], t.checks[n-1-back]
	slope := (before.FVU - now.FVU) / float64(now.Step-before.Step)
	return slope > 0 && float64(now.Step)+(now.FVU-t.mark)/slope <= 2*slowSteps
}

// stillFalling tells whether the given model is on its way to the mark: most of its runs that have not learned are.
func (s *search) stillFalling() bool {
	falling, open := 0, 0
	for _, t := range s.given.screened {
		if t.learns() {
			continue
		}
		open++
		if t.onItsWay() {
			falling++
		}
	}
	return 2*falling > open
}

// othersFollow tells whether some of the given model's runs have learned, and all others are on their way: it depends on the time, then, and not
// on the seed.
func (s *search) othersFollow() bool {
	n := 0
	for _, t := range s.given.screened {
		if t.onItsWay() {
			n++
		}
	}
	learned := countInTime(s.given.screened)
	return learned > 0 && n > 0 && learned+n >= len(s.given.screened)
}

// allFollow tells whether all runs of the given model are on their way to the mark.
func (s *search) allFollow() bool {
	return len(s.given.screened) >= screeningSeeds && !slices.ContainsFunc(s.given.screened, func(t *trial) bool { return !t.onItsWay() })
}

// waitForOthers trains runs on that follow others, for a part of the time that is left. Those that are on their way then make the model slow.
func (s *search) waitForOthers() error {
	limit := s.budget.spent + 0.3*s.budget.left()
	for s.verdict == Unreliable && s.othersFollow() && s.budget.spent < limit {
		before := s.budget.spent
		if err := s.goOn(); err != nil {
			return err
		}
		if s.budget.spent == before {
			break
		}
	}
	if s.verdict == Unreliable && s.othersFollow() {
		s.verdict = Healthy
	}
	return nil
}
