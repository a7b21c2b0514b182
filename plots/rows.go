package plots

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// row is a line of a rowChart: a name, something drawn beside an axis of values, and a note.
type row struct {
	name, note string
	control    bool // name and background are set off
	draw       func(c draw.Canvas, scale rowScale, middle vg.Length)
}

// rowGroup is rows with a common title.
type rowGroup struct {
	title string
	rows  []row
	line  float64 // value of a line through all of its rows; none if not finite
}

// rowChart is a block of named rows over one axis of values. It grows with the number of rows.
type rowChart struct {
	title      string
	x          axis
	offScale   bool // a band right of the axis for values that it does not reach
	groups     []rowGroup
	references []Reference
	legend     legend
	noteTitle  string
	caption    string
}

const (
	rowHeight     = 24
	groupSpacing  = 8
	offScaleWidth = 56
	nameShare     = 0.34 // of the width, at most
	noteShare     = 0.2
	nameGap       = 10
	itemGap       = 22 // between items of the legend
	// upperAxisFrom is the height of the rows from which on the axis is repeated above them.
	upperAxisFrom = 420
)

var controlLine = draw.LineStyle{Color: mutedInk, Width: 1}

// rowScale places values.
type rowScale struct {
	norm       func(float64) float64
	from, to   vg.Length // ends of the axis
	max        float64
	offScaleAt vg.Length
}

func (s rowScale) x(v float64) vg.Length {
	if !isFinite(v) || v > s.max {
		return s.offScaleAt
	}
	return max(s.from, min(s.to, s.from+vg.Length(s.norm(v))*(s.to-s.from)))
}

// rowLayout is where the parts of the block go, downwards from the upper edge at 0.
type rowLayout struct {
	name        vg.Length // width of the names
	left, right vg.Length // of the axis
	end         vg.Length // of the data area, with the band for values off the scale
	legendTop   vg.Length
	top, bottom vg.Length // of the groups with their titles
	head        vg.Length // height of labels and numbers between the first title and its rows
	upperAxis   bool
	captionTop  vg.Length
	total       vg.Length
}

func (b rowChart) layout(width vg.Length) rowLayout {
	var l rowLayout
	note := tickText.width(b.noteTitle)
	for _, g := range b.groups {
		for _, r := range g.rows {
			l.name = max(l.name, r.nameStyle().width(r.name))
			note = max(note, tickText.width(r.note))
		}
	}
	l.name = min(l.name+1, nameShare*width)
	l.left = snap(max(l.name+nameGap, 36)) // room for half a number below the end of the axis
	l.end = snap(width - 8)
	if note > 0 {
		l.end = snap(width - min(note, noteShare*width) - nameGap - 1)
	}
	l.right = l.end
	if b.offScale {
		l.right -= offScaleWidth
	}

	y := -vg.Length(len(titleText.wrap(b.title, width)))*titleText.lineHeight() - 4
	l.legendTop = y
	l.top = snap(y - vg.Length(len(b.legend.flow(width)))*(tickText.lineHeight()+2) - 2)
	var rows vg.Length
	for _, g := range b.groups {
		rows += g.height(l.name, width)
	}
	levels := 0
	for _, r := range b.placeReferences(l) {
		levels = max(levels, r.level+1)
	}
	if b.noteTitle != "" {
		levels = max(levels, 1)
	}
	l.head = 4 + vg.Length(levels)*tickText.lineHeight()
	if l.upperAxis = rows > upperAxisFrom; l.upperAxis {
		l.head += tickText.lineHeight() + tickGap
	}
	l.bottom = snap(l.top - max(l.head+rows, 2*rowHeight))
	y = l.bottom - frame{x: b.x}.heightOutside(l.right-l.left)
	l.captionTop = y - 4
	if b.caption != "" {
		y = l.captionTop - paragraph{b.caption, noteText}.height(width)
	}
	l.total = -y
	return l
}

func (b rowChart) empty() bool {
	for _, g := range b.groups {
		if len(g.rows) > 0 {
			return false
		}
	}
	return true
}

func (r row) nameStyle() textStyle {
	style := tickText
	style.bold = r.control
	return style
}

// nameLines wraps the name into at most two lines.
func (r row) nameLines(width vg.Length) []string {
	style := r.nameStyle()
	lines := style.wrap(r.name, width)
	if len(lines) > 2 {
		lines = []string{lines[0], style.fit(lines[1]+" "+lines[2], width)}
	}
	return lines
}

