package plots

import (
	_ "embed" // for the scripts and the style
	"encoding/json"
	"math"
	"strconv"
)

// The scripts draw charts in a browser, with the colours of the pictures: what charts do, how they are drawn, what switches series on and
// off, and how a page's own curves come into them.
var (
	//go:embed charts.js
	chartsJS string
	//go:embed charts_draw.js
	chartsDrawJS string
	//go:embed charts_switches.js
	chartsSwitchesJS string
	//go:embed page_curves.js
	pageCurvesJS string
	//go:embed charts.css
	chartsCSS string
)

// ChartsJS is a script that defines the class Charts: panels with one x axis in common, whose values can be read with a cursor, and Switches,
// which take series in and out. It needs nothing else.
func ChartsJS() string { return chartsJS + chartsDrawJS + chartsSwitchesJS }

// PageCSS is how pages and charts look.
func PageCSS() string { return pageCSS + chartsCSS }

// mostCurvePoints is how many points a page's curves have together, and mostOfCurve how many one has, so that pages stay small.
const mostCurvePoints, mostOfCurve = 12_000, 150

// Curves are a study's curves for the charts of its page: they can be read with a cursor, zoomed, and switched off by arm and seed. The zero
// value has none.
type Curves struct {
	arms  []string // in the order of their colours
	lines []chartLine
}

// chartLine is a line of one run in one of the panels.
type chartLine struct {
	Panel int           `json:"panel"`
	Arm   string        `json:"arm"`
	Seed  string        `json:"seed"`
	X     []chartNumber `json:"x"`
	Y     []chartNumber `json:"y"`
}

// curvePanels are the panels of a page's charts.
var curvePanels = []struct {
	Title string `json:"title"`
	Log   bool   `json:"log"`
}{{"Training loss", true}, {"Held-out loss", true}, {"Gradient norm, first layer", true}, {"Gradient norm, last layer", true}}

// Add adds the runs of a study's group; epoch is how many steps one has.
func (c *Curves) Add(s Study, epoch float64) {
	for _, arm := range s.Arms {
		c.arms = append(c.arms, arm.Name)
		for _, run := range arm.Runs {
			of := func(panel int, x, y []float64) {
				if len(x) > 0 {
					c.lines = append(c.lines, chartLine{panel, arm.Name, strconv.FormatUint(run.Seed, 10), chartNumbers(x), chartNumbers(y)})
				}
			}
			for panel, series := range []Series{run.Train, run.HeldOut} {
				var x, y []float64
				for _, p := range series {
					x, y = append(x, p.X*epoch), append(y, p.Y)
				}
				of(panel, x, y)
			}
			if n := len(run.Gradients.Norms); n > 0 {
				of(2, run.Gradients.Steps, run.Gradients.Norms[0])
				of(3, run.Gradients.Steps, run.Gradients.Norms[n-1])
			}
		}
	}
}

// json is what the page's script reads; nil if there are no curves.
func (c Curves) json() any {
	if len(c.lines) == 0 {
		return nil
	}
	most := max(2, min(mostOfCurve, mostCurvePoints/len(c.lines)))
	lines := make([]chartLine, len(c.lines))
	for i, l := range c.lines {
		lines[i] = l
		lines[i].X, lines[i].Y = thinned(l.X, most), thinned(l.Y, most)
	}
	return struct {
		Panels any         `json:"panels"`
		Arms   []string    `json:"arms"`
		Lines  []chartLine `json:"lines"`
	}{curvePanels, c.arms, lines}
}

// thinned are so many values at most, at even distances, with the first and the last.
func thinned(values []chartNumber, most int) []chartNumber {
	if len(values) <= most {
		return values
	}
	out := make([]chartNumber, most)
	for i := range out {
		out[i] = values[i*(len(values)-1)/(most-1)]
	}
	return out
}

// chartNumber is a number with as many digits as a chart shows; null is not finite.
type chartNumber float64

// MarshalJSON never fails.
func (f chartNumber) MarshalJSON() ([]byte, error) {
	if x := float64(f); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return json.Marshal(json.Number(strconv.FormatFloat(x, 'g', 6, 64)))
	}
	return []byte("null"), nil
}

func chartNumbers(values []float64) []chartNumber {
	out := make([]chartNumber, len(values))
	for i, v := range values {
		out[i] = chartNumber(v)
	}
	return out
}
