package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pkg/errors"

	"dcae/experiments/saved"
	"dcae/graph"
	"dcae/models/keras"
	"dcae/training/dataset/npz"
)

// autoencoder writes a model of two convolutions and images for it.
func autoencoder(t *testing.T, first, last string, change func(*graph.Model)) (model, images string) {
	t.Helper()
	dir := t.TempDir()
	m := graph.Sequential("small", graph.Shape{4, 4, 1},
		graph.Conv2D{Filters: 2, Kernel: graph.Square(3), Padding: graph.Same, Activation: graph.ReLU},
		graph.Conv2D{Filters: 1, Kernel: graph.Square(3), Padding: graph.Same})
	m.Nodes[0].Name, m.Nodes[1].Name = first, last
	if change != nil {
		change(m)
	}
	params, err := m.Init(1, graph.Float32)
	if err != nil {
		t.Fatal(err)
	}
	model, images = filepath.Join(dir, "small.keras"), filepath.Join(dir, "images.npz")
	if err := saved.SaveKeras(model, &saved.Model{Model: m, Params: params}); err != nil {
		t.Fatal(err)
	}
	x := npz.Array{Name: "x", Shape: []int{40, 4, 4, 1}, Float32: make([]float32, 40*16)}
	for i := range x.Float32 {
		x.Float32[i] = float32((i*i/3)%11) / 11
	}
	if err := npz.Write(images, []npz.Array{x}); err != nil {
		t.Fatal(err)
	}
	return model, images
}

// Whatever layers are called, the model is trained, its records can be read, and it is saved under the same names.
func TestTrainTakesAnyLayerNames(t *testing.T) {
	for _, names := range [][2]string{
		{`conv "first"`, "conv, last"}, {"a\nb", "a\r\nb"}, {"\x1b[31mred", "=1+1"}, {strings.Repeat("x", 100_000), strings.Repeat("x", 100_001)},
	} {
		model, images := autoencoder(t, names[0], names[1], nil)
		out := filepath.Join(t.TempDir(), "out")
		code, table, errs := call("train", model, "--data", images, "--epochs", "1", "--out", out)
		if code != 0 {
			t.Errorf("layers %.20q and %.20q: exit code %d: %.500s", names[0], names[1], code, errs)
			continue
		}
		if strings.Contains(table, "NaN") {
			t.Errorf("layers %.20q and %.20q: a number is missing:\n%.1000s", names[0], names[1], table)
		}
		steps, err := os.Open(filepath.Join(out, "runs", "small", "seed-1", "steps.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(steps).ReadAll()
		_ = steps.Close()
		if err != nil || len(rows) != 1+1 || len(rows[0]) != 4+2*4 {
			t.Errorf("layers %.20q and %.20q: %d rows, error %v", names[0], names[1], len(rows), err)
			continue
		}
		for _, column := range rows[0] {
			if strings.ContainsAny(column[:1], "=+-@") || strings.ContainsAny(column, "\n\r\t\x1b") {
				t.Errorf("column %.30q", column)
			}
		}
		for _, file := range []string{"last.keras", "model.keras"} {
			m, err := saved.LoadKeras(filepath.Join(out, file))
			if err != nil {
				t.Errorf("%.20q: %s: %v", names[0], file, err)
			} else if got := [2]string{m.Model.Nodes[0].Name, m.Model.Nodes[1].Name}; got != names {
				t.Errorf("%s: layers %.20q instead of %.20q", file, got, names)
			}
		}
		code, summary, _ := call("summary", model)
		for _, r := range summary {
			if r < ' ' && r != '\n' {
				t.Errorf("summary prints %q", r)
			}
		}
		if lines := strings.Split(summary, "\n"); code != 0 || utf8.RuneCountInString(lines[3]) > 200 {
			t.Errorf("exit code %d; the summary's rows have %d characters", code, len(lines[3]))
		}
	}
}

// No file can hold a NUL in a layer's name, so that the model is refused before it is trained.
func TestTrainRefusesNamesThatNoFileCanHold(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	rewritten := filepath.Join(t.TempDir(), "nul.keras")
	rewriteConfig(t, model, rewritten, func(config string) string { return strings.Replace(config, `"name":"first"`, `"name":"fi\u0000st"`, 1) })
	out := filepath.Join(t.TempDir(), "out")
	code, _, errs := call("train", rewritten, "--data", images, "--epochs", "1", "--out", out)
	if code != 1 || !strings.Contains(errs, "holds a NUL") || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit code %d: %q", code, errs)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a folder for its results")
	}
}

