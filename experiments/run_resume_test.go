package experiments

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pkg/errors"

	"dcae/training"
	"dcae/training/dataset"
)

var digits = sync.OnceValues(func() (*dataset.Set, error) { return dataset.Open("mnist", dataset.Options{}) })

// tiny is a study of four runs of little work.
func tiny(t testing.TB) Study {
	t.Helper()
	p, err := parsePlan([]byte(`
name: tiny
question: Does it go on?
data: mnist
seeds: 1-2
budget: {epochs: 3, images: 50, batch: 16, validation_images: 20, test_images: 20}
groups:
  - name: activations
    control: relu
    settings: {convolutions: 1, filters: 2, bottleneck: 4}
    arms:
      - name: relu
      - name: normalized
        batch_normalization: true
        plateau: {}
        changes: [{step: 4, learning_rate: 0.01}, {step: 6, batch: 7, clipnorm: 0.5}]
`), "test")
	if err != nil {
		t.Fatal(err)
	}
	images, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Study(images)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// follow is a watcher that keeps warnings and counts epochs; it calls stop at the end of a certain one.
type follow struct {
	watcher
	epochs   *atomic.Int32
	stopAt   int32
	stop     func()
	mu       *sync.Mutex
	warnings *[]string
}

func newFollow(stopAt int32, stop func()) follow {
	return follow{epochs: &atomic.Int32{}, stopAt: stopAt, stop: stop, mu: &sync.Mutex{}, warnings: &[]string{}}
}

func (f follow) Warned(arm string, seed uint64, warning string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	*f.warnings = append(*f.warnings, runID{arm, seed}.String()+": "+warning)
}

// runUntil runs the study up to the end of an epoch, counted over all runs; with 0 to its end.
func runUntil(t *testing.T, s Study, dir string, epoch int32) follow {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := newFollow(epoch, cancel)
	f.epoch = func() {
		if f.epochs.Add(1) == f.stopAt {
			f.stop()
		}
	}
	_, err := Run(ctx, s, Options{Dir: dir, Threads: 1, Invocation: "test"}, f)
	if epoch == 0 && err != nil || epoch > 0 && !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	return f
}

// uninterrupted runs the tiny study, once for all tests.
var uninterrupted = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dcae-test-")
	if err != nil {
		return "", err
	}
	_, err = Run(context.Background(), tiny(&testing.B{}), Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{})
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := uninterrupted(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// sameAsUninterrupted compares all files but those that say when and where.
func sameAsUninterrupted(t *testing.T, dir string) {
	t.Helper()
	whole, err := uninterrupted()
	if err != nil {
		t.Fatal(err)
	}
	want, got := records(t, whole), records(t, dir)
	for path, content := range want {
		if got[path] != content {
			t.Errorf("%s differs from the uninterrupted study's", path)
		}
	}
	for path := range got {
		if strings.HasPrefix(path, runsFolder) && !slices.Contains(runRecords, filepath.Base(path)) {
			t.Errorf("%s is no record of a run", path)
		}
		if _, ok := want[path]; !ok && !strings.HasPrefix(path, "timing-") && !strings.HasPrefix(path, "invocation-") {
			t.Errorf("%s was left over", path)
		}
	}
}

func TestStudyGoesOnWhereItWasCutOff(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	for _, epoch := range []int32{1, 1, 2, 1, 3} {
		runUntil(t, s, dir, epoch)
	}
	for _, name := range []string{".study.json12", ".results.csv3", ".report.png45", ".report.html6", ".images.npz7"} { // as kill -9 leaves them
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := runUntil(t, s, dir, 0)
	if n := f.epochs.Load(); n != 4 {
		t.Errorf("%d epochs were trained in the end, want the 4 of 12 that were left", n)
	}
	sameAsUninterrupted(t, dir)
	if f := runUntil(t, s, dir, 0); f.epochs.Load() != 0 || len(*f.warnings) != 0 {
		t.Errorf("the finished study was trained for %d epochs more, with warnings %v", f.epochs.Load(), *f.warnings)
	}
	sameAsUninterrupted(t, dir)
}

func TestSpeedsOfFinishedRunsComeFromTiming(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	runUntil(t, s, dir, 5)
	results, err := Run(context.Background(), s, Options{Dir: dir, Threads: 1}, watcher{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !(r.ImagesPerSecond > 0) {
			t.Errorf("%s seed %d: %v images/s", r.Arm, r.Seed, r.ImagesPerSecond)
		}
	}
}

func TestDamagedRunStartsOver(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	for _, c := range []struct {
		what, file string
		change     func([]byte) []byte // nil: removed
		warning    string
	}{
		{"damaged checkpoint", checkpointFile, flip, "the checkpoint is damaged"},
		{"empty checkpoint", checkpointFile, func([]byte) []byte { return nil }, "no checkpoint of this program"},
		{"deleted checkpoint", checkpointFile, nil, "its checkpoint is gone"},
		{"shortened record", stepsFile, func(b []byte) []byte { return b[:len(b)/2] }, "it was changed since"},
		{"deleted record", epochsFile, nil, "it was changed since"},
	} {
		s, dir := tiny(t), t.TempDir()
		runUntil(t, s, dir, 4) // in the second run
		path := filepath.Join(runFolder(dir, "normalized", 1), c.file)
		change(t, path, c.change)
		f := runUntil(t, s, dir, 0)
		if w := *f.warnings; len(w) != 1 || !strings.HasPrefix(w[0], "normalized seed 1: ") || !strings.Contains(w[0], c.warning) || !strings.HasSuffix(w[0], "; the run starts over") {
			t.Errorf("%s: warnings %q, want one with %q", c.what, w, c.warning)
		}
		if n := f.epochs.Load(); n != 9 {
			t.Errorf("%s: %d epochs were trained, want 9: nothing but this run starts over", c.what, n)
		}
		sameAsUninterrupted(t, dir)
	}
}

func TestDamagedResultStartsOver(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	runUntil(t, s, dir, 4)
	change(t, filepath.Join(runFolder(dir, "relu", 1), resultFile), func(b []byte) []byte { return b[:10] })
	f := runUntil(t, s, dir, 0)
	if w := *f.warnings; len(w) != 1 || !strings.HasPrefix(w[0], "relu seed 1: ") {
		t.Errorf("warnings %q", w)
	}
	sameAsUninterrupted(t, dir)
}

// change rewrites a file, or removes it.
func change(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if how == nil {
		err = os.Remove(path)
	} else {
		err = os.WriteFile(path, how(b), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnotherStudyIsRefused(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	runUntil(t, s, dir, 1)
	before := records(t, dir)
	study, err := os.ReadFile(filepath.Join(dir, studyFile))
	if err != nil {
		t.Fatal(err)
	}
	edited := func(from, to string) func() Study {
		return func() Study {
			if !strings.Contains(string(study), from) {
				t.Fatalf("study.json has no %s", from)
			}
			change(t, filepath.Join(dir, studyFile), func([]byte) []byte { return []byte(strings.Replace(string(study), from, to, 1)) })
			return s
		}
	}
	for _, c := range []struct {
		other func() Study
		want  string
	}{
		{func() Study { o := s; o.Budget.Seeds = []uint64{1, 2, 3}; return o }, "budget / seeds is [1,2] there, [1,2,3] here"},
		{func() Study { o := s; o.Budget.Batch = 10; return o }, "budget / batch is 16 there, 10 here"},
		{func() Study { o := s; o.Budget.Images = 40; return o }, "data / train_images is 50 there, 40 here"},
		{func() Study { o := s; o.Budget.Epochs = 4; return o }, "groups / activations / arms / relu / epochs is 3 there, 4 here"},
		{func() Study {
			o := s
			o.Groups = append([]Group{}, s.Groups...)
			o.Groups[0].Arms = s.Groups[0].Arms[:1]
			return o
		}, "arms / normalized / name is \"normalized\" there, nothing here"},
		{edited(`"sha256": "`, `"sha256": "a`), "data / sha256 is"},
		{edited(`"kernels": "`, `"kernels": "x`), `there is no family of kernels "x`},
	} {
		_, err := Run(context.Background(), c.other(), Options{Dir: dir}, watcher{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "--force") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %q, want %q", err, c.want)
		}
		change(t, filepath.Join(dir, studyFile), func([]byte) []byte { return study })
	}
	for path, content := range records(t, dir) {
		if before[path] != content {
			t.Errorf("the refused study has changed %s", path)
		}
	}
	if _, err := Run(context.Background(), s, Options{Dir: dir, Force: true, Invocation: "test"}, watcher{}); err != nil {
		t.Fatal(err)
	}
	sameAsUninterrupted(t, dir)
}

func TestTwoAtOnceInOneFolder(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			results, err := Run(context.Background(), s, Options{Dir: dir, Threads: 1, Invocation: "test"}, watcher{})
			if err != nil || len(results) != 4 {
				t.Errorf("%d results, %v", len(results), err)
			}
		})
	}
	both.Wait()
	sameAsUninterrupted(t, dir)
	times, err := readTable(filepath.Join(dir, timingFile))
	if err != nil || times.len() != 12 {
		t.Errorf("%d epochs were trained, want 12: each run by one of the two (%v)", times.len(), err)
	}
}

// What an arm does to images and learning rate reaches the training.
func TestArmsHaveTheirOwnImagesAndPlateau(t *testing.T) {
	s := tiny(t)
	s.Groups = slices.Clone(s.Groups)
	s.Groups[0].Arms = slices.Clone(s.Groups[0].Arms)
	arms := s.Groups[0].Arms
	arms[1].Model, arms[1].Changes = arms[0].Model, nil
	arms[0].Treatment = dataset.Treatment{Multiply: 2}
	arms[0].Plateau = &training.Plateau{Patience: 1, Factor: 0.5, MinDelta: 1e9}
	dir := t.TempDir()
	runUntil(t, s, dir, 0)
	ends := func(arm, file, column string) (first, last float64) {
		table, err := readTable(filepath.Join(runFolder(dir, arm, 1), file))
		if err != nil {
			t.Fatal(err)
		}
		values, err := table.numbers(column)
		if err != nil {
			t.Fatal(err)
		}
		return values[0], values[len(values)-1]
	}
	if own, plain := at(ends("relu", stepsFile, "loss")), at(ends("normalized", stepsFile, "loss")); !(own > 1.5*plain) {
		t.Errorf("the first loss on images of twice the values is %g, on others %g", own, plain)
	}
	if before, after := ends("relu", stepsFile, "learning_rate"); !(after < before) {
		t.Errorf("the learning rate went from %g to %g on a plateau", before, after)
	}
	if before, after := ends("normalized", stepsFile, "learning_rate"); after != before {
		t.Errorf("the learning rate went from %g to %g without a plateau", before, after)
	}
}

func at(first, _ float64) float64 { return first }

func TestResultSurvivesJSON(t *testing.T) {
	for _, text := range []string{"NaN", "+Inf", "-Inf", "0.1", "1e-320", "1.7976931348623157e+308", "-0"} {
		var f, back jsonFloat
		if err := f.UnmarshalJSON([]byte(text)); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(back); string(again) != string(b) {
			t.Errorf("%s became %s, then %s", text, b, again)
		}
	}
}
