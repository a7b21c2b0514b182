package diagnosis

import (
	"math"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/training"
)

// rectified gives a scripted search a model of rectifiers.
func (s *search) rectified(t *testing.T) {
	t.Helper()
	s.given.setup.model = dense(graph.ReLU, graph.Sigmoid, nil)
	var err error
	s.look, err = thoroughLook(s.given.setup, s.images)
	must(t, err)
	s.look.attainable = attainable{FVU: Number(math.NaN())}
}

const leaky = "hidden activations -> leaky_relu"

// Where two settings are each enough to keep the model from learning, both are restored at once, and no third one with them.
func TestWhatIsWayOffIsRestoredTogether(t *testing.T) {
	changes := []change{named("loss", Loss, 3), named("range", OutputRange, 1.7), named("start", Initialization, 1.1), named("rate", LearningRateHigh, 0.5)}
	s := scripted(t, func(what string, _ uint64, _ int) float64 {
		if strings.HasPrefix(what, "loss, range") {
			return 0.3
		}
		return 0.9
	})
	s.givenFails(t)
	must(t, s.allWayOff(changes))
	if s.fix == nil || s.fix.what() != "loss, range" || len(s.fix.confirmed) != 6 {
		t.Fatalf("%+v", s.fix)
	}
	if b := s.blames(); len(b) != 2 || b[0].Cause != Loss || b[1].Cause != OutputRange {
		t.Errorf("%+v", b)
	}
	if got := whatOf(s.attempts); !slices.Equal(got, []string{"loss, range, start", "loss, range", "loss", "range"}) {
		t.Errorf("%q", got)
	}
	s = scripted(t, func(string, uint64, int) float64 { return 0.9 }) // one alone was tried before
	s.givenFails(t)
	must(t, s.allWayOff([]change{changes[0], changes[3]}))
	if len(s.attempts) != 0 {
		t.Errorf("%q", whatOf(s.attempts))
	}
}

// Where runs die with a setting restored, and not with leaky rectifiers beside it, the setting is to blame.
func TestASettingIsBlamedThoughRunsDie(t *testing.T) {
	s := scripted(t, func(what string, _ uint64, _ int) float64 {
		switch what {
		case "restored":
			return math.Inf(1)
		case "restored, " + leaky:
			return 0.3
		}
		return 0.9
	})
	s.rectified(t)
	s.givenFails(t)
	must(t, s.try(stage{"settings that stand out", []change{named("restored", Frozen, 2)}}, []change{named("restored", Frozen, 2)}))
	if s.fix == nil || s.fix.what() != "restored, "+leaky || len(s.fix.confirmed) != 6 {
		t.Fatalf("%+v", s.fix)
	}
	if b := s.blames(); len(b) != 2 || b[0].Cause != Frozen || b[1].Cause != Activation {
		t.Errorf("%+v", b)
	}
	s = scripted(t, func(string, uint64, int) float64 { return 0.9 }) // where nothing dies it is not tried
	s.rectified(t)
	s.givenFails(t)
	must(t, s.try(stage{"settings that stand out", []change{named("restored", Frozen, 2)}}, []change{named("restored", Frozen, 2)}))
	if len(s.attempts) != 1 {
		t.Errorf("%q", whatOf(s.attempts))
	}
}

// A repair with which a seed dies is handed over with leaky rectifiers, if all learn then.
func TestARepairIsMadeSteady(t *testing.T) {
	for steadier, want := range map[float64]string{0.3: "restored, " + leaky, 0.9: "restored"} {
		s := scripted(t, func(what string, seed uint64, _ int) float64 {
			switch {
			case (what == "restored" || strings.Contains(what, "bias of the output")) && seed == 102:
				return math.Inf(1)
			case what == "restored, "+leaky && seed == 102:
				return steadier
			case what != "":
				return 0.3
			}
			return 0.9
		})
		s.rectified(t)
		s.givenFails(t)
		must(t, s.confirm(s.madeOf(t, named("restored", Initialization, 1)), nil))
		must(t, s.refine())
		if s.fix.what() != want {
			t.Errorf("the fix is %s, want %s", s.fix.what(), want)
		}
		if b := s.blames(); b[0].Cause != Initialization || strings.Contains(b[0].Evidence[1], leaky) != strings.Contains(want, leaky) {
			t.Errorf("%+v", b)
		}
	}
}