// Layers that are not trained have no gradient; the first and the last trained ones count.
func TestTrainWithFrozenLayers(t *testing.T) {
	statistics := func(m *graph.Model) { // which has variables, but none that are trained
		m.Nodes = append(m.Nodes, graph.Node{Name: "normalized", Layer: graph.BatchNormalization{NoScale: true, NoCenter: true}, Inputs: []int{1}})
	}
	for name, change := range map[string]func(*graph.Model){
		"first": func(m *graph.Model) { m.Nodes[0].Frozen = true }, "last": func(m *graph.Model) { m.Nodes[1].Frozen = true }, "no trained variables": statistics,
	} {
		model, images := autoencoder(t, "first", "last", change)
		out := filepath.Join(t.TempDir(), "out")
		code, table, errs := call("train", model, "--data", images, "--epochs", "1", "--out", out)
		if code != 0 || strings.Contains(table, "NaN") {
			t.Errorf("%s: exit code %d: %s%s", name, code, errs, table)
		}
		for _, file := range []string{"last.keras", "model.keras", "report.html", "gradients.png"} {
			if _, err := os.Stat(filepath.Join(out, file)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// failing is a full disk, or a reader that has gone.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestResultsAreSavedWhereNothingCanBePrinted(t *testing.T) {
	model, images := autoencoder(t, "first", "last", nil)
	for _, more := range []string{"--quiet", "--json"} {
		out := filepath.Join(t.TempDir(), "out")
		var errs strings.Builder
		code := run([]string{"train", model, "--data", images, "--epochs", "1", "--out", out, more}, failing{}, &errs)
		if code != 1 || !strings.HasSuffix(errs.String(), "dcae: cannot print: no space left on device\n") {
			t.Errorf("%s: exit code %d: %q", more, code, errs.String())
		}
		for _, file := range []string{"last.keras", "model.keras", "results.csv", "report.html"} {
			if _, err := os.Stat(filepath.Join(out, file)); err != nil {
				t.Errorf("%s: %v", more, err)
			}
		}
		for _, args := range [][]string{{"summary", model}, {"list"}, {"show", "depth"}, {"data", images}, {"compare", out, out}, {"merge", out}, {"--help"}} {
			if code := run(args, failing{}, &errs); code != 1 {
				t.Errorf("%v: exit code %d where nothing can be printed", args, code)
			}
		}
	}
}

func TestMessagesAreShortLines(t *testing.T) {
	long := strings.Repeat("x", 1_000_000)
	for _, err := range []error{
		errors.New("layer " + long + " is of no use"), errors.New(strings.Repeat("a b ", 100_000)), errors.New("a\nb\x1b[31m\x00"),
	} {
		text := message(err)
		if n := utf8.RuneCountInString(text); n > mostCharacters || strings.ContainsAny(text, "\n\x1b\x00") {
			t.Errorf("%d characters: %.100q", n, text)
		}
	}
	if got := message(errors.New("layer " + long + " is of no use")); len(got) > 200 || !strings.HasSuffix(got, " is of no use") {
		t.Errorf("%.300q", got)
	}
}

// rewriteConfig copies a model file with another config.json.
func rewriteConfig(t *testing.T, from, to string, change func(string) string) {
	t.Helper()
	archive, err := keras.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	config := change(string(archive.Config))
	if config == string(archive.Config) || !json.Valid([]byte(config)) {
		t.Fatalf("the configuration was not changed: %s", config)
	}
	archive.Config = json.RawMessage(config)
	if err := archive.Save(to); err != nil {
		t.Fatal(err)
	}
}
