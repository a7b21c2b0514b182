package diagnosis

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/training"
)

// script tells the held-out FVU of a run at a step; infinite: the run can't learn any more. what names the attempt's changes; it is empty
// for the model as given.
type script func(what string, seed uint64, step int) float64

// scripted is a search whose runs follow a script and are not trained, so that what it decides can be told in advance.
func scripted(t *testing.T, c script) *search {
	t.Helper()
	s, err := newSearch(context.Background(), tiny(t, training.Adam{}), Options{}.withDefaults())
	must(t, err)
	s.run = func(_ context.Context, j job, _ *graph.Threads) error {
		for j.trial.hopeless == "" && j.trial.steps < j.to && !(j.stop && j.trial.learned && j.trial.steps >= s.lasting) {
			j.trial.steps += j.trial.every
			f := c(j.attempt.what(), j.trial.seed, j.trial.steps)
			j.trial.see(check{Step: j.trial.steps, FVU: f, Spread: 1})
			if math.IsInf(f, 1) {
				j.trial.hopeless = "as the test wants it"
			}
		}
		return nil
	}
	return s
}

// named is a change that does nothing but have a name: a script tells what comes of it.
func named(what string, cause Cause, departure float64) change {
	return change{cause: cause, kind: Restore, what: what, departure: departure, apply: func(s setup) (setup, bool, error) { return s, true, nil }}
}

// attempts are made of changes, one each.
func (s *search) madeOf(t *testing.T, changes ...change) []*attempt {
	t.Helper()
	out, err := s.attemptsOf(changes)
	must(t, err)
	return out
}

func whatOf(attempts []*attempt) []string {
	var out []string
	for _, a := range attempts {
		out = append(out, a.what())
	}
	return out
}

// failed gives the model as given one run that failed, with seed 1.
func (s *search) givenFails(t *testing.T) {
	t.Helper()
	s.verdict = Faulty
	run, err := s.trialOf(s.given, 1)
	must(t, err)
	must(t, s.advance([]job{{s.given, run, s.budget.long, true}}))
	if count(s.given.screened) != 0 {
		t.Fatal("the script lets the given model learn")
	}
}

// steps are how far an attempt was trained in screening.
func (s *search) stepsOf(what string) int {
	i := slices.IndexFunc(s.attempts, func(a *attempt) bool { return a.what() == what })
	return s.attempts[i].steps()
}

func TestHalvingGivesUpTheWorst(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, step int) float64 {
		switch what {
		case "learns":
			return 1 - 0.6*min(1, float64(step)/400)
		case "dies":
			return math.Inf(1)
		case "first of the rest":
			return 0.9
		case "second of the rest":
			return 0.95
		case "third of the rest":
			return 0.97
		}
		return 1
	})
	s.givenFails(t)
	found, err := s.halve(s.madeOf(t, named("worst", Loss, 0), named("learns", Loss, 0), named("dies", Clipping, 0), named("first of the rest", Depth, 0), named("second of the rest", Depth, 0), named("third of the rest", Depth, 0)))
	must(t, err)
	if got := whatOf(found); !slices.Equal(got, []string{"learns"}) {
		t.Errorf("%q learn", got)
	}
	// Of five that are left after the first rung, the three best go on; when one learns, those go no further that do not stand out more.
	for what, want := range map[string]int{"worst": 100, "dies": checkEvery, "third of the rest": 100, "first of the rest": 500, "second of the rest": 500} {
		if got := s.stepsOf(what); got != want {
			t.Errorf("%s: %d steps, want %d", what, got, want)
		}
	}
}

// Moving statistics of batch normalization lag for hundreds of steps: what a run promises decides who goes on, what it shows whether it has learned.
func TestRunsAreRankedByWhatTheyPromise(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, step int) float64 {
		switch {
		case what == "lags" && step > 600:
			return 0.3
		case what == "lags":
			return 2
		case what == "":
			return 1
		}
		return 0.95
	})
	run := s.run
	s.run = func(ctx context.Context, j job, threads *graph.Threads) error {
		if j.attempt.what() == "lags" {
			j.trial.normalized = 0.4
		}
		return run(ctx, j, threads)
	}
	s.givenFails(t)
	found, err := s.halve(s.madeOf(t, named("a", Loss, 0), named("b", Loss, 0), named("c", Loss, 0), named("lags", BatchNorm, 0)))
	must(t, err)
	if got := whatOf(found); !slices.Equal(got, []string{"lags"}) {
		t.Errorf("%q learn", got)
	}
	dead := &trial{hopeless: "as the test wants it", checks: []check{{FVU: 3}}, normalized: 0.4}
	if dead.promised() != 3 {
		t.Error("a run that cannot learn any more promises what it had")
	}
}

