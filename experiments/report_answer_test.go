package experiments

import (
	"math"
	"testing"

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
		if got := Sentence(c.results); got != c.want {
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
		"A: 1 of 2 printing black for every input; b: 1 of 2 printing the mean image for every input, 1 of 2 diverged."
	if got := d.answer(d.summarize(results)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := d.answer(d.summarize(nil)); got != "No run has finished." {
		t.Errorf("of no runs: %s", got)
	}
}
