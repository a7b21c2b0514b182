package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheoryTakesNoArms(t *testing.T) {
	for _, flag := range []string{"--arms=a", "--epochs=3", "--data=mnist", "--task=1/2"} {
		if code, _, errs := call("run", "theory", flag); code != 2 || !strings.Contains(errs, "its rows say what they are measured on") {
			t.Errorf("%s: exit code %d, %s", flag, code, errs)
		}
	}
	if code, _, errs := call("show", "theory"); code != 2 || !strings.Contains(errs, "its rows are code") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if code, out, _ := call("list"); code != 0 || !strings.Contains(out, "theory") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func TestTheoryLeavesOtherFoldersAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call("run", "theory", "--out", dir); code != 1 || !strings.Contains(errs, "something else") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "theory.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"run", "theory", "--out", dir}, {"plot", dir}, {"verify", dir}} {
		if code, _, errs := call(command...); code != 1 || !strings.Contains(errs, "theory.json") {
			t.Errorf("%v: exit code %d, %s", command, code, errs)
		}
	}
}
