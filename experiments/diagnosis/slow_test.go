package diagnosis

import (
	"math"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/models/edit"
)

// law falls to 0.2 by a power law that comes under 0.5 at a step.
func law(step, at float64) float64 { return 0.2 + 0.3*math.Sqrt(at/step) }

// A model whose runs fall slowly and learn within 3,000 steps is slow, not faulty; nothing is changed about it.
func TestASlowModelIsHealthy(t *testing.T) {
	s := scripted(t, func(_ string, _ uint64, step int) float64 { return law(float64(step), 2200) })
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	must(t, s.examine())
	if s.verdict != Healthy || len(s.attempts) > 0 {
		t.Fatalf("%s after %d attempts", s.verdict, len(s.attempts))
	}
	slow := s.slowness()
	if slow == nil || !slow.Seen || math.Abs(float64(slow.Steps)-2200) > 100 {
		t.Errorf("%+v", slow)
	}
	d := Diagnosis{Name: "m", Verdict: Healthy, Given: Given{Slow: slow}}
	if text := d.Answer(); !strings.Contains(text, "is slow, but nothing is wrong with it: it was seen to learn after about 23") {
		t.Error(text)
	}
}

// Where time does not allow to see it, its course says so.
func TestASlowModelsCourseIsForetold(t *testing.T) {
	s := scripted(t, func(_ string, _ uint64, step int) float64 { return law(float64(step), 2200) })
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	s.budget.total = 4000 * s.given.step
	must(t, s.screen())
	slow := s.slowness()
	if s.verdict != Healthy || slow == nil || slow.Seen || math.Abs(float64(slow.Steps)-2200) > 50 || s.given.steps() >= 2200 {
		t.Errorf("%s, %+v after %d steps", s.verdict, slow, s.given.steps())
	}
}

// One that would take ten times as long is not waited for: its rate is too low.
func TestAModelThatTakesTooLongIsFaulty(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, step int) float64 {
		if strings.Contains(what, "learning rate 0.001 -> 0.01") {
			return law(float64(step), 220)
		}
		return law(float64(step), 22000)
	})
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	must(t, s.examine())
	if s.verdict != Faulty || s.fix == nil || s.fix.cause() != LearningRateLow || s.fix.comparison.interval.Low < 0.3 {
		t.Errorf("%s, %+v", s.verdict, s.fix)
	}
}

// Flat runs cost no patience beyond what all are owed.
func TestAFlatModelIsNotWaitedFor(t *testing.T) {
	s := scripted(t, func(string, uint64, int) float64 { return 0.9 })
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	must(t, s.screen())
	if s.verdict != Faulty || s.given.steps() > s.budget.long {
		t.Errorf("%s after %d steps", s.verdict, s.given.steps())
	}
}

// A change that brings the FVU just under the mark is no repair of a model that stays just above it.
func TestAThresholdAloneAccusesNobody(t *testing.T) {
	for fvu, repairs := range map[float64]bool{0.49: false, 0.3: true} {
		s := scripted(t, func(what string, seed uint64, _ int) float64 {
			noise := 0.002 * float64(seed%3)
			if what == "change" {
				return fvu + noise
			}
			return 0.52 + noise
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		s.givenFails(t)
		must(t, s.confirm(s.madeOf(t, named("change", Loss, 1)), nil))
		if (s.fix != nil) != repairs {
			t.Errorf("FVU 0.52 -> %v: repaired %v", fvu, s.fix != nil)
		}
		for _, b := range s.blames() {
			if b.Cause == Loss && !repairs {
				t.Errorf("it is accused: %+v", b)
			}
		}
	}
}

// Runs that diverged count as the mean image, so that a pair can be compared.
func TestPairsAreOfEquallyManySteps(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, step int) float64 {
		if what == "change" {
			return 0.4
		}
		return max(0.1, 1.5-float64(step)/200) // learns later
	})
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	a := s.madeOf(t, named("change", Loss, 1))[0]
	if _, err := s.confirmed(a); err != nil {
		t.Fatal(err)
	}
	c, err := s.compare(a) // after 100 steps, where the given model is at 1
	must(t, err)
	if c.pairs != 6 || math.Abs(c.gain-0.6) > 1e-9 {
		t.Errorf("%+v", c)
	}
}

