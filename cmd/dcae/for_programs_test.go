package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the Python package reads: progress as JSON lines, the answer alone on standard output, a description with its warnings.
func TestProgramsCanReadWhatIsPrinted(t *testing.T) {
	dir := t.TempDir()
	code, out, errs := call("diagnose", "sigmoid", "--seconds", "2", "--patient", "--images", "320", "--json", "--progress", "--out", filepath.Join(dir, "answer"))
	if code != 0 || !json.Valid([]byte(out)) || errs == "" {
		t.Errorf("exit code %d, out %.80q, progress %q", code, out, errs)
	}
	for line := range strings.Lines(errs) {
		var event struct{ Event, Text string }
		if err := json.Unmarshal([]byte(line), &event); err != nil || event.Event != "progress" || event.Text == "" {
			t.Errorf("%v in the line %q", err, line)
		}
	}
	if code, _, errs := call("diagnose", "sigmoid", "--progress"); code != 2 || !strings.Contains(errs, "--json") {
		t.Errorf("exit code %d: %s", code, errs)
	}

	rows := filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(rows, []byte("a,b\n"+strings.Repeat("100,255\n30,7\n", 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs = call("data", rows, "--json")
	var d struct {
		Shape    []int
		Training int `json:"training_images"`
		Warnings []string
		Text     string
	}
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != 0 || len(d.Shape) != 3 || d.Training < 20 || len(d.Warnings) == 0 || !strings.Contains(d.Text, "training") {
		t.Errorf("%v, exit code %d: %s%s", err, code, out, errs)
	}
}

func TestManPagesAreTheSameEverywhere(t *testing.T) {
	dir := t.TempDir()
	if code, _, errs := call("man", dir); code != 0 {
		t.Fatal(errs)
	}
	page, err := os.ReadFile(filepath.Join(dir, "dcae-run.1"))
	if err != nil || !strings.Contains(string(page), "threads") || !strings.Contains(string(page), "=all") || strings.Contains(string(page), "Auto generated") {
		t.Errorf("%v: %s", err, page)
	}
	if _, err := os.Stat(filepath.Join(dir, "dcae-man.1")); err == nil {
		t.Error("a hidden command has a page")
	}
}
