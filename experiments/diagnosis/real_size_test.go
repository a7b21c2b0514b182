package diagnosis

import (
	"context"
	"math"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models/edit"
)

// withTwin is a scripted search whose twin has come to a verdict, by changes that repaired it.
func withTwin(t *testing.T, real script, verdict Verdict, unlike string, repairs ...change) *search {
	t.Helper()
	s := scripted(t, real)
	small := scripted(t, func(what string, _ uint64, _ int) float64 {
		if what == "" && verdict != Healthy {
			return 1
		}
		return 0.2
	})
	run, err := small.trialOf(small.given, 1)
	must(t, err)
	must(t, small.advance([]job{{small.given, run, 100, true}}))
	small.verdict = verdict
	for _, a := range small.madeOf(t, repairs...) {
		for seed := uint64(firstFreshSeed); seed < firstFreshSeed+3; seed++ {
			run, err := small.trialOf(a, seed)
			must(t, err)
			must(t, small.advance([]job{{a, run, 200, true}}))
		}
		small.winners = append(small.winners, a)
	}
	if len(small.winners) > 0 {
		small.fix = small.winners[0]
	}
	probed, err := s.trialOf(s.given, 1)
	must(t, err)
	s.given.step = 1 // beginning a run costs next to nothing, as with real steps that are dear
	s.budget = budget{total: 600, short: 100, long: 100}
	s.twin = &twinExam{candidate: candidate{size: edit.TwinSize{Height: 8, Width: 8}, width: 1, batch: 32}, small: small, probed: [2]*trial{probed, run}, unlike: unlike}
	s.verdict = verdict
	return s
}

func TestAHealthyTwinNeedsARealRunThatLearnsOrFalls(t *testing.T) {
	for what, c := range map[string]struct {
		real script
		want Verdict
	}{
		"learns": {func(string, uint64, int) float64 { return 0.3 }, Healthy},
		"falls":  {func(_ string, _ uint64, step int) float64 { return 2 - float64(step)/1000 }, Healthy},
		"stands": {func(string, uint64, int) float64 { return 1 }, Inconclusive},
	} {
		s := withTwin(t, c.real, Healthy, "")
		must(t, s.lookAtRealSize())
		if s.verdict != c.want || s.fix != nil {
			t.Errorf("%s: %s", what, s.verdict)
		}
	}
}

// A hundred steps in the real size are few for moving statistics, and the twin shows that they catch up.
func TestMovingStatisticsThatLagAreNoFault(t *testing.T) {
	for what, c := range map[string]struct {
		normalized float64
		loss       func(step int) float64
		want       Verdict
	}{
		"learned but for them":      {0.3, func(int) float64 { return 1 }, Healthy},
		"falls but for them":        {0.9, func(step int) float64 { return 1 - float64(step)/1000 }, Healthy},
		"stands":                    {0.9, func(int) float64 { return 1 }, Inconclusive},
		"falls, without statistics": {math.NaN(), func(step int) float64 { return 1 - float64(step)/1000 }, Inconclusive},
	} {
		want := c.want
		s := withTwin(t, func(string, uint64, int) float64 { return 5 }, Healthy, "")
		run := s.run
		s.run = func(ctx context.Context, j job, threads *graph.Threads) error {
			err := run(ctx, j, threads)
			if j.trial.settle {
				j.trial.normalized = c.normalized
			}
			for i := range j.trial.checks {
				j.trial.checks[i].TrainLoss = c.loss(j.trial.checks[i].Step)
			}
			return err
		}
		must(t, s.lookAtRealSize())
		d, _, err := s.concludeTwin()
		must(t, err)
		if d.Verdict != want || s.fix != nil {
			t.Errorf("%s: %s", what, d.Verdict)
		}
		if says := "learns on images of 8x8 (1 of 1 random seeds), but was not seen to at 14x14 in the time"; want == Inconclusive && !strings.Contains(d.Answer(), says) {
			t.Errorf("%q does not say %q", d.Answer(), says)
		}
	}
}

// The rate is too high for the real size alone.
func TestWhatTheTwinDoesNotShowIsTriedInTheRealSize(t *testing.T) {
	s := withTwin(t, func(what string, _ uint64, step int) float64 {
		if what == "learning rate 0.001 -> 0.0001" {
			return 1 - float64(step)/100
		}
		return 1.1
	}, Healthy, "")
	must(t, s.lookAtRealSize())
	if s.verdict != Faulty || s.fix == nil || s.fix.cause() != LearningRateHigh {
		t.Fatalf("%s, fix %v", s.verdict, s.fix)
	}
	d, repaired, err := s.concludeTwin()
	must(t, err)
	if len(d.Causes) == 0 || d.Causes[0].Cause != LearningRateHigh || d.Fix == nil || repaired == nil || d.Verdict != Faulty {
		t.Errorf("%s, causes %v, fix %v", d.Verdict, d.Causes, d.Fix)
	}
}

