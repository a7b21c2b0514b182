package diagnosis

import (
	"context"
	"fmt"
	"math"
	"slices"

	"dcae/graph"
	"dcae/training"
)

// The flow of an examination, and in which file each part of it is:
//
//	examineAtAnySize  by a twin for fewer pixels, where steps are too dear  twin.go, real_size.go
//	   |
//	newLook        what is known without training                      look.go, capacity.go
//	   |
//	screen         the model as given, with a few random seeds         screening.go; slow.go and falling.go: late ones
//	   |           all learn: healthy; some: unreliable; none: faulty
//	lookAtQuantity   does it fit training images alone?                quantity.go, measure.go
//	   |
//	intervene      changes, stage by stage, until one repairs          interventions.go; restores.go and aids.go are the changes
//	   |  halve      ever longer trials; the worst are given up        halving.go
//	   |  confirm    fresh seeds, in the rule's order                  confirmation.go, comparison.go, rule.go
//	   |  allWayOff    settings that are way off, at once              everything.go
//	   |  everything   all settings as usual, then fewer              everything.go
//	   |  pairs        two changes at a time                           pairs.go
//	   |  persist      what is left of the time                        persistence.go
//	refine         other forms of the change that repairs              refine.go
//	   |
//	train          the repaired model, further                         handover.go
//	   |
//	conclude       the answer, a plain value                           conclude.go, answer.go, words.go
//
// Every trial goes through [search.advance] (attempt.go), which counts its cost (budget.go).

// examine comes to a verdict.
func (s *search) examine() error {
	if err := s.decide(); err != nil {
		return err
	}
	return s.compareSides() // once more, where the given model's runs went on
}

func (s *search) decide() error {
	if s.look.findings.untrainable() {
		s.verdict = Faulty
		return nil
	}
	if err := s.screen(); err != nil {
		return err
	}
	if err := s.compareSides(); err != nil {
		return err
	}
	if t := s.middle(); t != nil {
		if err := s.lookForCheckerboards(t); err != nil {
			return err
		}
	}
	if s.verdict == Healthy && !s.deadFile {
		if err := s.lookAtLimits(); err != nil || s.fix != nil {
			return err
		}
		if len(s.look.findings.deciding()) > 0 {
			s.verdict = Faulty
		}
		return nil
	}
	if s.deadFile {
		s.verdict = Faulty // what is handed over are weights that were drawn anew
		return s.advance([]job{{s.given, s.given.screened[0], s.budget.long, false}})
	}
	if err := s.lookAtQuantity(); err != nil {
		return err
	}
	if s.quantity == nil {
		if err := s.intervene(); err != nil {
			return err
		}
	}
	switch {
	case s.fix != nil:
	case s.quantity != nil:
		return nil
	default:
		return s.lookAtBest()
	}
	if err := s.refine(); err != nil {
		return err
	}
	return s.train()
}

// settle is the verdict, given how far the search came.
func (s *search) settle() {
	if a := s.confirmedAlone(); a != nil && s.fix == nil && s.verdict == Faulty {
		s.fix, s.winners = a, slices.Concat(s.winners, []*attempt{a})
	}
	s.believe()
	proven := s.fails()
	switch {
	case !proven && s.fix == nil && len(s.winners) == 0 && (s.othersFollow() || s.allFollow()):
		s.verdict = Healthy // nothing that was tried does better than waiting
	case proven && s.verdict != Unreliable:
		s.verdict = Faulty
	case proven || s.verdict == Healthy || s.deadFile:
	case s.fix == nil, s.verdict == Faulty && s.fix.cause() == Unknown:
		s.verdict = Inconclusive
	}
}

// fails tells whether it is proven that the model fails as it is, whatever its runs show.
func (s *search) fails() bool { return len(s.look.findings.deciding()) > 0 || s.quantity != nil }

