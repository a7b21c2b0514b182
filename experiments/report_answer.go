package experiments

import (
	"fmt"
	"strings"

	"dcae/experiments/outcome"
	"dcae/experiments/statistics"
)

// answer says in two sentences what came out. The first says which arms learned, and for which values of the setting in the study's first
// measure, or how a chosen arm did on seeds that it was not chosen by. The second says why the others did not. Both follow from the records
// alone.
func (d *Definition) answer(arms []armSummary, why Explained) string {
	if n := runsOf(arms); n == 0 {
		return "No run has finished."
	}
	first := whoLearned(arms)
	if more := d.whichLearned(arms); more != "" {
		first += "; " + more
	}
	if second := why.whyOthersDidNot(arms); second != "" {
		return upper(first) + ". " + upper(second) + "."
	}
	return upper(first) + "."
}

func runsOf(arms []armSummary) int {
	n := 0
	for _, a := range arms {
		n += len(a.results)
	}
	return n
}

// mostEach is how many arms an answer tells of one by one; of more it counts.
const mostEach = 6

// whoLearned names each arm if they are few, and counts them otherwise.
func whoLearned(arms []armSummary) string {
	if len(arms) <= mostEach {
		var parts []string
		for _, a := range arms {
			if len(a.results) > 0 {
				parts = append(parts, fmt.Sprintf("%s learned with %d of %d seeds", a.name(), a.learned, len(a.results)))
			}
		}
		return enumerate(parts)
	}
	all, some, none := 0, 0, 0
	for _, a := range arms {
		switch {
		case len(a.results) == 0:
		case a.all():
			all++
		case a.learned > 0:
			some++
		default:
			none++
		}
	}
	return fmt.Sprintf("of %d arms %d learned with every seed, %d with some seeds and %d with none", all+some+none, all, some, none)
}

// whichLearned is the part of a sentence about what the study varies; "" if there is nothing to say.
func (d *Definition) whichLearned(arms []armSummary) string {
	if d.Plan == nil {
		return ""
	}
	if d.Plan.Confirm != nil {
		return d.confirmation(arms)
	}
	for _, m := range d.Plan.Measures {
		if m.Over != "" {
			return d.along(m, arms)
		}
	}
	if len(arms) <= mostEach {
		return "" // each arm is named already
	}
	return named(arms)
}

// along says for each group at which values of a setting its arms learned.
func (d *Definition) along(m Measure, arms []armSummary) string {
	points, numeric := d.laidOut(m, arms)
	var parts []string
	some := false
	for _, g := range points {
		var always []armPoint
		for _, p := range g.points {
			if p.arm.all() {
				always = append(always, p)
			}
		}
		some = some || len(always) > 0
		switch {
		case len(always) == 0:
			parts = append(parts, g.name+" none")
		case len(always) == len(g.points):
			parts = append(parts, fmt.Sprintf("%s all %d", g.name, len(g.points)))
		case len(always) > 1 && numeric && contiguous(always, g.points):
			parts = append(parts, fmt.Sprintf("%s %s to %s", g.name, always[0].label, always[len(always)-1].label))
		default:
			var labels []string
			for _, p := range always {
				labels = append(labels, p.label)
			}
			parts = append(parts, g.name+" "+enumerate(labels))
		}
	}
	if !some {
		return ""
	}
	return fmt.Sprintf("with these values of %s every seed learned: %s", strings.ReplaceAll(m.Over, "_", " "), strings.Join(parts, "; "))
}

// contiguous tells whether some points follow each other among all, with none between them.
func contiguous(some, all []armPoint) bool {
	for i := range all {
		if all[i].arm.name() == some[0].arm.name() {
			return i+len(some) <= len(all) && all[i+len(some)-1].arm.name() == some[len(some)-1].arm.name()
		}
	}
	return false
}

// named lists the arms that learned with every seed, or else those that did not.
func named(arms []armSummary) string {
	var all, rest []string
	for _, a := range arms {
		switch {
		case len(a.results) == 0:
		case a.all():
			all = append(all, a.name())
		default:
			rest = append(rest, a.name())
		}
	}
	switch {
	case len(all) == 0 || len(rest) == 0:
		return ""
	case len(all) <= len(rest):
		return "every seed learned with " + enumerate(all)
	default:
		return "some seeds or all failed with " + enumerate(rest)
	}
}

// confirmation says how a chosen arm did on seeds that it was not chosen by, and how the arm did that it was to improve on.
func (d *Definition) confirmation(arms []armSummary) string {
	c := d.Plan.Confirm
	var chosen, control *armSummary
	for i, a := range arms {
		switch a.name() {
		case c.Arm:
			chosen = &arms[i]
		case c.Control:
			control = &arms[i]
		}
	}
	if chosen == nil || control == nil || len(chosen.results) == 0 || len(control.results) == 0 {
		return ""
	}
	return fmt.Sprintf("on seeds %s, which took no part in choosing it, %s learned with %s, and %s with %s on seeds %s; those that learned leave a median FVU of %s and %s",
		FormatSeeds(c.ConfirmedOn), chosen.name(), shareOf(chosen.learned, len(chosen.results)), control.name(), shareOf(control.learned, len(control.results)),
		FormatSeeds(seedsOf(control.results)), figure(learnedFVU(chosen.results)), figure(learnedFVU(control.results)))
}

func seedsOf(results []*Result) []uint64 {
	var out []uint64
	for _, r := range results {
		out = append(out, r.Seed)
	}
	return out
}

// learnedFVU is the median FVU of the runs that learned.
func learnedFVU(results []*Result) float64 {
	var out []float64
	for _, r := range results {
		if r.Outcome == outcome.Learned {
			out = append(out, r.Test.FVU)
		}
	}
	return statistics.Median(out)
}

// enumerate joins words: "a, b and c".
func enumerate(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
