package experiments

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dcae/graph/arithmetic"
)

// copied copies the uninterrupted tiny study.
func copied(t *testing.T) string {
	t.Helper()
	whole, err := uninterrupted()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func verified(t *testing.T, dir string, runs int) *Verification {
	t.Helper()
	before := records(t, dir)
	v, err := Verify(context.Background(), dir, VerifyOptions{Runs: runs, Threads: 2}, watcher{})
	if err != nil {
		t.Fatal(err)
	}
	if after := records(t, dir); len(after) != len(before) {
		t.Errorf("verifying made %d files of %d", len(after), len(before))
	}
	return v
}

func TestVerifyFindsNoDifference(t *testing.T) {
	v := verified(t, copied(t), 0)
	if v.Checked != 4 || v.Finished != 4 || len(v.Differences) != 0 || len(v.Reasons) != 0 || len(v.Unfinished) != 0 {
		t.Errorf("%+v", v)
	}
}

func TestVerifyNamesTheFirstDifference(t *testing.T) {
	dir := copied(t)
	replace := func(file, from, to string) {
		change(t, filepath.Join(dir, file), func(b []byte) []byte {
			if !strings.Contains(string(b), from) {
				t.Fatalf("%s has no %q", file, from)
			}
			return []byte(strings.Replace(string(b), from, to, 1))
		})
	}
	run := filepath.Join(runsFolder, "relu", "seed-2")
	replace(filepath.Join(run, stepsFile), "\n2,6,", "\n2,6,7")
	replace(filepath.Join(run, resultFile), `"epochs": 3`, `"epochs": 4`)
	change(t, filepath.Join(dir, run, reconstructionsFile), nil)
	replace(filepath.Join(runsFolder, "normalized", "seed-1", epochsFile), "\n3,", "\n3,1")
	other := arithmetic.Portable
	if arithmetic.Chosen() == other {
		other = arithmetic.AVX2
	}
	family := `"kernels": "%s"`
	replace(studyFile, fmt.Sprintf(family, arithmetic.Chosen()), fmt.Sprintf(family, other))
	bits := `"bits": %d,`
	replace(studyFile, fmt.Sprintf(bits, arithmetic.Chosen().Bits()), fmt.Sprintf(bits, other.Bits()))
	v := verified(t, dir, 0)
	if len(v.Reasons) != 1 || !strings.Contains(v.Reasons[0], other.String()+" kernels") {
		t.Errorf("reasons %q", v.Reasons)
	}
	var got []string
	for _, d := range v.Differences {
		got = append(got, d.String())
	}
	for _, want := range []string{
		fmt.Sprintf(`study.json, kernels is "%s" on record, "%s" now`, other, arithmetic.Chosen()),
		"results.csv, line 3 (arm relu), column epochs is 3 on record, 4 now",
		"relu seed 2: steps.csv, line 7 (step 6), column loss is 7",
		"relu seed 2: result.json, epochs is 4 on record, 3 now",
		"relu seed 2: reconstructions.npz is nothing on record, a file now",
		"normalized seed 1: epochs.csv, line 4 (epoch 3), column train_loss is 1",
	} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("no difference %q", want)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d differences: %q", len(got), got)
	}
}

func TestVerifySomeRuns(t *testing.T) {
	dir := copied(t)
	if err := os.RemoveAll(runFolder(dir, "normalized", 2)); err != nil {
		t.Fatal(err)
	}
	v := verified(t, dir, 2)
	if v.Checked != 2 || v.Finished != 3 || !slices.Equal(v.Unfinished, []string{"normalized seed 2"}) {
		t.Errorf("%+v", v)
	}
	if len(v.Differences) != 1 || v.Differences[0].File != resultsFile {
		t.Errorf("a run was taken away, which results.csv has: %v", v.Differences)
	}
}

func TestVerifyRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Verify(context.Background(), dir, VerifyOptions{}, watcher{}); err == nil || !strings.Contains(err.Error(), "cannot read") {
		t.Errorf("an empty folder: %v", err)
	}
	runUntil(t, tiny(t), dir, 1)
	if _, err := Verify(context.Background(), dir, VerifyOptions{}, watcher{}); err == nil || !strings.Contains(err.Error(), "no run in "+dir+" is finished") {
		t.Errorf("nothing finished: %v", err)
	}
}

// setBits gives a study's folder another number of bits; 0: none, as before there were numbers.
func setBits(t *testing.T, dir string, number int) {
	t.Helper()
	change(t, filepath.Join(dir, studyFile), func(b []byte) []byte {
		line := regexp.MustCompile(`\n  "bits": \d+,`)
		if !line.Match(b) {
			t.Fatal("study.json has no bits")
		}
		if number == 0 {
			return line.ReplaceAll(b, nil)
		}
		return line.ReplaceAll(b, fmt.Appendf(nil, "\n  \"bits\": %d,", number))
	})
}

func TestRecordsOfOtherBitsAreRefused(t *testing.T) {
	number, family := arithmetic.Chosen().Bits(), arithmetic.Chosen()
	for _, c := range []struct {
		number      int
		want, parts string
	}{
		{0, fmt.Sprintf("an older program, whose bits had no number; this program has number %d of the %s kernels", number, family), "an older program, whose bits had no number"},
		{99, fmt.Sprintf("bits number 99 of the %s kernels, this program has number %d", family, number),
			fmt.Sprintf("the first was computed with bits number %d of the %s kernels, the second with number 99 of the %s kernels", number, family, family)},
	} {
		dir := copied(t)
		setBits(t, dir, c.number)
		before := records(t, dir)
		refused := func(what, want string, err error) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s is refused with %v, want %q", what, err, want)
			}
		}
		_, err := Run(context.Background(), tiny(t), Options{Dir: dir}, watcher{})
		refused("going on", c.want, err)
		_, err = Verify(context.Background(), dir, VerifyOptions{}, watcher{})
		refused("verifying", c.want, err)
		_, _, err = Merge(context.Background(), []string{copied(t), dir}, MergeOptions{Out: filepath.Join(t.TempDir(), "out")})
		refused("merging", c.parts, err)
		if after := records(t, dir); !maps.Equal(after, before) {
			t.Error("what was refused has changed the folder")
		}
	}
}

func TestSpreadOver(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want []int
	}{{0, 3, []int{0, 1, 2}}, {5, 2, []int{0, 1}}, {1, 5, []int{2}}, {2, 6, []int{1, 4}}, {3, 3, []int{0, 1, 2}}} {
		if got := spreadOver(c.k, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%d of %d: %v, want %v", c.k, c.n, got, c.want)
		}
	}
}
