package experiments

import (
	"math"
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
