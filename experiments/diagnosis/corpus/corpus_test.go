package corpus

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dcae/experiments/diagnosis"
	"dcae/graph"
	"dcae/training/dataset"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func candidates(t *testing.T) []Case {
	t.Helper()
	all, err := Candidates()
	check(t, err)
	return all
}

func TestCandidatesAreAutoencodersWithNamesOfTheirOwn(t *testing.T) {
	names, made := map[string]bool{}, map[string]string{}
	for _, c := range candidates(t) {
		if names[c.Name] {
			t.Errorf("two candidates are named %s", c.Name)
		}
		names[c.Name] = true
		shapes, err := c.Model.Shapes()
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if out := shapes[len(shapes)-1]; !slices.Equal(out, c.Model.Input) {
			t.Errorf("%s makes %v of %v", c.Name, out, c.Model.Input)
		}
		row, err := c.Describe()
		check(t, err)
		if other := made[row.Fingerprint]; other != "" {
			t.Errorf("%s is the same as %s", c.Name, other)
		}
		made[row.Fingerprint] = c.Name
	}
}

// The halves must have no base in common, or the development half would tell what is in the other.
func TestHalvesAreSplitByBase(t *testing.T) {
	half := map[string]Half{}
	for _, c := range candidates(t) {
		if h, ok := half[c.Base]; ok && h != c.Half {
			t.Errorf("%s is in half %s and in half %s", c.Base, h, c.Half)
		}
		half[c.Base] = c.Half
	}
	count := map[Half]int{}
	for _, h := range half {
		count[h]++
	}
	if count[Development] < 4 || count[HeldOut] < 4 || len(half) < 8 {
		t.Errorf("bases: %v", count)
	}
}

func TestBothHalvesHaveCasesOfEveryCause(t *testing.T) {
	all := []diagnosis.Cause{
		diagnosis.Activation, diagnosis.LearningRateHigh, diagnosis.LearningRateLow, diagnosis.Optimizer, diagnosis.Initialization, diagnosis.DataScale, diagnosis.DataQuality, diagnosis.OutputRange, diagnosis.Capacity, diagnosis.Depth, diagnosis.Regularization, diagnosis.Clipping, diagnosis.Loss, diagnosis.BatchNorm,
	}
	for _, half := range []Half{Development, HeldOut} {
		cases, err := Cases(half)
		check(t, err)
		for _, cause := range all {
			if !slices.ContainsFunc(cases, func(c Case) bool { return len(c.Causes) > 0 && c.Causes[0] == cause }) {
				t.Errorf("no case of %s is %s", half, cause)
			}
		}
	}
}

func TestCorpusIsAsLargeAsItMustBeAndMeasured(t *testing.T) {
	rows, err := parseTable(measured)
	check(t, err)
	for _, c := range candidates(t) {
		want, err := c.Describe()
		check(t, err)
		i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == c.Name })
		if i < 0 || rows[i].Fingerprint != want.Fingerprint || c.Unsettled(rows[i].Trials, 3) {
			t.Errorf("corpus.csv does not tell what %s does as it is now: run the check", c.Name)
			continue
		}
		if kept, reason := Judge(c, rows[i].Trials, rows[i].Rates); kept != rows[i].Kept || reason != rows[i].Reason {
			t.Errorf("%s: corpus.csv says kept %t (%s), its trials %t (%s)", c.Name, rows[i].Kept, rows[i].Reason, kept, reason)
		}
	}
	faulty, healthy := 0, 0
	for _, half := range []Half{Development, HeldOut} {
		cases, err := Cases(half)
		check(t, err)
		for _, c := range cases {
			if c.Healthy() {
				healthy++
			} else {
				faulty++
			}
		}
	}
	if faulty < 80 || healthy < 40 {
		t.Errorf("%d faulty and %d healthy cases, want 80 and 40", faulty, healthy)
	}
}

func TestBasesHaveAnFVU(t *testing.T) {
	for _, b := range bases() {
		fvu, err := BaseFVU(b.Model.Name)
		check(t, err)
		if !(fvu > 0 && fvu < learned) {
			t.Errorf("%s: FVU %v", b.Model.Name, fvu)
		}
	}
	if _, err := BaseFVU("no such base"); err == nil {
		t.Error("no error for an unknown base")
	}
}

