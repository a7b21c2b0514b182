package outcome

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	nan := math.NaN()
	judged := map[Outcome]bool{}
	for _, c := range []struct {
		name string
		e    Evidence
		want Outcome
		why  string
	}{
		{"loss is not a number", Evidence{FirstLoss: 0.1, LastLoss: nan, FVU: nan, Spread: nan}, Diverged, "no longer finite"},
		{"loss is infinite", Evidence{FirstLoss: 0.1, LastLoss: math.Inf(1), EpochLosses: []float64{0.1}, FVU: 0.1, Spread: 1}, Diverged, "no longer finite"},
		{"weights broke in the last step", Evidence{FirstLoss: 0.1, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: nan, Spread: nan}, Diverged, "outputs"},
		{"nothing to learn", Evidence{FirstLoss: 0.1, LastLoss: 0.01, EpochLosses: []float64{0.05}, FVU: nan, Spread: nan, Alike: true}, Stuck, "FVU has no meaning"},
		{"loss grew", Evidence{FirstLoss: 0.1, LastLoss: 1, EpochLosses: []float64{0.5, 1.1}, FVU: 10, Spread: 1}, Diverged, "1.1 is over 10 x"},
		{"ten times is not over ten times", Evidence{FirstLoss: 0.25, LastLoss: 1, EpochLosses: []float64{2.5}, FVU: 10, Spread: 1}, Stuck, ""},
		{"mean image", Evidence{FirstLoss: 0.2, LastLoss: 0.07, EpochLosses: []float64{0.1, 0.07}, FVU: 1.01, Spread: 1e-7}, MeanImage, "FVU 1.010"},
		{"all black", Evidence{FirstLoss: 0.2, LastLoss: 0.11, EpochLosses: []float64{0.12, 0.11}, FVU: 1.68, Spread: 0}, Constant, "mean output 0.000"},
		{"median image", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1.3, Spread: 1e-7, Best: MedianImage, FromBest: 0.01}, MedianImage, "from the median image 0.010"},
		{"a median image that is as good as the mean image", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1, Best: MedianImage, FromBest: 0.01}, MedianImage, ""},
		{"the mean image with a loss that likes another better", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1, Best: MedianImage, FromBest: 0.3}, MeanImage, "FVU 1.000"},
		{"another image with a loss that likes the median image", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1.3, Best: MedianImage, FromBest: 0.3}, Constant, ""},
		{"between mean and median image", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1.2, Best: BestConstant, FromBest: 0.05}, BestConstant, "the loss likes best 0.050"},
		{"near the mean image is decided by FVU", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1.2, Best: MeanImage, FromBest: 0.01}, Constant, ""},
		{"near the median image, but not for every input", Evidence{FirstLoss: 0.2, LastLoss: 0.1, EpochLosses: []float64{0.1}, FVU: 1.3, Spread: 0.01, Best: MedianImage, FromBest: 0.01}, Stuck, ""},
		{"learned", Evidence{FirstLoss: 0.2, LastLoss: 0.02, EpochLosses: []float64{0.1, 0.02}, FVU: 0.3, Spread: 0.9}, Learned, "0.300 < 0.5"},
		{"slow", Evidence{FirstLoss: 0.2, LastLoss: 0.06, EpochLosses: []float64{0.1, 0.06}, FVU: 0.8, Spread: 0.5}, Slow, "fell by 40.0%"},
		{"stuck", Evidence{FirstLoss: 0.2, LastLoss: 0.06, EpochLosses: []float64{0.0601, 0.06}, FVU: 0.8, Spread: 0.5}, Stuck, "fell by 0.2%"},
		{"a single epoch tells no fall", Evidence{FirstLoss: 0.2, LastLoss: 0.06, EpochLosses: []float64{0.06}, FVU: 0.8, Spread: 0.5}, Stuck, "after a single epoch"},
	} {
		got, why := Judge(c.e)
		judged[got] = true
		if !slices.Contains(All, got) {
			t.Errorf("%s is not among all outcomes", got)
		}
		if got != c.want || !strings.Contains(why, c.why) {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, got, why, c.want, c.why)
		}
	}
	for _, o := range All {
		if !judged[o] {
			t.Errorf("no case ends as %s", o)
		}
	}
}
