package plots

import (
	"image"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

// record draws a figure without turning it into pixels.
func record(f *Figure) (*recorder.Canvas, vg.Rectangle) {
	c := new(recorder.Canvas)
	height := f.content.height(f.width-2*margin) + 2*margin
	page := draw.NewCanvas(c, f.width, height)
	f.content.draw(draw.Crop(page, margin, -margin, margin, -margin))
	return c, page.Rectangle
}

// texts returns what is written in a figure.
func texts(f *Figure) string {
	c, _ := record(f)
	var all []string
	for _, a := range c.Actions {
		if s, ok := a.(*recorder.FillString); ok {
			all = append(all, s.String)
		}
	}
	return strings.Join(all, "\n")
}

// constantStudy is one arm with one run in which every loss and every norm is v.
func constantStudy(v float64, steps int) Study {
	r := Run{Seed: 1, HeldOutMSE: v, FVU: v, RatioStart: v, RatioEnd: v, ImagesPerSecond: v}
	r.Gradients.Norms = make([][]float64, 2)
	for i := range steps {
		x := float64(i)
		r.Train, r.HeldOut = append(r.Train, Point{x, v}), append(r.HeldOut, Point{x, v})
		r.Gradients.Steps = append(r.Gradients.Steps, x)
		for l := range r.Gradients.Norms {
			r.Gradients.Norms[l] = append(r.Gradients.Norms[l], v)
		}
	}
	return Study{Title: "constant", Arms: []Arm{{Name: "arm", Layers: []string{"first", "last"}, Runs: []Run{r}}}, References: []Reference{{"reference", v}}}
}

func failingFromStart() Study {
	s := constantStudy(math.Inf(1), 5)
	s.Arms[0].Runs[0].Train[0].Y = 0.1
	return s
}

var studyFigures = map[string]func(Study) (*Figure, error){
	"loss": Loss, "gradients": Gradients, "map": GradientMap, "profile": Profile, "reconstructions": Reconstructions, "report": Report,
}

// Data that a logarithmic axis or a line of gonum would panic on give a picture, and where there is nothing to show it says so.
func TestDegenerateStudies(t *testing.T) {
	emptyImage := image.NewGray(image.Rect(0, 0, 0, 0))
	tall := image.NewRGBA(image.Rect(0, 0, 3, 90))
	cases := []struct {
		name  string
		study Study
		says  map[string]string // figure: text that must be in it
	}{
		{"nothing", Study{}, map[string]string{"loss": "no positive finite loss", "gradients": "no arms", "map": "no arms", "profile": "no gradients recorded", "reconstructions": "no images recorded"}},
		{"arm without runs", Study{Arms: []Arm{{Name: "arm"}}}, map[string]string{"loss": "no positive finite loss", "gradients": "no gradients recorded", "map": "no gradients recorded"}},
		{"run without data", Study{Arms: []Arm{{Name: "arm", Layers: []string{"a"}, Runs: []Run{{}}}}}, map[string]string{"gradients": "no gradients recorded", "profile": "no gradients recorded"}},
		{"one point", constantStudy(0.1, 1), nil},
		{"two equal points", constantStudy(0.1, 2), nil},
		{"all NaN", constantStudy(math.NaN(), 5), map[string]string{"loss": "no positive finite loss", "map": "not finite"}},
		{"all infinite", constantStudy(math.Inf(1), 5), map[string]string{"loss": "no positive finite loss", "map": "not finite"}},
		{"all minus infinite", constantStudy(math.Inf(-1), 5), map[string]string{"loss": "no positive finite loss"}},
		{"all zero", constantStudy(0, 5), map[string]string{"gradients": "exactly zero", "map": "exactly zero", "profile": "exactly zero"}},
		{"all negative", constantStudy(-3, 5), map[string]string{"loss": "no positive finite loss"}},
		{"largest", constantStudy(math.MaxFloat64, 5), nil},
		{"smallest", constantStudy(math.SmallestNonzeroFloat64, 5), nil},
		{"infinite after the first", failingFromStart(), map[string]string{"loss": "not finite from here on"}},
		{"odd images", Study{Originals: []image.Image{nil, emptyImage, tall}, MeanImage: tall, Arms: []Arm{{Runs: []Run{{Reconstructions: make([]image.Image, 40)}}}}}, nil},
		{"long words", Study{Title: strings.Repeat("word", 200), Arms: []Arm{{Name: strings.Repeat("arm", 100), Summary: strings.Repeat("x", 500), Layers: []string{strings.Repeat("layer", 50)}}}}, nil},
	}
	for _, c := range cases {
		for name, figure := range studyFigures {
			f, err := figure(c.study)
			if err != nil {
				t.Errorf("%s of %q: %v", name, c.name, err)
				continue
			}
			if got := texts(f); !strings.Contains(got, c.says[name]) {
				t.Errorf("%s of %q does not say %q, but\n%s", name, c.name, c.says[name], got)
			}
		}
	}
}

func TestDegenerateCharts(t *testing.T) {
	values := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}
	for _, v := range values {
		for n := range 3 {
			for axes := range 4 {
				l := Line{Label: "a"}
				for i := range n {
					l.Points = append(l.Points, Point{float64(i), v})
					l.Crosses = append(l.Crosses, Point{float64(i), v}, Point{float64(i), v})
					l.Low, l.High = append(l.Low, v), append(l.High, v)
				}
				f, err := Lines(Chart{XLog: axes&1 > 0, YLog: axes&2 > 0, YMax: float64(n), Lines: []Line{l}, References: []Reference{{"r", v}}})
				if err != nil {
					t.Fatal(err)
				}
				checkOnPage(t, "lines", f)
			}
		}
		grid := Grid{Rows: []string{"r"}, Columns: []string{"a", "b"}, ValueLabel: "v", ValueMax: 2, Cells: [][]Cell{{{Value: v, Text: "x"}, {Value: 1, Text: "y"}}}}
		f, err := OutcomeMap(grid)
		if err != nil {
			t.Fatal(err)
		}
		checkOnPage(t, "map", f)
		for _, w := range values {
			dots := []Dot{{v, "a"}, {w, "b"}, {v, "a"}}
			for axes := range 4 {
				c := DotChart{XLog: axes&1 > 0, XMax: float64(axes & 2), Groups: []DotGroup{{Rows: []DotRow{{Control: true, Dots: dots}}}}, References: []Reference{{"r", v}, {"s", w}}}
				f, err := Dots(c)
				if err != nil {
					t.Fatal(err)
				}
				checkOnPage(t, "dots", f)
			}
			c := IntervalChart{Groups: []IntervalGroup{{Rows: []Interval{{Low: min(v, w), Mid: w, High: max(v, w), Control: true}}}}, References: []Reference{{"r", v}}}
			if f, err := Intervals(c); err == nil {
				checkOnPage(t, "intervals", f)
			} else if !math.IsNaN(v) {
				t.Error(err)
			}
		}
	}
	for _, empty := range []func() (*Figure, error){
		func() (*Figure, error) { return Dots(DotChart{}) },
		func() (*Figure, error) { return Dots(DotChart{Groups: []DotGroup{{Title: "g"}}}) },
		func() (*Figure, error) { return Intervals(IntervalChart{}) },
	} {
		f, err := empty()
		if err != nil || !strings.Contains(texts(f), "nothing to show") {
			t.Errorf("an empty chart does not say so: %v", err)
		}
	}
	f, err := Lines(Chart{})
	if err != nil || !strings.Contains(texts(f), "no values to show") {
		t.Errorf("an empty chart does not say so: %v", err)
	}
	f, err = OutcomeMap(Grid{})
	if err != nil || !strings.Contains(texts(f), "no cells") {
		t.Errorf("an empty map does not say so: %v", err)
	}
}

