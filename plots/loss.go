package plots

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	// medianFrom is the number of seeds from which on their median is drawn too.
	medianFrom = 3
	// offScale bounds the loss axis at this many times the largest loss of the runs that stayed finite.
	offScale = 10
)

var heldOutDashes = []vg.Length{5, 3}

// Loss draws training (solid) and held-out loss (dashed) of all arms against the epoch on a logarithmic axis: one colour
// and marker per arm, a thin line per seed, from three seeds on also a thick median. A cross marks where a run diverged; runs that
// leave the range of the others by far go on along the upper edge. It fails where the X of a series do not rise, or where gradient norms
// do not fit the layers and steps.
func Loss(s Study) (*Figure, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Figure{figureWidth, lossPanel(s, 330)}, nil
}

func lossPanel(s Study, height vg.Length) panels {
	b := panels{title: "Loss over the epochs", columns: 1, panelHeight: height, references: s.References}
	x, y := span{}, span{log: true}
	limit, clipped := lossLimit(s), false
	for _, a := range s.Arms {
		for _, r := range a.Runs {
			for _, series := range []Series{r.Train, r.HeldOut} {
				x.addX(series)
				for _, p := range series {
					if isFinite(p.Y) {
						y.add(math.Min(p.Y, limit))
					}
					clipped = clipped || isFinite(p.Y) && p.Y > limit
				}
			}
		}
	}
	p := panel{}
	if !y.any {
		p.empty = "no positive finite loss was recorded"
	}
	for _, ref := range s.References {
		y.add(ref.Y)
		p.plotters = append(p.plotters, rule{ref.Y, referenceLine})
	}
	b.legend = append(b.legend, legendItem{label: "arm"})
	most, crosses := 0, false
	for i, a := range s.Arms {
		most = max(most, len(a.Runs))
		for _, cv := range lossCurves(i, len(s.Arms), a) {
			p.plotters = append(p.plotters, cv)
			_, failed := cv.lastBeforeFailure()
			crosses = crosses || failed
		}
		b.legend = append(b.legend, legendItem{label: a.Name, line: draw.LineStyle{Color: armColor(i), Width: 2}, marker: armMarker(i)})
	}
	b.legend = append(b.legend, lossStyles(most, crosses)...)
	b.panels = []panel{p}
	b.x = x.axis("epoch", 0.01)
	b.x.integers = true
	name := s.LossName
	if name == "" {
		name = "loss"
	}
	b.y = y.axis(name+", log scale", 0.04)
	if y.zero {
		b.y.zeroBand = 14
	}
	if clipped {
		b.caption = fmt.Sprintf("Losses over %d times the largest of the runs that stayed finite are drawn along the upper edge.", offScale)
	}
	return b
}

// lossLimit returns the largest loss to show: that of the finite runs times offScale, or the largest finite one if none is.
func lossLimit(s Study) float64 {
	calm := 0.0
	for _, a := range s.Arms {
		for _, r := range a.Runs {
			top := 0.0
			for _, series := range []Series{r.Train, r.HeldOut} {
				for _, p := range series {
					top = math.Max(top, p.Y) // NaN stays NaN
				}
			}
			if isFinite(top) {
				calm = math.Max(calm, top)
			}
		}
	}
	if calm == 0 {
		return math.Inf(1)
	}
	return calm * offScale
}

// lossCurves returns thin lines for the seeds and, with enough of them, thick ones for their medians.
func lossCurves(i, arms int, a Arm) []curve {
	var curves []curve
	thick := draw.LineStyle{Color: armColor(i), Width: 2.2}
	thin := thick
	if len(a.Runs) >= medianFrom {
		thin = draw.LineStyle{Color: faded(armColor(i), 0.45), Width: 0.8}
	} else {
		thin.Width = 1.6
	}
	shift := (float64(i) + 0.5) / float64(arms)
	for _, kind := range []struct {
		of     func(Run) Series
		dashes []vg.Length
	}{
		{func(r Run) Series { return r.Train }, nil},
		{func(r Run) Series { return r.HeldOut }, heldOutDashes},
	} {
		var all []Series
		for j, r := range a.Runs {
			all = append(all, kind.of(r))
			cv := curve{series: kind.of(r), line: thin, cross: true}
			cv.line.Dashes = kind.dashes
			if j == 0 && len(a.Runs) < medianFrom {
				cv.marker, cv.markFrom = armMarker(i), shift
			}
			curves = append(curves, cv)
		}
		if len(a.Runs) >= medianFrom {
			cv := curve{series: summarize(all).median, line: thick, marker: armMarker(i), markFrom: shift}
			cv.line.Dashes = kind.dashes
			curves = append(curves, cv)
		}
	}
	return curves
}

func lossStyles(seeds int, crosses bool) legend {
	l := legend{
		{label: "line"},
		{label: "training", line: draw.LineStyle{Color: ink, Width: 1.6}},
		{label: "held out", line: draw.LineStyle{Color: ink, Width: 1.6, Dashes: heldOutDashes}},
	}
	if seeds >= medianFrom {
		l = append(l,
			legendItem{label: "median of seeds", line: draw.LineStyle{Color: ink, Width: 2.2}},
			legendItem{label: "one seed", line: draw.LineStyle{Color: faded(ink, 0.45), Width: 0.8}})
	}
	if crosses {
		l = append(l, crossItem)
	}
	return l
}
