package plots

import (
	"image/color"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legendItem explains a line, a marker, a fill, or all of them. Without any it is a heading.
type legendItem struct {
	label  string
	line   draw.LineStyle
	marker draw.GlyphStyle
	fill   color.Color
	over   texture // on the fill
}

var (
	zeroItem  = legendItem{label: "exactly zero", fill: bandGrey}
	crossItem = legendItem{label: "not finite from here on", marker: draw.GlyphStyle{Color: ink, Radius: crossRadius, Shape: crossGlyph{}}}
)

// legend is a column of items outside of the data area.
type legend []legendItem

const (
	sampleWidth    = 26
	legendMaxWidth = 190
	legendGap      = 14 // to the data area
)

func (it legendItem) heading() bool {
	return it.line.Width == 0 && it.marker.Shape == nil && it.fill == nil
}

func (it legendItem) style() textStyle {
	style := tickText
	style.bold = it.heading()
	return style
}

// lines returns the wrapped label.
func (it legendItem) lines(width vg.Length) []string {
	if !it.heading() {
		width -= sampleWidth + 6
	}
	return it.style().wrap(it.label, width)
}

// width is what the legend needs, up to the given limit.
func (l legend) width(limit vg.Length) vg.Length {
	var w vg.Length
	for _, it := range l {
		own := it.style().widest(it.lines(limit))
		if !it.heading() {
			own += sampleWidth + 6
		}
		w = max(w, own)
	}
	return w
}

// itemHeight is the height of item i in a column of the given width.
func (l legend) itemHeight(i int, width vg.Length) vg.Length {
	h := vg.Length(max(1, len(l[i].lines(width))))*tickText.lineHeight() + 2
	if l[i].heading() && i > 0 {
		h += 6
	}
	return h
}

func (l legend) height(width vg.Length) vg.Length {
	var h vg.Length
	for i := range l {
		h += l.itemHeight(i, width)
	}
	return h
}

func (l legend) draw(c draw.Canvas) {
	y := c.Max.Y
	width := c.Max.X - c.Min.X
	for i, it := range l {
		if it.heading() && i > 0 {
			y -= 6
		}
		x := c.Min.X
		if !it.heading() {
			middle := y - tickText.lineHeight()/2
			it.drawSample(c, vg.Rectangle{Min: vg.Point{X: x, Y: middle - 5}, Max: vg.Point{X: x + sampleWidth, Y: middle + 5}})
			x += sampleWidth + 6
		}
		y = it.style().drawLines(c, x, y, text.XLeft, it.lines(width)) - 2
	}
}

// split spreads a legend that is too long for one column over several of about equal height, each of the given width.
func (l legend) split(columns int, width vg.Length) []legend {
	share := l.height(width) / vg.Length(columns)
	var parts []legend
	var filled vg.Length
	for i := range l {
		if len(parts) == 0 || filled >= share && len(parts) < columns {
			parts = append(parts, nil)
			filled = 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], l[i])
		filled += l.itemHeight(i, width)
	}
	return parts
}

func (it legendItem) drawSample(c draw.Canvas, r vg.Rectangle) {
	middle := (r.Min.Y + r.Max.Y) / 2
	if it.fill != nil {
		c.SetColor(it.fill)
		c.Fill(rectangle(r))
		it.over.draw(c, r)
		c.SetLineStyle(draw.LineStyle{Color: mutedInk, Width: 0.5})
		c.Stroke(rectangle(r))
	}
	if it.line.Width > 0 {
		c.StrokeLine2(it.line, r.Min.X, middle, r.Max.X, middle)
	}
	c.DrawGlyphNoClip(it.marker, vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: middle})
}