// A rate far off may make up for frozen layers: where freeing them beside a rate explains far more than the rate alone, they are to blame; else the rate is.
func TestFrozenLayersBesideARate(t *testing.T) {
	const rate, free = "learning rate 0.001 -> 0.01", "one frozen layer trained, too"
	for freed, want := range map[float64]Cause{0.05: Frozen, 0.35: LearningRateLow} {
		s := scripted(t, func(what string, _ uint64, step int) float64 {
			switch {
			case what == free+", "+rate && step > 150:
				return freed
			case what == rate && step > 250:
				return 0.45
			}
			return 0.9
		})
		frozen := *s.given.setup.model
		frozen.Nodes = slices.Clone(frozen.Nodes)
		at := slices.IndexFunc(frozen.Nodes, func(n graph.Node) bool { return graph.HasUnits(n.Layer) })
		frozen.Nodes[at].Frozen = true
		s.given.setup.model = &frozen
		s.look.settings.Frozen = []string{frozen.Nodes[at].Name}
		s.look.attainable = attainable{FVU: Number(math.NaN())}
		s.givenFails(t)
		must(t, s.try(stage{"rates", []change{rateChange(training.Adam{}, 0.01, 0)}}, nil))
		if s.fix == nil || s.fix.cause() != want {
			t.Errorf("freed %v: %q repair, want %s", freed, whatOf(s.winners), want)
		}
	}
}

// A layer of very few rectifiers may die with some seeds: more than three are tried before the model is healthy.
func TestFewRectifiersAreTriedWithMoreSeeds(t *testing.T) {
	for units, want := range map[int]Verdict{2: Unreliable, 20: Healthy} {
		s := scripted(t, func(_ string, seed uint64, _ int) float64 {
			if seed == 5 {
				return math.Inf(1)
			}
			return 0.3
		})
		s.rectified(t)
		s.look.settings.FewestRectified = units
		must(t, s.screen())
		if s.verdict != want {
			t.Errorf("%d units: %s after %d runs", units, s.verdict, len(s.given.screened))
		}
	}
}

func TestAidsThatSayNothingComeLast(t *testing.T) {
	if !(standing{Cause: Activation, Kind: Aid, FVU: 0.4}.before(standing{Cause: Unknown, Kind: Aid, FVU: 0.2}) < 0) {
		t.Error("an unknown cause comes before a known one")
	}
}

// What keeps runs alive may be all that a model needs: then a setting that stands out is not blamed for it.
func TestALifelineThatIsEnough(t *testing.T) {
	for alone, want := range map[float64]string{0.3: leaky, 0.9: "restored, " + leaky} {
		s := scripted(t, func(what string, _ uint64, _ int) float64 {
			switch what {
			case "restored":
				return math.Inf(1)
			case "restored, " + leaky:
				return 0.3
			case leaky:
				return alone
			}
			return 0.9
		})
		s.rectified(t)
		s.givenFails(t)
		c := named("restored", Initialization, 2)
		must(t, s.try(stage{"settings that stand out", []change{c}}, []change{c}))
		if s.fix == nil || s.fix.what() != want {
			t.Errorf("alone %v: the fix is %+v, want %s", alone, s.fix, want)
		}
	}
}

// Where some runs learn at once, and others print the mean image, a layer of few rectifiers makes it a matter of the seed; with many they are waited for.
func TestRunsThatStandBehindFewRectifiers(t *testing.T) {
	for units, want := range map[int]Verdict{2: Unreliable, 16: Healthy} {
		s := scripted(t, func(_ string, seed uint64, step int) float64 {
			if seed%2 == 0 || step > 900 {
				return 0.3
			}
			return 1
		})
		s.rectified(t)
		s.look.settings.FewestRectified = units
		if must(t, s.screen()); s.verdict != want {
			t.Errorf("%d rectifiers: %s", units, s.verdict)
		}
		_, stages := s.stages()
		if want == Unreliable && stages[0].name != "runs that die" {
			t.Errorf("first come %s", stages[0].name)
		}
	}
}
