package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"dcae/experiments"
)

func TestBenchMeasures(t *testing.T) {
	model, _ := autoencoder(t, "first", "last", nil)
	code, out, errs := call("bench", model, "--batch", "8", "--threads", "1", "--json")
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var b experiments.Benchmark
	if err := json.Unmarshal([]byte(out), &b); err != nil || strings.Count(out, "\n") != 1 {
		t.Fatalf("%v in %q", err, out)
	}
	if b.Model != model || b.Batch != 8 || b.Threads != 1 || b.Kernels == "" || len(b.Windows) != 5 || !(b.ImagesPerSecond > 0) || !(b.GFLOPS > 0) || !(b.StepSeconds > 0) {
		t.Errorf("%+v", b)
	}
	if !(b.PeakGFLOPS > 0.1) || !(b.MemoryGB > 0.1) {
		t.Errorf("the machine can do %g GFLOP/s and %g GB/s", b.PeakGFLOPS, b.MemoryGB)
	}
	sum, layers := 0.0, map[string]bool{}
	for _, o := range b.Ops {
		if product := strings.HasPrefix(o.Op, "conv2d"); product && !(o.GFLOPS > 0) || !product && o.GFLOPS != 0 || product && !(o.GB > 0) {
			t.Errorf("%s of %s: %g GFLOP/s, %g GB/s", o.Op, o.Layer, o.GFLOPS, o.GB)
		}
		sum += o.Forward + o.Backward
		layers[o.Layer] = true
	}
	if math.Abs(sum/b.StepSeconds-1) > 1e-9 {
		t.Errorf("the ops take %g s together, a step %g s", sum, b.StepSeconds)
	}
	for _, layer := range []string{"first", "last"} {
		if !layers[layer] {
			t.Errorf("there is no op of layer %s", layer)
		}
	}
}

func TestBenchPrintsATable(t *testing.T) {
	model, _ := autoencoder(t, "first", "last", nil)
	code, out, errs := call("bench", model, model, "--batch", "8", "--threads", "1")
	if code != 0 || errs != "" || strings.Count(out, model+": ") != 2 || strings.Count(out, "a step takes ") != 2 || strings.Count(out, "  optimizer and the machine") > 2 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"images/s (windows ", "GFLOP/s", "batch 8, threads 1", "layer", "forward", "backward", "share", "of peak", "of memory", "the machine can do ", "conv2d+bias+relu", "shuffling and reading images"} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
}

func TestBenchRefusesWhatDoesNotFitMemory(t *testing.T) {
	for _, batch := range []string{"100000000", "9223372036854775807"} {
		code, _, errs := call("bench", "improved", "--batch", batch)
		if code != 1 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "of memory") || !strings.Contains(errs, "would fit") {
			t.Errorf("--batch %s: exit code %d: %s", batch, code, errs)
		}
	}
}

func TestMistakesWithBenchGetOneClearLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"bench", "nonsense"}, 2, `there is no model "nonsense"`},
		{[]string{"bench", "nonsense"}, 2, "for timing there are deep"},
		{[]string{"bench", "sigmoid", "none.keras"}, 2, "none.keras"},
		{[]string{"bench", "--batch", "0"}, 2, "--batch must be at least 1, not 0"},
		{[]string{"bench", "--threads", "-1"}, 2, "--threads must be at least 1, not -1"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, out, errs, c.want)
		}
	}
}
