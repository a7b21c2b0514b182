package experiments

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Errors of arms whose images have other units are drawn in those of the study.
func TestErrorsAreComparedInOneUnit(t *testing.T) {
	raw := &rescaling{Factor: 255, Shift: 10}
	if got := raw.common(0.1 * 255 * 255); math.Abs(got-0.1) > 1e-12 {
		t.Errorf("%g", got)
	}
	if got := (*rescaling)(nil).common(0.1); got != 0.1 {
		t.Errorf("%g", got)
	}
}

// Where the page cannot be written, no picture is replaced, and nothing is left half written.
func TestPicturesAndPageAreReplacedTogether(t *testing.T) {
	s, dir := tiny(t), t.TempDir()
	check(t, train(t, s, dir, TrainOptions{Epochs: 1}))
	check(t, Redraw(context.Background(), dir, nil))
	loss, page := filepath.Join(dir, "loss.png"), filepath.Join(dir, pageFile)
	check(t, os.WriteFile(loss, []byte("former"), 0o644))
	check(t, os.Remove(page))
	check(t, os.Mkdir(page, 0o755))
	before := tree(t, dir)
	if err := Redraw(context.Background(), dir, nil); err == nil || !strings.Contains(err.Error(), "is no file") {
		t.Errorf("error %v", err)
	}
	unchanged(t, dir, before)
	check(t, os.Remove(page))
	check(t, Redraw(context.Background(), dir, nil))
	if content, err := os.ReadFile(loss); err != nil || string(content) == "former" {
		t.Errorf("the picture was not replaced, error %v", err)
	}
}

func TestPicturesNameTheSeedsOfTheirGroup(t *testing.T) {
	d := Definition{Groups: []recordedGroup{{Name: "chosen", Seeds: []uint64{1, 2, 3}}, {Name: "confirmed", Seeds: []uint64{31, 32}}}}
	d.Budget.Seeds = []uint64{1, 2}
	if got := d.groupSubtitle(d.Groups[1]); !strings.HasPrefix(got, "confirmed: ") || !strings.HasSuffix(got, "seeds 31-32") {
		t.Errorf("the subtitle is %q", got)
	}
	if got := d.subtitle(d.seeds()); !strings.HasSuffix(got, "seeds 1-3; 31-32") {
		t.Errorf("the study's is %q", got)
	}
}