// Capacity is not named for a model that still falls; once it has come to rest it may be.
func TestCapacityOfAFallingModel(t *testing.T) {
	for rests, want := range map[bool]bool{true: true, false: false} {
		s := scripted(t, func(what string, _ uint64, step int) float64 {
			switch {
			case what == "wider":
				return 0.2
			case rests:
				return 0.8
			}
			return law(float64(step), 5000)
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		s.budget.total = 60000 * s.given.step
		s.givenFails(t)
		must(t, s.confirm(s.madeOf(t, named("wider", Capacity, 1)), nil))
		if (s.fix != nil) != want {
			t.Errorf("comes to rest %v: repaired %v, %s after %d steps", rests, s.fix != nil, s.verdict, s.given.steps())
		}
		if !rests && s.verdict != Healthy {
			t.Errorf("it learned after %d steps, and is %s", s.given.steps(), s.verdict)
		}
	}
}

// Three faults at once: nothing helps alone or in pairs. All settings as usual do, and what is not needed is taken back.
func TestEverythingAsUsualIsCutDown(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, _ int) float64 {
		for _, needed := range []string{"hidden activations", "initializers", "batch"} {
			if !strings.Contains(what, needed) {
				return 0.98
			}
		}
		return 0.2
	})
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	s.given.setup.model = dense(graph.Sigmoid, graph.Linear, graph.RandomNormal{StdDev: 3})
	s.given.setup.batch = 512
	var err error
	s.look, err = thoroughLook(s.given.setup, s.images)
	must(t, err)
	s.givenFails(t)
	must(t, s.everything())
	if s.fix == nil || len(s.fix.changes) != 3 || len(s.fix.confirmed) != 6 {
		t.Fatalf("%+v", s.fix)
	}
	if n := len(s.blames()); n != 3 {
		t.Errorf("%+v", s.blames())
	}
}

// Nothing is given up while a fifth of the time is left.
func TestTimeIsUsedBeforeAModelIsGivenUp(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, step int) float64 {
		if what != "learning rate 0.001 -> 0.01" {
			return 0.95
		}
		if step > 6000 {
			return 0.2
		}
		return 0.9
	})
	must(t, s.examine())
	if s.fix == nil || s.fix.what() != "learning rate 0.001 -> 0.01" {
		t.Errorf("used %.2f of the time", s.budget.spent/s.budget.total)
	}
	s = scripted(t, func(string, uint64, int) float64 { return 0.95 })
	must(t, s.examine())
	s.settle()
	if left := s.budget.left() / s.budget.total; s.verdict != Inconclusive || left > leastLeft {
		t.Errorf("%s with %.2f of the time left", s.verdict, left)
	}
}

func TestChangesThatContradict(t *testing.T) {
	rate, optimizer, scale := named("a", LearningRateLow, 0), named("b", Optimizer, 0), named("c", DataScale, 0)
	if !contradict(rate, optimizer) || !contradict(rate, named("d", LearningRateHigh, 0)) || contradict(rate, scale) || contradict(optimizer, scale) {
		t.Error("wrong pairs")
	}
	s := scripted(t, func(string, uint64, int) float64 { return 1 })
	a, _, err := s.combined([]change{rate, scale})
	must(t, err)
	b, _, err := s.combined([]change{scale, rate})
	must(t, err)
	if a != b || !slices.Equal(whatOf(s.attempts), []string{"a, c"}) {
		t.Errorf("%q: a pair was made in both orders", whatOf(s.attempts))
	}
}

// Where the given model learned with some seeds, all its runs get the time that a repair took; those that learn then accuse nobody.
func TestAnUnreliableModelGetsAsMuchTime(t *testing.T) {
	s := scripted(t, func(what string, seed uint64, step int) float64 {
		if what == "change" && step > 900 || what == "" && (seed > 1 || step > 700) {
			return 0.3
		}
		return 0.9
	})
	for seed := range uint64(2) {
		run, err := s.trialOf(s.given, seed+1)
		must(t, err)
		must(t, s.advance([]job{{s.given, run, 500, true}}))
	}
	s.verdict = Unreliable
	found := s.madeOf(t, named("change", Loss, 1))
	run, err := s.trialOf(found[0], 1)
	must(t, err)
	must(t, s.advance([]job{{found[0], run, 1100, true}}))
	must(t, s.confirm(found, nil))
	if s.verdict != Healthy || s.fix != nil {
		t.Errorf("%s, repaired by %v", s.verdict, s.fix)
	}
}

