package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	ink      = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	mutedInk = color.NRGBA{0x55, 0x55, 0x55, 0xff}
	gridGrey = color.NRGBA{0xe4, 0xe4, 0xe4, 0xff}
	bandGrey = color.NRGBA{0xf0, 0xf0, 0xf0, 0xff}
	zeroGrey = color.NRGBA{0xd0, 0xd0, 0xd0, 0xff}
	// controlBlue lies behind the row of a control.
	controlBlue = color.NRGBA{0xe9, 0xf0, 0xf6, 0xff}
)

// armColors are those of Okabe and Ito, Color Universal Design (2008), that stand out on white; the last four are ours.
var armColors = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, // blue
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // bluish green
	{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky blue
	{0x00, 0x00, 0x00, 0xff}, // black
	{0x8c, 0x6d, 0x31, 0xff}, // brown
	{0x6a, 0x3d, 0x9a, 0xff}, // violet
	{0x88, 0x88, 0x88, 0xff}, // grey
}

var armShapes = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamondGlyph{}, plusGlyph{}, hollowGlyph{draw.CircleGlyph{}},
	hollowGlyph{draw.BoxGlyph{}}, hollowGlyph{draw.PyramidGlyph{}}, hollowGlyph{diamondGlyph{}},
}

// armColor returns the colour of arm i; beyond ten arms they repeat and the marker tells them apart.
func armColor(i int) color.NRGBA { return armColors[i%len(armColors)] }

// armMarker returns the marker of arm i. Colours and markers repeat with different periods.
func armMarker(i int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: armColor(i), Radius: 3.6, Shape: armShapes[i%len(armShapes)]}
}

// faded returns c with the given opacity.
func faded(c color.NRGBA, opacity float64) color.NRGBA {
	c.A = uint8(math.Round(255 * opacity))
	return c
}

// viridis are equidistant colours of the map by van der Walt and Smith (2015), in which brightness rises evenly.
var viridis = []color.NRGBA{
	{0x44, 0x01, 0x54, 0xff}, {0x48, 0x28, 0x78, 0xff}, {0x3e, 0x4a, 0x89, 0xff}, {0x31, 0x68, 0x8e, 0xff},
	{0x26, 0x82, 0x8e, 0xff}, {0x1f, 0x9e, 0x89, 0xff}, {0x35, 0xb7, 0x79, 0xff}, {0x6e, 0xce, 0x58, 0xff},
	{0xb5, 0xde, 0x2b, 0xff}, {0xfd, 0xe7, 0x25, 0xff},
}

// sequential returns the colour of viridis at t in 0..1.
func sequential(t float64) color.NRGBA {
	t = math.Max(0, math.Min(1, t)) * float64(len(viridis)-1)
	i := min(int(t), len(viridis)-2)
	f := t - float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + f*(float64(b)-float64(a)))) }
	a, b := viridis[i], viridis[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

// depthColor returns the colour of layer i of n; the palest end of the map would not be seen on white.
func depthColor(i, n int) color.NRGBA {
	if n < 2 {
		return sequential(0)
	}
	return sequential(0.88 * float64(i) / float64(n-1))
}

// luminance is the relative luminance of ITU-R BT.709, in 0..1 without gamma correction.
func luminance(c color.NRGBA) float64 {
	return (0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B)) / 255
}

// diamondGlyph is a filled square on its corner.
type diamondGlyph struct{}

func (diamondGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	r := sty.Radius * 1.25
	c.Fill(polygon(vg.Point{X: p.X - r, Y: p.Y}, vg.Point{X: p.X, Y: p.Y + r}, vg.Point{X: p.X + r, Y: p.Y}, vg.Point{X: p.X, Y: p.Y - r}))
}

// plusGlyph and crossGlyph are drawn with lines thick enough to be seen, unlike gonum's.
type plusGlyph struct{}

func (plusGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	line, r := draw.LineStyle{Color: sty.Color, Width: 2}, sty.Radius*1.1
	c.StrokeLine2(line, p.X-r, p.Y, p.X+r, p.Y)
	c.StrokeLine2(line, p.X, p.Y-r, p.X, p.Y+r)
}

type crossGlyph struct{}

func (crossGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	line, r := draw.LineStyle{Color: sty.Color, Width: 2}, sty.Radius
	c.StrokeLine2(line, p.X-r, p.Y-r, p.X+r, p.Y+r)
	c.StrokeLine2(line, p.X-r, p.Y+r, p.X+r, p.Y-r)
}

// hollowGlyph draws a filled glyph with a white core.
type hollowGlyph struct{ draw.GlyphDrawer }

func (g hollowGlyph) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, p vg.Point) {
	sty.Radius *= 1.15
	g.GlyphDrawer.DrawGlyph(c, sty, p)
	c.SetColor(color.White)
	sty.Radius *= 0.5
	g.GlyphDrawer.DrawGlyph(c, sty, p)
}

func polygon(points ...vg.Point) vg.Path {
	path := make(vg.Path, 0, len(points)+1)
	path.Move(points[0])
	for _, p := range points[1:] {
		path.Line(p)
	}
	path.Close()
	return path
}

func rectangle(r vg.Rectangle) vg.Path {
	return polygon(r.Min, vg.Point{X: r.Max.X, Y: r.Min.Y}, r.Max, vg.Point{X: r.Min.X, Y: r.Max.Y})
}
