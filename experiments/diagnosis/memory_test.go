package diagnosis

import (
	"context"
	"testing"

	"dcae/training"
)

// TestExaminationsInSmallMemory makes batches smaller, and says so.
func TestExaminationsInSmallMemory(t *testing.T) {
	s, err := newSearch(context.Background(), tiny(t, training.Adam{}), Options{Seconds: 1, Batch: 64}.withDefaults())
	must(t, err)
	need := func(batch int) float64 {
		bytes, err := training.Memory(s.given.setup.model, training.Config{Batch: batch}, s.images.train.n(), 1)
		must(t, err)
		return float64(bytes)
	}
	must(t, s.fitMemory(2.5*need(64)))
	if s.given.setup.batch != 64 || s.together != 2 || len(s.look.findings) > 0 {
		t.Errorf("room for two: batch %d, %d together, %v", s.given.setup.batch, s.together, s.look.findings)
	}
	must(t, s.fitMemory(need(17)))
	if s.given.setup.batch != 16 || s.together != 1 || len(s.look.findings) != 1 || s.look.findings[0].Name != "memory" {
		t.Errorf("room for a quarter: batch %d, %d together, %v", s.given.setup.batch, s.together, s.look.findings)
	}
	if err := s.fitMemory(1e6); err == nil {
		t.Error("fits into a megabyte")
	}
}
