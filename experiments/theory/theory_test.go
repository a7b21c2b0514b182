package theory

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/graph/arithmetic"
	"dcae/training/files"
)

// Values that are known of mean field theory: the fixed point and the slope of sigmoids, the depth scales and the critical line of tanh.
func TestMeanField(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want float64
		digits    float64
	}{
		{"q of sigmoids", sigmoidField(1, 0).fixedPoint(), 0.265, 5e-4},
		{"sqrt(chi) of sigmoids", math.Sqrt(sigmoidField(1, 0).chi()), 0.236, 5e-4},
		{"xi of tanh at 1.0", tanhField(1, 0.05).depthScale(), 3.63, 5e-3},
		{"xi of tanh at 1.4", tanhField(1.4, 0.05).depthScale(), 10.73, 5e-3},
		{"critical sigma_w^2", critical(0.05), 1.761, 5e-4},
		{"variance of the standard normal distribution", expectation(func(z float64) float64 { return z * z }), 1, 1e-12},
	} {
		if math.Abs(c.got-c.want) > c.digits {
			t.Errorf("%s is %g, not %g", c.name, c.got, c.want)
		}
	}
}

// The first layer loses what lies at the ends of a side, many what the slowest mode loses.
func TestWhatASideKeeps(t *testing.T) {
	for _, c := range []struct {
		pixels, layers int
		want           float64
	}{{4, 1, 1 - 2.0/12}, {8, 1, 1 - 2.0/24}, {1, 3, 1.0 / 3}, {2, 5, 2.0 / 3}, {8, 2_000, (1 + 2*math.Cos(math.Pi/9)) / 3}} {
		if got := keptBySide(c.pixels, c.layers); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%d pixels keep %g over %d layers, not %g", c.pixels, got, c.layers, c.want)
		}
	}
}

func TestDeeperNetworksTakeMoreSteps(t *testing.T) {
	p, err := (&lab{}).principal()
	if err != nil {
		t.Fatal(err)
	}
	short := plainDescent
	short.many = 100
	before := 0.0
	for _, layers := range []int{2, 6, 30} {
		steps, err := stepsToLearn(p, 0.7, layers, short, 1)
		if err != nil || steps <= before || math.IsInf(steps, 1) != (layers == 30) {
			t.Errorf("%d layers take %g steps: %v", layers, steps, err)
		}
		before = steps
	}
	few, many, err := depthsLearned(p, 0.7, descent{plainDescent.optimizer, graph.Zeros{}, 70, 110, nil, []int{2, 4, 8}}, 1)
	if err != nil || !(few >= 2 && few < many && many < 8) {
		t.Errorf("%g layers in 70 steps, %g in 110: %v", few, many, err)
	}
}

func TestAgreementIsByInterval(t *testing.T) {
	for _, c := range []struct {
		predicted float64
		values    []float64
		want      bool
	}{
		{1, []float64{1.04, 1.04, 1.04}, true},        // within 5%
		{1, []float64{1.06, 1.06, 1.0600001}, false},  // beyond, and the interval is narrow
		{1, []float64{0.8, 1.1, 1.4}, true},           // beyond, but the interval is wide
		{1, []float64{2}, false},                      // of one value nothing follows
		{0, []float64{0.004, 0.005}, true},            // nothing
		{0, []float64{0.02, 0.0200001}, false},        // something
		{1, []float64{math.NaN(), math.NaN()}, false}, // nothing was measured
	} {
		if v := judge(c.predicted, c.values); v.Agrees != c.want {
			t.Errorf("%v beside %g: %+v", c.values, c.predicted, v)
		}
	}
}

func TestEveryRowSaysWhatItIsAbout(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rows() {
		if seen[r.Name] || r.Claim == "" || r.Source == "" || r.Unit == "" || r.Regime == "" || r.Outside != (r.Why != "") {
			t.Errorf("row %q lacks something, or is there twice", r.Name)
		}
		seen[r.Name] = true
	}
}

// quick are rows that take no training.
func quick(t *testing.T) (rows []Row) {
	t.Helper()
	for _, r := range Rows() {
		if slices.Contains([]string{"sigmoid-gradient", "checkerboard", "delta-orthogonal"}, r.Name) {
			rows = append(rows, r)
		}
	}
	return rows
}

