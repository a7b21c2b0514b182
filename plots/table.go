package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// resultTable is a block with a group for each arm: its name and summary, then a row a run.
type resultTable struct{ arms []Arm }

var (
	cellText  = textStyle{size: 11, color: ink}
	groupText = textStyle{size: 12, bold: true, color: ink}
)

// resultColumn is a column of the table. Numbers are aligned right, words left.
type resultColumn struct {
	title string
	of    func(Run) string
	words bool
	share float64 // of the width
}

var resultColumns = []resultColumn{
	{title: "seed", of: func(r Run) string { return formatSeed(r.Seed) }, words: true, share: 0.13},
	{title: "outcome", of: func(r Run) string { return r.Outcome }, words: true, share: 0.19},
	{title: "held-out MSE", of: func(r Run) string { return formatResult(r.HeldOutMSE) }, share: 0.13},
	{title: "FVU", of: func(r Run) string { return formatResult(r.FVU) }, share: 0.12},
	{title: "gradient ratio, start", of: func(r Run) string { return formatResult(r.RatioStart) }, share: 0.15},
	{title: "gradient ratio, end", of: func(r Run) string { return formatResult(r.RatioEnd) }, share: 0.15},
	{title: "images/s", of: func(r Run) string { return formatRate(r.ImagesPerSecond) }, share: 0.13},
}

func formatSeed(seed uint64) string { return strconv.FormatUint(seed, 10) }

// formatResult writes three significant digits, a dash for what was not measured.
func formatResult(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "–"
	case math.IsInf(v, 0):
		return map[bool]string{true: "inf", false: "-inf"}[v > 0]
	case size >= 1e-3 && size < 1e4:
		return strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(size)))), 64)
	case v == 0:
		return "0"
	default:
		return shortExponent(strconv.FormatFloat(v, 'e', 1, 64))
	}
}

func formatRate(v float64) string {
	if !isFinite(v) || v <= 0 {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

const (
	groupGap   = 6
	summaryGap = 2
)

func (t resultTable) headLines(width vg.Length) int {
	n := 0
	for _, col := range resultColumns {
		n = max(n, len(cellText.wrap(col.title, vg.Length(col.share)*width-8)))
	}
	return n
}

func (t resultTable) groupLines(a Arm, width vg.Length) (name, summary []string) {
	return groupText.wrap(a.Name, width-14), noteText.wrap(a.Summary, width-14)
}

func (t resultTable) height(width vg.Length) vg.Length {
	h := titleText.lineHeight() + 4 + vg.Length(t.headLines(width))*cellText.lineHeight() + 4
	for _, a := range t.arms {
		name, summary := t.groupLines(a, width)
		h += groupGap + vg.Length(len(name))*groupText.lineHeight() + vg.Length(len(summary))*noteText.lineHeight()
		h += summaryGap + vg.Length(len(a.Runs))*cellText.lineHeight()
	}
	return h + 2*(cellText.lineHeight()+2)
}

func (t resultTable) draw(c draw.Canvas) {
	width := c.Max.X - c.Min.X
	titleText.draw(c, c.Min.X, c.Max.Y, text.XLeft, "Results")
	y := c.Max.Y - titleText.lineHeight() - 4
	y = t.drawHead(c, y)
	for i, a := range t.arms {
		y -= groupGap
		name, summary := t.groupLines(a, width)
		c.DrawGlyphNoClip(armMarker(i), vg.Point{X: c.Min.X + 5, Y: y - groupText.lineHeight()/2})
		y = groupText.drawLines(c, c.Min.X+14, y, text.XLeft, name)
		y = noteText.drawLines(c, c.Min.X+14, y, text.XLeft, summary) - summaryGap
		for _, r := range a.Runs {
			t.drawCells(c, y, func(col resultColumn) string { return col.of(r) })
			y -= cellText.lineHeight()
		}
	}
	y -= 4
	noteText.drawLines(c, c.Min.X, y, text.XLeft, noteText.wrap("Gradient ratio: norm of the first layer / norm of the last layer with a kernel. –: not measured, or both zero.", width))
}

// drawHead writes the column titles above a line and returns where the rows begin.
func (t resultTable) drawHead(c draw.Canvas, y vg.Length) vg.Length {
	width := c.Max.X - c.Min.X
	bottom := y - vg.Length(t.headLines(width))*cellText.lineHeight()
	t.eachColumn(c, func(col resultColumn, x, w vg.Length, align text.XAlignment) {
		lines := cellText.wrap(col.title, w)
		cellText.drawLines(c, x, bottom+vg.Length(len(lines))*cellText.lineHeight(), align, lines)
	})
	c.StrokeLine2(axisLine, c.Min.X, bottom-2, c.Max.X, bottom-2)
	return bottom - 4
}

func (t resultTable) drawCells(c draw.Canvas, y vg.Length, of func(resultColumn) string) {
	t.eachColumn(c, func(col resultColumn, x, w vg.Length, align text.XAlignment) {
		cellText.draw(c, x, y, align, cellText.fit(of(col), w))
	})
}

// eachColumn calls do with the place of each column's text, the text's width and its alignment.
func (t resultTable) eachColumn(c draw.Canvas, do func(col resultColumn, x, w vg.Length, align text.XAlignment)) {
	width := c.Max.X - c.Min.X
	x := c.Min.X
	for _, col := range resultColumns {
		w := vg.Length(col.share) * width
		if col.words {
			do(col, x+14, w-14, text.XLeft)
		} else {
			do(col, x+w, w-8, text.XRight)
		}
		x += w
	}
}
