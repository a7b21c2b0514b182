package plots

import (
	"math"
)

// fakeChart is error against bottleneck size for two models with a reference curve.
func fakeChart() Chart {
	c := Chart{
		Title: "Error against the size of the bottleneck", XLabel: "bottleneck dimension", YLabel: "FVU (fraction of variance unexplained)",
		XLog: true, YLog: true, References: []Reference{{"mean image", 1}},
		Caption: "Range: five seeds. PCA is the best linear code of that size.",
	}
	for i, name := range []string{"autoencoder", "PCA"} {
		l := Line{Label: name, Markers: true, Dashed: i == 1}
		for d := 1.0; d <= 256; d *= 2 {
			v := 0.95 * math.Pow(d, -0.35-0.1*float64(i))
			l.Points = append(l.Points, Point{d, v})
			if i == 0 {
				l.Low, l.High = append(l.Low, v*0.9), append(l.High, math.Min(1, v*1.2))
			}
		}
		c.Lines = append(c.Lines, l)
	}
	return c
}

// fakeGrid is the outcome over learning rate and optimizer.
func fakeGrid() Grid {
	g := Grid{
		Title: "Outcome by learning rate and optimizer", XLabel: "learning rate", YLabel: "optimizer",
		Columns: []string{"1e-5", "1e-4", "1e-3", "0.01", "0.1", "1"}, Rows: []string{"SGD", "momentum 0.9", "RMSprop", "Adam"},
		Categories: []string{"learned", "slow", "stuck", "mean-image", "constant", "diverged"},
		Caption:    "Number: FVU of the median of three seeds.",
	}
	outcomes := []int{1, 1, 0, 0, 4, 5, 1, 0, 0, 3, 5, 5, 1, 0, 0, 4, 4, 5, 2, 0, 0, 3, 4, 4}
	for i := range g.Rows {
		var row []Cell
		for j := range g.Columns {
			category := g.Categories[outcomes[i*len(g.Columns)+j]]
			row = append(row, Cell{Category: category, Text: category + "\n0." + string(rune('1'+j)) + "2"})
		}
		g.Cells = append(g.Cells, row)
	}
	g.Cells[3][5] = Cell{}
	return g
}