// What repairs in the real size may be dead with a fresh seed: the run that was seen to fall is handed over, and the repair is only likely.
func TestARepairMayDieWithAFreshSeedInTheRealSize(t *testing.T) {
	s := withTwin(t, func(what string, seed uint64, step int) float64 {
		switch {
		case what != "learning rate 0.001 -> 0.0001":
			return 1.1
		case seed >= firstFreshSeed:
			return math.Inf(1)
		}
		return 1 - float64(step)/100
	}, Healthy, "")
	must(t, s.lookAtRealSize())
	d, repaired, err := s.concludeTwin()
	must(t, err)
	if len(s.fix.confirmed) != 1 || d.Fix == nil || !d.Fix.Likely || d.Fix.Learned != "0/1" || repaired == nil || repaired.Params != s.fix.screened[0].params {
		t.Errorf("%d fresh seeds, fix %+v", len(s.fix.confirmed), d.Fix)
	}
	if text := d.Text(""); !strings.Contains(text, "A change that probably repairs it (with fresh random seeds it was not seen to learn yet): ") {
		t.Errorf("the repair is told as\n%s", text)
	}
}

// A twin that is unlike only suggests: the real size must show that the change does better there. While it falls only, the given model must stand, or be far worse.
func TestARepairOfAnUnlikeTwinMustBeSeenInTheRealSize(t *testing.T) {
	falls := func(by float64) func(int) float64 { return func(step int) float64 { return 1 - by*float64(step) } }
	always := func(fvu float64) func(int) float64 { return func(int) float64 { return fvu } }
	const slowly, faster, fastest = 1.0 / 5000, 1.0 / 2500, 1.0 / 1500
	for name, c := range map[string]struct {
		given, repaired func(step int) float64
		unlike          string
		want            Verdict
		likely          bool
	}{
		"of a twin that is alike":               {given: falls(faster), repaired: falls(faster), want: Faulty},
		"no better":                             {given: falls(faster), repaired: falls(faster), unlike: "FVU 1 and 3", want: Inconclusive},
		"learns":                                {given: always(1), repaired: always(0.2), unlike: "FVU 1 and 3", want: Faulty},
		"the given model learns, too":           {given: always(0.2), repaired: always(0.2), unlike: "FVU 1 and 3", want: Healthy},
		"falls, the given model stands":         {given: always(1), repaired: falls(faster), unlike: "FVU 1 and 3", want: Faulty, likely: true},
		"far better than one that is dead":      {given: always(math.Inf(1)), repaired: always(0.7), unlike: "FVU 1 and 3", want: Faulty, likely: true},
		"falls, as the given model does":        {given: falls(slowly), repaired: falls(faster), unlike: "FVU 1 and 3", want: Inconclusive},
		"falls, far better than the given does": {given: falls(slowly), repaired: falls(fastest), unlike: "FVU 1 and 3", want: Faulty, likely: true},
		"dies":                                  {given: always(1), repaired: always(math.Inf(1)), unlike: "FVU 1 and 3", want: Inconclusive},
	} {
		s := withTwin(t, func(what string, _ uint64, step int) float64 {
			if what == "repair" {
				return c.repaired(step)
			}
			return c.given(step) // of what is tried then, too
		}, Faulty, c.unlike, named("repair", Loss, 1))
		s.look.attainable = attainable{Values: 4, FVU: 0.25}
		must(t, s.advance([]job{{s.given, s.twin.probed[0], probeSteps, true}}))
		if c.unlike != "" {
			s.verdict = Inconclusive
		}
		must(t, s.lookAtRealSize())
		d, _, err := s.concludeTwin()
		must(t, err)
		if d.Verdict != c.want || (s.fix != nil) != (c.want == Faulty) || s.fix != nil && (s.fix.what() != "repair" || d.Fix == nil) {
			t.Errorf("%s: %s, fix %v", name, d.Verdict, s.fix)
		}
		if c.unlike != "" && d.Fix != nil && (d.Verdict != Faulty || d.Fix.Likely != c.likely || strings.HasPrefix(d.Fix.Learned, "0/") != c.likely) {
			t.Errorf("%s: %s, handed over %+v", name, d.Verdict, d.Fix)
		}
	}
}

