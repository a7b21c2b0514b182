package experiments

import (
	"math"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
)

// armSummary is what became of an arm's runs.
type armSummary struct {
	arm     recordedArm
	group   string
	control bool
	results []*Result
	learned int
	share   statistics.Interval    // of the seeds that learn
	fvu     float64                // median
	spread  statistics.Interval    // smallest and largest FVU
	against *statistics.Comparison // over the seeds that the control has, too; nil for the control itself
	holm    float64                // p value of FVU, corrected for all arms of the study; NaN under 10 seeds
}

// name of the arm
func (a armSummary) name() string { return a.arm.Name }

// all tells whether every seed learned.
func (a armSummary) all() bool { return len(a.results) > 0 && a.learned == len(a.results) }

// summarize sets every arm against its group's control.
func (d *Definition) summarize(results []*Result) []armSummary {
	by := map[string]map[uint64]*Result{}
	for _, r := range results {
		if by[r.Arm] == nil {
			by[r.Arm] = map[uint64]*Result{}
		}
		by[r.Arm][r.Seed] = r
	}
	var out []armSummary
	var p []float64
	for _, g := range d.Groups {
		for _, a := range g.Arms {
			s := armSummary{arm: a, group: g.Name, control: a.Name == g.Control, holm: math.NaN()}
			var fvu []float64
			for _, seed := range g.Seeds {
				if r := by[a.Name][seed]; r != nil {
					s.results = append(s.results, r)
					fvu = append(fvu, worst(r.Test.FVU))
					if r.Outcome == outcome.Learned {
						s.learned++
					}
				}
			}
			s.share, s.fvu, s.spread = statistics.Wilson(s.learned, len(s.results)), statistics.Median(fvu), statistics.Range(fvu)
			if !s.control {
				s.against = against(by[g.Control], by[a.Name], g.Seeds)
			}
			if s.against != nil {
				p = append(p, s.against.PValue)
			} else {
				p = append(p, math.NaN())
			}
			out = append(out, s)
		}
	}
	for i, corrected := range statistics.Holm(p) {
		out[i].holm = corrected
	}
	return out
}

// against compares runs of the same seeds; nil if there are none.
func against(control, other map[uint64]*Result, seeds []uint64) *statistics.Comparison {
	var x, y []float64
	for _, seed := range seeds {
		c, o := control[seed], other[seed]
		if c == nil || o == nil {
			continue
		}
		x, y = append(x, c.Test.FVU), append(y, o.Test.FVU)
	}
	if len(x) == 0 {
		return nil
	}
	c := statistics.Compare(x, y)
	return &c
}

// worst is an error, or +Inf if it is not a number: nothing is worse than a run that diverged.
func worst(x float64) float64 {
	if math.IsNaN(x) {
		return math.Inf(1)
	}
	return x
}
