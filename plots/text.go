package plots

import (
	"image/color"
	"math"
	"sort"
	"strings"
	"unicode"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	xfont "golang.org/x/image/font"
)

// textStyle is a size and weight of text. Its lines are size*lineSpacing apart.
type textStyle struct {
	size  vg.Length
	bold  bool
	color color.Color
}

const lineSpacing = 1.25

var (
	titleText   = textStyle{size: 15, bold: true, color: ink}
	headingText = textStyle{size: 22, bold: true, color: ink}
	panelText   = textStyle{size: 12.5, bold: true, color: ink}
	labelText   = textStyle{size: 12.5, color: ink}
	tickText    = textStyle{size: 11.5, color: ink}
	noteText    = textStyle{size: 11.5, color: mutedInk}
)

func (t textStyle) font() font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: t.size}
	if t.bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

func (t textStyle) lineHeight() vg.Length { return t.size * lineSpacing }

func (t textStyle) width(s string) vg.Length {
	face := font.DefaultCache.Lookup(t.font(), t.size)
	return face.Width(s)
}

// draw writes one line whose box (lineHeight high) has its top at y. x is its left edge, middle or right edge by align.
func (t textStyle) draw(c draw.Canvas, x, y vg.Length, align text.XAlignment, s string) {
	if s == "" {
		return
	}
	x += vg.Length(align) * t.width(s)
	c.SetColor(t.color)
	c.FillString(font.DefaultCache.Lookup(t.font(), t.size), vg.Point{X: x, Y: y - t.size}, s)
}

// drawLines writes lines below each other from the top y down and returns the bottom.
func (t textStyle) drawLines(c draw.Canvas, x, y vg.Length, align text.XAlignment, lines []string) vg.Length {
	for _, line := range lines {
		t.draw(c, x, y, align, line)
		y -= t.lineHeight()
	}
	return y
}

// wrap breaks s into lines not wider than width, between words where possible, inside a word where it alone is too wide.
func (t textStyle) wrap(s string, width vg.Length) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line := ""
		for _, word := range words(paragraph) {
			switch {
			case line == "":
				line = word
			case t.width(line+" "+word) <= width:
				line += " " + word
			default:
				lines = append(lines, line)
				line = word
			}
			for t.width(line) > width {
				head, tail := t.split(line, width)
				if tail == "" {
					break
				}
				lines = append(lines, head)
				line = tail
			}
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// words splits text at blanks, but not at the no-break space.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r != noBreakSpace && unicode.IsSpace(r) })
}

const noBreakSpace = '\u00a0'

// split cuts a word behind the last rune that fits, at least one; behind a separator if one is in its second half.
func (t textStyle) split(word string, width vg.Length) (head, tail string) {
	runes := []rune(word)
	n := 1
	for n < len(runes) && t.width(string(runes[:n+1])) <= width {
		n++
	}
	for k := n; k > n/2; k-- {
		if k < len(runes) && strings.ContainsRune("-_/.,+:", runes[k-1]) {
			n = k
			break
		}
	}
	return string(runes[:n]), string(runes[n:])
}

// mostFitting is a number of runes that fit nowhere.
const mostFitting = 2000

// fit shortens s with an ellipsis to the given width.
func (t textStyle) fit(s string, width vg.Length) string {
	s = strings.Join(words(s), " ")
	if len(s) <= 4*mostFitting && t.width(s) <= width {
		return s
	}
	runes := []rune(s)
	runes = runes[:min(len(runes), mostFitting)]
	fitting := sort.Search(len(runes), func(n int) bool { return t.width(string(runes[:n+1])+"…") > width })
	runes = runes[:fitting]
	return strings.TrimRight(string(runes), " ,;:") + "…"
}

// widest returns the width of the widest string.
func (t textStyle) widest(lines []string) vg.Length {
	var w vg.Length
	for _, s := range lines {
		w = max(w, t.width(s))
	}
	return w
}

// paragraph is wrapped text as a block.
type paragraph struct {
	text  string
	style textStyle
}

func (p paragraph) height(width vg.Length) vg.Length {
	return vg.Length(len(p.style.wrap(p.text, width))) * p.style.lineHeight()
}

func (p paragraph) draw(c draw.Canvas) {
	p.style.drawLines(c, c.Min.X, c.Max.Y, text.XLeft, p.style.wrap(p.text, c.Max.X-c.Min.X))
}

// snap moves a length to the pixel grid.
func snap(x vg.Length) vg.Length {
	return vg.Length(math.Round(float64(x)*pixelsPerUnit)) / pixelsPerUnit
}