// What repairs the twin first may fail in the real size, and the next one may not: that one is the cause.
func TestTheCauseIsWhatRepairsTheRealSize(t *testing.T) {
	for _, unlike := range []string{"", "FVU 1 and 3"} {
		s := withTwin(t, func(what string, _ uint64, _ int) float64 {
			switch what {
			case "first":
				return math.Inf(1)
			case "second":
				return 0.2
			}
			return 1
		}, Faulty, unlike, named("first", Loss, 2), named("second", Initialization, 1))
		must(t, s.advance([]job{{s.given, s.twin.probed[0], probeSteps, true}}))
		must(t, s.lookAtRealSize())
		d, _, err := s.concludeTwin()
		must(t, err)
		if s.fix == nil || s.fix.what() != "second" || len(d.Causes) < 2 || d.Causes[0].Cause != Initialization || d.Causes[0].Confidence < d.Causes[1].Confidence {
			t.Errorf("twin %q: fix %v, causes %v", unlike, s.fix, d.Causes)
		}
	}
}

// The answer that stands when the time is up in the middle of a step has what the twin showed.
func TestWhatATwinShowedIsKnownWhenTheTimeIsUp(t *testing.T) {
	s := withTwin(t, func(string, uint64, int) float64 { return 1.1 }, Faulty, "", named("repair", Loss, 1))
	var last Diagnosis
	s.publish = func() { last = s.known() }
	must(t, s.advance([]job{{s.given, s.twin.probed[0], 25, true}}))
	if last.Twin == nil || last.Verdict != Faulty || len(last.Causes) == 0 || last.Causes[0].Cause != Loss || len(last.Interventions) == 0 || last.Interventions[0].Size != "8x8" {
		t.Errorf("%s, twin %v, causes %v, tried %v", last.Verdict, last.Twin, last.Causes, last.Interventions)
	}
	if again := s.known(); !strings.HasPrefix(again.Attainable.Text, "On images of 8x8: ") || strings.Count(again.Attainable.Text, "On images") != 1 {
		t.Errorf("what is attainable: %s", again.Attainable.Text)
	}
}

// What is proven without training makes the verdict, even where the twin is unlike and no repair was seen in the real size.
func TestWhatIsProvenDecidesBesideATwin(t *testing.T) {
	for _, proven := range []bool{false, true} {
		s := withTwin(t, func(string, uint64, int) float64 { return 7 }, Faulty, "FVU 79 and 7")
		must(t, s.advance([]job{{s.given, s.twin.probed[0], 25, true}}))
		s.verdict = Inconclusive
		if proven {
			s.look.findings.add("output_range", "out", "The images are out of reach.", "Bring them into its range.").blames(DataScale, true)
		}
		d, _, err := s.concludeTwin()
		must(t, err)
		if want := map[bool]Verdict{false: Inconclusive, true: Faulty}[proven]; d.Verdict != want {
			t.Errorf("proven %t: %s, not %s", proven, d.Verdict, want)
		}
	}
}

// A first seed that learned in the real size is not lost where the clock cuts the next ones.
func TestSeedsThatTheClockCutsDoNotCount(t *testing.T) {
	s := withTwin(t, func(what string, _ uint64, _ int) float64 {
		if what == "repair" {
			return 0.2
		}
		return 1
	}, Faulty, "", named("repair", Loss, 1))
	run := s.run
	ctx, stop := context.WithCancel(context.Background())
	s.ctx = ctx
	s.run = func(ctx context.Context, j job, threads *graph.Threads) error {
		if j.trial.seed > firstFreshSeed {
			stop()
			return context.Canceled
		}
		return run(ctx, j, threads)
	}
	if err := s.lookAtRealSize(); err == nil {
		t.Fatal("the time was not up")
	}
	if s.fix == nil || len(s.fix.confirmed) != 1 || s.verdict != Faulty {
		t.Errorf("%s, fix %v", s.verdict, s.fix)
	}
}