// SGD with a rate that is way too low is soon tried with Adam, which needs no rate to be found. A twin with it is not waited for.
func TestARateThatIsWayTooLowIsTriedWithAdam(t *testing.T) {
	for rate, want := range map[float64]bool{1e-5: true, 0.003: false, 10: false} {
		s := scripted(t, func(string, uint64, int) float64 { return 1 })
		s.given.setup.optimizer = training.SGD{LearningRate: rate}
		s.isTwin, s.verdict = true, Faulty
		_, stages := s.stages()
		if got := slices.ContainsFunc(stages[0].changes, func(c change) bool { return strings.Contains(c.what, "adam") && c.cause == LearningRateLow }); got != want {
			t.Errorf("rate %g: %v", rate, got)
		}
		run, err := s.trialOf(s.given, 1)
		must(t, err)
		if must(t, s.patience()); (run.steps == 0) != want {
			t.Errorf("rate %g: %d steps", rate, run.steps)
		}
	}
}

// A rate of SGD that learns late is to blame, and Adam that learns sooner and better is handed over.
func TestAdamIsHandedOverForARateOfSGDThatLearnsLate(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, step int) float64 {
		switch {
		case strings.Contains(what, "adam"):
			return 0.2
		case what == "learning rate 0.01 -> 1" && step > 900:
			return 0.45
		}
		return 1
	})
	s.given.setup.optimizer = training.SGD{}
	s.givenFails(t)
	_, err := s.halve(s.madeOf(t, rateChange(training.SGD{}, 1, 0)))
	must(t, err)
	found, err := s.longer()
	must(t, err)
	must(t, s.confirm(found, nil))
	if s.fix == nil || s.fix.cause() != LearningRateLow || !strings.Contains(s.fix.what(), "adam") {
		t.Errorf("%q learn, fix %v", whatOf(found), s.fix)
	}
}

func TestASecondChanceIsForAllSeedsAndTheWholeTime(t *testing.T) {
	s := scripted(t, func(what string, seed uint64, step int) float64 {
		switch {
		case what == "slow with seed 1" && (seed > 1 && step > 300 || step > 800):
			return 0.3
		case what == "one seed in three" && seed == 2:
			return 0.3
		case what == "third best":
			return 0.95
		}
		return 0.9
	})
	s.givenFails(t)
	attempts := s.madeOf(t, named("third best", Loss, 1), named("one seed in three", Loss, 1), named("slow with seed 1", Loss, 1))
	if _, err := s.halve(attempts); err != nil {
		t.Fatal(err)
	}
	found, err := s.secondChance(attempts)
	must(t, err)
	if got := whatOf(found); !slices.Equal(got, []string{"slow with seed 1"}) {
		t.Errorf("%q learn with most seeds", got)
	}
	if got := []int{len(attempts[0].screened), len(attempts[1].screened), len(attempts[2].screened)}; !slices.Equal(got, []int{1, 3, 3}) {
		t.Errorf("%v seeds: the best two alone have a second chance", got)
	}
	s.budget.spent = 0.6 * s.budget.total
	if found, err = s.secondChance(attempts); err != nil || found != nil {
		t.Errorf("%v, %v after more than half of the time", whatOf(found), err)
	}
}

// Two restores repair. With both made, the old value of one alone breaks the model again, that of the other does not.
func TestTheNecessaryRestoreIsFound(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, _ int) float64 {
		switch what {
		case "to blame", "also helps", "to blame, also helps":
			return 0.3
		}
		return 1
	})
	s.givenFails(t)
	blamed, helper := named("to blame", DataScale, 1), named("also helps", Clipping, 3)
	found := s.madeOf(t, helper, blamed)
	// The old value of "to blame" alone is the model with "also helps" alone, so that this one must fail for it to be necessary.
	s.run = scripted(t, func(what string, _ uint64, _ int) float64 {
		if what == "also helps" {
			return 1
		}
		return 0.3
	}).run
	must(t, s.testNecessity(found, []change{blamed, helper}))
	for _, a := range found {
		if !a.tested || a.necessary != (a.what() == "to blame") {
			t.Errorf("%s: tested %v, necessary %v", a.what(), a.tested, a.necessary)
		}
	}
	byRule(found)
	if got := whatOf(found); got[0] != "to blame" {
		t.Errorf("%q in the rule's order", got)
	}
}

