package main

import (
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models"
	"dcae/training/dataset/npz"
)

// savedModel writes a small model, with what layers before its Dense layer it is given, and a batch for it.
func savedModel(t *testing.T, layers ...graph.Layer) (model, batch string) {
	t.Helper()
	dir := t.TempDir()
	m := graph.Sequential("small", graph.Shape{4, 6, 1}, append(layers, graph.Dense{Units: 1})...)
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	model, batch = filepath.Join(dir, "small.keras"), filepath.Join(dir, "batch.npz")
	if err := saved.SaveKeras(model, &saved.Model{Model: m, Params: params}); err != nil {
		t.Fatal(err)
	}
	x := npz.Array{Name: "x", Shape: []int{20, 4, 6, 1}, Float32: make([]float32, 20*24)}
	for i := range x.Float32 {
		x.Float32[i] = float32(i%7) / 7
	}
	if err := npz.Write(batch, []npz.Array{x}); err != nil {
		t.Fatal(err)
	}
	return model, batch
}

func arrays(t *testing.T, path string) map[string]npz.Array {
	t.Helper()
	list, err := npz.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]npz.Array{}
	for _, a := range list {
		out[a.Name] = a
	}
	return out
}

func TestTraceWritesEveryKey(t *testing.T) {
	model, batch := savedModel(t, graph.BatchNormalization{})
	out := filepath.Join(t.TempDir(), "trace.npz")
	if code, stdout, errs := call("trace", model, "--data", batch, "--steps", "3", "--out", out); code != 0 || stdout != "" || errs != "" {
		t.Fatalf("exit code %d: %s%s", code, stdout, errs)
	}
	got := arrays(t, out)
	for _, key := range []string{
		"x", "target", "y", "y_train", "loss", "param/dense/kernel", "grad/dense/bias", "act/dense", "actgrad/dense", "act/batch_normalization", "actgrad/batch_normalization",
		"losses", "final/dense/kernel", "moving/batch_normalization/moving_mean", "moving/batch_normalization/moving_variance",
	} {
		if a, ok := got[key]; !ok || a.Float32 == nil {
			t.Errorf("%s is missing or not float32", key)
		}
		delete(got, key)
	}
	if len(got) != 9 { // param, grad and final of three other variables
		var rest []string
		for key := range got {
			rest = append(rest, key)
		}
		t.Errorf("%d more: %v", len(rest), rest)
	}
}

func TestPredict(t *testing.T) {
	model, batch := savedModel(t)
	out := filepath.Join(t.TempDir(), "y.npz")
	if code, stdout, errs := call("predict", model, "--data", batch, "--out", out, "--png"); code != 0 || stdout != "" || errs != "" {
		t.Fatalf("exit code %d: %s%s", code, stdout, errs)
	}
	trace := filepath.Join(t.TempDir(), "trace.npz")
	if code, _, errs := call("trace", model, "--data", batch, "--out", trace); code != 0 {
		t.Fatal(errs)
	}
	y, want := arrays(t, out)["y"], arrays(t, trace)["y"]
	for i, v := range want.Float32 {
		if y.Float32[i] != v {
			t.Fatalf("value %d is %g, in a trace %g", i, y.Float32[i], v)
		}
	}
	f, err := os.Open(strings.TrimSuffix(out, ".npz") + "/00019.png")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	picture, err := png.Decode(f)
	if err != nil || picture.Bounds().Dx() != 6 || picture.Bounds().Dy() != 4 {
		t.Errorf("picture %v: %v", picture, err)
	}
	if code, _, errs := call("predict", model, "--data", batch, "--out", out, "--part", "test"); code != 0 {
		t.Fatal(errs)
	}
	if n := arrays(t, out)["y"].Shape[0]; n != 2 {
		t.Errorf("%d images in a tenth of 20", n)
	}
}

func TestSummary(t *testing.T) {
	m := models.Improved()
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "improved.keras")
	if err := saved.SaveKeras(path, &saved.Model{Model: m, Params: params}); err != nil {
		t.Fatal(err)
	}
	code, out, errs := call("summary", path)
	if code != 0 || errs != "" {
		t.Fatal(errs)
	}
	got := strings.Fields(out)
	text := strings.Join(got, " ")
	for _, want := range []string{
		`Model: "improved", input (None, 28, 28, 1)`, "conv2d (Conv2D) (None, 28, 28, 32) 320 451.58k 3x3", "conv2d_1 (Conv2D) (None, 14, 14, 64) 18,496 7.23M 8x8",
		"dense (Dense) (None, 32) 100,384 200.70k 28x28", "Total params: 278,753", "Non-trainable params: 192 (768 B)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary lacks %q:\n%s", want, out)
		}
	}
}

func TestDataDescribes(t *testing.T) {
	_, batch := savedModel(t)
	code, out, errs := call("data", batch, "--holdout", "20%")
	if code != 0 || errs != "" || !strings.Contains(out, "4x6x1") || !strings.Contains(out, "validation") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

func TestMistakesWithModelsGetOneClearLine(t *testing.T) {
	model, batch := savedModel(t)
	noisy, _ := savedModel(t, graph.Dropout{Rate: 0.5})
	out := filepath.Join(t.TempDir(), "out.npz")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"trace"}, 2, "call it as dcae trace MODEL"},
		{[]string{"trace", model, "--out", out}, 2, "--data names no .npz file"},
		{[]string{"trace", model, "--data", batch}, 2, "--out names no .npz file"},
		{[]string{"trace", model, "--data", batch, "--out", out, "--steps", "-1"}, 2, "--steps must be at least 0"},
		{[]string{"trace", noisy, "--data", batch, "--out", out}, 1, "dropout (Dropout)"},
		{[]string{"trace", model, "--data", model, "--out", out}, 1, "not a .npy array"},
		{[]string{"trace", "nonsense.keras", "--data", batch, "--out", out}, 1, "nonsense.keras"},
		{[]string{"trace", batch, "--data", batch, "--out", out}, 1, "unknown entry"},
		{[]string{"predict", model, "--out", out}, 2, "--data names no images"},
		{[]string{"predict", model, "--data", batch, "--out", "y.png"}, 2, "must name an .npz file"},
		{[]string{"predict", model, "--data", batch, "--out", out, "--part", "half"}, 2, `not "half"`},
		{[]string{"predict", model, "--data", "mnist", "--out", out}, 1, "--resize 4x6"},
		{[]string{"predict", model, "--data", batch, "--out", out, "--holdout", "90%"}, 2, "--holdout"},
		{[]string{"summary", "nonsense.keras"}, 1, "nonsense.keras"},
		{[]string{"data"}, 2, "call it as dcae data D"},
		{[]string{"data", batch, "--scale", "loud"}, 2, "--scale"},
		{[]string{"data", batch, "--resize", "big"}, 2, "--resize"},
		{[]string{"data", filepath.Join(t.TempDir(), "nothing.npz")}, 1, "nothing.npz"},
	} {
		code, stdout, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 || stdout != "" {
			t.Errorf("dcae %s: exit code %d, want %d; printed %q and %q, want %q", strings.Join(c.args, " "), code, c.code, stdout, errs, c.want)
		}
	}
}
