package diagnosis

import (
	"cmp"
	"math"
	"slices"

	"dcae/experiments/statistics"
)

// The rule by which a verdict is reached and a cause is named, all of it:
//
//   - A model has learned when it explains at least half of what a linear code of its own size explains; see attainable, which says where
//     that ends, too. Two looks at held-out images in a row decide.
//   - What is certain without training makes the verdict where it proves that the model cannot get there, or that its held-out images
//     are of another kind; see [Finding]. All else that stands out is a warning or a symptom, and accuses nobody.
//   - A model that learns with frozen layers, or with an output that cannot reach a large share of the values, is faulty if it explains far more, by the early end of the
//     interval, without that (limits.go).
//   - A model that learns late is slow, and healthy: when all its runs were seen to learn, or when their courses, extrapolated, learn within 3,000
//     steps by the late end of the interval (slow.go, falling.go). Capacity and depth are not named for a model that still falls; neither
//     they nor what does not stand out clearly are while a run may learn within 6,000 steps, as long as a part of the time pays for waiting.
//   - A change repairs if at least 4 of 6 fresh seeds learn where the given model had none, or all of 3 or more where time allows no more, and if it beats the given model, trained as
//     long with the same seeds: over the pairs it explains more by the early end of the interval than a tenth of what is attainable. Where
//     the given model learned with some of its seeds, the share that learns must lie beyond the interval of the given model's instead. It is a fix
//     if all of them learn.
//   - First come restores that repair alone and whose old value, put back alone into the model with all restores applied, breaks it
//     again; then restores that only repair; then aids, those last that say nothing about a cause.
//   - Where runs die whatever setting is restored, a setting is to blame that learns with what keeps runs alive beside it (together.go).
//     Where layers are frozen, a rate or optimizer that learns is not to blame if freeing them beside it explains far more.
//   - Ties: the larger departure of the setting from its default in decades; then the median FVU, if it differs by more than the
//     range over the seeds; then the order of the causes.
//   - The optimizer is to blame only if no learning rate within three decades, or up to a hundred times its usual one, works with it: rates are tried before
//     it.

// repairs tells whether learning with k of n fresh seeds is a repair of a model that learned with given of seeds.
func repairs(k, n, given, seeds int) bool {
	if n == 0 {
		return false
	}
	if given == 0 {
		return 3*k >= 2*n
	}
	return float64(k)/float64(n) > statistics.Wilson(given, seeds).High
}

// leastGain is the share of what is attainable by which a change must beat the given model.
const leastGain = 0.1

// beats tells whether a comparison shows that a change is better than the given model.
func beats(c comparison, a attainable) bool {
	return beyondMargin(c.interval.Low, a)
}

// beyondMargin tells whether a gain of FVU counts.
func beyondMargin(gain float64, a attainable) bool {
	return gain > leastGain*a.share()
}

// standing is what the rule looks at.
type standing struct {
	Cause     Cause
	Kind      Kind
	Necessary bool
	Departure float64 // decades
	FVU       float64 // median
	Range     float64 // over the seeds
}

// before orders standings: negative if a comes first.
func (a standing) before(b standing) int {
	rank := func(s standing) int {
		switch {
		case s.Cause == Unknown:
			return 3
		case s.Kind == Aid:
			return 2
		case s.Necessary:
			return 0
		}
		return 1
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	if math.Abs(a.Departure-b.Departure) > 0.05 {
		return cmp.Compare(b.Departure, a.Departure)
	}
	if d := a.FVU - b.FVU; math.Abs(d) > max(a.Range, b.Range) {
		return cmp.Compare(a.FVU, b.FVU)
	}
	return cmp.Compare(slices.Index(causeOrder, a.Cause), slices.Index(causeOrder, b.Cause))
}

// standing of an attempt, by the trials that there are.
func (a *attempt) standing() standing {
	trials := a.decisive()
	s := standing{Cause: a.cause(), Kind: Restore, Necessary: a.necessary, Departure: a.departure(), FVU: middleFVU(trials)}
	for _, c := range a.changes {
		if c.kind == Aid {
			s.Kind = Aid
		}
	}
	if all := fvus(trials); len(all) > 0 {
		s.Range = slices.Max(all) - slices.Min(all)
	}
	return s
}

// byRule puts attempts into the rule's order; of learning rates the best one first.
func byRule(attempts []*attempt) {
	slices.SortStableFunc(attempts, func(a, b *attempt) int {
		if a.isRate() && b.isRate() && a.cause() == b.cause() {
			return cmp.Compare(a.lesser, b.lesser)
		}
		return a.standing().before(b.standing())
	})
}
