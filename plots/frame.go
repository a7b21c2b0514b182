package plots

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// frame is the two axes around a data area. plot.Plot would make room for them inside of its area and misplaces the label of a
// logarithmic axis; here the data area is given and the axes go around it, so that panels line up.
type frame struct {
	x, y       axis
	hideY      bool // no numbers and no label, since the panel to the left has them
	hideXLabel bool
	noGrid     bool
}

const (
	tickLength = 4
	tickGap    = 3
	labelGap   = 6
)

var axisLine = draw.LineStyle{Color: mutedInk, Width: 0.75}

// plot returns the coordinate system of the data area r, for plotters.
func (f frame) plot(r vg.Rectangle) *plot.Plot {
	p := plot.New()
	p.X.Min, p.X.Max, p.X.Scale = f.x.min, f.x.max, f.x.scale(r.Max.X-r.Min.X)
	p.Y.Min, p.Y.Max, p.Y.Scale = f.y.min, f.y.max, f.y.scale(r.Max.Y-r.Min.Y)
	return p
}

// widthOutside is the room needed left of a data area of the given height.
func (f frame) widthOutside(height vg.Length) vg.Length {
	if f.hideY {
		return tickLength
	}
	var w vg.Length
	for _, t := range f.y.ticks(height, true) {
		w = max(w, tickText.width(t.Label))
	}
	w += tickLength + tickGap
	if f.y.label != "" {
		w += labelText.lineHeight() + labelGap
	}
	return w
}

// heightOutside is the room needed below a data area of the given width.
func (f frame) heightOutside(width vg.Length) vg.Length {
	h := tickLength + tickGap + tickText.lineHeight()
	if f.x.turned(width) {
		h = tickLength + tickGap + (f.widestXName(width)+tickText.size)*math.Sqrt2/2
	}
	if f.x.label != "" && !f.hideXLabel {
		h += labelText.lineHeight()
	}
	return h
}

func (f frame) widestXName(width vg.Length) vg.Length {
	var w vg.Length
	for _, t := range f.x.ticks(width, false) {
		w = max(w, tickText.width(t.Label))
	}
	return w
}

// drawBehind draws what the data go over: the zero band and the grid.
func (f frame) drawBehind(c draw.Canvas) {
	if share := f.y.zeroShare(c.Max.Y - c.Min.Y); share > 0 {
		top := c.Y(share)
		c.SetColor(bandGrey)
		c.Fill(rectangle(vg.Rectangle{Min: c.Min, Max: vg.Point{X: c.Max.X, Y: top}}))
		c.StrokeLine2(draw.LineStyle{Color: mutedInk, Width: 0.5}, c.Min.X, top, c.Max.X, top)
	}
	if f.noGrid {
		return
	}
	line := draw.LineStyle{Color: gridGrey, Width: 0.75}
	f.eachX(c, func(x vg.Length, t plot.Tick) {
		if !t.IsMinor() {
			c.StrokeLine2(line, x, c.Min.Y, x, c.Max.Y)
		}
	})
	f.eachY(c, func(y vg.Length, t plot.Tick) {
		if !t.IsMinor() && !(f.y.log && t.Value == 0) {
			c.StrokeLine2(line, c.Min.X, y, c.Max.X, y)
		}
	})
}

// eachX calls do for the ticks within the data area, eachY likewise.
func (f frame) eachX(c draw.Canvas, do func(vg.Length, plot.Tick)) {
	p := f.plot(c.Rectangle)
	for _, t := range f.x.ticks(c.Max.X-c.Min.X, false) {
		if x := c.X(p.X.Norm(t.Value)); c.ContainsX(x) {
			do(x, t)
		}
	}
}

func (f frame) eachY(c draw.Canvas, do func(vg.Length, plot.Tick)) {
	p := f.plot(c.Rectangle)
	for _, t := range f.y.ticks(c.Max.Y-c.Min.Y, true) {
		if y := c.Y(p.Y.Norm(t.Value)); c.ContainsY(y) {
			do(y, t)
		}
	}
}

// draw draws the axes around the data area c, with numbers and labels.
func (f frame) draw(c draw.Canvas) {
	c.SetLineStyle(axisLine)
	c.Stroke(rectangle(c.Rectangle))
	f.drawX(c)
	f.drawY(c)
}

func (f frame) drawX(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	turned := f.x.turned(width)
	f.eachX(c, func(x vg.Length, t plot.Tick) {
		length := vg.Length(tickLength)
		if t.IsMinor() {
			length /= 2
		}
		c.StrokeLine2(axisLine, x, c.Min.Y-length, x, c.Min.Y)
		y := c.Min.Y - tickLength - tickGap
		if turned {
			drawTurned(c, tickText, vg.Point{X: x, Y: y}, math.Pi/4, t.Label)
		} else {
			tickText.draw(c, x, y+1, text.XCenter, t.Label)
		}
	})
	if !f.hideXLabel {
		y := c.Min.Y - f.heightOutside(width) + labelText.lineHeight()
		labelText.draw(c, (c.Min.X+c.Max.X)/2, y, text.XCenter, labelText.fit(f.x.label, width))
	}
}

func (f frame) drawY(c draw.Canvas) {
	f.eachY(c, func(y vg.Length, t plot.Tick) {
		length := vg.Length(tickLength)
		if t.IsMinor() {
			length /= 2
		}
		c.StrokeLine2(axisLine, c.Min.X-length, y, c.Min.X, y)
		if !f.hideY {
			tickText.draw(c, c.Min.X-tickLength-tickGap, y+0.64*tickText.size, text.XRight, t.Label)
		}
	})
	if f.hideY || f.y.label == "" {
		return
	}
	height := c.Max.Y - c.Min.Y
	x := c.Min.X - f.widthOutside(height) + labelText.size
	label := labelText.fit(f.y.label, height)
	if label != f.y.label && !strings.Contains(f.y.label, " ") {
		return // a word that is cut is a riddle
	}
	c.Push()
	c.Translate(vg.Point{X: x, Y: (c.Min.Y + c.Max.Y) / 2})
	c.Rotate(math.Pi / 2)
	c.SetColor(labelText.color)
	c.FillString(font.DefaultCache.Lookup(labelText.font(), labelText.size), vg.Point{X: -labelText.width(label) / 2}, label)
	c.Pop()
}

// drawTurned writes s so that its end is below p and it rises towards it by the given angle.
func drawTurned(c draw.Canvas, style textStyle, p vg.Point, angle float64, s string) {
	c.Push()
	c.Translate(vg.Point{X: p.X + style.size*0.3, Y: p.Y - style.size*0.5})
	c.Rotate(angle)
	c.SetColor(style.color)
	c.FillString(font.DefaultCache.Lookup(style.font(), style.size), vg.Point{X: -style.width(s)}, s)
	c.Pop()
}
