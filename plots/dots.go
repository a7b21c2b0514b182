package plots

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Dot is the value of one run; its category, such as the outcome, decides colour and shape. A value that is not finite is drawn in a band
// of its own, off the scale.
type Dot struct {
	Value    float64
	Category string
}

// DotRow is one arm.
type DotRow struct {
	Name    string
	Control bool // set off, and its median goes as a line through its group
	Dots    []Dot
	Note    string // right of the dots; default the median
}

// DotGroup is arms that are compared with each other.
type DotGroup struct {
	Title string
	Rows  []DotRow
}

// DotChart is the data of Dots.
type DotChart struct {
	Title, XLabel string
	XLog          bool
	XMax          float64 // larger values are off the scale; default all finite ones are shown
	Groups        []DotGroup
	Categories    []string    // in the order of the colours, from best to worst; default: in order of appearance. Those that occur stand in the legend
	References    []Reference // vertical lines
	NoteTitle     string      // above the notes; default "median"
	Caption       string      // below the axis
}

// Dots draws a row an arm and in it a dot a run with a mark at the median, for up to about 60 arms. The median of an even number of values is
// the mean of the middle two; values that are not finite count as the largest. It reports categories that are not in Categories if
// those are given.
func Dots(c DotChart) (*Figure, error) {
	chart, err := dotChart(c)
	if err != nil {
		return nil, err
	}
	return &Figure{figureWidth, chart}, nil
}

func dotChart(c DotChart) (rowChart, error) {
	categories, err := c.categories()
	if err != nil {
		return rowChart{}, err
	}
	b := rowChart{title: c.Title, references: c.References, noteTitle: c.NoteTitle, caption: c.Caption}
	if b.noteTitle == "" {
		b.noteTitle = "median"
	}
	x := span{log: c.XLog}
	for _, ref := range c.References {
		x.add(ref.Y)
	}
	controls := false
	for _, g := range c.Groups {
		group := rowGroup{title: g.Title, line: math.NaN()}
		for _, r := range g.Rows {
			middle := medianValue(r.Dots)
			for _, d := range r.Dots {
				if isFinite(d.Value) && !(c.XMax > 0 && d.Value > c.XMax) {
					x.add(d.Value)
				} else {
					b.offScale = true
				}
			}
			if r.Control {
				group.line, controls = middle, true
			}
			group.rows = append(group.rows, r.row(middle, categories))
		}
		b.groups = append(b.groups, group)
	}
	b.x = x.axis(c.XLabel, 0.03)
	if c.XMax > 0 && b.x.max > c.XMax && b.offScale {
		b.x.max = max(c.XMax, b.x.min*1.0001)
	}
	if c.XLog && x.zero {
		b.x.zeroBand = 18
	}
	for i, name := range categories {
		if c.has(name) {
			b.legend = append(b.legend, legendItem{label: name, marker: categoryMarker(i, len(categories))})
		}
	}
	b.legend = append(b.legend, legendItem{label: "median", marker: draw.GlyphStyle{Color: ink, Radius: 7, Shape: medianGlyph{}}})
	if controls {
		b.legend = append(b.legend, legendItem{label: "median of the control", line: controlLine})
	}
	if b.offScale {
		b.caption = offScaleNote(c.XMax) + " " + b.caption
	}
	return b, nil
}

func offScaleNote(limit float64) string {
	if limit > 0 {
		return fmt.Sprintf("Off scale: over %v, or not finite.", limit)
	}
	return "Off scale: not finite."
}

func (c DotChart) categories() ([]string, error) {
	categories := append([]string(nil), c.Categories...)
	for _, g := range c.Groups {
		for _, r := range g.Rows {
			for _, d := range r.Dots {
				if slices.Contains(categories, d.Category) {
					continue
				}
				if len(c.Categories) > 0 {
					return nil, errors.Errorf("row %q: category %q is not in the list of categories", r.Name, d.Category)
				}
				categories = append(categories, d.Category)
			}
		}
	}
	return categories, nil
}

// has tells whether a dot is of a category.
func (c DotChart) has(category string) bool {
	for _, g := range c.Groups {
		for _, r := range g.Rows {
			if slices.ContainsFunc(r.Dots, func(d Dot) bool { return d.Category == category }) {
				return true
			}
		}
	}
	return false
}

// medianValue is NaN without dots and infinite where the middle ones are not finite.
func medianValue(dots []Dot) float64 {
	var values []float64
	for _, d := range dots {
		if math.IsNaN(d.Value) {
			values = append(values, math.Inf(1))
		} else {
			values = append(values, d.Value)
		}
	}
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	a, b := values[(n-1)/2], values[n/2]
	if a == b || math.IsInf(b, 1) {
		return b
	}
	return a/2 + b/2
}

const dotRadius = 3.9

// row draws the dots, moved off the middle where they would cover each other, within the height of the row.
func (r DotRow) row(middle float64, categories []string) row {
	out := row{name: r.Name, note: r.Note, control: r.Control}
	if out.note == "" {
		out.note = formatResult(middle)
	}
	out.draw = func(c draw.Canvas, scale rowScale, y vg.Length) {
		if !math.IsNaN(middle) {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: 2}, scale.x(middle), y-10.5, scale.x(middle), y+10.5)
		}
		positions := make([]vg.Length, len(r.Dots))
		for i, d := range r.Dots {
			positions[i] = scale.x(d.Value)
		}
		places := apart(positions, 2*dotRadius)
		furthest := 1
		for _, p := range places {
			furthest = max(furthest, p, -p)
		}
		step := min(2*dotRadius+0.4, (rowHeight/2-dotRadius-1)/vg.Length(furthest))
		for i, d := range r.Dots {
			at := vg.Point{X: positions[i], Y: y + vg.Length(places[i])*step}
			c.DrawGlyphNoClip(categoryMarker(slices.Index(categories, d.Category), len(categories)), at)
		}
	}
	return out
}

var categoryShapes = []draw.GlyphDrawer{
	outlinedGlyph{draw.CircleGlyph{}}, outlinedGlyph{diamondGlyph{}}, outlinedGlyph{draw.BoxGlyph{}}, outlinedGlyph{draw.PyramidGlyph{}},
	plusGlyph{}, outlinedGlyph{hollowGlyph{draw.BoxGlyph{}}}, outlinedGlyph{invertedPyramidGlyph{}}, crossGlyph{},
}

// categoryMarker has the colour that OutcomeMap gives category i of n, and a shape that tells it apart without colour.
func categoryMarker(i, n int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: categoryColor(i, n), Radius: dotRadius, Shape: categoryShapes[i%len(categoryShapes)]}
}

// outlinedGlyph draws a filled glyph with a thin dark edge, since bright colours fade into a white ground.
type outlinedGlyph struct{ draw.GlyphDrawer }

func (g outlinedGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	c.SetColor(ink)
	g.GlyphDrawer.DrawGlyph(c, sty, p)
	c.SetColor(sty.Color)
	sty.Radius -= 0.9
	g.GlyphDrawer.DrawGlyph(c, sty, p)
}

type invertedPyramidGlyph struct{}

func (invertedPyramidGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	r := sty.Radius * 1.1
	c.Fill(polygon(vg.Point{X: p.X - r, Y: p.Y + r*0.7}, vg.Point{X: p.X + r, Y: p.Y + r*0.7}, vg.Point{X: p.X, Y: p.Y - r}))
}

// medianGlyph is an upright stroke.
type medianGlyph struct{}

func (medianGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	c.StrokeLine2(draw.LineStyle{Color: sty.Color, Width: 2}, p.X, p.Y-sty.Radius, p.X, p.Y+sty.Radius)
}
