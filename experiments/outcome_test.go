package experiments

import (
	"math"
	"strings"
	"testing"

	"dcae/training"
)

func TestJudge(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		e    Evidence
		want Outcome
		why  string
	}{
		{"loss is not a number", Evidence{FirstLoss: 0.1, LastLoss: nan, FVU: nan, Spread: nan}, Diverged, "no longer finite"},
		{"loss is infinite", Evidence{FirstLoss: 0.1, LastLoss: math.Inf(1), EpochLosses: []float64{0.1}, FVU: 0.1, Spread: 1}, Diverged, "no longer finite"},
		{"weights broke in the last step", Evidence{FirstLoss: 0.1, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: nan, Spread: nan}, Diverged, "outputs"},
		{"loss grew", Evidence{FirstLoss: 0.1, LastLoss: 1, EpochLosses: []float64{0.5, 1.1}, FVU: 10, Spread: 1}, Diverged, "1.1 is over 10 x"},
		{"ten times is not over ten times", Evidence{FirstLoss: 0.25, LastLoss: 1, EpochLosses: []float64{2.5}, FVU: 10, Spread: 1}, Stuck, ""},
		{"mean image", Evidence{FirstLoss: 0.2, LastLoss: 0.07, EpochLosses: []float64{0.1, 0.07}, FVU: 1.01, Spread: 1e-7}, MeanImage, "FVU 1.010"},
		{"all black", Evidence{FirstLoss: 0.2, LastLoss: 0.11, EpochLosses: []float64{0.12, 0.11}, FVU: 1.68, Spread: 0}, Constant, "mean output 0.000"},
		{"learned", Evidence{FirstLoss: 0.2, LastLoss: 0.02, EpochLosses: []float64{0.1, 0.02}, FVU: 0.3, Spread: 0.9}, Learned, "0.300 < 0.5"},
		{"slow", Evidence{FirstLoss: 0.2, LastLoss: 0.06, EpochLosses: []float64{0.1, 0.06}, FVU: 0.8, Spread: 0.5}, Slow, "fell by 40.0%"},
		{"stuck", Evidence{FirstLoss: 0.2, LastLoss: 0.06, EpochLosses: []float64{0.0601, 0.06}, FVU: 0.8, Spread: 0.5}, Stuck, "fell by 0.2%"},
		{"a single epoch tells no fall", Evidence{FirstLoss: 0.2, LastLoss: 0.06, EpochLosses: []float64{0.06}, FVU: 0.8, Spread: 0.5}, Stuck, "after a single epoch"},
	} {
		got, why := Judge(c.e)
		if got != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, got, why, c.want, c.why)
		}
	}
}

func TestSeeds(t *testing.T) {
	for text, want := range map[string]string{"1-5": "1-5", "3": "3", "1,3,7-9": "1,3,7-9", "2,1": "2,1", "0": "0", "1,2,3": "1-3"} {
		seeds, err := ParseSeeds(text)
		if err != nil || FormatSeeds(seeds) != want {
			t.Errorf("%q reads as %v, %v", text, FormatSeeds(seeds), err)
		}
	}
	for _, text := range []string{"", "a", "5-1", "1,,2", "-1", "1-", "1,1", "1-3,2", "1-99999999999", "1.5"} {
		if seeds, err := ParseSeeds(text); err == nil {
			t.Errorf("%q reads as %d seeds", text, len(seeds))
		}
	}
}

func TestSentence(t *testing.T) {
	result := func(o Outcome, fvu, mean float64) *Result {
		r := &Result{Arm: "a", Outcome: o, RatioStart: 0.5, RatioEnd: 0.25}
		r.Test.FVU, r.Test.Mean = fvu, mean
		return r
	}
	for _, c := range []struct {
		results []*Result
		want    string
	}{
		{nil, "No run has finished."},
		{[]*Result{result(Learned, 0.2, 0.1), result(Constant, 1.7, 0)}, "1 of 2 learned (FVU 0.20), 1 of 2 printing black for every input; the first layer's gradient is 0.5 times the last layer's at the first step, 0.25 at the end."},
		{[]*Result{result(MeanImage, 1, 0.15), result(MeanImage, 1, 0.15)}, "2 of 2 printing the mean image for every input; the first layer's gradient is 0.5 times the last layer's at the first step, 0.25 at the end."},
	} {
		if got := Sentence(c.results); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestAnswerTellsWhoLearnedAndHowOthersEnded(t *testing.T) {
	run := func(arm string, seed uint64, o Outcome, fvu, mean float64) *Result {
		return &Result{Arm: arm, Seed: seed, Outcome: o, Test: training.Scores{FVU: fvu, Mean: mean}}
	}
	d := &Definition{Plan: &Plan{}, Groups: []group{{Name: "g", Control: "a", Seeds: []uint64{1, 2}, Arms: []arm{{Name: "a"}, {Name: "b"}, {Name: "c"}}}}}
	results := []*Result{
		run("a", 1, Learned, 0.2, 0.1), run("a", 2, Constant, 1.6, 0),
		run("b", 1, MeanImage, 1, 0.1), run("b", 2, Diverged, math.NaN(), math.NaN()),
		run("c", 1, Learned, 0.1, 0.1), run("c", 2, Learned, 0.1, 0.1),
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
