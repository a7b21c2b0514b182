package plots

import (
	"math"
	"testing"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/recorder"
)

// panelBlocks collects the blocks with axes of a figure, with the width that each has.
func panelBlocks(f *Figure) map[string]arrangementIn {
	found := map[string]arrangementIn{}
	var visit func(b block, width vg.Length)
	visit = func(b block, width vg.Length) {
		switch b := b.(type) {
		case panels:
			area := vg.Rectangle{Max: vg.Point{X: width, Y: b.height(width)}}
			found[b.title] = arrangementIn{b.arrange(area), area}
		case stack:
			for _, part := range b {
				visit(part, width)
			}
		case report:
			left, right := b.widths(width)
			visit(b.left, left)
			visit(b.right, right)
		}
	}
	visit(f.content, f.width-2*margin)
	return found
}

type arrangementIn struct {
	arrangement
	area vg.Rectangle
}

func overlap(a, b vg.Rectangle) bool {
	const slack = 0.01
	return a.Min.X < b.Max.X-slack && b.Min.X < a.Max.X-slack && a.Min.Y < b.Max.Y-slack && b.Min.Y < a.Max.Y-slack
}

func within(r, area vg.Rectangle) bool {
	const slack = 0.01
	return r.Min.X >= area.Min.X-slack && r.Max.X <= area.Max.X+slack && r.Min.Y >= area.Min.Y-slack && r.Max.Y <= area.Max.Y+slack
}

// Legends, colour bars and labels of reference lines lie beside or below the data and inside of their block.
func TestLegendsDoNotCoverData(t *testing.T) {
	for _, f := range fixtures(t) {
		for title, a := range panelBlocks(f.Figure) {
			beside := map[string]vg.Rectangle{"legend": a.legend, "colour bar": a.bar, "references": a.references}
			for kind, r := range beside {
				if r.Size().X > 0 && !within(r, a.area) {
					t.Errorf("%s: %s of %q at %v is outside of %v", f.name, kind, title, r, a.area)
				}
				for i, data := range a.data {
					if overlap(r, data) {
						t.Errorf("%s: %s of %q at %v covers panel %d at %v", f.name, kind, title, r, i, data)
					}
				}
			}
			for i, data := range a.data {
				if data.Size().X < 60 || data.Size().Y < 50 {
					t.Errorf("%s: panel %d of %q is only %v", f.name, i, title, data.Size())
				}
			}
		}
	}
}

// textBox is the area of a written line: from the baseline down to the descenders and up to the height of capitals.
type textBox struct {
	text string
	area vg.Rectangle
}

// textBoxes follows the recorded moves and turns to where each line of text ends up on the page.
func textBoxes(c *recorder.Canvas) []textBox {
	type placement struct {
		origin vg.Point
		angle  float64
	}
	var boxes []textBox
	at := []placement{{}}
	for _, action := range c.Actions {
		here := &at[len(at)-1]
		turn := func(p vg.Point) vg.Point {
			sin, cos := math.Sincos(here.angle)
			x, y := float64(p.X), float64(p.Y)
			return here.origin.Add(vg.Point{X: vg.Length(x*cos - y*sin), Y: vg.Length(x*sin + y*cos)})
		}
		switch a := action.(type) {
		case *recorder.Push:
			at = append(at, *here)
		case *recorder.Pop:
			at = at[:len(at)-1]
		case *recorder.Translate:
			here.origin = turn(a.Point)
		case *recorder.Rotate:
			here.angle += a.Angle
		case *recorder.FillString:
			face := font.DefaultCache.Lookup(a.Font, a.Size)
			w := face.Width(a.String)
			b := textBox{text: a.String, area: vg.Rectangle{Min: vg.Point{X: vg.Length(math.Inf(1)), Y: vg.Length(math.Inf(1))}, Max: vg.Point{X: vg.Length(math.Inf(-1)), Y: vg.Length(math.Inf(-1))}}}
			for _, corner := range []vg.Point{{Y: -0.15 * a.Size}, {X: w, Y: -0.15 * a.Size}, {Y: 0.7 * a.Size}, {X: w, Y: 0.7 * a.Size}} {
				p := turn(a.Point.Add(corner))
				b.area.Min = vg.Point{X: min(b.area.Min.X, p.X), Y: min(b.area.Min.Y, p.Y)}
				b.area.Max = vg.Point{X: max(b.area.Max.X, p.X), Y: max(b.area.Max.Y, p.Y)}
			}
			if math.Mod(here.angle, math.Pi/2) != 0 {
				b.area = vg.Rectangle{} // the bounds of slanted text overlap though the text does not
			}
			boxes = append(boxes, b)
		}
	}
	return boxes
}

// No text leaves the page or runs into other text, also with long names and many arms.
func TestTextDoesNotOverlap(t *testing.T) {
	for _, f := range fixtures(t) {
		c, page := record(f.Figure)
		boxes := textBoxes(c)
		if len(boxes) < 5 {
			t.Fatalf("%s: only %d texts", f.name, len(boxes))
		}
		for i, a := range boxes {
			if !within(a.area, page) {
				t.Errorf("%s: %q at %v leaves the page %v", f.name, a.text, a.area, page)
			}
			for _, b := range boxes[:i] {
				if overlap(a.area, b.area) {
					t.Errorf("%s: %q and %q overlap at %v and %v", f.name, b.text, a.text, b.area, a.area)
				}
			}
		}
	}
}

// Every line and area ends at a finite place near the page, whatever the data.
func TestDrawingStaysOnThePage(t *testing.T) {
	for _, v := range []float64{0, 1, math.NaN(), math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64} {
		s := constantStudy(v, 4)
		s.Arms = append(s.Arms, constantStudy(1, 4).Arms...)
		for name, figure := range studyFigures {
			f, err := figure(s)
			if err != nil {
				t.Fatal(err)
			}
			checkOnPage(t, name, f)
		}
	}
}
