package diagnosis

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

// imagesOf is a set of images of 4x4 that are opened from a file, as a user's are.
func imagesOf(t *testing.T, train, test []float32) *dataset.Set {
	t.Helper()
	return setOf(t, map[string][]float32{"x": train, "xt": test})
}

func setOf(t *testing.T, arrays map[string][]float32) *dataset.Set {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npz")
	var all []npz.Array
	for name, values := range arrays {
		all = append(all, npz.Array{Name: name, Shape: []int{len(values) / 16, 4, 4, 1}, Float32: values})
	}
	must(t, npz.Write(path, all))
	set, err := dataset.Open(path, dataset.Options{CacheDir: t.TempDir()})
	must(t, err)
	return set
}

// uniform are n images of values of 0 to 1.
func uniform(n int, seed uint64) []float32 {
	draw := graph.Random(seed, "uniform", "", 0)
	out := make([]float32, 16*n)
	for i := range out {
		out[i] = draw.Float32()
	}
	return out
}

func mapped(values []float32, f func(float32) float32) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	return out
}

func TestWhatIsCertainAboutImages(t *testing.T) {
	nan := float32(math.NaN())
	with := func(values []float32, at int, v float32) []float32 {
		out := append([]float32(nil), values...)
		out[at] = v
		return out
	}
	column := func(values []float32, place int) []float32 {
		out := append([]float32(nil), values...)
		for i := place; i < len(out); i += 16 {
			out[i] = nan
		}
		return out
	}
	train, test := uniform(300, 1), uniform(100, 2)
	type want struct {
		name, where string
		cause       Cause
		decides     bool
		text        string
	}
	for what, c := range map[string]struct {
		train, test []float32
		want        []want
	}{
		"nothing":            {train, test, nil},
		"NaN":                {with(train, 100, nan), test, []want{{"non_finite", "training", DataQuality, true, "one value"}}},
		"NaN in a column":    {column(train, 5), test, []want{{"non_finite", "training", DataQuality, true, "One value of 16 in an image is so in all of them (the first is number 5, counted from 0).What is the same in all images gives 0/0"}, {"non_finite", "validation", "", false, "first in"}}},
		"infinite, test":     {train, with(test, 20, float32(math.Inf(1))), []want{{"non_finite", "test", DataSplit, true, "the first in image 1"}}},
		"NaN alone":          {mapped(train, func(float32) float32 { return nan }), test, []want{{noValues, "training", DataQuality, true, "No value"}, {"non_finite", "validation", "", false, ""}}},
		"equal":              {mapped(train, func(float32) float32 { return 0.3 }), mapped(test, func(float32) float32 { return 0.3 }), []want{{equalImages, "training", DataQuality, true, "All training images are equal"}}},
		"test times 255":     {train, mapped(test, func(v float32) float32 { return 255 * v }), []want{{"other_values", "test", DataSplit, true, "x / 255"}}},
		"test in -1..1":      {train, mapped(test, func(v float32) float32 { return 2*v - 1 }), []want{{"other_values", "test", DataSplit, true, "(x + 1) / 2"}}},
		"training in 0..255": {mapped(train, func(v float32) float32 { return 255 * v }), test, []want{{"other_values", "test", DataSplit, true, "x * 255"}}},
		"test standardized":  {train, mapped(test, func(v float32) float32 { return (v - 0.5) / 0.3 }), []want{{"other_values", "test", DataSplit, true, "the same division"}}},
		"copies":             {append(append([]float32(nil), train...), train...), test, []want{{"copies", "training", "", false, "are copies of others"}, {"copies", "validation", "", false, "are training images, too"}}},
		"test from training": {train, train[:16*40], []want{{"copies", "test", "", false, "are training images, too"}}},
		"a few other values": {train, mapped(test, func(v float32) float32 { return 1.05 * v }), nil},
	} {
		t.Run(what, func(t *testing.T) {
			got := lookAtData(imagesOf(t, c.train, c.test), 60)
			if len(got) != len(c.want) {
				t.Fatalf("%+v", got)
			}
			for i, w := range c.want {
				g := got[i]
				if g.Name != w.name || g.Where != w.where || g.Cause != w.cause || g.Decides != w.decides || !strings.Contains(g.Text+g.Do, w.text) {
					t.Errorf("%+v, want %+v", g, w)
				}
			}
		})
	}
}

