package experiments

import (
	"math"
	"testing"
)

// Errors of arms whose images have other units are drawn in those of the study.
func TestErrorsAreComparedInOneUnit(t *testing.T) {
	raw := &units{Factor: 255, Shift: 10}
	if got := raw.common(0.1 * 255 * 255); math.Abs(got-0.1) > 1e-12 {
		t.Errorf("%g", got)
	}
	if got := (*units)(nil).common(0.1); got != 0.1 {
		t.Errorf("%g", got)
	}
}