func (r row) height(nameWidth vg.Length) vg.Length {
	return max(rowHeight, vg.Length(len(r.nameLines(nameWidth)))*tickText.lineHeight()+5)
}

func (g rowGroup) titleHeight(width vg.Length) vg.Length {
	if g.title == "" {
		return 0
	}
	return vg.Length(len(groupText.wrap(g.title, width)))*groupText.lineHeight() + groupSpacing + 3
}

func (g rowGroup) height(nameWidth, width vg.Length) vg.Length {
	h := g.titleHeight(width)
	for _, r := range g.rows {
		h += r.height(nameWidth)
	}
	return h
}

func (b rowChart) height(width vg.Length) vg.Length { return b.layout(width).total }

func (b rowChart) scale(l rowLayout, left vg.Length) rowScale {
	p := frame{x: b.x, y: axis{max: 1}}.plot(vg.Rectangle{Max: vg.Point{X: l.right - l.left, Y: 1}})
	s := rowScale{norm: p.X.Norm, from: left + l.left, to: left + l.right, max: math.Inf(1), offScaleAt: left + l.right}
	if b.offScale {
		s.max, s.offScaleAt = b.x.max, left+(l.right+l.end)/2
	}
	return s
}

func (b rowChart) draw(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	l := b.layout(width)
	at := func(y vg.Length) vg.Length { return c.Max.Y + y }
	titleText.drawLines(c, c.Min.X, c.Max.Y, text.XLeft, titleText.wrap(b.title, width))
	b.legend.drawFlow(draw.Canvas{Canvas: c, Rectangle: vg.Rectangle{Min: c.Min, Max: vg.Point{X: c.Max.X, Y: at(l.legendTop)}}})

	scale := b.scale(l, c.Min.X)
	b.drawControls(c, l)
	for _, area := range b.groupAreas(c, l) {
		b.drawGroup(c, l, area, scale)
	}
	b.drawNumbers(c, l)
	b.drawHead(c, l)
	if b.empty() {
		area := b.groupAreas(c, l)[0]
		noteText.draw(c, (area.Min.X+area.Max.X)/2, c.Max.Y+(l.bottom+l.top-l.head+noteText.lineHeight())/2, text.XCenter, "nothing to show")
	}
	b.eachRow(c, l, func(g rowGroup, title, _ vg.Length) {
		groupText.drawLines(c, c.Min.X, title-groupSpacing, text.XLeft, groupText.wrap(g.title, width))
	}, func(r row, top, bottom vg.Length) {
		middle := (top + bottom) / 2
		style, lines := r.nameStyle(), r.nameLines(l.name)
		style.drawLines(c, c.Min.X+l.name, middle+vg.Length(len(lines))*style.lineHeight()/2, text.XRight, lines)
		r.draw(c, scale, middle)
		tickText.draw(c, c.Min.X+l.end+nameGap, middle+tickText.lineHeight()/2, text.XLeft, tickText.fit(r.note, width-l.end-nameGap))
	})
	if b.caption != "" {
		noteText.drawLines(c, c.Min.X, at(l.captionTop), text.XLeft, noteText.wrap(b.caption, width))
	}
}

// eachRow calls group with the upper edge of each group's title and of its rows, and line with the edges of each row.
func (b rowChart) eachRow(c draw.Canvas, l rowLayout, group func(g rowGroup, title, rows vg.Length), line func(r row, top, bottom vg.Length)) {
	y := c.Max.Y + l.top
	for i, g := range b.groups {
		title := y
		y -= g.titleHeight(c.Max.X - c.Min.X)
		if i == 0 {
			y -= l.head
		}
		group(g, title, y)
		for _, r := range g.rows {
			h := r.height(l.name)
			line(r, y, y-h)
			y -= h
		}
	}
}

// groupArea is where the rows of a group are drawn, between the ends of the axis.
type groupArea struct {
	rowGroup
	vg.Rectangle
}