// Findings about targets call them so.
func TestWhatIsCertainAboutTargets(t *testing.T) {
	nan := float32(math.NaN())
	spoilt := uniform(300, 3)
	spoilt[100] = nan
	for what, c := range map[string]struct {
		targets  []float32
		text, do string
	}{
		"NaN":       {spoilt, "The training targets hold one value", "y = np.nan_to_num(y, nan=0"},
		"NaN alone": {mapped(spoilt, func(float32) float32 { return nan }), "No value of the training targets", "y = np.nan_to_num(y, nan=0"},
		"equal":     {mapped(spoilt, func(float32) float32 { return 0.3 }), "All training targets are equal", "Bring targets that differ."},
	} {
		got := lookAtData(setOf(t, map[string][]float32{"x": uniform(300, 1), "xt": uniform(100, 2), "y": c.targets, "yt": uniform(100, 4)}), 60)
		if len(got) == 0 || !got[0].Decides || !strings.HasPrefix(got[0].Text, c.text) || !strings.Contains(got[0].Do, c.do) {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

// Values that are not a number are called so, and not far off or of another kind.
func TestWhatIsNoNumberIsCalledSo(t *testing.T) {
	missing := func(part string, c Cause) Finding {
		return Finding{Name: nonFinite, Where: part, Cause: c, Decides: true}
	}
	d := Diagnosis{Name: "m", Verdict: Faulty, Given: Given{Seeds: 3, Learned: 3}, Causes: []Blame{{Cause: DataSplit}}, Findings: []Finding{missing("test", DataSplit)}}
	if got := d.Answer(); got != "m learns, but of test images that hold values which are not a number it can make nothing. The cause: held-out images with values that are not a number." {
		t.Error(got)
	}
	d.Findings = append(d.Findings, Finding{Name: "other_values", Where: "test", Cause: DataSplit, Decides: true})
	if got := d.causeName(DataSplit); !strings.HasPrefix(got, "held-out images of another kind") {
		t.Error(got)
	}
	d = Diagnosis{Name: "m", Verdict: Faulty, Given: Given{Seeds: 3}, Causes: []Blame{{Cause: DataQuality}}, Findings: []Finding{missing("training", DataQuality)}}
	if got := d.Answer(); got != "m does not learn. The cause: values that are not a number." {
		t.Error(got)
	}
}

// What is known of parts decides which images decide.
func TestWhichImagesDecide(t *testing.T) {
	set := imagesOf(t, uniform(300, 1), uniform(100, 2))
	p := newPool(set, nil) // 30 validation images and half of the test images
	if p.train.n() != 270 || p.held.n() != 80 || p.test.n() != 50 {
		t.Errorf("%d, %d, %d images", p.train.n(), p.held.n(), p.test.n())
	}
	spoilt := uniform(100, 2)
	spoilt[16*99+3], spoilt[16*98] = float32(math.NaN()), float32(math.Inf(1))
	if p = newPool(imagesOf(t, uniform(300, 1), spoilt), nil); p.held.n()+p.test.n() != 80+50-2 {
		t.Errorf("two test images have values that are not finite: %d, %d", p.held.n(), p.test.n())
	}
	p = newPool(set, findings{{Decides: true, Cause: DataSplit, Where: "test"}})
	if p.held.n() != 30 || p.test.n() != 100 {
		t.Errorf("test images of another kind: %d, %d", p.held.n(), p.test.n())
	}
	p = newPool(set, findings{{Decides: true, Cause: DataSplit, Where: "validation"}})
	if p.train.n() != 243 || p.held.n() != 27 || p.test.n() != 100 {
		t.Errorf("validation images of another kind: %d, %d, %d", p.train.n(), p.held.n(), p.test.n())
	}
}

// flat is a linear code of 4x4 images with an output activation.
func flat(output graph.Activation, init graph.Initializer) *graph.Model {
	return graph.Sequential("flat", graph.Shape{4, 4, 1}, graph.Flatten{}, graph.Dense{Units: 16}, graph.Dense{Units: 16, Activation: output, KernelInit: init}, graph.Reshape{Target: graph.Shape{4, 4, 1}})
}

func TestWhatIsCertainAboutModels(t *testing.T) {
	unit := uniform(300, 1)
	raw := mapped(unit, func(v float32) float32 { return 255 * v })
	centered := mapped(unit, func(v float32) float32 { return 4*v - 2 })
	bce := graph.Loss{Function: graph.BinaryCrossentropy}
	normalized := graph.Sequential("n", graph.Shape{4, 4, 1}, graph.Flatten{}, graph.Dense{Units: 16}, graph.BatchNormalization{}, graph.Dense{Units: 16}, graph.Reshape{Target: graph.Shape{4, 4, 1}})
	frozen := flat(graph.Linear, nil)
	frozen.Nodes[1].Frozen = true
	for what, c := range map[string]struct {
		setup   setup
		images  []float32
		name    string // of the one finding; empty: none
		cause   Cause
		decides bool
	}{
		"sound":                 {setup{model: flat(graph.Sigmoid, nil)}, unit, "", "", false},
		"raw under a sigmoid":   {setup{model: flat(graph.Sigmoid, nil)}, raw, "output_range", DataScale, true},
		"centered, sigmoid":     {setup{model: flat(graph.Sigmoid, nil)}, centered, "output_range", OutputRange, true},
		"a softmax":             {setup{model: flat(graph.Softmax, nil)}, unit, "output_range", OutputRange, true},
		"tanh":                  {setup{model: flat(graph.Tanh, nil)}, mapped(unit, func(v float32) float32 { return 2.6*v - 1.3 }), "output_range", OutputRange, false},
		"cross-entropy":         {setup{model: flat(graph.Sigmoid, nil), loss: bce}, mapped(unit, func(v float32) float32 { return 1.001 * v }), "cross_entropy", Loss, false},
		"cross-entropy, output": {setup{model: flat(graph.Linear, nil), loss: bce}, unit, "cross_entropy_output", Loss, false},
		"batch of 1":            {setup{model: normalized, batch: 1}, unit, "small_batch", BatchNorm, false},
		"batch of 3":            {setup{model: normalized, batch: 3}, unit, "", "", false},
		"frozen":                {setup{model: frozen}, unit, "frozen", Frozen, false},
		"zero output":           {setup{model: flat(graph.Linear, graph.Zeros{})}, unit, "same_output", "", false},
	} {
		t.Run(what, func(t *testing.T) {
			if c.setup.batch == 0 {
				c.setup.batch = 32
			}
			c.setup.optimizer = training.Adam{}
			l, err := thoroughLook(c.setup, newPool(imagesOf(t, c.images, c.images[:16*60]), nil))
			must(t, err)
			got := l.findings
			if c.name == "" {
				if len(got) > 0 {
					t.Errorf("%+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Name != c.name || got[0].Cause != c.cause || got[0].Decides != c.decides {
				t.Errorf("%+v (out of reach %.2f, mark %.2f)", got, l.outOfReach, l.attainable.mark())
			}
		})
	}
}

// Values 0.9, 0.6, -1: the nearest shares of 1 are 0.65, 0.35, 0, at 0.0625 + 0.0625 + 1.
func TestDistanceFromShares(t *testing.T) {
	if d := fromShares([]float64{0.9, 0.6, -1}); math.Abs(d-1.125) > 1e-12 {
		t.Errorf("%v", d)
	}
	if d := fromShares([]float64{0.2, 0.3, 0.5}); d > 1e-24 {
		t.Errorf("shares are off by %v", d)
	}
}

// What is proven makes the verdict, whatever training shows; what is not proven accuses nobody.
func TestWhatIsProvenMakesTheVerdict(t *testing.T) {
	train := uniform(200, 1)
	model := graph.Sequential("copy", graph.Shape{4, 4, 1}, graph.Flatten{}, graph.Dense{Units: 24}, graph.Dense{Units: 16}, graph.Reshape{Target: graph.Shape{4, 4, 1}})
	diagnose := func(train, test []float32) *Examination {
		e, err := Diagnose(context.Background(), Subject{Name: "copy", Model: model, Optimizer: training.Adam{LearningRate: 0.01}, Images: imagesOf(t, train, test)}, Options{Seconds: 5, Guard: 1 << 40})
		must(t, err)
		return e
	}
	if e := diagnose(train, uniform(60, 2)); e.Verdict != Healthy || len(e.Given.Sides) != 3 {
		t.Errorf("%s, %+v", e.Verdict, e.Causes)
	}
	e := diagnose(train, mapped(uniform(60, 2), func(v float32) float32 { return 255 * v }))
	if e.Verdict != Faulty || e.Given.Learned != e.Given.Seeds || len(e.Causes) != 1 || e.Causes[0].Cause != DataSplit || !strings.Contains(e.Text(""), "x / 255") {
		t.Errorf("%s, %+v", e.Verdict, e.Causes)
	}
	same := mapped(train, func(float32) float32 { return 1 })
	if e = diagnose(same, same[:160]); e.Verdict != Faulty || e.Given.Seeds != 0 || e.Causes[0].Cause != DataQuality {
		t.Errorf("equal images: %s, %+v", e.Verdict, e.Causes)
	}
	if text := e.Text(""); strings.Contains(text, "far off") || !strings.Contains(text, "images that hold nothing to learn") {
		t.Errorf("equal images: %s", text)
	}
}

func TestRemarksOnTraining(t *testing.T) {
	var f findings
	f.lookAtTraining(Subject{Optimizer: training.Adam{}, Metrics: []string{"mae", "accuracy"}})
	if len(f) != 1 || f[0].Name != "accuracy" || f[0].Decides {
		t.Errorf("%+v", f)
	}
	f = nil
	f.lookAtTraining(Subject{Optimizer: training.Adam{}, Assumed: true})
	if len(f) != 1 || !strings.Contains(f[0].Text, "learning_rate=0.001") || !strings.Contains(f[0].Text, "mse are assumed") {
		t.Errorf("%+v", f)
	}
}

// A 3x3 kernel of ones with stride 2 makes pixels of one, two and four products.
func TestCheckerboardsAreSeen(t *testing.T) {
	transposed := func(kernel int) *graph.Model {
		ones := graph.Conv2DTranspose{Filters: 1, Kernel: graph.Square(kernel), Strides: graph.Square(2), Padding: graph.Same, KernelInit: graph.Constant{Value: 1. / float64(kernel*kernel)}}
		return graph.Sequential("t", graph.Shape{14, 14, 1}, graph.MaxPooling2D{}, ones)
	}
	for kernel, want := range map[int]bool{3: true, 4: false} {
		s, err := newSearch(context.Background(), Subject{Name: "t", Model: transposed(kernel), Optimizer: training.Adam{}, Images: smallImages(t, dataset.Treatment{})}, Options{}.withDefaults())
		must(t, err)
		run, err := s.trialOf(s.given, 1)
		must(t, err)
		must(t, s.lookForCheckerboards(run))
		found := false
		for _, f := range s.look.findings {
			found = found || f.Name == "checkerboard"
		}
		if found != want {
			t.Errorf("a kernel of %d: %+v", kernel, s.look.findings)
		}
	}
	flat := make([]float32, 8*8)
	if u := unevenness([][]float32{flat}, graph.Shape{8, 8, 1}, 2); u != 0 {
		t.Errorf("a flat image is uneven by %v", u)
	}
	for i := range flat {
		flat[i] = float32(i % 2)
	}
	if u := unevenness([][]float32{flat}, graph.Shape{8, 8, 1}, 2); math.Abs(u-2) > 1e-9 {
		t.Errorf("stripes are uneven by %v, want 2", u)
	}
}

// thoroughLook examines data and model as thoroughly as there is any use in.
func thoroughLook(s setup, images *pool) (*look, error) {
	return newLook(s, images, nil, effort{batch: s.batch, held: scoredImages, fit: fitWork})
}

// A model of which some runs learn is not said not to.
func TestAModelThatLearnsWithSomeSeedsIsSaidTo(t *testing.T) {
	for learned, want := range map[int]string{0: "m does not learn. What probably repairs it is a; it learned with 2 of 2 random seeds, ", 6: "m learns with only 6 of 8 random seeds. What probably"} {
		d := Diagnosis{Name: "m", Verdict: Inconclusive, Given: Given{Seeds: 8, Learned: learned}, Fix: &Fix{Changes: []string{"a"}, Learned: "2/2", Likely: true}}
		if got := d.Answer(); !strings.HasPrefix(got, want) {
			t.Error(got)
		}
	}
}

func TestSharesInWords(t *testing.T) {
	for share, want := range map[float64]string{0.25: "a share of 0.25", 0.996: "all", 3: "all"} {
		if got := shareText(share); got != want {
			t.Errorf("%v: %s", share, got)
		}
	}
}
