package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dcae/experiments/diagnosis"
	"dcae/experiments/saved"
	"dcae/training"
)

// In a second nothing is certain about this model; the answer that says so is printed and saved.
func TestDiagnoseAnswersInAnyTime(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "answer")
	code, out, errs := call("diagnose", "improved", "--seconds", "1", "--patient", "--images", "320", "--json", "--out", dir)
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
		{[]string{"diagnose", old}, 1, "it is damaged or was cut off"},
		{[]string{"diagnose", "improved", "--seconds", "0"}, 2, "--seconds must be at least 1, not 0"},
		{[]string{"diagnose", "improved", "--seeds", "5"}, 2, "--seeds must be at least 6, not 5"},
		{[]string{"diagnose", "improved", "--out", filepath.Join(file, "below")}, 1, "cannot make the folder"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
}

// A model that fails at its own learning rate is found faulty, and the repaired model that is saved learns.
func TestDiagnoseRepairsAModel(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	fast := filepath.Join(t.TempDir(), "fast.keras")
	m, err := saved.LoadKeras(model)
	if err != nil {
		t.Fatal(err)
	}
	m.Optimizer, m.State = training.SGD{LearningRate: 1e4}, nil
	if err := saved.SaveKeras(fast, m); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "answer")
	code, out, errs := call("diagnose", fast, "--data", images, "--seconds", "120", "--patient", "--quiet", "--out", dir)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"FAULTY", "fast does not learn. The cause: ", "model.compile(", filepath.Join(dir, "fixed.keras")} {
		if !strings.Contains(out, want) {
			t.Errorf("the answer lacks %q:\n%s", want, out)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "diagnosis.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d diagnosis.Diagnosis
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	blamed := []diagnosis.Cause{diagnosis.LearningRateHigh, diagnosis.Optimizer} // on so few images either may come first
	if d.Verdict != diagnosis.Faulty || len(d.Causes) == 0 || !slices.Contains(blamed, d.Causes[0].Cause) || d.Fix == nil || !(d.Fix.FVUAfter < d.Fix.FVUBefore) {
		t.Fatalf("%s", b)
	}
	fixed, err := saved.LoadKeras(filepath.Join(dir, "fixed.keras"))
	if err != nil {
		t.Fatal(err)
	}
	if rate := training.LearningRate(fixed.Optimizer); rate > 10 {
		t.Errorf("the repaired model trains at a rate of %g", rate)
	}
	for _, file := range []string{"report.html", "before-after.png"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
}

// The folder of a finished dcae train stands for its last model and for the images that this was trained on.
func TestDiagnoseTakesAFinishedRun(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	trained := filepath.Join(t.TempDir(), "mine")
	if code, _, errs := call("train", model, "--data", images, "--epochs", "1", "--out", trained, "--quiet"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	args := []string{"diagnose", trained, "--seconds", "1", "--patient", "--json", "--out", filepath.Join(t.TempDir(), "answer")}
	code, out, errs := call(args...)
	var d diagnosis.Diagnosis
	if err := json.Unmarshal([]byte(out), &d); code != 0 || err != nil || d.Name != "mine" {
		t.Errorf("exit code %d, %v: %s%s", code, err, out, errs)
	}
	if err := os.Remove(images); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := call(args...); code != 1 || out != "" || !strings.Contains(errs, "give --data") || strings.Count(errs, "\n") != 1 {
		t.Errorf("without its images: exit code %d: %s%s", code, out, errs)
	}
}
