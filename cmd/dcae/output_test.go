package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put writes a file of somebody else's.
func put(t *testing.T, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// No command replaces a file that is read, or that is not its own.
func TestOutputsSpareOtherFiles(t *testing.T) {
	model, batch := savedModel(t)
	dir := t.TempDir()
	small := func(out string, more ...string) []string {
		return append([]string{"train", model, "--data", batch, "--epochs", "1", "--quiet", "--out", filepath.Join(dir, out)}, more...)
	}
	for _, out := range []string{"a", "b"} {
		if code, _, errs := call(small(out)...); code != 0 {
			t.Fatal(errs)
		}
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	code, page, picture := put(t, dir, "code.py"), put(t, dir, "page.html"), put(t, dir, "chart.png")
	array, answer := put(t, dir, "mine.npz"), put(t, dir, "answer", "report.html")
	pictures := put(t, dir, "y", "holiday.png")
	files := []string{model, batch, code, page, picture, array, answer, pictures, filepath.Join(a, "report.html"), filepath.Join(a, "study.json")}
	before := map[string]string{}
	for _, f := range files {
		before[f] = read(t, f)
	}
	diagnose := []string{"diagnose", model, "--data", batch, "--seconds", "1", "--quiet", "--out"}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"compare", a, b, "--out", code}, 2, "must name an .html file"},
		{[]string{"compare", a, b, "--out", page}, 1, "is no earlier result of this command"},
		{[]string{"compare", a, b, "--out", filepath.Join(dir, "chart.html")}, 1, "is no earlier result of this command"},
		{[]string{"compare", a, b, "--out", filepath.Join(dir, "none", "new.html")}, 1, "no such file"},
		{[]string{"trace", model, "--data", batch, "--out", model}, 2, "must name an .npz file"},
		{[]string{"trace", model, "--data", batch, "--out", batch}, 1, "is read, so that it cannot be written as well"},
		{[]string{"trace", model, "--data", batch, "--out", array}, 1, "is no earlier result of this command"},
		{[]string{"trace", model, "--data", batch, "--out", filepath.Join(dir, "none", "t.npz")}, 1, "no such file"},
		{[]string{"predict", model, "--data", batch, "--out", batch}, 1, "is read, so that it cannot be written as well"},
		{[]string{"predict", model, "--data", batch, "--out", array}, 1, "is no earlier result of this command"},
		{[]string{"predict", model, "--data", batch, "--png", "--out", filepath.Join(dir, "y.npz")}, 1, "holds holiday.png already"},
		{append(diagnose, filepath.Join(dir, "answer")), 1, "is no earlier result of this command"},
		{append(diagnose, a), 1, "holds a study"},
		{small("answer", "--force"), 1, "holds no study of this program"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
	for _, f := range files {
		if read(t, f) != before[f] {
			t.Errorf("%s was changed", f)
		}
	}
}

// A command's own earlier results are replaced, and nothing of them is left over.
func TestOutputsReplaceTheirOwn(t *testing.T) {
	model, batch := savedModel(t)
	dir := t.TempDir()
	y, traced := filepath.Join(dir, "y.npz"), filepath.Join(dir, "t.npz")
	for _, args := range [][]string{
		{"predict", model, "--data", batch, "--png", "--out", y}, {"predict", model, "--data", batch, "--png", "--part", "test", "--out", y},
		{"trace", model, "--data", batch, "--out", traced}, {"trace", model, "--data", batch, "--out", traced},
		{"diagnose", model, "--data", batch, "--seconds", "1", "--quiet", "--out", filepath.Join(dir, "d")}, {"diagnose", model, "--data", batch, "--seconds", "1", "--quiet", "--out", filepath.Join(dir, "d")},
	} {
		if code, _, errs := call(args...); code != 0 {
			t.Errorf("dcae %s: %s", strings.Join(args, " "), errs)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "y", "*"))
	if err != nil || len(left) != 2 {
		t.Errorf("of 2 images there are the pictures %v", left)
	}
}
