package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// crossMarks is a plot.Plotter of single values of several lines. Marks that would cover each other are moved sideways.
type crossMarks struct {
	points Series
	colors []color.NRGBA // of each point
}

const crossMarkRadius = 3.8

func (m *crossMarks) add(points Series, clr color.NRGBA) {
	for _, p := range points {
		m.points, m.colors = append(m.points, p), append(m.colors, clr)
	}
}

func (m crossMarks) legendItem(label string) legendItem {
	if label == "" {
		label = "run that failed"
	}
	return legendItem{label: label, marker: crossMark(ink)}
}

// crossMark is a cross that also reads on a line of its own colour.
func crossMark(clr color.NRGBA) draw.GlyphStyle {
	return draw.GlyphStyle{Color: clr, Radius: crossMarkRadius, Shape: haloGlyph{}}
}

// Plot draws the crosses: values above the axis and those that are not finite along the upper edge, zeros on a logarithmic axis in the zero band.
func (m crossMarks) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	columns := map[float64][]int{} // points at one x
	for i, pt := range m.points {
		columns[pt.X] = append(columns[pt.X], i)
	}
	height := func(y float64) vg.Length {
		if !isFinite(y) {
			return c.Max.Y
		}
		return max(c.Min.Y, min(toY(y), c.Max.Y))
	}
	places := make([]int, len(m.points))
	for _, column := range columns {
		heights := make([]vg.Length, len(column))
		for k, i := range column {
			heights[k] = height(m.points[i].Y)
		}
		for k, place := range apart(heights, 2*crossMarkRadius+1) {
			places[column[k]] = place
		}
	}
	for i, pt := range m.points {
		if _, isLog := p.Y.Scale.(logScale); isLog && pt.Y < 0 && !math.IsInf(pt.Y, 0) {
			continue
		}
		x := toX(pt.X) + vg.Length(places[i])*(2*crossMarkRadius+2)
		c.DrawGlyphNoClip(crossMark(m.colors[i]), vg.Point{X: max(c.Min.X, min(x, c.Max.X)), Y: height(pt.Y)})
	}
}

// haloGlyph is a cross with a white edge.
type haloGlyph struct{}

func (haloGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	r := sty.Radius
	for _, line := range []draw.LineStyle{{Color: color.White, Width: 4.4}, {Color: sty.Color, Width: 2}} {
		c.StrokeLine2(line, p.X-r, p.Y-r, p.X+r, p.Y+r)
		c.StrokeLine2(line, p.X-r, p.Y+r, p.X+r, p.Y-r)
	}
}
