package plots

import (
	"sort"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// placedReference is the label of a reference line, level lines above the axis.
type placedReference struct {
	Reference
	left  vg.Length
	level int
}

// placeReferences puts labels over their lines, on another level where they would run into each other.
func (b rowChart) placeReferences(l rowLayout) []placedReference {
	scale := b.scale(l, 0)
	refs := append([]Reference(nil), b.references...)
	sort.SliceStable(refs, func(i, j int) bool { return refs[i].Y < refs[j].Y })
	var placed []placedReference
	var ends []vg.Length // of the last label of each level
	for _, ref := range refs {
		if !isFinite(ref.Y) || ref.Y < b.x.min || ref.Y > b.x.max {
			continue
		}
		w := tickText.width(ref.Label)
		left := max(0, min(scale.x(ref.Y)-w/2, l.end-w))
		level := 0
		for level < len(ends) && ends[level] > left {
			level++
		}
		if level == len(ends) {
			ends = append(ends, 0)
		}
		ends[level] = left + w + 8
		placed = append(placed, placedReference{ref, left, level})
	}
	return placed
}

// drawHead labels the reference lines and the notes.
func (b rowChart) drawHead(c draw.Canvas, l rowLayout) {
	bottom := b.groupAreas(c, l)[0].Max.Y + 2
	if l.upperAxis {
		bottom += tickText.lineHeight() + tickGap
	}
	for _, ref := range b.placeReferences(l) {
		noteText.draw(c, c.Min.X+ref.left, bottom+vg.Length(ref.level+1)*tickText.lineHeight(), text.XLeft, ref.Label)
	}
	x := c.Min.X + l.end + nameGap
	noteText.draw(c, x, bottom+tickText.lineHeight(), text.XLeft, noteText.fit(b.noteTitle, c.Max.X-x))
}

// flow arranges items in lines beside each other.
func (l legend) flow(width vg.Length) []legend {
	var lines []legend
	x := width + 1
	for _, it := range l {
		own := it.flowWidth()
		if x > 0 && x+own > width {
			lines, x = append(lines, nil), 0
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], it)
		x += own + itemGap
	}
	return lines
}

func (it legendItem) flowWidth() vg.Length { return sampleWidth + 6 + tickText.width(it.label) }

func (l legend) drawFlow(c draw.Canvas) {
	y := c.Max.Y
	for _, line := range l.flow(c.Max.X - c.Min.X) {
		x := c.Min.X
		for _, it := range line {
			middle := y - tickText.lineHeight()/2
			it.drawSample(c, vg.Rectangle{Min: vg.Point{X: x, Y: middle - 5}, Max: vg.Point{X: x + sampleWidth, Y: middle + 5}})
			tickText.draw(c, x+sampleWidth+6, y, text.XLeft, tickText.fit(it.label, c.Max.X-x-sampleWidth-6))
			x += it.flowWidth() + itemGap
		}
		y -= tickText.lineHeight() + 2
	}
}
