package training

import (
	"context"
	"math"
	"testing"
)

// same is a source of images that are all equal.
type same struct{ stripes }

func (s same) Read(dst []float32, indices []int) {
	for i := range len(indices) * 36 {
		dst[i] = 0.1
	}
}

// Equal images leave nothing to explain: the model trains, and FVU is no number instead of an infinite or arbitrary one.
func TestFVUOfEqualImagesHasNoMeaning(t *testing.T) {
	var rec memory
	r, err := Fit(context.Background(), smallModel(), same{stripes{20}}, same{stripes{5}}, Config{Seed: 1, Epochs: 2, Batch: 8}, &rec)
	if err != nil || r.Diverged {
		t.Fatalf("diverged: %t, error %v", r.Diverged, err)
	}
	for _, e := range rec.epochs {
		if s := e.HeldOut; !math.IsNaN(s.FVU) || !math.IsNaN(s.Spread) || !(s.MSE >= 0) {
			t.Errorf("%+v", s)
		}
	}
}