func TestJudge(t *testing.T) {
	healthy, faulty := Case{}, Case{Change: "x", Causes: []diagnosis.Cause{diagnosis.Depth}}
	for _, test := range []struct {
		c    Case
		fvu  []float64
		kept bool
	}{
		{healthy, []float64{0.1, 0.44}, true},
		{healthy, []float64{0.1, 0.46}, false},
		{healthy, []float64{0.1, math.NaN()}, false},
		{faulty, []float64{1, 0.56, math.Inf(1)}, true},
		{faulty, []float64{1, math.NaN()}, true},
		{faulty, []float64{1, 0.54}, false},
		{faulty, []float64{1, 0.1}, false},
	} {
		var trials []Trial
		for i, f := range test.fvu {
			trials = append(trials, Trial{Seed: uint64(i + 1), FVU: f})
		}
		if kept, reason := Judge(test.c, trials, ""); kept != test.kept || kept != (reason == "") {
			t.Errorf("healthy %t, FVU %v: kept %t (%s)", test.c.Healthy(), test.fvu, kept, reason)
		}
		if test.c.Unsettled(trials, 10) && !test.kept {
			t.Errorf("FVU %v: goes on after it was refuted", test.fvu)
		}
	}
}

func TestTableRoundTrip(t *testing.T) {
	rows := []Row{
		{Name: "a", Half: HeldOut, Base: "a", Data: "mnist", Optimizer: "sgd(learning_rate=1, momentum=0)", Loss: "mse", Kept: true, Fingerprint: "01"},
		{Name: "a/b", Half: HeldOut, Base: "a", Change: "b", Causes: "loss|depth", Reason: "learns", Trials: []Trial{{1, 0.25, 940}, {2, math.Inf(1), 3}}, Rates: "x100", Fingerprint: "02"},
	}
	path := filepath.Join(t.TempDir(), "table.csv")
	check(t, WriteTable(path, rows))
	got, err := ReadTable(path)
	check(t, err)
	if d := cmp.Diff(rows, got); d != "" {
		t.Error(d)
	}
	if _, err := parseTable([]byte("name,half\n")); err == nil {
		t.Error("no error for a table with other columns")
	}
}

// The optimizer is to blame only where no other rate works with it.
func TestJudgeByRates(t *testing.T) {
	fails := []Trial{{1, 1, 940}}
	for _, test := range []struct {
		cause diagnosis.Cause
		rates string
		kept  bool
	}{{diagnosis.LearningRateLow, "x10", true}, {diagnosis.LearningRateLow, "none", false}, {diagnosis.Optimizer, "x10", false}, {diagnosis.Optimizer, "none", true}} {
		if kept, _ := Judge(Case{Change: "x", Causes: []diagnosis.Cause{test.cause}, Rates: true}, fails, test.rates); kept != test.kept {
			t.Errorf("%s, other rate %s: kept %t", test.cause, test.rates, kept)
		}
	}
}

// What reads a node reads the last of the layers put behind it, in branches too.
func TestInserted(t *testing.T) {
	m := branches("m", leaky, 4)
	got := inserted(m, 0, graph.Dropout{Rate: 0.5}, graph.Dropout{Rate: 0.25})
	var inputs [][]int
	for _, n := range got.Nodes {
		inputs = append(inputs, n.Inputs)
	}
	want := [][]int{{-1}, {0}, {1}, {2}, {2}, {3, 4}, {5}, {6}, {7}, {8}, {9}, {9}, {10, 11}, {12}}
	if d := cmp.Diff(want, inputs); d != "" {
		t.Error(d)
	}
	if got.Nodes[1].Layer != (graph.Dropout{Rate: 0.5}) || got.Nodes[2].Layer != (graph.Dropout{Rate: 0.25}) {
		t.Errorf("layers %v, %v", got.Nodes[1].Layer, got.Nodes[2].Layer)
	}
}

// Outliers are in the training images alone, and the set that comes from the file can be treated again, as a user's can.
func TestSpoiltImagesComeFromAFile(t *testing.T) {
	l := NewLibrary(t.TempDir())
	set, err := l.Open(Data{"pneumonia", dataset.Treatment{Outliers: 0.05, OutlierValue: 1000, Multiply: 1. / 255}})
	check(t, err)
	largest := func(images *dataset.Images) float64 {
		values := make([]float32, images.Len()*images.Shape().Size())
		indices := make([]int, images.Len())
		for i := range indices {
			indices[i] = i
		}
		images.Read(values, indices)
		return float64(slices.Max(values))
	}
	if train, test := largest(set.Train), largest(set.Test); math.Abs(train-1000) > 5 || test > 1 {
		t.Errorf("largest values %v and %v, want 1000 and at most 1", train, test)
	}
	if _, err := set.Treated(dataset.Treatment{Clip: dataset.Quantiles{Low: 0.001, High: 0.999}}, 1); err != nil {
		t.Error(err)
	}
}

// The same candidates come each time, with the same fingerprints, or measured figures would be lost.
func TestCandidatesAreDeterministic(t *testing.T) {
	a, b := candidates(t), candidates(t)
	for i := range a {
		x, err := a[i].Describe()
		check(t, err)
		y, err := b[i].Describe()
		check(t, err)
		if x.Name != y.Name || x.Fingerprint != y.Fingerprint {
			t.Errorf("%s %s, then %s %s", x.Name, x.Fingerprint, y.Name, y.Fingerprint)
		}
	}
}
