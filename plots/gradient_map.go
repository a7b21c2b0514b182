package plots

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// GradientMap draws the gradient norm of each layer (rows, input on top) over the steps (columns) as a heat map, one panel
// an arm, with one logarithmic colour scale. A cell is the median over the seeds and, where steps are
// closer than pixels, over neighbouring steps; it is dotted if that is exactly zero, hatched if it is not finite. A run counts as
// infinite from its first non-finite norm on. It fails where the X of a series do not rise, or where gradient norms do not fit the layers
// and steps.
func GradientMap(s Study) (*Figure, error) {
	if err := s.validate(); err != nil {
		return nil, err
	}
	return &Figure{figureWidth, gradientMapPanels(s, 20)}, nil
}

// gradientMapPanels draws rows of the given height, one a layer.
func gradientMapPanels(s Study, rowHeight vg.Length) panels {
	b := panels{title: "Gradient norm by layer and step", columns: columnsFor(len(s.Arms)), noGrid: true}
	layers := s.layerNames()
	b.panelHeight = rowHeight * vg.Length(max(1, len(layers)))
	x := s.stepSpan()
	norms, broken, lacking := span{log: true}, false, false
	maps := make([]heatMap, len(s.Arms))
	for i, a := range s.Arms {
		maps[i].rows = a.normRows(layers, stretchWidth(x, b.columns)/3)
		for _, row := range maps[i].rows {
			lacking = lacking || len(row) == 0 && a.hasGradients()
			norms.addY(row)
			for _, p := range row {
				broken = broken || !isFinite(p.Y)
			}
		}
	}
	scale := norms.axis("", 0)
	b.colorBar = &colorBar{label: "gradient norm (L2)", lo: scale.min, hi: scale.max, length: barLength}
	for i, a := range s.Arms {
		maps[i].lo, maps[i].hi = scale.min, scale.max
		p := panel{title: a.Name, plotters: []plot.Plotter{maps[i]}}
		if !a.hasGradients() {
			p.empty = "no gradients recorded"
		}
		b.panels = append(b.panels, p)
	}
	if len(b.panels) == 0 {
		b.panels = []panel{{empty: "no arms"}}
	}
	b.x = x.axis("step", 0)
	b.x.integers = true
	upwards := slices.Clone(layers)
	slices.Reverse(upwards)
	b.y = axis{label: "layer", min: -0.5, max: float64(max(1, len(layers))) - 0.5, names: upwards}
	if norms.zero {
		b.legend = append(b.legend, legendItem{label: "exactly zero", fill: zeroGrey, over: dotted})
	}
	if broken {
		b.legend = append(b.legend, legendItem{label: "not finite", fill: color.White, over: hatched})
	}
	if n := s.seeds(); n > 1 {
		b.caption = fmt.Sprintf("Median over up to %d seeds. ", n)
	}
	if lacking {
		b.caption += "White: an arm without that layer."
	}
	b.caption = strings.TrimSpace(b.caption)
	return b
}

// normRows returns the median norms of each of the given layers, nil for one that the arm lacks.
func (a Arm) normRows(layers []string, stretch float64) []Series {
	rows := make([]Series, len(layers))
	for i, name := range layers {
		if own := indexOf(a.Layers, name); own >= 0 {
			rows[i] = a.layerSummary(own, stretch).median
		}
	}
	return rows
}

func (a Arm) hasGradients() bool {
	for _, r := range a.Runs {
		if len(r.Gradients.Steps) > 0 {
			return true
		}
	}
	return false
}

// heatMap is a plot.Plotter of one arm's gradient norms.
type heatMap struct {
	rows   []Series // norms of each layer, from top to bottom; nil for a layer that the arm lacks
	lo, hi float64  // ends of the colour scale
}

// Plot draws the map pixel by pixel.
func (h heatMap) Plot(c draw.Canvas, p *plot.Plot) {
	width, rowHeight := c.Max.X-c.Min.X, (c.Max.Y-c.Min.Y)/vg.Length(max(1, len(h.rows)))
	columns := int(math.Round(float64(width) * pixelsPerUnit))
	for i, row := range h.rows {
		r := vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: snap(c.Max.Y - vg.Length(i+1)*rowHeight)}, Max: vg.Point{X: c.Max.X, Y: snap(c.Max.Y - vg.Length(i)*rowHeight)}}
		if columns > 0 && len(row) > 0 {
			h.drawRow(c, r, row, spread(row, columns, p.X.Norm))
		}
	}
}

// spread assigns to each pixel column the index of a point, -1 outside of the series. A point fills the columns up to halfway to its
// neighbours. Norm maps x to 0..1.
func spread(row Series, columns int, norm func(float64) float64) []int {
	at := func(x float64) int { return min(columns-1, max(0, int(norm(x)*float64(columns)))) }
	out := make([]int, columns)
	for k := range out {
		out[k] = -1
	}
	for j, p := range row {
		from, to := at(p.X), at(p.X)
		if j > 0 {
			from = min(from, at((row[j-1].X+p.X)/2)+1)
		}
		if j+1 < len(row) {
			to = max(to, at((p.X+row[j+1].X)/2))
		}
		for k := from; k <= to; k++ {
			out[k] = j
		}
	}
	return out
}

// drawRow colours the pixel columns of r by the points of row that index names.
func (h heatMap) drawRow(c draw.Canvas, r vg.Rectangle, row Series, index []int) {
	strip := image.NewNRGBA(image.Rect(0, 0, len(index), int(math.Round(float64(r.Max.Y-r.Min.Y)*pixelsPerUnit))))
	for k, j := range index {
		if j < 0 || !isFinite(row[j].Y) {
			continue
		}
		clr := h.color(row[j].Y)
		for y := range strip.Rect.Dy() {
			strip.SetNRGBA(k, y, clr)
		}
	}
	c.DrawImage(r, strip)

	from := 0
	for k := range index {
		if k+1 < len(index) && textureAt(row, index[k+1]) == textureAt(row, index[from]) {
			continue
		}
		textureAt(row, index[from]).draw(c, vg.Rectangle{
			Min: vg.Point{X: r.Min.X + vg.Length(from)/pixelsPerUnit, Y: r.Min.Y},
			Max: vg.Point{X: r.Min.X + vg.Length(k+1)/pixelsPerUnit, Y: r.Max.Y},
		})
		from = k + 1
	}
}

// textureAt is that of point j, plain for none.
func textureAt(row Series, j int) texture {
	switch {
	case j < 0:
		return plain
	case !isFinite(row[j].Y):
		return hatched
	case row[j].Y <= 0:
		return dotted
	}
	return plain
}

func (h heatMap) color(norm float64) color.NRGBA {
	if norm <= 0 {
		return zeroGrey
	}
	return sequential(logScale{}.Normalize(h.lo, h.hi, norm))
}
