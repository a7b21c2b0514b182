package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFinishedRunsFolderStandsForItsLastModel(t *testing.T) {
	dir := t.TempDir()
	write := func(file, text string) string {
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if got := ModelFile(dir); got != dir {
		t.Error(got)
	}
	last := write("last.keras", "")
	if got := ModelFile(dir); got != last {
		t.Error(got)
	}
	if _, _, ok, err := RunImages(dir); ok || err != nil {
		t.Errorf("without a study.json: %v, %v", ok, err)
	}
	write("study.json", `{"format": 1, "data": {"name": "mnist", "sha256": "ab", "train_images": 640, "shape": [28, 28, 1]}, "budget": {"batch": 32}}`)
	if d, from, ok, err := RunImages(dir); !ok || err != nil || d.Name != "mnist" || d.Checksum != "ab" || d.Train != 640 || from.Source != "mnist" {
		t.Errorf("%+v, %+v, %v, %v", d, from, ok, err)
	}
	write("invocation.json", `{"command": ["dcae"], "data": {"source": "/images/mine.npz", "scale": "unit"}}`)
	if _, from, ok, err := RunImages(dir); !ok || err != nil || from != (DataPlan{Source: "/images/mine.npz", Scale: "unit"}) {
		t.Errorf("%+v, %v, %v", from, ok, err)
	}
	write("study.json", `{"format"`)
	if _, _, _, err := RunImages(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("half a file: %v", err)
	}
}
