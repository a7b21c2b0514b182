package plots

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/plot/cmpimg"
)

var update = flag.Bool("update", false, "write the pictures in testdata anew")

// small is a picture of the given content that is cheap to keep.
func small(content block) *Figure { return &Figure{width: 460, content: content} }

func TestGolden(t *testing.T) {
	s := fakeStudy([]string{"sigmoid", "rate 0.1", "improved"}, 3, 6, 20, []fate{printsMean}, []fate{dies}, []fate{learns, diverges, learns})
	chart := chartPanel(fakeChart())
	chart.panelHeight = 150
	grid := fakeGrid()
	factor := chartPanel(fakeFactor())
	factor.panelHeight = 150
	values := fakeValueGrid()
	dots, err := dotChart(fakeDots(2, 5, 5))
	if err != nil {
		t.Fatal(err)
	}
	intervals, err := intervalChart(fakeIntervals(2, 4))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*Figure{
		"loss":            small(lossPanel(s, 140)),
		"gradients":       small(gradientPanels(s, 100)),
		"gradient_map":    small(gradientMapPanels(s, 12)),
		"profile":         small(profilePanels(s, 90)),
		"reconstructions": small(reconstructionRows(s, 20, 400)),
		"table":           small(resultTable{s.Arms[:1]}),
		"lines":           small(chart),
		"outcome_map":     small(grid.panel(grid.Categories)),
		"factor":          small(factor),
		"value_map":       small(values.panel(nil)),
		"dots":            small(dots),
		"intervals":       small(intervals),
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := f.WritePNG(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".png")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			// Processors with fused multiply-add round a few edges of lines differently.
			equal, err := cmpimg.EqualApprox("png", got.Bytes(), want, 0.02)
			if err != nil {
				t.Fatal(err)
			}
			if !equal {
				t.Errorf("the picture differs from %s; look at what -update makes of it", path)
			}
		})
	}
}

// The same data give the same bytes.
func TestDeterministic(t *testing.T) {
	draw := func() []byte {
		s := fakeStudy([]string{"a", "b"}, 2, 3, 10, []fate{learns}, []fate{dies})
		var b bytes.Buffer
		if err := small(stack{lossPanel(s, 60), gradientPanels(s, 60), gradientMapPanels(s, 10), profilePanels(s, 60)}).WritePNG(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(draw(), draw()) {
		t.Error("two drawings of one study differ")
	}
}

// A picture is replaced as a whole; a failed one leaves nothing behind.
func TestSavePNG(t *testing.T) {
	f := small(paragraph{"text", noteText})
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.SavePNG(path); err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := f.WritePNG(&want); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("the saved picture is not the drawn one")
	}
	if err := f.SavePNG(filepath.Join(dir, "missing", "b.png")); err == nil {
		t.Error("no error for a folder that does not exist")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("files are left behind: %v", entries)
	}
}

// BenchmarkWholeSet draws and encodes all figures of 3 arms x 5 seeds x 1,504 steps x 7 layers.
func BenchmarkWholeSet(b *testing.B) {
	s := threeArms(5)
	for b.Loop() {
		for _, figure := range studyFigures {
			f, err := figure(s)
			if err != nil {
				b.Fatal(err)
			}
			var out bytes.Buffer
			if err := f.WritePNG(&out); err != nil {
				b.Fatal(err)
			}
		}
	}
}
