package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dcae/experiments/saved"
	"dcae/training"
	"dcae/training/dataset"
)

// interrupter is a standard error that interrupts this process, as Ctrl-C does, when a text is printed.
type interrupter struct {
	t    *testing.T
	text string
	out  strings.Builder
}

func (i *interrupter) Write(b []byte) (int, error) {
	if strings.Contains(string(b), i.text) {
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Signal(os.Interrupt)
		}
		if err != nil {
			i.t.Error(err)
		}
		i.text = "\x00"
	}
	return i.out.Write(b)
}

// A run that was interrupted and resumed leaves the same records and models as one that was not.
func TestTrainResumes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot interrupt itself there")
	}
	model, images := autoencoder(t, "first", "last", nil)
	args := func(dir string, more ...string) []string {
		return append([]string{"train", model, "--data", images, "--epochs", "300", "--batch", "8", "--checkpoint-every", "3", "--out", dir}, more...)
	}
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	if code, _, errs := call(args(whole, "--quiet")...); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	errs := &interrupter{t: t, text: "epoch 5 of 300"}
	if code := run(args(cut), &strings.Builder{}, errs); code != 1 || !strings.Contains(errs.out.String(), "interrupted after ") || !strings.HasSuffix(errs.out.String(), "the same call with --resume continues\n") {
		t.Fatalf("exit code %d: %s", code, errs.out.String())
	}
	for _, file := range []string{"last.keras", "model.keras", "results.csv"} {
		if _, err := os.Stat(filepath.Join(cut, file)); err == nil {
			t.Errorf("there is %s before the run has ended", file)
		}
	}
	if code, _, errs := call(args(cut, "--resume", "--quiet")...); code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, file := range []string{
		"study.json", "results.csv", "images.npz", "last.keras", "model.keras", "runs/small/seed-1/steps.csv", "runs/small/seed-1/epochs.csv",
		"runs/small/seed-1/reconstructions.npz",
	} {
		want, err := os.ReadFile(filepath.Join(whole, file))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(cut, file)); err != nil || string(got) != string(want) {
			t.Errorf("%s differs from the uninterrupted run's: %v", file, err)
		}
	}
}

func TestMistakesWithResumeGetOneClearLine(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	dir, empty := filepath.Join(t.TempDir(), "out"), t.TempDir()
	train := func(more ...string) []string {
		return append([]string{"train", model, "--data", images, "--epochs", "1"}, more...)
	}
	if code, _, errs := call(train("--out", dir, "--quiet")...); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{train("--out", dir, "--resume", "--force"), 2, "--force and --resume exclude each other"},
		{train("--out", empty, "--resume"), 1, "there is no run to resume"},
		{train("--out", dir, "--resume", "--seed", "2"), 1, "budget / seeds is [1] there, [2] here; all but --epochs must be as in the first call"},
		{train("--out", dir), 1, "holds a study already; name another with --out, replace the study with --force, or go on with --resume"},
		{train("--out", dir, "--checkpoint-every", "0"), 2, "--checkpoint-every must be at least 1, not 0"},
		{train("--out", dir, "--lr", "-1"), 2, "--lr must be positive, not -1"},
		{train("--out", dir, "--loss", "odd"), 2, "odd"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args[5:], " "), code, c.code, out, errs, c.want)
		}
	}
}

// model.keras holds the weights after the best epoch and last.keras those after the last, with the optimizer's state.
func TestTrainedModelsAreSaved(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	out := filepath.Join(t.TempDir(), "out")
	if code, _, errs := call("train", model, "--data", images, "--epochs", "11", "--batch", "8", "--optimizer", "sgd", "--lr", "0.7", "--out", out, "--quiet"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	errors := column(t, filepath.Join(out, "runs/small/seed-1/epochs.csv"), "heldout_mse")
	best := slices.Min(errors)
	if best == errors[len(errors)-1] {
		t.Fatalf("the last epoch is the best, which says nothing: %v", errors)
	}
	set, err := dataset.Open(images, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]float64{"model.keras": best, "last.keras": errors[len(errors)-1]} {
		m, err := saved.LoadKeras(filepath.Join(out, file))
		if err != nil {
			t.Fatal(err)
		}
		e, err := training.NewEvaluator(m.Model, m.Loss, m.Params, set.Validation, 0, set.Train.Mean(), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := e.Scores()
		e.Close()
		if err != nil || scores.MSE != want {
			t.Errorf("%s has a held-out error of %g, want %g (%v)", file, scores.MSE, want, err)
		}
		if got := m.Optimizer.String(); got != "sgd(learning_rate=0.7, momentum=0, nesterov=false)" {
			t.Errorf("%s is to be trained with %s", file, got)
		}
		switch steps := len(column(t, filepath.Join(out, "runs/small/seed-1/steps.csv"), "loss")); {
		case file == "last.keras" && (m.State == nil || m.State.Iterations != steps):
			t.Errorf("last.keras: the optimizer's state is %+v after %d steps", m.State, steps)
		case file == "model.keras" && m.State != nil && (m.State.Iterations != 0 || len(m.State.Slots) != 0):
			t.Errorf("model.keras has an optimizer's state, which is another epoch's: %+v", m.State)
		}
	}
}

// Where no epoch's error is a number there is no best one, and the last model is saved all the same.
func TestADivergedModelIsSaved(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	out := filepath.Join(t.TempDir(), "out")
	code, table, errs := call("train", model, "--data", images, "--epochs", "2", "--optimizer", "sgd", "--lr", "1e30", "--out", out, "--quiet")
	if code != 0 || !strings.Contains(table, "diverged") {
		t.Fatalf("exit code %d: %s%s", code, table, errs)
	}
	if _, err := saved.LoadKeras(filepath.Join(out, "last.keras")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(out, "model.keras")); err == nil {
		t.Error("there is a best model, though no epoch's error is a number")
	}
}

// column reads numbers from a CSV file.
func column(t *testing.T, path, name string) []float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	k := slices.Index(rows[0], name)
	if k < 0 {
		t.Fatalf("%s has no column %s", path, name)
	}
	var out []float64
	for _, row := range rows[1:] {
		x, err := strconv.ParseFloat(row[k], 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}
