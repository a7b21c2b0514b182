package plots

import (
	"image/color"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Cell is one entry of a Grid. Without category and text it is blank.
type Cell struct {
	Category string  // decides the colour, unless the grid is coloured by value
	Value    float64 // decides the colour if Grid.ValueLabel is set
	Text     string  // shown in the cell, such as "3/5"; may have several lines; default the category
}

// Grid is the data of OutcomeMap: categories, or values, over two discrete axes.
type Grid struct {
	Title, XLabel, YLabel string
	Columns, Rows         []string // tick labels; Rows from top to bottom
	Cells                 [][]Cell // [row][column]
	Categories            []string // in the order of the colours, from best to worst; default: in order of appearance. Those that occur stand in the legend
	// ValueLabel, if set, colours the cells by their values on a logarithmic scale with this label, small ones bright. Values that
	// are not finite are hatched, and those that are not positive dotted.
	ValueLabel string
	ValueMax   float64 // larger values get the last colour; default: all finite ones are told apart
	Caption    string  // below the axes
}

// OutcomeMap draws a table of coloured cells with their text. It reports cells that do not match Rows and Columns, and
// categories that are not in Categories if those are given.
func OutcomeMap(g Grid) (*Figure, error) {
	categories, err := g.categories()
	if err != nil {
		return nil, err
	}
	return &Figure{figureWidth, g.panel(categories)}, nil
}

func (g Grid) categories() ([]string, error) {
	if len(g.Cells) != len(g.Rows) {
		return nil, errors.Errorf("%d rows of cells for %d row labels", len(g.Cells), len(g.Rows))
	}
	categories := append([]string(nil), g.Categories...)
	for i, row := range g.Cells {
		if len(row) != len(g.Columns) {
			return nil, errors.Errorf("row %d has %d cells for %d column labels", i, len(row), len(g.Columns))
		}
		for _, cell := range row {
			if g.ValueLabel != "" || cell.Category == "" || indexOf(categories, cell.Category) >= 0 {
				continue
			}
			if len(g.Categories) > 0 {
				return nil, errors.Errorf("row %d: category %q is not in the list of categories", i, cell.Category)
			}
			categories = append(categories, cell.Category)
		}
	}
	return categories, nil
}

// has tells whether a cell is of a category.
func (g Grid) has(category string) bool {
	return slices.ContainsFunc(g.Cells, func(row []Cell) bool {
		return slices.ContainsFunc(row, func(c Cell) bool { return c.Category == category })
	})
}

func (g Grid) panel(categories []string) panels {
	rows := max(1, len(g.Rows))
	upwards := make([]string, len(g.Rows))
	for i, name := range g.Rows {
		upwards[len(g.Rows)-1-i] = name
	}
	b := panels{title: g.Title, columns: 1, noGrid: true, caption: g.Caption}
	b.panelHeight = vg.Length(rows) * max(g.cellHeight(), 34)
	b.x = axis{label: g.XLabel, min: -0.5, max: float64(max(1, len(g.Columns))) - 0.5, names: g.Columns}
	b.y = axis{label: g.YLabel, min: -0.5, max: float64(rows) - 0.5, names: upwards}
	if g.ValueLabel != "" {
		categories = nil
	}
	m := cellMap{grid: g, categories: categories, scale: g.valueScale()}
	p := panel{plotters: []plot.Plotter{m}}
	if len(g.Rows) == 0 || len(g.Columns) == 0 {
		p.empty = "no cells"
	}
	b.panels = []panel{p}
	for i, name := range categories {
		if g.has(name) {
			b.legend = append(b.legend, legendItem{label: name, fill: categoryColor(i, len(categories))})
		}
	}
	if g.ValueLabel != "" {
		b.colorBar = &colorBar{label: g.ValueLabel, lo: m.scale.min, hi: m.scale.max, length: max(56, min(barLength, b.panelHeight-40)), color: m.valueColor}
		b.legend = append(b.legend, m.textures()...)
	}
	return b
}

// valueScale is the range of the positive finite values.
func (g Grid) valueScale() axis {
	s := span{log: true}
	for _, row := range g.Cells {
		for _, cell := range row {
			if v := cell.Value; g.ValueMax > 0 && v > g.ValueMax && isFinite(v) {
				s.add(g.ValueMax)
			} else {
				s.add(v)
			}
		}
	}
	return s.axis("", 0)
}

func (g Grid) cellHeight() vg.Length {
	width := vg.Length(figureWidth) * 0.6 / vg.Length(max(1, len(g.Columns)))
	lines := 1
	for _, row := range g.Cells {
		for _, cell := range row {
			lines = max(lines, len(tickText.wrap(cell.label(), width-8)))
		}
	}
	return vg.Length(min(lines, 4))*tickText.lineHeight() + 10
}

func (c Cell) label() string {
	if c.Text != "" {
		return c.Text
	}
	return c.Category
}

// categoryColor is bright for the first category and dark for the last, so that the order survives in grey.
func categoryColor(i, n int) color.NRGBA {
	if n < 2 {
		return sequential(0.75)
	}
	return sequential(0.92 - 0.84*float64(i)/float64(n-1))
}

// cellMap is a plot.Plotter of a Grid.
type cellMap struct {
	grid       Grid
	categories []string
	scale      axis // of the values
}

func (c Cell) blank() bool { return c.Category == "" && c.Text == "" }

func (m cellMap) color(cell Cell) color.NRGBA {
	if m.grid.ValueLabel == "" {
		return categoryColor(indexOf(m.categories, cell.Category), len(m.categories))
	}
	switch m.texture(cell) {
	case hatched:
		return color.NRGBA{0xff, 0xff, 0xff, 0xff}
	case dotted:
		return zeroGrey
	}
	return m.valueColor(logScale{}.Normalize(m.scale.min, m.scale.max, cell.Value))
}

// valueColor is bright at 0 and dark at 1, like the categories.
func (m cellMap) valueColor(t float64) color.NRGBA { return sequential(0.92 - 0.84*max(0, min(1, t))) }

// texture marks values that have no place on the scale.
func (m cellMap) texture(cell Cell) texture {
	switch {
	case m.grid.ValueLabel == "":
		return plain
	case !isFinite(cell.Value):
		return hatched
	case cell.Value <= 0:
		return dotted
	}
	return plain
}

// textures explains those that occur.
func (m cellMap) textures() legend {
	var seen [hatched + 1]bool
	for _, row := range m.grid.Cells {
		for _, cell := range row {
			seen[m.texture(cell)] = seen[m.texture(cell)] || !cell.blank()
		}
	}
	var l legend
	if seen[dotted] {
		l = append(l, legendItem{label: "zero or less", fill: zeroGrey, over: dotted})
	}
	if seen[hatched] {
		l = append(l, legendItem{label: "not finite", fill: color.White, over: hatched})
	}
	return l
}

// Plot draws the cells.
func (m cellMap) Plot(c draw.Canvas, _ *plot.Plot) {
	w := (c.Max.X - c.Min.X) / vg.Length(max(1, len(m.grid.Columns)))
	h := (c.Max.Y - c.Min.Y) / vg.Length(max(1, len(m.grid.Rows)))
	for i, row := range m.grid.Cells {
		for j, cell := range row {
			if cell.blank() {
				continue
			}
			r := vg.Rectangle{
				Min: vg.Point{X: c.Min.X + vg.Length(j)*w + 1, Y: c.Max.Y - vg.Length(i+1)*h + 1},
				Max: vg.Point{X: c.Min.X + vg.Length(j+1)*w - 1, Y: c.Max.Y - vg.Length(i)*h - 1},
			}
			m.drawCell(c, r, cell)
		}
	}
}

func (m cellMap) drawCell(c draw.Canvas, r vg.Rectangle, cell Cell) {
	fill := m.color(cell)
	c.SetColor(fill)
	c.Fill(rectangle(r))
	m.texture(cell).draw(c, r)
	style := tickText
	if luminance(fill) < 0.5 {
		style.color = color.White
	}
	width, height := r.Max.X-r.Min.X-6, r.Max.Y-r.Min.Y
	lines := style.wrap(cell.label(), width)
	if most := max(1, int(height/style.lineHeight())); len(lines) > most {
		lines = lines[:most]
		lines[most-1] = style.fit(lines[most-1]+"…", width)
	}
	y := (r.Min.Y+r.Max.Y)/2 + vg.Length(len(lines))*style.lineHeight()/2
	if m.texture(cell) != plain && len(lines) > 0 { // a plate to read the text on
		half := vg.Point{X: style.widest(lines)/2 + 3, Y: y - (r.Min.Y+r.Max.Y)/2}
		middle := vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: (r.Min.Y + r.Max.Y) / 2}
		c.SetColor(fill)
		c.Fill(rectangle(vg.Rectangle{Min: middle.Sub(half), Max: middle.Add(half)}))
	}
	style.drawLines(c, (r.Min.X+r.Max.X)/2, y, text.XCenter, lines)
}
