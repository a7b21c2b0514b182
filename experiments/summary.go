package experiments

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// Sentence says in one sentence what happened to an arm, from the results of its runs alone.
func Sentence(arm string, results []*Result) string {
	if len(results) == 0 {
		return arm + ": no run has finished."
	}
	var words []string
	for _, o := range []Outcome{Learned, Slow, Stuck, MeanImage, Constant, Diverged} {
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
		level := fmt.Sprintf("FVU %.2f", median(fvu))
		if len(fvu) > 1 {
			level = "median " + level
		}
		what := map[Outcome]string{
			Learned: "learned (" + level + ")", Slow: "still learning when the budget ended (" + level + ")",
			Stuck: "stuck (" + level + ")", MeanImage: "printing the mean image for every input", Constant: "printing one and the same image for every input",
			Diverged: "diverged",
		}[o]
		if o == Constant && black {
			what = "printing black for every input"
		} else if o == Constant && white {
			what = "printing white for every input"
		}
		words = append(words, fmt.Sprintf("%d of %d %s", len(fvu), len(results), what))
	}
	s := arm + ": " + strings.Join(words, ", ")
	start, end := ratios(results)
	if finite(start) && finite(end) {
		s += fmt.Sprintf("; the first layer's gradient is %s times the last layer's at the first step, %s at the end", short(start), short(end))
	}
	return s + "."
}

func ratios(results []*Result) (start, end float64) {
	var starts, ends []float64
	for _, r := range results {
		starts, ends = append(starts, r.RatioStart), append(ends, r.RatioEnd)
	}
	return median(starts), median(ends)
}

func short(x float64) string {
	switch {
	case math.IsNaN(x):
		return "-"
	case x == 0:
		return "0"
	}
	return fmt.Sprintf("%.2g", x)
}

// WriteTable prints a line for each run, then how many of each arm's runs learned.
func WriteTable(out io.Writer, results []*Result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "arm\tseed\toutcome\ttest MSE\ttest FVU\tfirst/last gradient: start\tend\timages/s\t  decided by")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%d\t%s\t%.4f\t%.3f\t%s\t%s\t%.0f\t  %s\n", r.Arm, r.Seed, r.Outcome, r.Test.MSE, r.Test.FVU, short(r.RatioStart), short(r.RatioEnd), r.ImagesPerSecond, r.Why)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, own := range byArm(results) {
		learned := 0
		for _, r := range own {
			if r.Outcome == Learned {
				learned++
			}
		}
		fmt.Fprintf(out, "%s: %d of %d seeds learned\n", own[0].Arm, learned, len(own))
	}
	return nil
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
