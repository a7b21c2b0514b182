package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// call runs the program and returns its exit code and what it printed.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	if args == nil {
		args = []string{} // for nil cobra takes the arguments of the test's own process
	}
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestMistakesGetOneClearLine(t *testing.T) {
	filled := t.TempDir()
	if err := os.WriteFile(filepath.Join(filled, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"walk"}, 2, `there is no command "walk"`},
		{[]string{"run", "nonsense"}, 2, `there is no built-in study "nonsense"; there are failure-modes, depth`},
		{[]string{"run", "a", "b"}, 2, "call it as dcae run [STUDY]"},
		{[]string{"run", "--arms", "nonsense"}, 2, `has no arm "nonsense"; its arms are sigmoid, highlr, improved`},
		{[]string{"run", "--arms", ""}, 2, "no arms are named; the arms of study failure-modes are sigmoid, highlr, improved"},
		{[]string{"run", "--seeds", ""}, 2, "bad seeds \"\""},
		{[]string{"train", "improved", "--images", "0", "--out", filepath.Join(filled, "new")}, 2, "--images must be at least 1, not 0"},
		{[]string{"train", "improved", "--images", "60000", "--out", filepath.Join(filled, "new")}, 1, "60000 images are more than the 55000 training images"},
		{[]string{"diagnose", "improved", "--images", "60000", "--out", filepath.Join(filled, "new")}, 1, "60000 images are more than the 55000 training images"},
		{[]string{"serve", "a", "b"}, 2, "call it as dcae serve [DIR]"},
		{[]string{"serve", "--listen", "8350"}, 2, `--listen "8350": write it as HOST:PORT`},
		{[]string{"serve", filepath.Join(filled, "nowhere")}, 1, "cannot open the folder"},
		{[]string{"serve", filepath.Join(filled, "file")}, 1, "cannot open the folder"},
		{[]string{"serve", "--at-once", "0"}, 2, "--at-once must be at least 1"},
		{[]string{"run", "--images", "0"}, 2, "--images must be at least 1, not 0"},
		{[]string{"run", "--images", "60000", "--out", filepath.Join(filled, "new")}, 1, "60000 images are more than the 55000 training images"},
		{[]string{"run", "--images", "many"}, 2, "--images takes a whole number"},
		{[]string{"run", "--epochs", "-3"}, 2, "--epochs must be at least 1, not -3"},
		{[]string{"run", "--batch", "0"}, 2, "--batch must be at least 1"},
		{[]string{"run", "--threads", "100000"}, 2, "--threads must be at most 1024, not 100000"},
		{[]string{"train", "improved", "--threads", "100000"}, 2, "--threads must be at most 1024"},
		{[]string{"diagnose", "improved", "--threads", "100000"}, 2, "--threads must be at most 1024"},
		{[]string{"bench", "--threads", "100000"}, 2, "--threads must be at most 1024"},
		{[]string{"verify", "x", "--threads", "100000"}, 2, "--threads must be at most 1024"},
		{[]string{"predict", "x.keras", "--data", "mnist", "--out", "x.npz", "--threads", "100000"}, 2, "--threads must be at most 1024"},
		{[]string{"trace", "x.keras", "--data", "x", "--out", "x.npz", "--threads", "100000"}, 2, "--threads must be at most 1024"},
		{[]string{"diagnose", "improved", "--seconds", "1e10"}, 2, "--seconds must be at most 604800"},
		{[]string{"diagnose", "improved", "--seconds", "1e308"}, 2, "--seconds must be at most 604800"},
		{[]string{"diagnose", "improved", "--seconds", "Inf"}, 2, "--seconds must be at most 604800"},
		{[]string{"diagnose", "improved", "--seconds", "NaN"}, 2, "--seconds must be at least 1"},
		{[]string{"run", "--threads", "0"}, 2, "--threads must be at least 1"},
		{[]string{"run", "--kernels", "sse"}, 2, `--kernels: there is no family of kernels "sse": use avx512, avx2 or portable`},
		{[]string{"run", "--seeds", "5-1"}, 2, `bad seeds "5-1"`},
		{[]string{"run", "--full", "--epochs", "3"}, 2, "--full sets epochs and images"},
		{[]string{"run", "--quiet", "--json"}, 2, "exclude each other"},
		{[]string{"run", "--colour"}, 2, "unknown flag: --colour; see dcae run --help"},
		{[]string{"run", "--out", filled}, 1, "is not empty, and holds no study of this program; name another with --out"},
		{[]string{"run", "--out", filepath.Join(filled, "file", "below")}, 1, "cannot make the folder"},
		{[]string{"graph"}, 2, "call it as dcae graph MODEL"},
		{[]string{"graph", "nonsense"}, 2, `there is no model "nonsense"`},
		{[]string{"list", "depth"}, 2, "dcae list takes no arguments"},
		{[]string{"show"}, 2, "call it as dcae show STUDY"},
		{[]string{"show", "nonsense"}, 2, "there is no built-in study \"nonsense\"; there are failure-modes, depth, activation, initialization, preprocessing, learning-rate, capacity, cures, reliability\n"},
		{[]string{"plot", filepath.Join(filled, "none")}, 1, "cannot read"},
		{[]string{"compare", filled}, 2, "call it as dcae compare DIR DIR..."},
		{[]string{"run", filepath.Join(filled, "none.yaml")}, 2, "cannot read"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
}

func TestRunLeavesRecordsAndPictures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	code, out, errs := call("run", "--out", dir, "--images", "64", "--epochs", "1", "--seeds", "1", "--arms", "sigmoid,improved")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"outcome", "sigmoid", "improved", "sigmoid: 1 of 1 ", "report.html"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	if !strings.Contains(errs, "sigmoid, seed 1: epoch 1 of 1") {
		t.Errorf("no progress: %q", errs)
	}
	for _, name := range []string{
		"study.json", "invocation.json", "timing.csv", "results.csv", "loss.png", "gradients.png", "gradient-map.png", "profile.png",
		"reconstructions.png", "report.png", "report.html", "arms.png", "learned.png", "runs/sigmoid/seed-1/steps.csv", "runs/improved/seed-1/epochs.csv",
	} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty: %v", name, err)
		}
	}
	code, out, errs = call("run", "--out", dir, "--force", "--json", "--images", "64", "--epochs", "1", "--seeds", "1", "--arms", "highlr")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var events []string
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		var e struct{ Event string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Errorf("%q is no JSON: %v", lines.Text(), err)
		}
		events = append(events, e.Event)
	}
	if got := strings.Join(events, " "); got != "run-started epoch-ended run-finished" {
		t.Errorf("events: %s", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "runs", "sigmoid")); err == nil {
		t.Error("--force left a run of the old study")
	}
}

func TestPlotDrawsTheSameAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	if code, _, errs := call("run", "initialization", "--out", dir, "--images", "64", "--epochs", "1", "--seeds", "1", "--arms", "relu-he,sigmoid-he", "--quiet"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	page := filepath.Join(dir, "report.html")
	before, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(page); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call("plot", dir); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	after, err := os.ReadFile(page)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the page drawn anew is not the same (%v)", err)
	}
	if code, out, errs := call("compare", dir, dir); code != 0 || !strings.Contains(out, "relu-he") {
		t.Errorf("exit code %d: %s\n%s", code, errs, out)
	}
}

func TestListAndShow(t *testing.T) {
	code, out, errs := call("list")
	if code != 0 || !strings.Contains(out, "reliability") {
		t.Errorf("exit code %d: %s\n%s", code, errs, out)
	}
	if code, out, errs := call("show", "depth"); code != 0 || !strings.Contains(out, "name: depth") {
		t.Errorf("exit code %d: %s\n%s", code, errs, out)
	}
}

func TestGraphIsDOT(t *testing.T) {
	code, out, errs := call("graph", "improved")
	if code != 0 || !strings.HasPrefix(out, "digraph") || !strings.Contains(out, "gradient of conv2d_transpose+bias+relu") {
		t.Errorf("exit code %d, %s, %.100s", code, errs, out)
	}
}

// The help of the program names each command and says what it is for; that of a command shows how to call it, and each of its flags.
func TestHelp(t *testing.T) {
	code, all, errs := call("--help")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if code, out, _ := call(); code != 0 || out != all {
		t.Errorf("without arguments: exit code %d, %q", code, out)
	}
	for _, c := range rootCommand().Commands() {
		if c.Hidden {
			continue
		}
		if c.Short == "" || !strings.Contains(all, c.Name()) || !strings.Contains(all, c.Short) {
			t.Errorf("dcae --help does not say what %s is for", c.Name())
		}
		code, out, errs := call(c.Name(), "--help")
		if code != 0 || errs != "" || !strings.Contains(out, "Usage:\n  "+c.UseLine()) || len(c.Long) > 0 && !strings.HasPrefix(out, c.Long) {
			t.Errorf("dcae %s --help: exit code %d: %s%s", c.Name(), code, out, errs)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || !strings.Contains(out, "--"+f.Name) || !strings.Contains(out, strings.ReplaceAll(f.Usage, "`", "")) {
				t.Errorf("dcae %s --help does not explain --%s", c.Name(), f.Name)
			}
		})
	}
}
