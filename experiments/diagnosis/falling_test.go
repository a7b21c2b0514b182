package diagnosis

import (
	"math"
	"testing"

	"dcae/graph"
)

// courseOf are checks every 50 steps up to a step, of a course and some noise.
func courseOf(to int, noise float64, fvu func(step float64) float64) []check {
	draw := graph.Random(1, "course", "", 0)
	var out []check
	for step := checkEvery; step <= to; step += checkEvery {
		out = append(out, check{Step: step, FVU: fvu(float64(step)) + noise*draw.NormFloat64()})
	}
	return out
}

// FVU 0.2 + 20/sqrt(step) comes under 0.6 at step 2500.
func TestAPowerLawIsFoundAndExtrapolated(t *testing.T) {
	law := func(step float64) float64 { return 0.2 + 20/math.Sqrt(step) }
	c, ok := newCourse(courseOf(1000, 0, law))
	if early, late := c.learnsBetween(0.6); !ok || math.Abs(early-2500) > 1 || math.Abs(late-2500) > 1 || !c.falls() {
		t.Errorf("%v to %v", early, late)
	}
	c, _ = newCourse(courseOf(1000, 0.005, law))
	early, late := c.learnsBetween(0.6)
	if !(early < 2500 && late > 2500) || early < 1500 {
		t.Errorf("with noise: %v to %v", early, late)
	}
}

func TestWhatDoesNotFall(t *testing.T) {
	for what, law := range map[string]func(float64) float64{
		"flat":        func(float64) float64 { return 0.9 },
		"rising":      func(step float64) float64 { return 0.8 + step/10000 },
		"has arrived": func(step float64) float64 { return 0.7 + math.Exp(-step/50) },
	} {
		c, ok := newCourse(courseOf(1000, 0.003, law))
		if early, _ := c.learnsBetween(0.5); !ok || c.falls() || early < 10000 {
			t.Errorf("%s: falls %v, learns from step %v on", what, c.falls(), early)
		}
	}
	for what, checks := range map[string][]check{"few": courseOf(200, 0, func(float64) float64 { return 1 }), "not finite": courseOf(1000, 0, func(float64) float64 { return math.Inf(1) })} {
		if _, ok := newCourse(checks); ok {
			t.Errorf("%s checks are extrapolated", what)
		}
	}
}
