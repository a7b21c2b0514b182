package diagnosis

import (
	"strings"
	"testing"
)

func TestRepairs(t *testing.T) {
	for _, c := range []struct {
		k, n, given, seeds int
		want               bool
	}{
		{6, 6, 0, 3, true}, {4, 6, 0, 3, true}, {3, 6, 0, 3, false}, {0, 0, 0, 3, false},
		{8, 12, 0, 8, true}, {7, 12, 0, 8, false},
		// 4 of 8 has the Wilson interval 0.22 to 0.78: 5 of 6 lies beyond, 4 of 6 does not.
		{5, 6, 4, 8, true}, {4, 6, 4, 8, false}, {6, 6, 4, 8, true},
		// 7 of 8 reaches up to 0.98: only all of them are more.
		{5, 6, 7, 8, false}, {6, 6, 7, 8, true},
	} {
		if got := repairs(c.k, c.n, c.given, c.seeds); got != c.want {
			t.Errorf("%d of %d where %d of %d learned: %v", c.k, c.n, c.given, c.seeds, got)
		}
	}
}

// Made-up tables of what repairs, in a wrong order, and the cause that must come first.
func TestTheRulesOrder(t *testing.T) {
	for name, c := range map[string]struct {
		first, second standing
	}{
		"a necessary restore before a larger departure": {
			standing{Cause: Activation, Kind: Restore, Necessary: true, Departure: 0.5}, standing{Cause: LearningRateLow, Kind: Restore, Departure: 3},
		},
		"a restore before an aid": {
			standing{Cause: LearningRateHigh, Kind: Restore}, standing{Cause: Activation, Kind: Aid, Departure: 3},
		},
		"the larger departure": {
			standing{Cause: Clipping, Kind: Restore, Departure: 4}, standing{Cause: DataScale, Kind: Restore, Departure: 2.4},
		},
		"a median FVU better by more than the seeds' range": {
			standing{Cause: Clipping, Kind: Restore, FVU: 0.2, Range: 0.05}, standing{Cause: Loss, Kind: Restore, FVU: 0.3, Range: 0.05},
		},
		"the order of causes": {
			standing{Cause: DataScale, Kind: Restore, Departure: 2, FVU: 0.3, Range: 0.2}, standing{Cause: OutputRange, Kind: Restore, Departure: 2, FVU: 0.2, Range: 0.05},
		},
	} {
		if c.first.before(c.second) >= 0 || c.second.before(c.first) <= 0 {
			t.Errorf("%s: it is the other way around", name)
		}
	}
}

func TestEveryCauseHasAPlaceAndWords(t *testing.T) {
	seen := map[Cause]bool{}
	for _, c := range causeOrder {
		if seen[c] {
			t.Errorf("%s comes twice", c)
		}
		seen[c] = true
		if c != Unknown && (explanation(c) == "" || causeName(c) == causeName(Unknown)) {
			t.Errorf("%s is not explained", c)
		}
	}
}

// Equal images that lack numbers, too: name and explanation of the cause speak of the same.
func TestACauseIsExplainedByItsName(t *testing.T) {
	d := &Diagnosis{Findings: []Finding{{Name: nonFinite, Where: "training"}, {Name: equalImages, Where: "training"}}}
	if name, why := d.causeName(DataQuality), d.explanation(DataQuality); !strings.Contains(name, "nothing to learn") || !strings.Contains(why, "differs between images") {
		t.Errorf("%s: %s", name, why)
	}
}
