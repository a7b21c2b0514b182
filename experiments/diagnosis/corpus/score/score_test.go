package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/experiments/diagnosis"
	"dcae/experiments/diagnosis/corpus"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// cases is a result of every kind.
func cases() []result {
	return []result{
		{Name: "a", Verdict: "healthy", Seconds: 1},
		{Name: "b", Verdict: "faulty", Named: []diagnosis.Cause{"loss"}, Seconds: 2},
		{Name: "c", Expected: []diagnosis.Cause{"depth", "loss"}, Verdict: "faulty", Named: []diagnosis.Cause{"loss"}, Changes: `["mse"]`, Learned: "6/6", Seconds: 3,
			Target: 0.3, Fixed: []float64{0.1, 0.2, 0.3}, RandomChange: "x", Random: []float64{0.2, 0.4}, Again: []float64{1}},
		{Name: "d", Expected: []diagnosis.Cause{"depth"}, Verdict: "unreliable", Named: []diagnosis.Cause{"loss", "depth"}, Seconds: 4, Truncated: true,
			Target: 0.3, Fixed: []float64{0.1, math.Inf(1)}, Again: []float64{math.NaN()}},
		{Name: "e", Expected: []diagnosis.Cause{"loss"}, Verdict: "healthy", Seconds: 5},
		{Name: "f", Expected: []diagnosis.Cause{"loss"}, Verdict: "unknown", Seconds: 6},
	}
}

func TestRight(t *testing.T) {
	want := map[string][2]bool{"a": {true, true}, "b": {}, "c": {true, true}, "d": {false, true}, "e": {}, "f": {}}
	for _, r := range cases() {
		if got := [2]bool{r.right(1), r.right(2)}; got != want[r.Name] {
			t.Errorf("%s: right first, among two: %v, want %v", r.Name, got, want[r.Name])
		}
	}
}

func TestRepairedNeedsAllSeeds(t *testing.T) {
	r := cases()[2]
	if !r.repaired(r.Fixed) || r.repaired(r.Random) || r.repaired(r.Again) || r.repaired(nil) || r.repaired(r.Fixed[:2]) || r.repaired([]float64{0.1, 0.1, math.NaN()}) {
		t.Error("repaired by other than three seeds that reach the target")
	}
}

func TestResultsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.csv")
	check(t, writeResults(path, cases()))
	got, err := readResults(path)
	check(t, err)
	if d := cmp.Diff(cases(), got, cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })); d != "" {
		t.Error(d)
	}
	none, err := readResults(filepath.Join(t.TempDir(), "none"))
	if err != nil || none != nil {
		t.Error(none, err)
	}
}

func TestConfusion(t *testing.T) {
	rows, named, counts := confusion(cases())
	if d := cmp.Diff([]string{"depth", "healthy", "loss"}, rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"healthy", "loss", "unknown"}, named); d != "" {
		t.Error(d)
	}
	// c counts as loss, which was named and is right
	if d := cmp.Diff([][]int{{0, 1, 0}, {1, 1, 0}, {1, 1, 1}}, counts); d != "" {
		t.Error(d)
	}
}

func TestSummary(t *testing.T) {
	var b strings.Builder
	summarize(&b, cases())
	for _, line := range []string{"right cause first 1/4 = 25%", "among the first two 2/4 = 50%", "healthy models accused 1/2 = 50%", "median 4, at most 6, 1 truncated", "new seeds 1/2 = 50%", "random change 0/2", "again 0/2", "wrong: b", "wrong: d", "wrong: e", "wrong: f"} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), line) {
			t.Errorf("no %q in\n%s", line, b.String())
		}
	}
	if strings.Contains(b.String(), "wrong: a") || strings.Contains(b.String(), "wrong: c") {
		t.Error("a right answer is called wrong")
	}
}

func TestConfusionIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	check(t, saveConfusion(path, "title", cases()))
	table, err := os.ReadFile(path + ".csv")
	check(t, err)
	if want := "expected,healthy,loss,unknown\n"; !strings.HasPrefix(string(table), want) {
		t.Errorf("table %q, want it to begin with %q", table, want)
	}
	if picture, err := os.Stat(path + ".png"); err != nil || picture.Size() == 0 {
		t.Error(picture, err)
	}
}

// Each case gets the same random change every time, and one that changes something.
func TestRandomChange(t *testing.T) {
	all, err := corpus.Candidates()
	check(t, err)
	seen := map[string]bool{}
	for _, c := range all[len(all)-40:] {
		changed, what, err := randomlyChanged(c)
		check(t, err)
		again, same, err := randomlyChanged(c)
		check(t, err)
		before, err := c.Describe()
		check(t, err)
		after, err := changed.Describe()
		check(t, err)
		repeated, err := again.Describe()
		check(t, err)
		if what != same || after.Fingerprint != repeated.Fingerprint {
			t.Errorf("%s: %s, then %s", c.Name, what, same)
		}
		if after.Fingerprint == before.Fingerprint {
			t.Errorf("%s: %s changes nothing", c.Name, what)
		}
		seen[what] = true
	}
	if len(seen) < 8 {
		t.Errorf("only %d kinds of change", len(seen))
	}
}
