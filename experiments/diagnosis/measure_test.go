package diagnosis

import (
	"context"
	"slices"
	"testing"

	"dcae/graph"
	"dcae/training"
)

// Test images that a model explains far less of are a fault; those that it explains a little less of, beyond chance, are worth a word.
func TestTestImagesOfAnotherKind(t *testing.T) {
	s, err := newSearch(context.Background(), tiny(t, training.Adam{LearningRate: 0.003}), Options{}.withDefaults())
	must(t, err)
	must(t, s.screen())
	if s.verdict != Healthy {
		t.Fatal(s.verdict)
	}
	run, images := s.middle(), slices.Clone(s.images.test.images)
	said := func(change func(v float32) float32) findings {
		for i, v := range images {
			s.images.test.images[i] = change(v)
		}
		s.sides, s.look.findings = nil, nil
		must(t, s.compareSides())
		return s.look.findings
	}
	draw := graph.Random(1, "test", "noise", 0)
	if f := said(func(float32) float32 { return float32(draw.NormFloat64()) }); len(f.deciding()) != 1 || !f.splits("test") {
		t.Errorf("nothing but noise: %+v", f)
	}
	held := s.sides.held.FVU
	run.mark = s.sides.held.interval.High + 0.01
	for deviation := float32(0.01); ; deviation *= 1.2 {
		if f := said(func(v float32) float32 { return v + deviation*float32(draw.NormFloat64()) }); len(f) > 0 {
			if more := s.sides.test.FVU - held; len(f.deciding()) > 0 || more > 0.2 {
				t.Errorf("noise of %g, %.2f less is explained: %+v", deviation, more, f)
			}
			return
		}
	}
}
