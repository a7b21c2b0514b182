package plots

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Gradients draws the gradient norm of each layer over the steps, one panel an arm, with common logarithmic axes: the median
// over the seeds and behind it their range. Layers are coloured by depth. Exact zeros (dead layers) are bars in a band
// marked 0 below the axis: full colour where the median is zero, pale where only some seeds are. It fails where the X of a series do not
// rise, or where gradient norms do not fit the layers and steps.
func Gradients(s Study) (*Figure, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Figure{figureWidth, gradientPanels(s, 210)}, nil
}

// maxColumns is the largest number of panels beside each other.
const maxColumns = 4

// columnsFor spreads n panels evenly over rows.
func columnsFor(n int) int {
	rows := max(1, (n+maxColumns-1)/maxColumns)
	return max(1, (n+rows-1)/rows)
}

func gradientPanels(s Study, height vg.Length) panels {
	b := panels{title: "Gradient norm of each layer over the steps", columns: columnsFor(len(s.Arms)), panelHeight: height}
	layers := s.layerNames()
	x, y := s.stepSpan(), span{log: true}
	for _, a := range s.Arms {
		for _, r := range a.Runs {
			for _, norms := range r.Gradients.Norms {
				y.add(norms...)
			}
		}
	}
	crosses := false
	for _, a := range s.Arms {
		p := panel{title: a.Name}
		for i := range a.Layers {
			sum := a.layerSummary(i, stretchWidth(x, b.columns))
			if len(sum.median) == 0 {
				continue
			}
			p.plotters = append(p.plotters, layerPlotters(sum, indexOf(layers, a.Layers[i]), len(layers))...)
			_, failed := curve{series: sum.median}.lastBeforeFailure()
			crosses = crosses || failed
		}
		if len(p.plotters) == 0 {
			p.empty = "no gradients recorded"
		}
		b.panels = append(b.panels, p)
	}
	if len(b.panels) == 0 {
		b.panels = []panel{{empty: "no arms"}}
	}
	b.x = x.axis("step", 0.01)
	b.x.integers = true
	b.y = y.axis("gradient norm (L2)", 0.03)
	if y.zero {
		b.y.zeroBand = min(48, max(14, 3.5*vg.Length(len(layers))))
	}
	b.legend = depthLegend(layers)
	if y.zero {
		b.legend = append(b.legend, zeroItem)
	}
	if crosses {
		b.legend = append(b.legend, crossItem)
	}
	b.caption = gradientCaption(s.seeds(), y.zero)
	return b
}

// stepSpan is the range of the recorded steps of all runs.
func (s Study) stepSpan() span {
	var x span
	for _, a := range s.Arms {
		for _, r := range a.Runs {
			x.add(r.Gradients.Steps...)
		}
	}
	return x
}

// stretchWidth is the width in steps of the stretches that a curve is summarized over, about three pixels.
func stretchWidth(steps span, columns int) float64 {
	return (steps.hi - steps.lo) * 2 * float64(columns) / figureWidth
}

// layerSummary summarizes the gradient norms of layer i over the runs.
func (a Arm) layerSummary(i int, stretch float64) summary {
	var runs []Series
	for _, r := range a.Runs {
		if series := r.Gradients.layer(i); len(series) > 0 {
			runs = append(runs, series)
		}
	}
	return summarizeOver(runs, stretch)
}

func layerPlotters(sum summary, depth, layers int) []plot.Plotter {
	clr := depthColor(depth, layers)
	at := lane{depth, layers}
	return []plot.Plotter{
		band{low: sum.low, high: sum.high, fill: faded(clr, 0.14)},
		curve{series: sum.zeros, line: draw.LineStyle{Color: faded(clr, 0.35), Width: 1}, lane: at},
		curve{series: sum.median, line: draw.LineStyle{Color: clr, Width: 1.5}, lane: at, cross: true},
	}
}

func gradientCaption(seeds int, zeros bool) string {
	over := "neighbouring steps"
	if seeds > 1 {
		over = fmt.Sprintf("up to %d seeds and neighbouring steps", seeds)
	}
	text := "L2 norm over all trainable variables of a layer. Line: median over " + over + "; shade: their range."
	if zeros {
		text += " Bars in the band marked 0: the norm is exactly zero (pale: not for all of them)."
	}
	return text + " A small norm alone proves nothing: Adam's step hardly depends on the gradient's scale."
}

// maxLegendLayers is how many layers a legend names; of more, some from the first to the last.
const maxLegendLayers = 20

func depthLegend(layers []string) legend {
	l := legend{{label: "layer, input to output"}}
	n := min(len(layers), maxLegendLayers)
	for k := range n {
		i := k * max(1, len(layers)-1) / max(1, n-1)
		name := layers[i]
		l = append(l, legendItem{label: name, line: draw.LineStyle{Color: color.Color(depthColor(i, len(layers))), Width: 3}})
	}
	return l
}

// layerNames merges the layers of all arms into one order: a layer that another arm lacks comes after the one before it.
func (s Study) layerNames() []string {
	var names []string
	for _, a := range s.Arms {
		at := 0
		for _, name := range a.Layers {
			if i := indexOf(names, name); i >= 0 {
				at = i + 1
				continue
			}
			names = append(names[:at], append([]string{name}, names[at:]...)...)
			at++
		}
	}
	return names
}

// indexOf returns -1 if name is not there.
func indexOf(names []string, name string) int {
	for i, n := range names {
		if n == name {
			return i
		}
	}
	return -1
}
