package diagnosis

import (
	"testing"
)

// Where a twin's time is not enough for three seeds, a second one is, if the given model with it does nothing as long.
func TestASecondSeedOfATwinIsEnough(t *testing.T) {
	type run func(seed uint64, step int) float64
	always := func(fvu float64) run { return func(uint64, int) float64 { return fvu } }
	secondSeed := func(first, second float64) run {
		return func(seed uint64, _ int) float64 {
			if seed == 2 {
				return second
			}
			return first
		}
	}
	for name, c := range map[string]struct {
		given, restored, other run
		real                   bool
		want                   bool
		seeds                  int
	}{
		"far better twice":                      {given: always(1), restored: always(0.65), other: always(1), want: true, seeds: 2},
		"far better once":                       {given: always(1), restored: secondSeed(0.65, 0.95), other: always(1), seeds: 2},
		"a little better":                       {given: always(1), restored: always(0.9), other: always(1), seeds: 1},
		"of two causes":                         {given: always(1), restored: always(0.65), other: always(0.6), seeds: 1},
		"the given model learns with this seed": {given: secondSeed(1, 0.2), restored: always(0.65), other: always(1), seeds: 2},
		"the given model falls":                 {given: func(_ uint64, step int) float64 { return 1.2 - float64(step)/5000 }, restored: always(0.65), other: always(1), seeds: 1},
		"no twin":                               {given: always(1), restored: always(0.65), other: always(1), real: true, seeds: 1},
	} {
		s := scripted(t, func(what string, seed uint64, step int) float64 {
			switch what {
			case "restored":
				return c.restored(seed, step)
			case "other":
				return c.other(seed, step)
			}
			return c.given(seed, step)
		})
		s.isTwin = !c.real
		s.look.attainable = attainable{Values: 4, FVU: 0.2}
		s.givenFails(t)
		tried := s.madeOf(t, named("restored", Initialization, 2), named("other", Loss, 1))
		if _, err := s.halve(tried); err != nil {
			t.Fatal(err)
		}
		s.budget.spent = 0.6 * s.budget.total
		_, err := s.secondChance(tried)
		must(t, err)
		if (s.fix == tried[0]) != c.want || len(tried[0].screened) != c.seeds {
			t.Errorf("%s: fix %v after %d seeds", name, s.fix, len(tried[0].screened))
		}
	}
}

// A model whose output is one image for all does not get better by what its bias does.
func TestAFallTowardsTheMeanImageIsNoProgress(t *testing.T) {
	for name, c := range map[string]struct {
		fvu    [3]float64
		spread float64
		want   bool
	}{
		"towards the mean image":     {[3]float64{1.9, 1.4, 1.2}, 0, false},
		"with outputs that differ":   {[3]float64{1.9, 1.4, 1.2}, 0.1, true},
		"better than the mean image": {[3]float64{1.1, 1, 0.9}, 0, true},
		"which differ but stand":     {[3]float64{1.2, 1.2, 1.2}, 0.1, false},
	} {
		run := &trial{}
		for i, f := range c.fvu {
			run.see(check{Step: 50 * (i + 1), FVU: f, Spread: c.spread})
		}
		if run.improves() != c.want {
			t.Errorf("%s: %v", name, run.improves())
		}
	}
}