// Runs that the clock cuts before they have learned are no failures of the change that they were to confirm; those that died are.
func TestFreshSeedsThatTheClockCutsDoNotCount(t *testing.T) {
	for cutFrom, want := range map[uint64]string{firstFreshSeed: "1/1", firstFreshSeed + 2: "1/2"} {
		s := scripted(t, func(what string, seed uint64, _ int) float64 {
			if what == "repair" && seed == firstFreshSeed+1 {
				return math.Inf(1)
			}
			return 0.2
		})
		a := s.madeOf(t, named("repair", Loss, 1))[0]
		run, err := s.trialOf(a, 1)
		must(t, err)
		must(t, s.advance([]job{{a, run, 100, true}}))
		s.verdict = Unreliable // a change may fail with a seed then
		s.options.Seeds = 8
		scripts := s.run
		ctx, stop := context.WithCancel(context.Background())
		s.ctx = ctx
		s.run = func(ctx context.Context, j job, threads *graph.Threads) error {
			if j.trial.seed >= cutFrom {
				j.trial.see(check{Step: checkEvery, FVU: 0.9, Spread: 1})
				stop()
				return context.Canceled
			}
			return scripts(ctx, j, threads)
		}
		if _, err := s.confirmed(a); err == nil {
			t.Fatal("the time was not up")
		}
		if a.learned() != want {
			t.Errorf("cut from seed %d on: %s, want %s", cutFrom, a.learned(), want)
		}
	}
}

// A twin's time may be up before a repair has learned with three fresh seeds.
func TestATwinIsBelievedWithItsScreeningSeed(t *testing.T) {
	for isTwin, want := range map[bool]Verdict{true: Faulty, false: Inconclusive} {
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			if what == "repair" {
				return 0.2
			}
			return 1
		})
		s.isTwin = isTwin
		s.givenFails(t)
		a := s.madeOf(t, named("repair", Loss, 1))[0]
		for _, seed := range []uint64{1, firstFreshSeed, firstFreshSeed + 1} {
			run, err := s.trialOf(a, seed)
			must(t, err)
			must(t, s.advance([]job{{a, run, 200, true}}))
		}
		if s.settle(); s.verdict != want {
			t.Errorf("twin %v: %s", isTwin, s.verdict)
		}
	}
}

// A twin's time may be up before any change was tried with a fresh seed.
func TestChangesOfATwinThatAgreeAreBelieved(t *testing.T) {
	still := func(fvu float64) func(int) float64 { return func(int) float64 { return fvu } }
	falling := func(step int) float64 { return 1.2 - float64(step)/5000 }
	for _, c := range []struct {
		name                 string
		given, first, second func(step int) float64
		other                Cause // of the second
		real                 bool  // it is no twin
		usual                bool  // neither setting stands out
		off                  bool  // both are way off, and what counts is both together, as the second is alone
		want                 string
	}{
		{name: "both learn", given: still(1), first: still(0.2), second: still(0.1), other: Activation, want: "second"},
		{name: "in the real size", given: still(1), first: still(0.2), second: still(0.1), other: Activation, real: true},
		{name: "what is usual", given: still(1), first: still(0.2), second: still(0.1), other: Activation, usual: true},
		{name: "of two causes", given: still(1), first: still(0.2), second: still(0.1), other: Loss},
		{name: "one alone", given: still(1), first: still(0.2), second: still(1), other: Activation},
		{name: "one alone, and the given model is dead", given: still(math.Inf(1)), first: still(0.2), second: still(1), other: Loss, want: "first"},
		{name: "far better", given: still(1), first: still(0.65), second: still(0.62), other: Activation, want: "second"},
		{name: "the given model still falls", given: falling, first: still(0.65), second: still(0.62), other: Activation},
		{name: "a little better", given: still(1), first: still(0.9), second: still(0.9), other: Activation},
		{name: "two settings way off", given: still(1), first: still(1), second: still(1), other: Loss, off: true, want: "first, second"},
		{name: "two settings that stand out", given: still(1), first: still(1), second: still(1), other: Loss},
		{name: "two settings way off, and the given model still falls", given: falling, first: still(1), second: still(1), other: Loss, off: true},
	} {
		s := scripted(t, func(what string, _ uint64, step int) float64 {
			switch what {
			case "":
				return c.given(step)
			case "first":
				return c.first(step)
			case "second":
				return c.second(step)
			}
			return 0.6 // both
		})
		s.isTwin = !c.real
		s.look.attainable = attainable{Values: 4, FVU: 0.2, why: ""}
		s.givenFails(t)
		departure := float64(clearDeparture)
		switch {
		case c.usual:
			departure = 0.3
		case c.off:
			departure = wayOff
		}
		first, second := named("first", Activation, departure), named("second", c.other, departure)
		tried := s.madeOf(t, first, second)
		if c.other != Activation {
			both, ok, err := s.newAttempt(first, second)
			must(t, err)
			if !ok {
				t.Fatal("not both together")
			}
			tried = append(tried, both)
		}
		for _, a := range tried {
			run, err := s.trialOf(a, 1)
			must(t, err)
			must(t, s.advance([]job{{a, run, 200, true}}))
		}
		s.settle()
		got := ""
		if s.fix != nil {
			got = s.fix.what()
		}
		if got != c.want || c.want != "" && s.verdict != Faulty || c.want == "" && s.verdict != Inconclusive {
			t.Errorf("%s: %q, %s", c.name, got, s.verdict)
		}
	}
}