// One run of three that falls does not make a falling model.
func TestMostRunsMustFall(t *testing.T) {
	for falling, want := range map[uint64]bool{1: false, 2: true} {
		s := scripted(t, func(_ string, seed uint64, step int) float64 {
			if seed <= falling {
				return law(float64(step), 3000)
			}
			return 0.9
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		jobs, err := s.screening(1, 3)
		must(t, err)
		must(t, s.advance(jobs))
		if got := s.stillFalling(); got != want {
			t.Errorf("%d of 3 runs fall: %v", falling, got)
		}
	}
}

// A model with whose first seed a run has learned, and with the others is on its way, is slow and not unreliable; so is one whose other
// runs end just above the mark. One whose other runs stand still far above it is unreliable.
func TestRunsThatFollowMakeASlowModel(t *testing.T) {
	for what, c := range map[string]struct {
		others func(step float64) float64
		want   Verdict
	}{
		"on their way":    {func(step float64) float64 { return law(step, 4500) }, Healthy},
		"near the mark":   {func(float64) float64 { return 0.55 }, Healthy},
		"far and resting": {func(float64) float64 { return 0.8 }, Unreliable},
	} {
		s := scripted(t, func(_ string, seed uint64, step int) float64 {
			if seed == 1 {
				return 0.3
			}
			return c.others(float64(step))
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		must(t, s.screen())
		if s.verdict != c.want {
			t.Errorf("%s: %s after %d steps", what, s.verdict, s.given.steps())
		}
	}
}

// Where nothing does better than waiting, a model that still falls is slow.
func TestAFallingModelThatNothingHelpsIsSlow(t *testing.T) {
	s := scripted(t, func(_ string, _ uint64, step int) float64 { return law(float64(step), 20000) })
	s.look.attainable = attainable{FVU: Number(math.NaN())}
	must(t, s.examine())
	d, _, err := s.conclude()
	must(t, err)
	if d.Verdict != Healthy || d.Given.Slow == nil || !strings.Contains(d.Answer(), "still falls") {
		t.Errorf("%s: %s", d.Verdict, d.Answer())
	}
}

// A change that lets all seeds learn repairs an unreliable model only if it does clearly better than the runs that fail.
func TestAMarkAloneMakesNoModelUnreliable(t *testing.T) {
	for fvu, repaired := range map[float64]bool{0.62: true, 0.53: false} {
		s := scripted(t, func(what string, seed uint64, _ int) float64 {
			if what == "change" || seed == 1 {
				return 0.48
			}
			return fvu
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		jobs, err := s.screening(1, 3)
		must(t, err)
		must(t, s.advance(jobs))
		s.verdict = Unreliable
		found := s.madeOf(t, named("change", Loss, 1))
		run, err := s.trialOf(found[0], 2)
		must(t, err)
		must(t, s.advance([]job{{found[0], run, 200, true}}))
		must(t, s.confirm(found, nil))
		if (s.fix != nil) != repaired {
			t.Errorf("FVU %v -> 0.48: repaired %v", fvu, s.fix != nil)
		}
	}
}

// Runs that stand still get twice the steps after which another has learned: a plateau may end.
func TestAPlateauIsWaitedFor(t *testing.T) {
	for end, want := range map[int]Verdict{1400: Healthy, 2900: Unreliable} {
		s := scripted(t, func(_ string, seed uint64, step int) float64 {
			switch {
			case seed == 1:
				return law(float64(step), 980)
			case step > end:
				return 0.3
			}
			return 1
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		must(t, s.screen())
		if s.verdict != want {
			t.Errorf("a plateau of %d steps: %s after %d steps", end, s.verdict, s.given.steps())
		}
	}
}

// Freeing frozen layers that hold a model back names them, though it learns; freeing good ones does not.
func TestFrozenLayersThatHoldBack(t *testing.T) {
	for freed, want := range map[float64]Verdict{0.1: Faulty, 0.5: Healthy} {
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			if what == "one frozen layer trained, too" {
				return freed
			}
			return 0.6
		})
		s.look.attainable = attainable{Values: 10, FVU: 0.3}
		frozen := *s.given.setup.model
		frozen.Nodes = slices.Clone(frozen.Nodes)
		at := slices.IndexFunc(frozen.Nodes, func(n graph.Node) bool { return graph.HasUnits(n.Layer) })
		frozen.Nodes[at].Frozen = true
		s.given.setup.model = &frozen
		s.look.settings.Frozen = []string{frozen.Nodes[at].Name}
		must(t, s.examine())
		d, _, err := s.conclude()
		must(t, err)
		if d.Verdict != want || want == Faulty && (d.Causes[0].Cause != Frozen || d.Fix == nil || !strings.Contains(d.Answer(), "learns far less")) {
			t.Errorf("freed %v: %s, %+v, %s", freed, d.Verdict, d.Causes, d.Answer())
		}
	}
}

// An output that cannot reach a large share of the values is named where the model explains far more without it, though it learns; a smaller share is not
// looked at.
func TestAnOutputThatHoldsBack(t *testing.T) {
	for _, c := range []struct {
		outOfReach, changed float64
		want                Verdict
	}{{0.5, 0.1, Faulty}, {0.5, 0.5, Healthy}, {0.2, 0.1, Healthy}} {
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			if strings.HasPrefix(what, "output activation ") {
				return c.changed
			}
			return 0.6
		})
		s.look.attainable = attainable{Values: 10, FVU: 0.3}
		m, changed, err := edit.OutputActivation(s.given.setup.model, graph.ReLU)
		must(t, err)
		if len(changed) == 0 {
			t.Fatal("the output is a ReLU")
		}
		s.given.setup.model, s.look.settings.Output.Activation, s.look.outOfReach = m, graph.ReLU, c.outOfReach
		must(t, s.examine())
		d, _, err := s.conclude()
		must(t, err)
		if d.Verdict != c.want || c.want == Faulty && (d.Causes[0].Cause != OutputRange || d.Fix == nil || !strings.Contains(d.Answer(), "than it would if its output could reach all values")) {
			t.Errorf("%+v: %s, %+v, %s", c, d.Verdict, d.Causes, d.Answer())
		}
	}
}

// A run that falls after a plateau may soon learn, though no power law says so; one that creeps, rests or died will not.
func TestARunMaySoonLearn(t *testing.T) {
	for what, c := range map[string]struct {
		fvu  func(step int) float64
		want bool
	}{
		"after a plateau": {func(step int) float64 { return min(0.82, 0.82-float64(step-700)/1500) }, true},
		"creeping":        {func(step int) float64 { return 0.9 - float64(step)/50000 }, false},
		"resting":         {func(int) float64 { return 0.6 }, false},
	} {
		run := &trial{mark: 0.5}
		for step := 50; step <= 950; step += 50 {
			run.see(check{Step: step, FVU: c.fvu(step)})
		}
		if got := run.maySoonLearn(); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
		if run.hopeless = "dead"; run.maySoonLearn() {
			t.Errorf("%s, and dead", what)
		}
	}
}

// A run that stood still for long and is nearly at the mark now, which no power law fits, is waited for.
func TestARunThatIsNearlyThereAfterAPlateauIsWaitedFor(t *testing.T) {
	for end, want := range map[float64]Verdict{0.4: Healthy, 0.58: Faulty} {
		s := scripted(t, func(_ string, seed uint64, step int) float64 {
			switch {
			case step <= 600+50*int(seed):
				return 1
			case step <= 1400:
				return 0.58
			}
			return end
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		must(t, s.screen())
		if s.verdict != want {
			t.Errorf("down to %v: %s", end, s.verdict)
		}
	}
}

// Time may be up while the given model's runs are nearly there: what learns sooner does not accuse it.
func TestWhatLearnsSoonerDoesNotAccuseWhenTheTimeIsUp(t *testing.T) {
	for name, c := range map[string]struct {
		given func(step int) float64
		want  bool
	}{
		"stands":         {func(int) float64 { return 1 }, true},
		"nearly there":   {func(step int) float64 { return 1 - 0.44*min(1, float64(step)/1000) }, false},
		"as good by now": {func(int) float64 { return 0.55 }, false},
	} {
		s := scripted(t, func(what string, _ uint64, step int) float64 {
			if what == "" {
				return c.given(step)
			}
			return 0.48
		})
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		s.givenFails(t)
		a := s.madeOf(t, named("change", Activation, 1))[0]
		for i := range uint64(3) {
			run, err := s.trialOf(a, firstFreshSeed+i)
			must(t, err)
			must(t, s.advance([]job{{a, run, 500, true}}))
		}
		if s.settle(); (s.fix == a) != c.want {
			t.Errorf("%s: %s, fix %v", name, s.verdict, s.fix)
		}
	}
}