// groupAreas is one area of the least height if there are no rows.
func (b rowChart) groupAreas(c draw.Canvas, l rowLayout) []groupArea {
	var areas []groupArea
	b.eachRow(c, l, func(g rowGroup, _, y vg.Length) {
		areas = append(areas, groupArea{g, vg.Rectangle{Min: vg.Point{X: c.Min.X + l.left, Y: y}, Max: vg.Point{X: c.Min.X + l.right, Y: y}}})
	}, func(_ row, _, bottom vg.Length) { areas[len(areas)-1].Min.Y = bottom })
	if len(areas) == 0 {
		empty := vg.Rectangle{Min: vg.Point{X: c.Min.X + l.left, Y: c.Max.Y + l.bottom}, Max: vg.Point{X: c.Min.X + l.right, Y: c.Max.Y + l.top - l.head}}
		areas = append(areas, groupArea{rowGroup{line: math.NaN()}, empty})
	}
	return areas
}

// drawControls sets the rows of controls off.
func (b rowChart) drawControls(c draw.Canvas, l rowLayout) {
	b.eachRow(c, l, func(rowGroup, vg.Length, vg.Length) {}, func(r row, top, bottom vg.Length) {
		if r.control {
			c.SetColor(controlBlue)
			c.Fill(rectangle(vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: bottom}, Max: vg.Point{X: c.Max.X, Y: top}}))
		}
	})
}

// drawGroup draws what lies behind the rows of a group, and the frame around them.
func (b rowChart) drawGroup(c draw.Canvas, l rowLayout, area groupArea, scale rowScale) {
	whole := area.Rectangle
	whole.Max.X = c.Min.X + l.end
	c.SetColor(bandGrey)
	if b.offScale {
		c.Fill(rectangle(vg.Rectangle{Min: vg.Point{X: area.Max.X, Y: area.Min.Y}, Max: whole.Max}))
	}
	if share := b.x.zeroShare(l.right - l.left); share > 0 {
		c.Fill(rectangle(vg.Rectangle{Min: area.Min, Max: vg.Point{X: area.Min.X + vg.Length(share)*(l.right-l.left), Y: area.Max.Y}}))
	}
	upright := func(style draw.LineStyle, x vg.Length) { c.StrokeLine2(style, x, area.Min.Y, x, area.Max.Y) }
	b.axisFrame().eachX(draw.Canvas{Canvas: c, Rectangle: area.Rectangle}, func(x vg.Length, t plot.Tick) {
		if !t.IsMinor() && !(b.x.log && t.Value == 0) {
			upright(draw.LineStyle{Color: gridGrey, Width: 0.75}, x)
		}
	})
	if b.offScale {
		upright(draw.LineStyle{Color: mutedInk, Width: 0.5}, area.Max.X)
	}
	for _, ref := range b.placeReferences(l) {
		upright(referenceLine, scale.x(ref.Y))
	}
	if isFinite(area.line) {
		upright(controlLine, scale.x(area.line))
	}
	c.SetLineStyle(axisLine)
	c.Stroke(rectangle(whole))
}

func (b rowChart) axisFrame() frame { return frame{x: b.x, y: axis{max: 1}} }

// drawNumbers draws the axis below the rows, and above them where they are many.
func (b rowChart) drawNumbers(c draw.Canvas, l rowLayout) {
	areas := b.groupAreas(c, l)
	last := draw.Canvas{Canvas: c, Rectangle: areas[len(areas)-1].Rectangle}
	b.axisFrame().drawX(last)
	if b.offScale {
		tickText.draw(c, (last.Max.X+c.Min.X+l.end)/2, last.Min.Y-tickLength-tickGap+1, text.XCenter, "off scale")
	}
	if !l.upperAxis {
		return
	}
	first := draw.Canvas{Canvas: c, Rectangle: areas[0].Rectangle}
	b.axisFrame().eachX(first, func(x vg.Length, t plot.Tick) {
		if t.Label != "" {
			tickText.draw(c, x, first.Max.Y+tickGap+tickText.lineHeight(), text.XCenter, t.Label)
		}
	})
}

// apart tells by how many places each mark is to be moved across the axis that it lies on, so that marks of the given size do not
// cover each other: 0, 1, -1, 2, ... in the order given.
func apart(positions []vg.Length, size vg.Length) []int {
	places := make([]int, len(positions))
	for i, p := range positions {
		for k := 0; ; k++ {
			place := (k + 1) / 2
			if k%2 == 0 {
				place = -place
			}
			free := true
			for j := range i {
				covers := math.Abs(float64(positions[j]-p)) < float64(size) // false for NaN
				free = free && !(covers && places[j] == place)
			}
			if free {
				places[i] = place
				break
			}
		}
	}
	return places
}
