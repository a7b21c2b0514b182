package plots

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// texture marks areas that have no place on a colour scale, so that they stay apart from it in grey too.
type texture int

const (
	plain texture = iota
	dotted
	hatched
)

const textureSpacing = 5

func (t texture) draw(c draw.Canvas, r vg.Rectangle) {
	switch t {
	case dotted:
		drawDots(c, r)
	case hatched:
		drawHatch(c, r)
	}
}

// drawDots puts dots onto a grid that is common to all areas of the picture.
func drawDots(c draw.Canvas, r vg.Rectangle) {
	const size = 1.5
	firstOf := func(x vg.Length) vg.Length { return textureSpacing * vg.Length(int(x/textureSpacing)+1) }
	var path vg.Path
	for x := firstOf(r.Min.X); x+size <= r.Max.X; x += textureSpacing {
		for y := firstOf(r.Min.Y); y+size <= r.Max.Y; y += textureSpacing {
			path = append(path, rectangle(vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + size, Y: y + size}})...)
		}
	}
	if len(path) > 0 {
		c.SetColor(mutedInk)
		c.Fill(path)
	}
}

// drawHatch draws diagonal lines.
func drawHatch(c draw.Canvas, r vg.Rectangle) {
	area := draw.Canvas{Canvas: c, Rectangle: r}
	h := r.Max.Y - r.Min.Y
	line := draw.LineStyle{Color: mutedInk, Width: 0.8}
	for x := r.Min.X - h; x < r.Max.X; x += textureSpacing {
		c.StrokeLines(line, area.ClipLinesXY([]vg.Point{{X: x, Y: r.Min.Y}, {X: x + h, Y: r.Max.Y}})...)
	}
}