// Three pairs of runs show a smaller gain, if the given model was trained as long and stands.
func TestAChangeThatIsBetterInPairsIsBelievedOfATwin(t *testing.T) {
	still := func(int) float64 { return 1 }
	for name, c := range map[string]struct {
		given   func(step int) float64
		changed float64
		steps   int // of the given model's runs
		want    bool
	}{
		"better":        {still, 0.75, 200, true},
		"a little":      {still, 0.95, 200, false},
		"not as long":   {still, 0.75, 100, false},
		"falling still": {func(step int) float64 { return 1.2 - float64(step)/1000 }, 0.75, 200, false},
	} {
		s := scripted(t, func(what string, seed uint64, step int) float64 {
			if what == "" {
				return c.given(step)
			}
			return c.changed + 0.01*float64(seed)
		})
		s.isTwin, s.verdict = true, Faulty
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		a := s.madeOf(t, named("change", LearningRateHigh, 2))[0]
		for seed := uint64(1); seed <= 3; seed++ {
			for of, steps := range map[*attempt]int{s.given: c.steps, a: 200} {
				run, err := s.trialOf(of, seed)
				must(t, err)
				must(t, s.advance([]job{{of, run, steps, true}}))
			}
		}
		if s.settle(); (s.fix == a) != c.want {
			t.Errorf("%s: %s, fix %v", name, s.verdict, s.fix)
		}
	}
}

// Time may be up while the best change still falls.
func TestWhatWasSeenInTheRealSizeCountsWhenTheTimeIsUp(t *testing.T) {
	s := withTwin(t, func(what string, _ uint64, step int) float64 {
		if what == "learning rate 0.001 -> 0.0001" {
			return 1 - float64(step)/150
		}
		return 1.1
	}, Healthy, "")
	run := s.run
	ctx, stop := context.WithCancel(context.Background())
	s.ctx = ctx
	s.run = func(ctx context.Context, j job, threads *graph.Threads) error {
		if j.attempt.what() == "learning rate 0.001 -> 0.0001" && j.to > 2*probeSteps {
			stop()
			return context.Canceled
		}
		return run(ctx, j, threads)
	}
	if err := s.lookAtRealSize(); err == nil {
		t.Fatal("the time was not up")
	}
	if s.verdict != Faulty || s.fix == nil || s.fix.cause() != LearningRateHigh {
		t.Errorf("%s, fix %v", s.verdict, s.fix)
	}
}

// What dies depends on the size, so that a model with a layer of few rectifiers is examined by a twin only where there is no other way.
func TestFewRectifiersAreExaminedInTheRealSize(t *testing.T) {
	s := scripted(t, nil)
	for units, want := range map[int]bool{0: true, 2: false, 16: true} {
		s.look.settings.FewestRectified = units
		s.given.step = s.budget.total / (0.7 * twinBelow * stepsAVariant)
		if got := s.tooDear(); got != want {
			t.Errorf("%d rectifiers: %v", units, got)
		}
		if s.given.step = s.budget.total / (0.6 * twinBelow * stepsAVariant); !s.tooDear() { // which seeds die is not seen in the time
			t.Errorf("%d rectifiers: it takes a twin", units)
		}
	}
}

// A model that diverges at once is faulty, though what repairs it learns slowly.
func TestFarBetterThanARunThatIsDeadCountsInTheRealSize(t *testing.T) {
	for fvu, want := range map[float64]Verdict{0.6: Faulty, 0.95: Inconclusive} {
		s := withTwin(t, func(what string, _ uint64, _ int) float64 {
			if what == "learning rate 0.001 -> 0.0001" {
				return fvu
			}
			return math.Inf(1)
		}, Faulty, "FVU 1 and 3")
		s.verdict = Inconclusive
		must(t, s.lookAtRealSize())
		if s.verdict != want {
			t.Errorf("FVU %.2f: %s", fvu, s.verdict)
		}
	}
}
