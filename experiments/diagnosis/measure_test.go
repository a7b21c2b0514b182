package diagnosis

import (
	"context"
	"math"
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

// Single values that lie far out do not move the mean image, which the FVU is measured by.
func TestTheMeanImageIsThatOfUsualValues(t *testing.T) {
	clean := uniform(300, 1)
	spoilt := slices.Clone(clean)
	for i := range 4 {
		spoilt[1000*i+i] = 5000
	}
	for what, train := range map[string][]float32{"clean": clean, "spoilt": spoilt} {
		p := newPool(imagesOf(t, train, uniform(100, 2)), nil)
		for i, m := range p.mean(setup{}) {
			if m < 0.4 || m > 0.6 {
				t.Errorf("%s: mean of value %d is %g", what, i, m)
			}
		}
	}
}

// Held-out images with values far out decide nothing, unless most have some.
func TestImagesWithoutValuesFarOutDecide(t *testing.T) {
	few, many := uniform(100, 2), uniform(100, 2)
	for i := range 100 {
		if many[16*i+i%16] = 5000; i < 20 {
			few[16*i+i%16] = float32(math.Inf(-1))
		}
	}
	v := describe(append(uniform(300, 1), 5000))
	for what, c := range map[string]struct {
		values []float32
		want   int
	}{"few": {few, 80}, "many": {many, 100}} {
		if got := (samples{images: c.values, size: 16}).usual(v).n(); got != c.want {
			t.Errorf("%s: %d images, want %d", what, got, c.want)
		}
	}
}
