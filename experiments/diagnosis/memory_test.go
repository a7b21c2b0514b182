package diagnosis

import (
	"context"
	"math"
	"testing"

	"dcae/training"
)

// TestExaminationsInSmallMemory makes batches smaller, and says so.
func TestExaminationsInSmallMemory(t *testing.T) {
	s, err := newSearch(context.Background(), tiny(t, training.Adam{}), Options{Seconds: 1, Batch: 64}.withDefaults())
	must(t, err)
	need := func(batch int) float64 {
		bytes, err := training.Memory(s.given.setup.model, training.Config{Batch: batch}, s.images.train.n(), 1)
		must(t, err)
		return float64(bytes)
	}
	must(t, s.fitMemory(2.5*need(64)))
	if s.given.setup.batch != 64 || s.together != 2 || len(s.look.findings) > 0 {
		t.Errorf("room for two: batch %d, %d together, %v", s.given.setup.batch, s.together, s.look.findings)
	}
	must(t, s.fitMemory(need(17)))
	if s.given.setup.batch != 16 || s.together != 1 || len(s.look.findings) != 1 || s.look.findings[0].Name != "memory" {
		t.Errorf("room for a quarter: batch %d, %d together, %v", s.given.setup.batch, s.together, s.look.findings)
	}
	if err := s.fitMemory(1e6); err == nil {
		t.Error("fits into a megabyte")
	}
}

func TestARunThatWasLetGoBeginsAnew(t *testing.T) {
	s, err := newSearch(context.Background(), tiny(t, training.Adam{}), Options{Seconds: 10, Batch: 32}.withDefaults())
	must(t, err)
	s.look.attainable = attainable{} // nothing learns
	attempts := s.madeOf(t, named("better", Loss, 1), rateChange(training.Adam{}, 1e-6, 0))
	var jobs []job
	for _, a := range attempts {
		run, err := s.trialOf(a, 1)
		must(t, err)
		run.mark = 0
		jobs = append(jobs, job{a, run, checkEvery, false})
	}
	must(t, s.advance(jobs))
	better, worse := jobs[0].trial, jobs[1].trial
	first := worse.fvu()
	s.letGo(1.5 * worse.bytes())
	if better.params == nil || worse.params != nil || worse.state != nil || better.fvu() >= worse.fvu() {
		t.Fatalf("the worse run is to be let go: FVU %.2f and %.2f", better.fvu(), worse.fvu())
	}
	spent := s.budget.spent
	must(t, s.advance([]job{{attempts[1], worse, 2 * checkEvery, false}}))
	if got, want := s.budget.spent-spent, 2*checkEvery*attempts[1].step+attempts[1].start; math.Abs(got/want-1) > 1e-9 {
		t.Errorf("it cost %g s, want %g for all its steps", got, want)
	}
	if worse.steps != 2*checkEvery || len(worse.checks) != 2 || worse.checks[0].FVU != first || worse.mark != 0 {
		t.Errorf("%d steps, looks %v, first was %v", worse.steps, worse.checks, first)
	}
	worse.hopeless = "as the test wants it"
	s.letGo(1e12)
	if worse.params != nil || better.params == nil {
		t.Error("only the run that cannot learn any more is to be let go")
	}
	spent = s.budget.spent
	must(t, s.advance([]job{{attempts[1], worse, 3 * checkEvery, false}}))
	if worse.steps != 2*checkEvery || s.budget.spent != spent {
		t.Error("it went on")
	}

	shown, err := s.drawn(attempts[1], "worse", "", attempts[1].screened)
	must(t, err)
	if len(shown.Runs) != 1 || len(shown.Runs[0].HeldOut) != 2 || len(shown.Runs[0].Reconstructions) > 0 {
		t.Errorf("the run that was let go is drawn without images: %+v", shown.Runs)
	}
	better.drop()
	s.verdict = Faulty
	must(t, s.lookAtBest())
	s.fix = attempts[0]
	if d, repaired, err := s.conclude(); err != nil || d.Verdict != Faulty || d.Fix != nil || repaired != nil {
		t.Errorf("nothing is left to hand over: %s, fix %v, %v", d.Verdict, d.Fix, err)
	}
}
