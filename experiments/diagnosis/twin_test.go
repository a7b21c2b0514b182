package diagnosis

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dcae/graph"
	"dcae/models/edit"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

// discs are images of 64x64 of one disc each, of another place, size and brightness in every image.
func discs(t *testing.T) *dataset.Set {
	t.Helper()
	const n, side = 400, 64
	x := npz.Array{Name: "x", Shape: []int{n, side, side}, Float32: make([]float32, n*side*side)}
	for i := range n {
		r := graph.Random(1, "test", "discs", i)
		cy, cx, radius, level := 16+32*r.Float64(), 16+32*r.Float64(), 6+14*r.Float64(), 0.4+0.6*r.Float64()
		for p := range side * side {
			if math.Hypot(float64(p/side)-cy, float64(p%side)-cx) < radius {
				x.Float32[i*side*side+p] = float32(level)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "discs.npz")
	must(t, npz.Write(path, []npz.Array{x}))
	set, err := dataset.Open(path, dataset.Options{})
	must(t, err)
	return set
}

// large is a model of 64x64 images with a dense code.
func large(hidden graph.Activation) *graph.Model {
	down := func(filters int) graph.Layer {
		return graph.Conv2D{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: hidden}
	}
	up := func(filters int, a graph.Activation) graph.Layer {
		return graph.Conv2DTranspose{Filters: filters, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: a}
	}
	return graph.Sequential("large", graph.Shape{64, 64, 1}, down(24), down(24), down(16), graph.Flatten{}, graph.Dense{Units: 16},
		graph.Dense{Units: 8 * 8 * 16, Activation: hidden}, graph.Reshape{Target: graph.Shape{8, 8, 16}}, up(24, hidden), up(24, hidden), up(1, graph.Linear))
}

func TestModelsWhoseStepsAreTooDearAreExaminedByTwins(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for some seconds")
	}
	images := discs(t)
	options := Options{Seconds: 18, Batch: 32, Guard: 10 * time.Minute}
	for _, c := range []struct {
		name    string
		model   *graph.Model
		verdict Verdict
		cause   Cause
	}{
		{"sound", large(graph.LeakyReLU), Healthy, Unknown},
		{"sigmoids", large(graph.Sigmoid), Faulty, Activation},
	} {
		d, err := Diagnose(context.Background(), Subject{Name: c.name, Model: c.model, Optimizer: training.Adam{LearningRate: 0.003}, Images: images}, options)
		must(t, err)
		if d.Twin == nil {
			t.Errorf("%s: it was not examined by a twin", c.name)
			continue
		}
		if d.Verdict != c.verdict || c.cause != Unknown && (len(d.Causes) == 0 || d.Causes[0].Cause != c.cause) {
			t.Errorf("%s: %s, causes %v", c.name, d.Verdict, d.Causes)
		}
		if !strings.Contains(d.Twin.Seen, "at 64x64") || d.Twin.RealSize != "64x64" || !strings.Contains(d.Text(""), "FVU as it is at "+d.Twin.Size+", with 95% intervals: ") || !strings.HasPrefix(d.Attainable.Text, "On images of "+d.Twin.Size) {
			t.Errorf("%s: what was seen where: %+v", c.name, d.Twin)
		}
		if c.verdict == Faulty && (d.Repaired == nil || d.Repaired.Model.Input.String() != "64x64x1" || d.Fix == nil) {
			t.Errorf("%s: what is handed over must be of the real size", c.name)
		}
	}
}

// A dense code of 300 values is wider than images of 16x16.
func TestACodeStaysNarrowerThanTheTwinsImages(t *testing.T) {
	const code = 300
	m := graph.Sequential("wide", graph.Shape{64, 64, 1}, graph.Conv2D{Filters: 16, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same, Activation: graph.ReLU},
		graph.Flatten{}, graph.Dense{Units: code}, graph.Dense{Units: 32 * 32 * 16}, graph.Reshape{Target: graph.Shape{32, 32, 16}},
		graph.Conv2DTranspose{Filters: 1, Kernel: graph.Square(3), Strides: graph.Square(2), Padding: graph.Same})
	s, err := newSearch(context.Background(), Subject{Name: "wide", Model: m, Optimizer: training.Adam{LearningRate: 0.003}, Images: discs(t)}, Options{Seconds: 10, Batch: 32})
	must(t, err)
	twins, err := s.twinsOf(1, 32)
	must(t, err)
	smaller := slices.ContainsFunc(edit.TwinSizes(m), func(size edit.TwinSize) bool { return size.Height*size.Width <= code })
	if !smaller || len(twins) == 0 {
		t.Fatalf("nothing to choose from: %v", twins)
	}
	for _, c := range twins {
		if c.size.Height*c.size.Width <= code {
			t.Errorf("a twin of %dx%d", c.size.Height, c.size.Width)
		}
	}
}

func TestUnlikeNamesWhatDiffers(t *testing.T) {
	run := func(fvu, first, last, dead, saturated float64) *trial {
		return &trial{
			steps: 25, checks: []check{{Step: 25, FVU: fvu}}, norms: []norms{{1, []float64{first, last}}},
			shares: training.UnitShares{Dead: dead, Saturated: saturated},
		}
	}
	a := run(0.9, 0.1, 1, 0.1, 0)
	for _, c := range []struct {
		b    *trial
		want string
	}{
		{run(1.1, 0.3, 1, 0.2, 0.1), ""},
		{run(1.9, 0.1, 1, 0.1, 0), "FVU 0.90 and 1.90"},
		{run(math.Inf(1), 0.1, 1, 0.1, 0), "FVU"},
		{run(0.9, 0.1, 6, 0.1, 0), "gradient begins as 0.1 and 0.017"},
		{run(0.9, 0, 1, 0.1, 0), "gradient"},
		{run(0.9, 0.1, 1, 0.5, 0), "10% and 50% of the units are dead"},
		{run(0.9, 0.1, 1, 0.1, 0.5), "saturated"},
	} {
		if got := unlike(a, c.b, 1); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	dead := run(0.9, 0.1, 1, 0.1, 0)
	dead.hopeless = "the weights do not move"
	if unlike(a, dead, 1) == "" {
		t.Error("a run that cannot learn any more is like one that can")
	}
	stands, never := run(7.6, 0.1, 1, 0, 0.1), run(7.7, math.NaN(), math.NaN(), 0, 0.1)
	never.hopeless = "the weights do not move"
	if why := unlike(stands, never, 64); why != "" {
		t.Errorf("two saturated runs that are as bad as each other: %s", why)
	}
	black, blackToo := run(2.63, 0.1, 1, 0.57, 0), run(2.79, 0.1, 1, 0.19, 0)
	if why := unlike(black, blackToo, 1); why != "" {
		t.Errorf("two runs that print one image for all, as bad as each other: %s", why)
	}
	if blackToo.checks[0].Spread = 0.1; unlike(black, blackToo, 1) == "" {
		t.Error("one of them prints images that differ, and fewer of its units are dead")
	}
	blackToo.checks[0] = check{Step: 25, FVU: 3.2}
	if unlike(black, blackToo, 1) == "" {
		t.Error("one of two constant images is a quarter worse, and fewer units are dead")
	}
	few := run(0.9, 0.002, 1, 0.1, 0)
	if why := unlike(a, few, 64); why != "" {
		t.Errorf("the ratio of gradients may differ as the numbers of pixels do: %s", why)
	}
	if unlike(a, few, 4) == "" {
		t.Error("the ratio of gradients differs by 50, that of pixels by 4")
	}
}

func TestARunUnderTheMarkIsNotCalledAFailure(t *testing.T) {
	once := &trial{mark: 0.5, steps: 23, checks: []check{{FVU: 0.27}}, normalized: math.NaN()}
	if got := seenOf([]*trial{once}); !strings.HasPrefix(got, "it came under the mark (FVU 0.27 after 23 steps)") {
		t.Error(got)
	}
	once.checks[0].FVU = 0.8
	if got := seenOf([]*trial{once}); !strings.HasPrefix(got, "it was not seen to learn: FVU 0.80") {
		t.Error(got)
	}
	lags := &trial{mark: 0.5, steps: 75, checks: []check{{FVU: 4, TrainLoss: 0.05}, {FVU: 5, TrainLoss: 0.03, Spread: 1}}, normalized: 1.5}
	if got := seenOf([]*trial{lags}); !strings.HasPrefix(got, "its training loss still falls") || !strings.HasSuffix(got, "(after 75 of them FVU 5.00, and 1.50 with statistics of the training images)") {
		t.Error(got)
	}
	if lags.normalized = 0.3; !strings.HasPrefix(seenOf([]*trial{lags}), "it learns, and") {
		t.Error(seenOf([]*trial{lags}))
	}
}

func TestLongExaminationsKeepMoreForTheRealSize(t *testing.T) {
	for seconds, want := range map[float64]float64{60: 0.35, 179: 0.35, 180: 0.5, 600: 0.5} {
		if got := (&search{options: Options{Seconds: seconds}}).realSizeShare(); got != want {
			t.Errorf("%g s: a share of %g, want %g", seconds, got, want)
		}
	}
}