func TestASingleCauseNeedsNoTestOfNecessity(t *testing.T) {
	s := scripted(t, func(string, uint64, int) float64 { return 1 })
	s.givenFails(t)
	found := s.madeOf(t, named("a", DataScale, 1))
	spent := s.budget.spent
	must(t, s.testNecessity(found, []change{named("a", DataScale, 1), named("b", Clipping, 1)}))
	if found[0].tested || s.budget.spent != spent {
		t.Error("it was tested")
	}
}

// The usual rate comes first unless another is better by a quarter.
func TestRatesAreComparedAfterEquallyManySteps(t *testing.T) {
	for usual, first := range map[float64]string{0.35: "learning rate 0.1 -> 0.001", 0.45: "learning rate 0.1 -> 0.01"} {
		s := scripted(t, func(what string, _ uint64, step int) float64 {
			switch {
			case what == "learning rate 0.1 -> 0.001" && step > 400:
				return usual
			case what == "learning rate 0.1 -> 0.01":
				return 0.3
			}
			return 0.49
		})
		s.given.setup.optimizer = training.Adam{LearningRate: 0.1}
		found := s.madeOf(t, rateChange(s.given.setup.optimizer, 0.01, 2), rateChange(s.given.setup.optimizer, 0.001, 2))
		for _, a := range found {
			run, err := s.trialOf(a, 1)
			must(t, err)
			must(t, s.advance([]job{{a, run, 200, true}}))
		}
		must(t, s.compareRates(found))
		byRule(found)
		if found[0].what() != first || found[0].steps() != s.budget.short || found[1].steps() != s.budget.short {
			t.Errorf("first %s, after %d and %d steps", found[0].what(), found[0].steps(), found[1].steps())
		}
	}
}

// Another rate of the same cause replaces the fix only where it is better by a tenth.
func TestAFixIsRefined(t *testing.T) {
	for fvu, want := range map[float64]string{0.2: "learning rate 0.1 -> 0.003", 0.29: "learning rate 0.1 -> 0.001"} {
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			switch what {
			case "learning rate 0.1 -> 0.001":
				return 0.3
			case "learning rate 0.1 -> 0.003":
				return fvu
			}
			return 1
		})
		s.given.setup.optimizer = training.Adam{LearningRate: 0.1}
		s.givenFails(t)
		s.fix = s.madeOf(t, rateChange(s.given.setup.optimizer, 0.001, 2))[0]
		if ok, err := s.confirmed(s.fix); err != nil || !ok {
			t.Fatal(ok, err)
		}
		s.winners = []*attempt{s.fix}
		must(t, s.refine())
		told := strings.Contains(strings.Join(s.blames()[0].Evidence, " "), "does better: with the change learning rate 0.1 -> 0.003 it learns with 6 of 6 fresh seeds (FVU 0.20 ")
		if told != (s.fix != s.winners[0]) {
			t.Errorf("FVU %v: evidence %q", fvu, s.blames()[0].Evidence)
		}
		if s.fix.what() != want || count(s.fix.confirmed) != 6 {
			t.Errorf("FVU %v: the fix is %s, %d of %d", fvu, s.fix.what(), count(s.fix.confirmed), len(s.fix.confirmed))
		}
	}
}

// Where no single change repairs, two of different causes may.
func TestPairsOfDifferentCausesAreTried(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, _ int) float64 {
		switch what {
		case "a, b":
			return 0.3
		case "a", "b":
			return 0.9
		case "c":
			return 0.95
		}
		return 1
	})
	s.givenFails(t)
	changes := []change{named("a", DataScale, 0), named("same cause", DataScale, 0), named("b", Optimizer, 0), named("c", Clipping, 0)}
	if _, err := s.halve(s.madeOf(t, changes...)); err != nil {
		t.Fatal(err)
	}
	must(t, s.pairs(nil))
	if s.fix == nil || s.fix.what() != "a, b" || count(s.fix.confirmed) != 6 {
		t.Fatalf("fix %+v", s.fix)
	}
	for _, a := range s.attempts {
		if a.what() == "a, same cause" {
			t.Error("two changes of one cause were tried together")
		}
	}
}
