package plots

import (
	"image/color"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Cell is one entry of a Grid. An empty Category leaves the cell blank.
type Cell struct {
	Category string // decides the colour
	Text     string // shown in the cell, may have several lines; default the category
}

// Grid is the data of OutcomeMap: categories over two discrete axes.
type Grid struct {
	Title, XLabel, YLabel string
	Columns, Rows         []string // tick labels; Rows from top to bottom
	Cells                 [][]Cell // [row][column]
	Categories            []string // in the order of the colours, from best to worst; default: in order of appearance
	Caption               string   // below the axes
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
			if cell.Category == "" || indexOf(categories, cell.Category) >= 0 {
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
	p := panel{plotters: []plot.Plotter{cellMap{g, categories}}}
	if len(g.Rows) == 0 || len(g.Columns) == 0 {
		p.empty = "no cells"
	}
	b.panels = []panel{p}
	for i, name := range categories {
		b.legend = append(b.legend, legendItem{label: name, fill: categoryColor(i, len(categories))})
	}
	return b
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
}

// Plot draws the cells.
func (m cellMap) Plot(c draw.Canvas, _ *plot.Plot) {
	w := (c.Max.X - c.Min.X) / vg.Length(max(1, len(m.grid.Columns)))
	h := (c.Max.Y - c.Min.Y) / vg.Length(max(1, len(m.grid.Rows)))
	for i, row := range m.grid.Cells {
		for j, cell := range row {
			if cell.Category == "" {
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
	fill := categoryColor(indexOf(m.categories, cell.Category), len(m.categories))
	c.SetColor(fill)
	c.Fill(rectangle(r))
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
	style.drawLines(c, (r.Min.X+r.Max.X)/2, y, text.XCenter, lines)
}
