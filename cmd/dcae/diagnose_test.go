package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dcae/experiments/diagnosis"
)

// In a second nothing is certain about this model; the answer that says so is printed and saved.
func TestDiagnoseAnswersInAnyTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "answer")
	code, out, errs := call("diagnose", "improved", "--seconds", "1", "--images", "320", "--json", "--out", dir)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	saved, err := os.ReadFile(filepath.Join(dir, "diagnosis.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{out, string(saved)} {
		var d diagnosis.Diagnosis
		if err := json.Unmarshal([]byte(text), &d); err != nil || d.Name != "improved" || d.Verdict == "" {
			t.Errorf("%v in %s", err, text)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Error(err)
	}
}

func TestMistakesWithDiagnoseGetOneClearLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(filepath.Dir(file), "mine.h5")
	if err := os.WriteFile(old, []byte("\x89HDF\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"diagnose"}, 2, "call it as dcae diagnose MODEL"},
		{[]string{"diagnose", "nonsense"}, 2, `there is no model "nonsense"`},
		{[]string{"diagnose", old}, 2, "this is an HDF5 file"},
		{[]string{"diagnose", "improved", "--seconds", "0"}, 2, "--seconds must be at least 1, not 0"},
		{[]string{"diagnose", "improved", "--seeds", "5"}, 2, "--seeds must be at least 6, not 5"},
		{[]string{"diagnose", "improved", "--out", filepath.Join(file, "below")}, 1, "cannot make the folder for the answer"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
}
