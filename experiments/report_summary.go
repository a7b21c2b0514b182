package experiments

import (
	"fmt"
	"io"
	"math"

	"github.com/pkg/errors"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
)

// ends says in how many of the runs each of the outcomes came about, in words.
func ends(results []*Result, outcomes []outcome.Outcome) []string {
	var words []string
	for _, o := range outcomes {
		var fvu []float64
		black, white := true, true
		for _, r := range results {
			if r.Outcome == o {
				fvu = append(fvu, r.Test.FVU)
				black, white = black && r.Test.Mean < 0.02, white && r.Test.Mean > 0.98
			}
		}
		if len(fvu) == 0 {
			continue
		}
		level := fmt.Sprintf("FVU %.2f", statistics.Median(fvu))
		if len(fvu) > 1 {
			level = "median " + level
		}
		what := outcomeWords(o, level)
		if o == outcome.Constant && black {
			what = "printing black for every input"
		} else if o == outcome.Constant && white {
			what = "printing white for every input"
		}
		words = append(words, fmt.Sprintf("%d of %d %s", len(fvu), len(results), what))
	}
	return words
}

// outcomeWords follow a number of runs; level is what they left unexplained.
func outcomeWords(o outcome.Outcome, level string) string {
	switch o {
	case outcome.Learned:
		return "learned (" + level + ")"
	case outcome.Slow:
		return "still learning when the budget ended (" + level + ")"
	case outcome.Stuck:
		return "stuck (" + level + ")"
	case outcome.MeanImage:
		return "printing the mean image for every input"
	case outcome.MedianImage:
		return "printing the median image, which mae likes best, for every input"
	case outcome.BestConstant:
		return "printing for every input the image that the loss likes best of all constant ones"
	case outcome.Constant:
		return "printing one and the same image for every input"
	}
	return string(o)
}

func ratios(results []*Result) (start, end float64) {
	var starts, ends []float64
	for _, r := range results {
		starts, ends = append(starts, r.RatioStart), append(ends, r.RatioEnd)
	}
	return statistics.Median(starts), statistics.Median(ends)
}

func short(x float64) string {
	switch {
	case math.IsNaN(x): // both gradients are zero
		return "0/0"
	case x == 0:
		return "0"
	}
	return fmt.Sprintf("%.2g", x)
}

// WriteTable prints a line for each run, then what each arm's came to, and why, by the records in the study's folder. It fails where w does,
// and if the records cannot be read, which cost the table nothing but the reasons.
func WriteTable(w io.Writer, dir string, results []*Result) error {
	why, unread := Explain(dir, results)
	width := len("arm")
	for _, r := range results {
		width = max(width, len(r.Arm))
	}
	const row = "%-*s  %4v  %-13s  %8s  %6s  %8s  %8s  %8s  %s\n"
	_, err := fmt.Fprintf(w, "%*s  gradient, first/last\n"+row, width+41, "", width, "arm", "seed", "outcome", "test MSE", "FVU", "at start", "at end", "images/s", "decided by")
	for _, r := range results {
		fmt.Fprintf(w, row, width, r.Arm, r.Seed, r.Outcome, fmt.Sprintf("%.4g", r.Test.MSE), fmt.Sprintf("%.3f", r.Test.FVU),
			short(r.RatioStart), short(r.RatioEnd), fmt.Sprintf("%.0f", r.ImagesPerSecond), r.Why)
	}
	fmt.Fprintln(w)
	for _, own := range byArm(results) {
		fmt.Fprintf(w, "%s: %s\n", own[0].Arm, why.Sentence(own))
	}
	if err != nil {
		return errors.Wrap(err, "printing the table")
	}
	return unread
}

// byArm groups results, which are in the study's order.
func byArm(results []*Result) [][]*Result {
	var out [][]*Result
	for _, r := range results {
		if n := len(out); n == 0 || out[n-1][0].Arm != r.Arm {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}
