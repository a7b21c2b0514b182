package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"dcae/experiments/diagnosis"
	"dcae/experiments/statistics"
	"dcae/plots"
)

// summarize prints how often the diagnosis was right.
func summarize(w io.Writer, results []result) {
	var faulty, healthy []result
	var seconds []float64
	truncated := 0
	for _, r := range results {
		seconds = append(seconds, r.Seconds)
		if r.Truncated {
			truncated++
		}
		if r.healthy() {
			healthy = append(healthy, r)
		} else {
			faulty = append(faulty, r)
		}
	}
	proportion(w, "right cause first", faulty, func(r result) bool { return r.right(1) })
	proportion(w, "right cause among the first two", faulty, func(r result) bool { return r.right(2) })
	proportion(w, "healthy models accused", healthy, func(r result) bool { return r.Verdict != diagnosis.Healthy })
	if len(seconds) > 0 {
		fmt.Fprintf(w, "%-34s median %.0f, at most %.0f, %d truncated\n", "seconds", statistics.Median(seconds), slices.Max(seconds), truncated)
	}
	summarizeRepair(w, faulty)
	for _, r := range results {
		if !r.right(1) {
			fmt.Fprintf(w, "wrong: %-45s expected %s, verdict %s, named %s\n", r.Name, strings.ReplaceAll(join(r.Expected), "|", " or "), r.Verdict, join(r.Named))
		}
	}
}

// summarizeRepair prints how often a model learns afterwards, and what two simpler ways to get there do.
func summarizeRepair(w io.Writer, faulty []result) {
	var tried []result
	for _, r := range faulty {
		if r.Target > 0 {
			tried = append(tried, r)
		}
	}
	if len(tried) == 0 {
		return
	}
	fixed := func(r result) bool { return r.repaired(r.Fixed) }
	proportion(w, "repaired: learns with 3 new seeds", tried, fixed)
	for _, other := range []struct {
		name string
		did  func(result) bool
	}{
		{"  one random change", func(r result) bool { return r.repaired(r.Random) }},
		{"  the same model again", func(r result) bool { return r.repaired(r.Again) }},
	} {
		proportion(w, other.name, tried, other.did)
		var control, arm []bool
		for _, r := range tried {
			control, arm = append(control, other.did(r)), append(arm, fixed(r))
		}
		d, interval := statistics.CountPairs(control, arm).Difference()
		fmt.Fprintf(w, "%-34s %+.2f (%+.2f to %+.2f)\n", "    the repair's advantage", d, interval.Low, interval.High)
	}
}

func proportion(w io.Writer, what string, results []result, yes func(result) bool) {
	if len(results) == 0 {
		return
	}
	k := 0
	for _, r := range results {
		if yes(r) {
			k++
		}
	}
	interval := statistics.Wilson(k, len(results))
	fmt.Fprintf(w, "%-34s %d/%d = %.0f%% (%.0f%% to %.0f%%)\n", what, k, len(results), 100*float64(k)/float64(len(results)), 100*interval.Low, 100*interval.High)
}

// confusion counts what was named for each cause that is right: rows and columns in order of appearance in the other.
func confusion(results []result) (rows, named []string, counts [][]int) {
	for _, r := range results {
		if !slices.Contains(rows, r.expected()) {
			rows = append(rows, r.expected())
		}
		if !slices.Contains(named, r.named()) {
			named = append(named, r.named())
		}
	}
	slices.Sort(rows)
	slices.SortFunc(named, func(a, b string) int { // what is right stands on the diagonal
		place := func(s string) int {
			if i := slices.Index(rows, s); i >= 0 {
				return i
			}
			return len(rows)
		}
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	counts = make([][]int, len(rows))
	for i := range counts {
		counts[i] = make([]int, len(named))
	}
	for _, r := range results {
		counts[slices.Index(rows, r.expected())][slices.Index(named, r.named())]++
	}
	return rows, named, counts
}

// saveConfusion writes the confusion matrix to PATH.csv and PATH.png.
func saveConfusion(path, title string, results []result) error {
	rows, named, counts := confusion(results)
	table := [][]string{append([]string{"expected"}, named...)}
	g := plots.Grid{
		Title: title, XLabel: "named", YLabel: "right", Columns: named, Rows: rows, Categories: []string{"right", "wrong"},
		Caption: "Where several causes are right, the one that was named counts.",
	}
	for i, row := range rows {
		line, cells := []string{row}, make([]plots.Cell, len(named))
		for j, n := range counts[i] {
			line = append(line, fmt.Sprint(n))
			if n > 0 {
				cells[j] = plots.Cell{Category: "wrong", Text: fmt.Sprint(n)}
				if named[j] == row {
					cells[j].Category = "right"
				}
			}
		}
		table, g.Cells = append(table, line), append(g.Cells, cells)
	}
	if err := writeTable(path+".csv", table); err != nil {
		return err
	}
	f, err := plots.OutcomeMap(g)
	if err != nil {
		return err
	}
	return f.SavePNG(path + ".png")
}
