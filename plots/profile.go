package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Profile draws the gradient norm against depth, one panel a moment: a line per seed, from three seeds on thin and the median thick.
// Exact zeros are markers in a band marked 0 below the axis. It fails where the X of a series do not rise, or where gradient norms do not
// fit the layers and steps.
func Profile(s Study) (*Figure, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Figure{figureWidth, profilePanels(s, 240)}, nil
}

func profilePanels(s Study, height vg.Length) panels {
	moments := s.Moments
	if len(moments) == 0 {
		moments = []Moment{{"first step", s.firstStep()}, {"end of training", math.Inf(1)}}
	}
	layers := s.layerNames()
	b := panels{title: "Gradient norm against depth", columns: columnsFor(len(moments)), panelHeight: height}
	y := span{log: true}
	for _, m := range moments {
		p := panel{title: m.Label}
		for i, a := range s.Arms {
			runs := a.normsAt(m, layers)
			for _, series := range runs {
				y.addY(series)
			}
			p.plotters = append(p.plotters, profileCurves(runs, i, len(s.Arms))...)
		}
		if len(p.plotters) == 0 {
			p.empty = "no gradients recorded"
		}
		b.panels = append(b.panels, p)
	}
	b.x = axis{label: "layer, input to output", min: -0.4, max: math.Max(1, float64(len(layers))) - 0.6, names: layers}
	b.y = y.axis("gradient norm (L2)", 0.05)
	if y.zero {
		b.y.zeroBand = min(48, max(16, 6*vg.Length(len(s.Arms))))
	}
	b.legend = legend{{label: "arm"}}
	for i, a := range s.Arms {
		b.legend = append(b.legend, legendItem{label: a.Name, line: draw.LineStyle{Color: armColor(i), Width: 2}, marker: armMarker(i)})
	}
	if y.zero {
		b.legend = append(b.legend, zeroItem)
	}
	if n := s.seeds(); n >= medianFrom {
		b.caption = fmt.Sprintf("Thick: median of up to %d seeds; thin: each seed.", n)
	}
	return b
}

// normsAt returns for each run that reached the moment its norms against the place of the layer in layers.
func (a Arm) normsAt(m Moment, layers []string) []Series {
	var runs []Series
	for _, r := range a.Runs {
		at := r.Gradients.at(m.Step)
		if at < 0 {
			continue
		}
		series := Series{}
		for place, name := range layers {
			if i := indexOf(a.Layers, name); i >= 0 {
				series = append(series, Point{float64(place), r.Gradients.Norms[i][at]})
			}
		}
		runs = append(runs, series)
	}
	return runs
}

func (s Study) firstStep() float64 {
	first := math.Inf(1)
	for _, a := range s.Arms {
		for _, r := range a.Runs {
			if len(r.Gradients.Steps) > 0 {
				first = math.Min(first, r.Gradients.Steps[0])
			}
		}
	}
	return first
}

// seeds returns the largest number of runs of an arm.
func (s Study) seeds() int {
	n := 0
	for _, a := range s.Arms {
		n = max(n, len(a.Runs))
	}
	return n
}

// profileCurves returns thin lines for the seeds and a thick one for their median; with few seeds a thick one for each.
func profileCurves(runs []Series, arm, arms int) []plot.Plotter {
	thick := curve{line: draw.LineStyle{Color: armColor(arm), Width: 2}, marker: armMarker(arm), markEvery: 1, lane: lane{arm, arms}}
	var plotters []plot.Plotter
	for _, series := range runs {
		if len(series) > maxMarkedLayers {
			thick.markEvery, thick.markFrom = 0, float64(arm)/float64(arms)
		}
		cv := thick
		if len(runs) >= medianFrom {
			cv.line, cv.marker.Shape = draw.LineStyle{Color: faded(armColor(arm), 0.4), Width: 0.8}, nil
		}
		cv.series = series
		plotters = append(plotters, cv)
	}
	if len(runs) >= medianFrom {
		thick.series = summarize(runs).median
		plotters = append(plotters, thick)
	}
	return plotters
}

// maxMarkedLayers is up to how many layers each has a marker; over more they would cover the line.
const maxMarkedLayers = 24