// What is measured is what is predicted, whatever the number of threads, and comes back from the records as it was.
func TestQuickRowsAgree(t *testing.T) {
	rows := quick(t)
	one, err := measure(context.Background(), rows, []uint64{1, 2, 3}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	three, err := measure(context.Background(), rows, []uint64{1, 2, 3}, 3, func(int, int) { calls++ })
	if err != nil || calls != 9 {
		t.Fatalf("%d calls: %v", calls, err)
	}
	for i, row := range one.Rows {
		for k, p := range row.Points {
			if !slices.Equal(row.Values[k], three.Rows[i].Values[k]) {
				t.Errorf("%s, %s: %v with one thread, %v with three", row.Name, p.Label, row.Values[k], three.Rows[i].Values[k])
			}
			if v := judge(p.Predicted, row.Values[k]); !v.Agrees {
				t.Errorf("%s, %s: %g is predicted, %g measured", row.Name, p.Label, p.Predicted, v.Mean)
			}
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := measure(stopped, rows, []uint64{1}, 1, nil); err == nil {
		t.Error("it goes on after it was stopped")
	}
}

// made are records of all rows in which every point was measured as predicted, but for one.
func made(t *testing.T) *Records {
	t.Helper()
	r := &Records{Format: 1, Kernels: "portable", Seeds: []uint64{1, 2}}
	for _, row := range Rows() {
		recorded := RecordedRow{Name: row.Name, Points: []Point{{"one", 1, 2}, {"two", 2, 4}}}
		recorded.Values = []perSeed{{2, 2}, {4, 4.002}}
		if len(r.Rows) == 1 {
			recorded.Values[0][1] = math.NaN()
		}
		if row.Name == "relu-signal" {
			recorded.Values[1] = perSeed{5, 5.001}
		}
		r.Rows = append(r.Rows, recorded)
	}
	return r
}

func TestReportIsMadeOfTheRecords(t *testing.T) {
	dir := t.TempDir()
	r := made(t)
	if err := r.write(filepath.Join(dir, RecordsFile)); err != nil {
		t.Fatal(err)
	}
	back, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if none := back.Rows[1].Values[0]; none[0] != 2 || !math.IsNaN(none[1]) {
		t.Errorf("2 and nothing come back as %v", none)
	}
	if err := back.Draw(dir); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{PageFile, MarkdownFile, "relu-signal.png"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	var table bytes.Buffer
	if err := back.WriteTable(&table); err != nil {
		t.Fatal(err)
	}
	inside := 0
	for _, row := range Rows() {
		if !row.Outside {
			inside++
		}
	}
	for _, text := range []string{table.String(), back.Markdown()} {
		if !strings.Contains(text, "5.001") && !strings.Contains(text, "no") || !strings.Contains(back.Answer(), "of "+figure(float64(inside))+" predictions hold") {
			t.Errorf("the report does not tell of the point that is off: %.300s", text)
		}
	}
	if !strings.Contains(back.Answer(), figure(float64(inside-1))+" of ") {
		t.Errorf("not one row is off: %s", back.Answer())
	}
}

func TestDamagedRecordsAreRefused(t *testing.T) {
	for _, change := range []func(*Records){
		func(r *Records) { r.Format = 2 }, func(r *Records) { r.Rows = r.Rows[1:] }, func(r *Records) { r.Rows[0].Name = "other" },
		func(r *Records) { r.Rows[0].Values = r.Rows[0].Values[1:] }, func(r *Records) { r.Rows[0].Values[0] = nil },
	} {
		dir := t.TempDir()
		r := made(t)
		change(r)
		if err := r.write(filepath.Join(dir, RecordsFile)); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(dir); err == nil {
			t.Errorf("records are read although they are damaged: %+v", r.Rows[0])
		}
	}
	dir := t.TempDir()
	if err := files.WriteBytes(filepath.Join(dir, "letter.txt"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), dir, []uint64{1}, 1, nil); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("a folder with other files gives %v", err)
	}
}

// Other numbers are to be expected of a program whose kernels have other bits: no reason to measure for minutes and call them different.
func TestOtherBitsAreNotVerified(t *testing.T) {
	dir := t.TempDir()
	r := made(t)
	r.Kernels, r.Bits = arithmetic.Chosen().String(), arithmetic.Chosen().Bits()+1
	if err := r.write(filepath.Join(dir, RecordsFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(context.Background(), dir, 1, nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("bits number %d", r.Bits)) {
		t.Errorf("other bits give %v", err)
	}
}

// A part of a file, which a program that was killed has left, keeps nobody out; anything else does.
func TestEnter(t *testing.T) {
	for name, refused := range map[string]bool{"." + RecordsFile + "123": false, RecordsFile: false, "mine.txt": true} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := enter(dir); (err != nil) != refused {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