// confirmedAlone is a change that time was up for before the given model was trained as long: it learned with all of its fresh seeds, and was better by
// the margin that a repair must show when it had taken as many steps; nil: there is none.
func (s *search) confirmedAlone() *attempt {
	at := slices.IndexFunc(s.attempts, func(a *attempt) bool {
		trials := a.confirmed
		if s.isTwin { // what it shows is looked at in the real size: the screening seed may be one of them
			trials = a.trials()
		}
		return len(a.changes) > 0 && a.comparison == nil && !a.beaten && len(a.confirmed) > 0 && len(trials) >= leastPairs && count(trials) == len(trials) && s.failsBeside(a)
	})
	if at < 0 {
		return nil
	}
	return s.attempts[at]
}

// failsBeside tells whether all runs with which the given model fails do worse than a change's in the middle, after as many steps, by the margin that a repair must
// show, and none of them is nearly there.
func (s *search) failsBeside(a *attempt) bool {
	return !slices.ContainsFunc(s.given.screened, func(g *trial) bool {
		if g.learns() {
			return false
		}
		steps := g.steps
		if g.hopeless != "" { // more of them would change nothing
			steps = math.MaxInt
		}
		var changed []float64
		for _, t := range a.decisive() {
			changed = append(changed, t.fvuAt(steps))
		}
		slices.Sort(changed)
		return g.isNear() || !beyondMargin(min(1, g.fvu())-changed[len(changed)/2], s.look.attainable)
	})
}

const (
	screeningSeeds = 3
	moreSeeds      = 8 // where they disagree
	firstFreshSeed = 101
	ownSeed        = 51 // of the order of the images, in the run that begins with the file's weights
)

// search is an examination under way.
type search struct {
	ctx      context.Context
	subject  Subject
	options  Options
	images   *pool
	look     *look
	budget   budget
	given    *attempt
	own      *trial     // begun with the file's weights; nil if there are none
	attempts []*attempt // all that were made, in order

	run func(context.Context, job, *graph.Threads) error // does a job of [search.advance]

	verdict  Verdict
	lasting  int        // steps that a run is trained at least, where runs of the given model learned and lost it again
	winners  []*attempt // attempts that repair, confirmed, in the rule's order
	fix      *attempt   // the first of them that is to be handed over; nil: none
	quantity *quantity  // too few images; nil: it is not that
	sides    *sides     // of the given model; nil: not looked at
	deadFile bool       // the settings are healthy, the file's weights are not

	twin   *twinExam // by which the model is examined, where its own steps are too dear; else nil
	isTwin bool      // it is the examination of a twin

	together int // runs that fit into the memory side by side

	publish func() // makes what is certain so far the answer, should the time be up; nil: nobody asks

	truncated   bool // the clock cut it
	interrupted bool
}

func newSearch(ctx context.Context, subject Subject, o Options) (*search, error) {
	known := lookAtData(subject.Images, o.Seconds)
	known.lookAtTraining(subject)
	s := &search{ctx: ctx, subject: subject, options: o, images: newPool(subject.Images, known), verdict: Inconclusive}
	s.images.kept = subject.Params
	given := setup{model: subject.Model, optimizer: subject.Optimizer, loss: subject.Loss, batch: o.Batch}
	s.given = &attempt{setup: given}
	err := s.given.reckon()
	if err != nil {
		return nil, err
	}
	s.look = &look{findings: known}
	if err := s.fitMemory(min(mostMemory, 0.8*training.FreeMemory())); err != nil {
		return nil, err
	}
	given = s.given.setup
	s.budget = newBudget(o.Seconds, s.given.step)
	s.run = s.do
	e, release := s.effort()
	defer release()
	if s.look, err = newLook(given, s.images, s.look.findings, e); err != nil {
		return nil, err
	}
	s.look.batch = o.Batch
	return s, nil
}

func (s *search) say(format string, args ...any) {
	s.options.Progress(fmt.Sprintf("[%3.0f%%] ", 100*min(1, s.budget.spent/s.budget.total)) + fmt.Sprintf(format, args...))
}

func (s *search) tell(a *attempt, what string) {
	trials := a.trials()
	s.say("%s: %d of %d learn (FVU %s) after up to %d steps", what, count(trials), len(trials), figures(fvus(trials)), a.steps())
}
