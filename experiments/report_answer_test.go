package experiments

import (
	"math"
	"testing"

	"dcae/experiments/mechanism"
	"dcae/experiments/outcome"
	"dcae/training"
)

func TestSentence(t *testing.T) {
	result := func(o outcome.Outcome, fvu, mean float64) *Result {
		r := &Result{Arm: "a", Outcome: o, RatioStart: 0.5, RatioEnd: 0.25}
		r.Test.FVU, r.Test.Mean = fvu, mean
		return r
	}
	for _, c := range []struct {
		results []*Result
		want    string
	}{
		{nil, "No run has finished."},
		{[]*Result{result(outcome.Learned, 0.2, 0.1), result(outcome.Constant, 1.7, 0)}, "1 of 2 learned (FVU 0.20), 1 of 2 printing black for every input; the first layer's gradient is 0.5 times the last layer's at the first step, 0.25 at the end."},
		{[]*Result{result(outcome.MeanImage, 1, 0.15), result(outcome.MeanImage, 1, 0.15)}, "2 of 2 printing the mean image for every input; the first layer's gradient is 0.5 times the last layer's at the first step, 0.25 at the end."},
	} {
		if got := (Explained{}).Sentence(c.results); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestEveryOutcomeHasWords(t *testing.T) {
	for _, o := range outcome.All {
		words := outcomeWords(o, "FVU 1")
		if o != outcome.Diverged && words == string(o) {
			t.Errorf("%s has no words in a report", o)
		}
	}
}

func TestAnswerTellsWhoLearnedAndHowOthersEnded(t *testing.T) {
	run := func(arm string, seed uint64, o outcome.Outcome, fvu, mean float64) *Result {
		return &Result{Arm: arm, Seed: seed, Outcome: o, Test: training.Scores{FVU: fvu, Mean: mean}}
	}
	d := &Definition{Plan: &Plan{}, Groups: []recordedGroup{{Name: "g", Control: "a", Seeds: []uint64{1, 2}, Arms: []recordedArm{{Name: "a"}, {Name: "b"}, {Name: "c"}}}}}
	results := []*Result{
		run("a", 1, outcome.Learned, 0.2, 0.1), run("a", 2, outcome.Constant, 1.6, 0),
		run("b", 1, outcome.MeanImage, 1, 0.1), run("b", 2, outcome.Diverged, math.NaN(), math.NaN()),
		run("c", 1, outcome.Learned, 0.1, 0.1), run("c", 2, outcome.Learned, 0.1, 0.1),
	}
	want := "A learned with 1 of 2 seeds, b learned with 0 of 2 seeds and c learned with 2 of 2 seeds. " +
		"A: 1 of 2 printing black for every input; by step 3 all 8 units of e are dead, and no gradient is left in it or before it. " +
		"b: 1 of 2 printing the mean image for every input, 1 of 2 diverged; seed 1: the records do not decide why; seed 2: the loss is not a number from step 7 on."
	why := Explained{
		{"a", 2}: {{Kind: mechanism.Dead, Layer: "e", Numbers: []float64{3, 8, 0}}},
		{"b", 1}: {{Kind: mechanism.Undecided}}, {"b", 2}: {{Kind: mechanism.NotANumber, Numbers: []float64{7}}},
	}
	if got := d.answer(d.summarize(results), why); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := d.answer(d.summarize(nil), why); got != "No run has finished." {
		t.Errorf("of no runs: %s", got)
	}
}

// Of many arms the commonest mechanisms are told, with how many runs they are of.
func TestAnswerOfManyArmsCountsMechanisms(t *testing.T) {
	g := recordedGroup{Name: "g", Control: "a", Seeds: []uint64{1, 2}}
	var results []*Result
	why := Explained{}
	for i, arm := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		g.Arms = append(g.Arms, recordedArm{Name: arm})
		for _, seed := range g.Seeds {
			r := &Result{Arm: arm, Seed: seed, Outcome: outcome.Constant, Test: training.Scores{FVU: 1.6}}
			switch {
			case i < 2:
				r.Outcome = outcome.Learned
			case i < 6:
				why[runID{arm, seed}] = []mechanism.Finding{{Kind: mechanism.ShortSteps, Numbers: []float64{100, 0.01 * float64(i)}}}
			default:
				why[runID{arm, seed}] = []mechanism.Finding{{Kind: mechanism.Undecided}}
			}
			results = append(results, r)
		}
	}
	d := &Definition{Groups: []recordedGroup{g}}
	want := "Of 7 arms 2 learned with every seed, 0 with some seeds and 5 with none. Of the 10 runs that did not learn, " +
		"8 (c, d and 2 other arms): the steps are too short or too few, all 100 together move no layer by more than 5% of its weights; 2 (g): the records do not decide why."
	if got := d.answer(d.summarize(results), why); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