// checkOnPage reports lines and texts that leave the page.
func checkOnPage(t *testing.T, name string, f *Figure) {
	t.Helper()
	c, page := record(f)
	for _, action := range c.Actions {
		stroke, ok := action.(*recorder.Stroke)
		if !ok {
			continue
		}
		for _, part := range stroke.Path {
			if p := part.Pos; part.Type != vg.CloseComp && !within(vg.Rectangle{Min: p, Max: p}, page) {
				t.Errorf("%s draws to %v", name, p)
			}
		}
	}
	for _, box := range textBoxes(c) {
		if !within(box.area, page) {
			t.Errorf("%s writes %q at %v", name, box.text, box.area)
		}
	}
}

func TestContradictionsAreErrors(t *testing.T) {
	norms := func(g GradientNorms) Study {
		return Study{Arms: []Arm{{Name: "a", Layers: []string{"l"}, Runs: []Run{{Gradients: g}}}}}
	}
	for name, s := range map[string]Study{
		"layers":        norms(GradientNorms{Steps: []float64{0}, Norms: [][]float64{{1}, {2}}}),
		"steps":         norms(GradientNorms{Steps: []float64{0, 1}, Norms: [][]float64{{1}}}),
		"falling steps": norms(GradientNorms{Steps: []float64{1, 0}, Norms: [][]float64{{1, 1}}}),
		"falling epoch": {Arms: []Arm{{Runs: []Run{{Train: Series{{2, 1}, {1, 1}}}}}}},
		"NaN epoch":     {Arms: []Arm{{Runs: []Run{{HeldOut: Series{{math.NaN(), 1}}}}}}},
	} {
		for figure, of := range studyFigures {
			if _, err := of(s); err == nil {
				t.Errorf("%s accepts contradicting %s", figure, name)
			}
		}
	}
	if _, err := Lines(Chart{Lines: []Line{{Points: Series{{1, 1}}, Low: []float64{1}}}}); err == nil {
		t.Error("Lines accepts a range without an upper end")
	}
	if _, err := Lines(Chart{Lines: []Line{{Crosses: Series{{2, 1}, {1, 1}}}}}); err == nil {
		t.Error("Lines accepts crosses with falling x")
	}
	if _, err := Dots(DotChart{Categories: []string{"a"}, Groups: []DotGroup{{Rows: []DotRow{{Dots: []Dot{{1, "b"}}}}}}}); err == nil {
		t.Error("Dots accepts a category that is not in the list")
	}
	for _, i := range []Interval{{Low: 0.5, Mid: 0.4, High: 1}, {Low: 0, Mid: 2, High: 1}, {Low: math.NaN(), Mid: 0.5, High: 1}} {
		if _, err := Intervals(IntervalChart{Groups: []IntervalGroup{{Rows: []Interval{i}}}}); err == nil {
			t.Errorf("Intervals accepts %+v", i)
		}
	}
	for _, g := range []Grid{
		{Rows: []string{"r"}},
		{Rows: []string{"r"}, Columns: []string{"c"}, Cells: [][]Cell{{}}},
		{Rows: []string{"r"}, Columns: []string{"c"}, Cells: [][]Cell{{{Category: "x"}}}, Categories: []string{"y"}},
	} {
		if _, err := OutcomeMap(g); err == nil {
			t.Errorf("OutcomeMap accepts %+v", g)
		}
	}
}
