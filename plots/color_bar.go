package plots

import (
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colorBar is the scale of a heat map: colours over a range of logarithms to base ten.
type colorBar struct {
	label  string
	lo, hi float64 // values, positive
	length vg.Length
	color  func(t float64) color.NRGBA // from 0 at lo to 1 at hi; default viridis
}

const (
	barWidth  = 16
	barLength = 96 // usual
)

func (b colorBar) width() vg.Length {
	return max(barWidth+48, min(legendMaxWidth, labelText.width(b.label)))
}

func (b colorBar) labelLines() []string { return labelText.wrap(b.label, b.width()) }

func (b colorBar) height() vg.Length {
	return vg.Length(len(b.labelLines()))*labelText.lineHeight() + 8 + b.length + tickText.size/2
}

func (b colorBar) draw(c draw.Canvas) {
	top := snap(labelText.drawLines(c, c.Min.X, c.Max.Y, text.XLeft, b.labelLines()) - 8)
	r := vg.Rectangle{Min: vg.Point{X: snap(c.Min.X), Y: top - b.length}, Max: vg.Point{X: snap(c.Min.X) + barWidth, Y: top}}
	steps := max(2, int(b.length*pixelsPerUnit))
	colorOf := b.color
	if colorOf == nil {
		colorOf = sequential
	}
	for i := range steps {
		y := r.Min.Y + vg.Length(i)/pixelsPerUnit
		c.SetColor(colorOf(float64(i) / float64(steps-1)))
		c.Fill(rectangle(vg.Rectangle{Min: vg.Point{X: r.Min.X, Y: y}, Max: vg.Point{X: r.Max.X, Y: y + 1.0/pixelsPerUnit}}))
	}
	line := draw.LineStyle{Color: mutedInk, Width: 0.75}
	c.SetLineStyle(line)
	c.Stroke(rectangle(r))
	for _, t := range logTicks(b.lo, b.hi, max(3, int(b.length/16))) {
		y := r.Min.Y + vg.Length(logScale{}.Normalize(b.lo, b.hi, t.Value))*b.length
		if t.Label == "" || y < r.Min.Y-0.1 || y > r.Max.Y+0.1 {
			continue
		}
		c.StrokeLine2(line, r.Max.X, y, r.Max.X+4, y)
		tickText.draw(c, r.Max.X+7, y+tickText.lineHeight()/2, text.XLeft, t.Label)
	}
}
