package plots

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Interval is the estimate of one arm with its bounds, such as a share of seeds with its Wilson interval. Without an estimate (Mid is
// NaN) the row says so.
type Interval struct {
	Name           string
	Control        bool // set off, and its estimate goes as a line through its group
	Low, Mid, High float64
	Note           string // right of the axis, such as "3/5"
}

// IntervalGroup is arms that are compared with each other.
type IntervalGroup struct {
	Title string
	Rows  []Interval
}

// IntervalChart is the data of Intervals.
type IntervalChart struct {
	Title, XLabel string
	Min, Max      float64 // ends of the axis, such as 0 and 1; default: what the intervals reach
	Groups        []IntervalGroup
	References    []Reference // vertical lines, such as no difference at 0
	NoteTitle     string      // above the notes
	Caption       string      // below the axis
}

// Intervals draws a row an arm with its estimate and bounds on a linear axis, for up to about 60 arms. An infinite bound goes to the end of the axis.
// It reports an estimate outside of its bounds, and bounds that are NaN although there is an estimate.
func Intervals(c IntervalChart) (*Figure, error) {
	chart, err := intervalChart(c)
	if err != nil {
		return nil, err
	}
	return &Figure{figureWidth, chart}, nil
}

func intervalChart(c IntervalChart) (rowChart, error) {
	b := rowChart{title: c.Title, references: c.References, noteTitle: c.NoteTitle, caption: c.Caption}
	var x span
	for _, ref := range c.References {
		x.add(ref.Y)
	}
	controls := false
	for _, g := range c.Groups {
		group := rowGroup{title: g.Title, line: math.NaN()}
		for _, r := range g.Rows {
			if !math.IsNaN(r.Mid) && !(r.Low <= r.Mid && r.Mid <= r.High) {
				return b, errors.Errorf("row %q: the estimate %v is not within %v and %v", r.Name, r.Mid, r.Low, r.High)
			}
			x.add(r.Low, r.Mid, r.High)
			if r.Control {
				group.line, controls = r.Mid, true
			}
			group.rows = append(group.rows, r.row())
		}
		b.groups = append(b.groups, group)
	}
	if c.Min < c.Max {
		x.lo, x.hi, x.any = c.Min, c.Max, true
	}
	b.x = x.axis(c.XLabel, 0.02)
	if controls {
		b.legend = legend{{label: "estimate of the control", line: controlLine}}
	}
	return b, nil
}

func (r Interval) row() row {
	out := row{name: r.Name, note: r.Note, control: r.Control}
	out.draw = func(c draw.Canvas, scale rowScale, y vg.Length) {
		if math.IsNaN(r.Mid) {
			noteText.draw(c, scale.from+8, y+noteText.lineHeight()/2, 0, "no estimate")
			return
		}
		color := armColor(0)
		if r.Control {
			color = ink
		}
		at := func(v, infinite float64) vg.Length {
			if math.IsInf(v, 0) {
				v = infinite
			}
			return scale.x(v)
		}
		low, high := at(r.Low, -largest), at(r.High, largest)
		line := draw.LineStyle{Color: color, Width: 1.8}
		c.StrokeLine2(line, low, y, high, y)
		if isFinite(r.Low) {
			c.StrokeLine2(line, low, y-4.5, low, y+4.5)
		}
		if isFinite(r.High) {
			c.StrokeLine2(line, high, y-4.5, high, y+4.5)
		}
		c.DrawGlyphNoClip(draw.GlyphStyle{Color: color, Radius: 4.2, Shape: draw.CircleGlyph{}}, vg.Point{X: at(r.Mid, math.Copysign(largest, r.Mid)), Y: y})
	}
	if out.note == "" && !math.IsNaN(r.Mid) {
		out.note = fmt.Sprintf("%s [%s, %s]", formatResult(r.Mid), formatResult(r.Low), formatResult(r.High))
	}
	return out
}
