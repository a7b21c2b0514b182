package experiments

import (
	"fmt"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
	"dcae/plots"
)

// figure is a number with three digits.
func figure(x float64) string { return fmt.Sprintf("%.3g", x) }

// shareOf is k of n with Wilson's interval.
func shareOf(k, n int) string {
	i := statistics.Wilson(k, n)
	return fmt.Sprintf("%d of %d seeds (95%% interval %.0f%% to %.0f%%)", k, n, 100*i.Low, 100*i.High)
}

func outcomeNames() []string {
	var out []string
	for _, o := range outcome.All {
		out = append(out, string(o))
	}
	return out
}

// dots are all runs by arm.
func (d *Definition) dots(arms []armSummary) plots.DotChart {
	c := plots.DotChart{
		Title: d.Question, XLabel: quantityNamed(testFVU).label, XMax: 2, Categories: outcomeNames(),
		References: []plots.Reference{{Label: "mean image", Y: 1}, {Label: "learned", Y: outcome.LearnedFVU}}, NoteTitle: "learned",
		Caption: "A dot for each seed, the bar at the median. Left of 0.5 counts as learned; 1 is no better than printing the mean image.",
	}
	for _, g := range d.Groups {
		group := plots.DotGroup{Title: g.Name}
		for _, a := range arms {
			if a.group != g.Name || len(a.results) == 0 {
				continue
			}
			row := plots.DotRow{Name: a.name(), Control: a.control, Note: fmt.Sprintf("%d/%d", a.learned, len(a.results))}
			for _, r := range a.results {
				row.Dots = append(row.Dots, plots.Dot{Value: r.Test.FVU, Category: string(r.Outcome)})
			}
			group.Rows = append(group.Rows, row)
		}
		c.Groups = append(c.Groups, group)
	}
	return c
}

// shares are the shares of seeds that learned, with their intervals.
func (d *Definition) shares(arms []armSummary) plots.IntervalChart {
	c := plots.IntervalChart{
		Title: "Share of seeds that learn", Min: 0, Max: 1, XLabel: "share, with Wilson's 95% interval",
		Caption: "Intervals that overlap much do not tell two arms apart: more seeds would.",
	}
	for _, g := range d.Groups {
		group := plots.IntervalGroup{Title: g.Name}
		for _, a := range arms {
			if a.group == g.Name && len(a.results) > 0 {
				group.Rows = append(group.Rows, plots.Interval{
					Name: a.name(), Control: a.control, Low: a.share.Low, Mid: float64(a.learned) / float64(len(a.results)), High: a.share.High,
					Note: fmt.Sprintf("%d/%d", a.learned, len(a.results)),
				})
			}
		}
		c.Groups = append(c.Groups, group)
	}
	return c
}
