package plots

import (
	"math"
	"sort"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is one set of axes with its data.
type panel struct {
	title    string
	plotters []plot.Plotter
	empty    string // shown instead of data
}

// panels is a block of panels in rows that share both axes, with a legend to the right and a caption below. With a single
// panel, reference lines are labelled between the data and the legend.
type panels struct {
	title       string
	x, y        axis
	panels      []panel
	columns     int
	panelHeight vg.Length // of the axes without title and numbers
	references  []Reference
	legend      legend
	colorBar    *colorBar
	caption     string
	noGrid      bool
	// Least widths of what is left of the axes and right of them, so that blocks below each other line up.
	leastLeft, leastSide vg.Length
}

const (
	panelGap       = 24
	referenceWidth = 110
	// A legend may be this much higher than the panels beside it, or it goes below them in columns of about legendColumnWidth.
	legendOverhang    = 30
	legendColumnWidth = 240
)

var referenceLine = draw.LineStyle{Color: mutedInk, Width: 1.2, Dashes: []vg.Length{1.5, 3}}

func (b panels) rows() int { return (len(b.panels) + b.columns - 1) / b.columns }

// panelTitleLines is the largest number of lines of a panel title.
func (b panels) panelTitleLines(width vg.Length) int {
	n := 0
	for _, p := range b.panels {
		n = max(n, len(panelText.wrap(p.title, width)))
	}
	return min(n, 2)
}

// arrangement is where the parts of the block go for a given area.
type arrangement struct {
	titleBottom       vg.Length
	data              []vg.Rectangle // inside of the axes, one a panel
	references        vg.Rectangle
	legend            vg.Rectangle
	legendColumns     int
	bar               vg.Rectangle
	captionTop        vg.Length
	cell              vg.Length // width of the data area
	axisHeight, total vg.Length
}

// arrange lays the block out downwards from the upper edge of area.
func (b panels) arrange(area vg.Rectangle) arrangement {
	var a arrangement
	width := area.Max.X - area.Min.X
	a.titleBottom = area.Max.Y
	if b.title != "" {
		a.titleBottom -= vg.Length(len(titleText.wrap(b.title, width)))*titleText.lineHeight() + 7
	}

	side := max(b.leastSide, b.sideWidth())
	below := b.colorBar == nil && b.legend.height(side) > b.bodyHeight()+legendOverhang
	if below {
		side = 0
	}
	right := area.Max.X
	if side > 0 {
		right -= side + legendGap
	}
	top := a.titleBottom
	if len(b.references) > 0 {
		w := min(referenceWidth, tickText.widest(b.referenceLabels()))
		a.references = vg.Rectangle{Min: vg.Point{X: right - w, Y: top}, Max: vg.Point{X: right, Y: top}}
		right -= w + 6
	}

	left, overhang := max(b.leastLeft, b.leftWidth()), vg.Length(10)
	cols := vg.Length(b.columns)
	a.cell = snap((right - area.Min.X - left - overhang - (cols-1)*panelGap) / cols)
	a.axisHeight = b.frame(len(b.panels) - 1).heightOutside(a.cell)
	titleHeight := vg.Length(b.panelTitleLines(a.cell)) * panelText.lineHeight()
	if titleHeight > 0 {
		titleHeight += 3
	}
	y := top
	for i := range b.panels {
		col := i % b.columns
		if col == 0 {
			if i > 0 {
				y -= b.panelHeight + a.axisHeight + 8
			}
			y -= titleHeight
		}
		x := snap(area.Min.X+left) + vg.Length(col)*(a.cell+panelGap)
		a.data = append(a.data, vg.Rectangle{
			Min: vg.Point{X: x, Y: snap(y - b.panelHeight)}, Max: vg.Point{X: x + a.cell, Y: snap(y)},
		})
	}
	bottom := y - b.panelHeight - a.axisHeight
	a.references.Min.Y, a.references.Max.Y = y-b.panelHeight, y
	if side > 0 {
		legendHeight := b.legend.height(side)
		x := area.Max.X - side
		legendTop := top - titleHeight
		if b.colorBar != nil {
			a.bar = vg.Rectangle{Min: vg.Point{X: x, Y: legendTop - b.colorBar.height()}, Max: vg.Point{X: area.Max.X, Y: legendTop}}
			legendTop = a.bar.Min.Y - 8
		}
		a.legend = vg.Rectangle{Min: vg.Point{X: x, Y: legendTop - legendHeight}, Max: vg.Point{X: area.Max.X, Y: legendTop}}
		a.legendColumns = 1
		bottom = min(bottom, a.legend.Min.Y)
	}
	if below {
		a.legendColumns = max(1, int(width/legendColumnWidth))
		a.legend = vg.Rectangle{Min: vg.Point{X: area.Min.X, Y: bottom - 8 - b.legendHeightBelow(a.legendColumns, width)}, Max: vg.Point{X: area.Max.X, Y: bottom - 8}}
		bottom = a.legend.Min.Y
	}
	a.captionTop = bottom - 4
	a.total = area.Max.Y - bottom
	if b.caption != "" {
		a.total += 4 + paragraph{b.caption, noteText}.height(width)
	}
	return a
}

// leftWidth is the room needed for numbers and label left of the axes, sideWidth that for legend and colour bar.
func (b panels) leftWidth() vg.Length { return b.frame(0).widthOutside(b.panelHeight) }

func (b panels) sideWidth() vg.Length {
	side := b.legend.width(legendMaxWidth)
	if b.colorBar != nil {
		side = max(side, b.colorBar.width())
	}
	return side
}

// bodyHeight is about the height of all rows of panels.
func (b panels) bodyHeight() vg.Length {
	return vg.Length(b.rows())*(b.panelHeight+panelText.lineHeight()+30) + labelText.lineHeight()
}

// legendHeightBelow is the height of the legend in columns below the panels.
func (b panels) legendHeightBelow(columns int, width vg.Length) vg.Length {
	column := (width - vg.Length(columns-1)*legendGap) / vg.Length(columns)
	var h vg.Length
	for _, part := range b.legend.split(columns, column) {
		h = max(h, part.height(column))
	}
	return h
}

func (b panels) drawLegend(c draw.Canvas, a arrangement) {
	if a.legendColumns == 0 {
		return
	}
	column := (a.legend.Max.X - a.legend.Min.X - vg.Length(a.legendColumns-1)*legendGap) / vg.Length(a.legendColumns)
	for i, part := range b.legend.split(a.legendColumns, column) {
		r := a.legend
		r.Min.X += vg.Length(i) * (column + legendGap)
		r.Max.X = r.Min.X + column
		part.draw(draw.Canvas{Canvas: c, Rectangle: r})
	}
}

func (b panels) referenceLabels() []string {
	labels := make([]string, len(b.references))
	for i, r := range b.references {
		labels[i] = r.Label
	}
	return labels
}

// frame returns the axes of panel i; numbers are beside the first column, labels beside the outermost panels alone.
func (b panels) frame(i int) frame {
	f := frame{x: b.x, y: b.y, noGrid: b.noGrid}
	f.hideY = i%b.columns > 0
	f.hideXLabel = i+b.columns < len(b.panels)
	return f
}

func (b panels) height(width vg.Length) vg.Length {
	return b.arrange(vg.Rectangle{Max: vg.Point{X: width}}).total
}

func (b panels) draw(c draw.Canvas) {
	a := b.arrange(c.Rectangle)
	width := c.Max.X - c.Min.X
	titleText.drawLines(c, c.Min.X, c.Max.Y, text.XLeft, titleText.wrap(b.title, width))
	for i, r := range a.data {
		lines := panelText.wrap(b.panels[i].title, a.cell)
		if len(lines) > 2 {
			lines = []string{lines[0], panelText.fit(lines[1]+" "+lines[2], a.cell)}
		}
		panelText.drawLines(c, r.Min.X, r.Max.Y+3+vg.Length(len(lines))*panelText.lineHeight(), text.XLeft, lines)
		b.drawPanel(c, i, r)
	}
	b.drawReferences(c, a)
	if b.colorBar != nil {
		b.colorBar.draw(draw.Canvas{Canvas: c, Rectangle: a.bar})
	}
	b.drawLegend(c, a)
	if b.caption != "" {
		noteText.drawLines(c, c.Min.X, a.captionTop, text.XLeft, noteText.wrap(b.caption, width))
	}
}

func (b panels) drawPanel(c draw.Canvas, i int, r vg.Rectangle) {
	f := b.frame(i)
	data := draw.Canvas{Canvas: c, Rectangle: r}
	f.drawBehind(data)
	f.draw(data) // before the data, which may run along the edge
	p := f.plot(r)
	for _, plotter := range b.panels[i].plotters {
		plotter.Plot(data, p)
	}
	if message := b.panels[i].empty; message != "" {
		lines := noteText.wrap(message, (r.Max.X-r.Min.X)*0.9)
		y := (r.Min.Y+r.Max.Y)/2 + vg.Length(len(lines))*noteText.lineHeight()/2
		noteText.drawLines(c, (r.Min.X+r.Max.X)/2, y, text.XCenter, lines)
	}
}

// drawReferences writes the labels of the reference lines, pushed apart where they would overlap.
func (b panels) drawReferences(c draw.Canvas, a arrangement) {
	if len(b.references) == 0 || len(a.data) == 0 {
		return
	}
	r := a.data[0]
	p := b.frame(0).plot(r)
	type label struct {
		lines    []string
		line     vg.Length // height of the reference line
		top, own vg.Length
	}
	var labels []label
	for _, ref := range b.references {
		y := r.Min.Y + vg.Length(p.Y.Norm(ref.Y))*(r.Max.Y-r.Min.Y)
		if !isFinite(ref.Y) || y < r.Min.Y || y > r.Max.Y {
			continue
		}
		l := label{lines: tickText.wrap(ref.Label, a.references.Max.X-a.references.Min.X), line: y}
		l.own = vg.Length(len(l.lines)) * tickText.lineHeight()
		l.top = y + l.own/2
		labels = append(labels, l)
	}
	sort.SliceStable(labels, func(i, j int) bool { return labels[i].line > labels[j].line })
	ceiling := r.Max.Y + tickText.size
	for i := range labels {
		labels[i].top = min(labels[i].top, ceiling)
		ceiling = labels[i].top - labels[i].own
	}
	floor := vg.Length(math.Inf(-1))
	if len(labels) > 0 {
		floor = r.Min.Y - tickText.size/2
	}
	for i := len(labels) - 1; i >= 0; i-- {
		labels[i].top = max(labels[i].top, floor+labels[i].own)
		floor = labels[i].top
	}
	muted := tickText
	muted.color = mutedInk
	for _, l := range labels {
		c.StrokeLine2(draw.LineStyle{Color: mutedInk, Width: 0.6}, r.Max.X, l.line, a.references.Min.X-2, l.top-l.own/2)
		muted.drawLines(c, a.references.Min.X, l.top, text.XLeft, l.lines)
	}
}
