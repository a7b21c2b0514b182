package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// curve is a plot.Plotter of one series: a line through its finite points, broken at the others, with a cross at the last
// point before the first non-finite one. Values above the axis are drawn along its upper edge, exact zeros on a logarithmic
// axis in the zero band.
type curve struct {
	series Series
	line   draw.LineStyle
	marker draw.GlyphStyle // at every markEvery-th point from markFrom; none if it has no shape
	// markEvery is 1 for every point; 0 spreads about eight markers over the width, shifted by markFrom in 0..1.
	markEvery int
	markFrom  float64
	cross     bool
	lane      lane
}

// lane is a curve's own height in the zero band, so that several dead layers are seen beside each other.
type lane struct{ index, count int }

const crossRadius = 4.5

// y returns the height of the lane in the zero band of c.
func (l lane) y(c draw.Canvas, share float64) vg.Length {
	t := 0.5
	if l.count > 1 {
		t = (float64(l.count-1-l.index) + 0.5) / float64(l.count)
	}
	return c.Min.Y + vg.Length(share*t)*(c.Max.Y-c.Min.Y)
}

// Plot draws the curve.
func (cv curve) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	scale, isLog := p.Y.Scale.(logScale)
	var line, zeros []vg.Point
	var lines, zeroLines [][]vg.Point
	var marks []vg.Point
	flush := func() {
		if len(line) > 0 {
			lines = append(lines, line)
		}
		if len(zeros) > 0 {
			zeroLines = append(zeroLines, zeros)
		}
		line, zeros = nil, nil
	}
	for _, pt := range cv.series {
		switch {
		case !isFinite(pt.Y) || isLog && pt.Y < 0:
			flush()
		case isLog && pt.Y == 0:
			if len(line) > 0 {
				flush()
			}
			zeros = append(zeros, vg.Point{X: toX(pt.X), Y: cv.lane.y(c, scale.band)})
			marks = append(marks, zeros[len(zeros)-1])
		default:
			if len(zeros) > 0 {
				flush()
			}
			line = append(line, vg.Point{X: toX(pt.X), Y: min(toY(pt.Y), c.Max.Y)})
			marks = append(marks, line[len(line)-1])
		}
	}
	flush()
	for _, l := range lines {
		cv.stroke(c, decimate(l))
	}
	for _, l := range zeroLines {
		cv.strokeZeros(c, l)
	}
	cv.mark(c, marks)
	if last, ok := cv.lastBeforeFailure(); ok && cv.cross {
		at := vg.Point{X: toX(last.X), Y: toY(last.Y)}
		at.Y = min(max(at.Y, c.Min.Y), c.Max.Y)
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: cv.line.Color, Radius: crossRadius, Shape: crossGlyph{}}, at)
	}
}

func (cv curve) stroke(c draw.Canvas, points []vg.Point) {
	if len(points) == 1 {
		c.DrawGlyph(draw.GlyphStyle{Color: cv.line.Color, Radius: cv.line.Width + 0.6, Shape: draw.CircleGlyph{}}, points[0])
		return
	}
	c.StrokeLines(cv.line, c.ClipLinesXY(points)...)
}

// strokeZeros draws a run of zeros as a bar, at least 2 units long so that a single one is seen.
func (cv curve) strokeZeros(c draw.Canvas, points []vg.Point) {
	style := cv.line
	style.Width, style.Dashes = max(style.Width, 2.2), nil
	from, to := points[0], points[len(points)-1]
	if to.X-from.X < 2 {
		from.X, to.X = from.X-1, to.X+1
	}
	c.StrokeLines(style, c.ClipLinesX([]vg.Point{from, to})...)
}

// markers is about how many are spread over the width; fewer points are all marked.
const markers = 8

func (cv curve) mark(c draw.Canvas, points []vg.Point) {
	if cv.marker.Shape == nil || len(points) == 0 {
		return
	}
	if cv.markEvery == 1 || len(points) <= markers {
		for _, p := range points {
			c.DrawGlyph(cv.marker, p)
		}
		return
	}
	spacing := (c.Max.X - c.Min.X) / markers
	next := c.Min.X + spacing*vg.Length(cv.markFrom)
	drawn := false
	for _, p := range points {
		if p.X >= next {
			c.DrawGlyph(cv.marker, p)
			next, drawn = p.X+spacing, true
		}
	}
	if !drawn {
		c.DrawGlyph(cv.marker, points[len(points)-1])
	}
}

// lastBeforeFailure returns the last finite point before the first one that is not.
func (cv curve) lastBeforeFailure() (Point, bool) {
	for i, p := range cv.series {
		if !isFinite(p.Y) {
			if i == 0 {
				return Point{}, false
			}
			return cv.series[i-1], true
		}
	}
	return Point{}, false
}

// decimate keeps the first, lowest, highest and last point of each pixel column.
func decimate(points []vg.Point) []vg.Point {
	const perPixel = 4
	out := make([]vg.Point, 0, min(len(points), 4096))
	for i := 0; i < len(points); {
		column := math.Floor(float64(points[i].X) * pixelsPerUnit)
		low, high, j := i, i, i+1
		for ; j < len(points) && math.Floor(float64(points[j].X)*pixelsPerUnit) == column; j++ {
			if points[j].Y < points[low].Y {
				low = j
			}
			if points[j].Y > points[high].Y {
				high = j
			}
		}
		if j-i <= perPixel {
			out = append(out, points[i:j]...)
		} else {
			out = append(out, points[i], points[min(low, high)], points[max(low, high)], points[j-1])
		}
		i = j
	}
	return out
}

// band is a plot.Plotter of the range between two series with equal X. It is broken where there is none.
type band struct {
	low, high Series
	fill      color.Color
}

// Plot draws the range.
func (b band) Plot(c draw.Canvas, p *plot.Plot) {
	toX, toY := p.Transforms(&c)
	clamp := func(y vg.Length) vg.Length { return min(max(y, c.Min.Y), c.Max.Y) }
	var lower, upper []vg.Point
	flush := func() {
		if len(lower) > 1 {
			outline := decimate(lower)
			top := decimate(upper)
			for i := len(top) - 1; i >= 0; i-- {
				outline = append(outline, top[i])
			}
			c.FillPolygon(b.fill, c.ClipPolygonXY(outline))
		}
		lower, upper = nil, nil
	}
	for i := range min(len(b.low), len(b.high)) {
		if !isFinite(b.low[i].Y) || !isFinite(b.high[i].Y) {
			flush()
			continue
		}
		x := toX(b.low[i].X)
		lower = append(lower, vg.Point{X: x, Y: clamp(toY(b.low[i].Y))})
		upper = append(upper, vg.Point{X: x, Y: clamp(toY(b.high[i].Y))})
	}
	flush()
}

// rule is a plot.Plotter of a horizontal reference line.
type rule struct {
	y    float64
	line draw.LineStyle
}

// Plot draws the line.
func (r rule) Plot(c draw.Canvas, p *plot.Plot) {
	_, toY := p.Transforms(&c)
	if y := toY(r.y); c.ContainsY(y) {
		c.StrokeLine2(r.line, c.Min.X, y, c.Max.X, y)
	}
}
