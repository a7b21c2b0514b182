package experiments

import (
	"fmt"
	"slices"
	"strings"

	"dcae/experiments/mechanism"
	"dcae/experiments/outcome"
)

// cause is what runs share: the same mechanisms in the same order.
type cause struct {
	runs     []*Result
	findings [][]mechanism.Finding
}

// causes are the mechanisms of runs, in the order in which they first occur. Those of runs that learned all the same stand apart.
func (e Explained) causes(results []*Result) []cause {
	var out []cause
	at := map[string]int{}
	for _, r := range results {
		findings := e[runID{r.Arm, r.Seed}]
		if len(findings) == 0 {
			continue
		}
		key := fmt.Sprint(r.Outcome == outcome.Learned)
		for _, f := range findings {
			key += ", " + string(f.Kind)
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, cause{})
		}
		out[i].runs = append(out[i].runs, r)
		out[i].findings = append(out[i].findings, findings)
	}
	return out
}

// why says for each of the mechanisms of an arm's runs what it is, and with which seeds if not with all; "" where there is none.
func (e Explained) why(results []*Result) string {
	var parts []string
	for _, c := range e.causes(results) {
		words := mechanism.Words(c.findings)
		if len(c.runs) < len(results) {
			words = seedWords(seedsOf(c.runs)) + ": " + words
		}
		parts = append(parts, words)
	}
	return strings.Join(parts, "; ")
}

// seedWords names seeds: "seed 3", "seeds 1-3,5".
func seedWords(seeds []uint64) string {
	if len(seeds) == 1 {
		return fmt.Sprintf("seed %d", seeds[0])
	}
	return "seeds " + FormatSeeds(seeds)
}

// mostCauses is how many mechanisms an answer tells of; the rest is in the arms' sentences.
const mostCauses = 4

// whyOthersDidNot tells of the runs that did not learn: of few arms one by one, of many the commonest mechanisms.
func (e Explained) whyOthersDidNot(arms []armSummary) string {
	var parts []string
	var failed []*Result
	for _, a := range arms {
		var own []*Result
		for _, r := range a.results {
			if r.Outcome != outcome.Learned {
				own = append(own, r)
			}
		}
		if failed = append(failed, own...); len(own) > 0 {
			parts = append(parts, a.name()+": "+strings.Join(ends(a.results, outcome.All[1:]), ", ")+"; "+e.why(own))
		}
	}
	if len(arms) <= mostEach || len(failed) == 0 {
		return strings.Join(parts, ". ")
	}
	causes := e.causes(failed)
	slices.SortStableFunc(causes, func(a, b cause) int { return len(b.runs) - len(a.runs) })
	parts = parts[:0]
	for _, c := range causes[:min(len(causes), mostCauses)] {
		parts = append(parts, fmt.Sprintf("%d (%s): %s", len(c.runs), armWords(c.runs), mechanism.Words(c.findings)))
	}
	if rest := causes[min(len(causes), mostCauses):]; len(rest) > 0 {
		n := 0
		for _, c := range rest {
			n += len(c.runs)
		}
		parts = append(parts, fmt.Sprintf("%d: see their arms", n))
	}
	return fmt.Sprintf("of the %d runs that did not learn, %s", len(failed), strings.Join(parts, "; "))
}

// armWords names the arms of runs, or some and how many more.
func armWords(runs []*Result) string {
	var all []string
	for _, own := range byArm(runs) {
		all = append(all, own[0].Arm)
	}
	if n := len(all); n > 3 {
		return fmt.Sprintf("%s, %s and %d other arms", all[0], all[1], n-2)
	}
	return enumerate(all)
}

// Sentence says in one sentence what happened to an arm's runs, and why.
func (e Explained) Sentence(results []*Result) string {
	if len(results) == 0 {
		return "No run has finished."
	}
	s := strings.Join(ends(results, outcome.All), ", ")
	if why := e.why(results); why != "" {
		return s + ": " + why + "."
	}
	start, end := ratios(results)
	if finite(start) && finite(end) {
		s += fmt.Sprintf("; the first layer's gradient is %s times the last layer's at the first step, %s at the end", short(start), short(end))
	}
	return s + "."
}
