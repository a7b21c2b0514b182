package plots

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg/draw"
)

// Line is one labelled curve of a Chart.
type Line struct {
	Label  string
	Points Series
	// Low and High, if given, are the y values of a range drawn behind the curve, one per point.
	Low, High []float64
	// Crosses are values of single runs to be pointed out, such as seeds that did not learn. They are drawn at their own height, beside each
	// other where they would cover each other, and along the upper edge if not finite.
	Crosses Series
	// Dashed draws a dashed line; Markers puts a marker on every point.
	Dashed, Markers bool
	// Thin draws a thin line without a legend entry of its own, in the colour of the last line before it that is not thin: a
	// single seed beside its median.
	Thin bool
}

// Chart is the data of Lines. On a logarithmic x axis points with x <= 0 are left out, on a logarithmic y axis negative ones;
// zeros are drawn in a band below a logarithmic y axis.
type Chart struct {
	Title, XLabel, YLabel string
	XLog, YLog            bool
	XNames                []string  // of x = 0, 1, 2, ..., for a factor that is not a number; default: numbers
	XTicks                []float64 // rising, such as the levels of a factor; default: round numbers
	YMax                  float64   // larger values are drawn along the upper edge; default: all finite ones are shown
	CrossLabel            string    // what Line.Crosses are; default "run that failed"
	Lines                 []Line
	References            []Reference // horizontal lines
	Caption               string      // below the axes
}

// Lines draws labelled curves with ranges and reference lines. It reports a Line whose Low or High differ in length from its Points,
// and points whose x falls or is not finite.
func Lines(c Chart) (*Figure, error) {
	for i, l := range c.Lines {
		if err := l.validate(); err != nil {
			return nil, errors.WithMessagef(err, "line %d %q", i, l.Label)
		}
	}
	return &Figure{figureWidth, chartPanel(c)}, nil
}

func (l Line) validate() error {
	n := len(l.Points)
	if (len(l.Low) != 0 || len(l.High) != 0) && (len(l.Low) != n || len(l.High) != n) {
		return errors.Errorf("range of %d and %d values for %d points", len(l.Low), len(l.High), n)
	}
	if err := l.Crosses.validate(); err != nil {
		return errors.WithMessage(err, "crosses")
	}
	return l.Points.validate()
}

// withPositiveX leaves out the points that a logarithmic x axis cannot show.
func (l Line) withPositiveX() Line {
	out := l
	out.Points, out.Low, out.High, out.Crosses = nil, nil, nil, nil
	for _, p := range l.Crosses {
		if p.X > 0 {
			out.Crosses = append(out.Crosses, p)
		}
	}
	for i, p := range l.Points {
		if p.X <= 0 {
			continue
		}
		out.Points = append(out.Points, p)
		if len(l.Low) > 0 {
			out.Low, out.High = append(out.Low, l.Low[i]), append(out.High, l.High[i])
		}
	}
	return out
}

func chartPanel(c Chart) panels {
	b := panels{title: c.Title, columns: 1, panelHeight: 330, references: c.References, caption: c.Caption}
	x, y := span{log: c.XLog}, span{log: c.YLog, depth: 1e-100} // a few points are no corner
	var p panel
	for _, ref := range c.References {
		y.add(ref.Y)
		p.plotters = append(p.plotters, rule{ref.Y, referenceLine})
	}
	color, crosses, points := -1, false, 0
	clipped := false
	var marks crossMarks
	for _, l := range c.Lines {
		if c.XLog {
			l = l.withPositiveX()
		}
		if !l.Thin || color < 0 {
			color++
		}
		x.addX(l.Points)
		x.addX(l.Crosses)
		for _, values := range [][]float64{l.Low, l.High, ys(l.Points), ys(l.Crosses)} {
			for _, v := range values {
				over := isFinite(v) && c.YMax > 0 && v > c.YMax
				clipped = clipped || over
				if over {
					v = c.YMax
				}
				y.add(v)
			}
		}
		marks.add(l.Crosses, armColor(color))
		for _, pt := range l.Points {
			if isFinite(pt.Y) && !(c.YLog && pt.Y < 0) {
				points++
			}
		}
		cv := l.curve(color, len(c.Lines))
		if low, high := l.bounds(); len(low) > 0 {
			p.plotters = append(p.plotters, band{low: low, high: high, fill: faded(armColor(color), 0.18)})
		}
		p.plotters = append(p.plotters, cv)
		_, failed := cv.lastBeforeFailure()
		crosses = crosses || failed
		if !l.Thin {
			b.legend = append(b.legend, legendItem{label: l.Label, line: cv.line, marker: cv.marker})
		}
	}
	p.plotters = append(p.plotters, marks)
	if points == 0 && len(marks.points) == 0 {
		p.empty = "no values to show"
	}
	b.panels = []panel{p}
	b.x, b.y = x.axis(c.XLabel, 0.03), y.axis(c.YLabel, 0.05)
	b.x.at = c.XTicks
	if c.XNames != nil {
		b.x = axis{label: c.XLabel, min: -0.5, max: float64(len(c.XNames)) - 0.5, names: c.XNames}
	}
	if c.YLog && y.zero {
		b.y.zeroBand = 16
		b.legend = append(b.legend, zeroItem)
	}
	if crosses {
		b.legend = append(b.legend, crossItem)
	}
	if len(marks.points) > 0 {
		b.legend = append(b.legend, marks.legendItem(c.CrossLabel))
	}
	if clipped {
		b.caption = strings.TrimSpace(fmt.Sprintf("Values over %v are drawn along the upper edge. %s", c.YMax, b.caption))
	}
	return b
}

func ys(s Series) []float64 {
	values := make([]float64, len(s))
	for i, p := range s {
		values[i] = p.Y
	}
	return values
}

func (l Line) curve(color, lines int) curve {
	cv := curve{series: l.Points, line: draw.LineStyle{Color: armColor(color), Width: 2}, cross: true, lane: lane{color, lines}}
	if l.Thin {
		cv.line = draw.LineStyle{Color: faded(armColor(color), 0.45), Width: 0.8}
	} else {
		cv.marker, cv.markFrom = armMarker(color), (float64(color)+0.5)/float64(lines)
	}
	if l.Markers {
		cv.markEvery = 1
	}
	if l.Dashed {
		cv.line.Dashes = heldOutDashes
	}
	return cv
}

// bounds returns the range as series.
func (l Line) bounds() (low, high Series) {
	for i := range l.Low {
		low, high = append(low, Point{l.Points[i].X, l.Low[i]}), append(high, Point{l.Points[i].X, l.High[i]})
	}
	return low, high
}
