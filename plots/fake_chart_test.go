package plots

import (
	"fmt"
	"math"
	"math/rand/v2"
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
		Categories: fakeOutcomes,
		Caption:    "Number: FVU of the median of three seeds.",
	}
	outcomes := []int{1, 1, 0, 0, 6, 7, 1, 0, 0, 3, 7, 7, 1, 0, 0, 6, 4, 7, 2, 0, 0, 3, 5, 6}
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

// fakeFactor is error against a factor for three architectures; some seeds fail, one of them without a finite value.
func fakeFactor() Chart {
	c := Chart{
		Title: "Error against the size of the bottleneck", XLabel: "bottleneck dimension", YLabel: "test FVU", XLog: true, YLog: true, YMax: 3,
		XTicks: []float64{2, 4, 8, 16, 32, 64, 128}, References: []Reference{{"mean image", 1}, {"learned", 0.5}}, CrossLabel: "seed that did not learn",
		Caption: "Line: median of the seeds that learned; shade: their range.",
	}
	for i, name := range []string{"ReLU, batch norm, He", "leaky ReLU", "PCA"} {
		l := Line{Label: name, Markers: true, Dashed: name == "PCA"}
		for k, d := range c.XTicks {
			v := 0.9 * math.Pow(d, -0.42-0.03*float64(i))
			l.Points = append(l.Points, Point{d, v})
			if l.Dashed {
				continue
			}
			l.Low, l.High = append(l.Low, v*0.92), append(l.High, v*1.15)
			for range []int{2, 0, 1, 3, 2, 1, 2}[k] / (1 + i) {
				l.Crosses = append(l.Crosses, Point{d, 1.68})
			}
			if i == 0 && k == 5 {
				l.Crosses = append(l.Crosses, Point{d, math.NaN()})
			}
		}
		c.Lines = append(c.Lines, l)
	}
	return c
}

// fakeValueGrid is the median error over two factors, with cells that have none, a zero and a blank.
func fakeValueGrid() Grid {
	g := Grid{
		Title: "Error by bottleneck and learning rate", XLabel: "learning rate", YLabel: "bottleneck", ValueLabel: "median test FVU", ValueMax: 2,
		Columns: []string{"1e-4", "1e-3", "0.01", "0.1"}, Rows: []string{"8", "16", "32", "64", "128"},
		Caption: "Share: seeds that learned, of five.",
	}
	for i := range g.Rows {
		var row []Cell
		for j := range g.Columns {
			row = append(row, Cell{Value: 0.6 * math.Pow(0.7, float64(i)) * math.Pow(1.6, math.Abs(float64(j)-1)), Text: fmt.Sprintf("%d/5", max(0, 5-i-j))})
		}
		g.Cells = append(g.Cells, row)
	}
	g.Cells[4][3].Value, g.Cells[3][3].Value, g.Cells[0][0].Value, g.Cells[2][3] = math.Inf(1), 40, 0, Cell{}
	return g
}

var fakeOutcomes = []string{"learned", "slow", "stuck", "mean-image", "median-image", "best-constant", "constant", "diverged"}

// fakeDots is the given number of groups of arms with five seeds each.
func fakeDots(groups, arms, seeds int) DotChart {
	rng := rand.New(rand.NewPCG(1, 2))
	c := DotChart{
		Title: "Test error of every run", XLabel: "test FVU, log scale", XLog: true, XMax: 3, Categories: fakeOutcomes,
		References: []Reference{{"learned", 0.5}, {"mean image", 1}},
		Caption:    "Every group varies one factor; all else is as in its control.",
	}
	for g := range groups {
		group := DotGroup{Title: fmt.Sprintf("Group %d: activation functions with the initializer of the control", g+1)}
		for a := range arms {
			r := DotRow{Name: fmt.Sprintf("activation %d", a), Control: a == 0}
			if a == 2 {
				r.Name = "batch normalization after each convolution but the last, He initialization"
			}
			for range seeds {
				d := Dot{Value: 0.12 + 0.05*float64(a) + 0.02*rng.NormFloat64(), Category: "learned"}
				switch k := rng.IntN(12) + a; {
				case k > 15:
					d = Dot{math.NaN(), "diverged"}
				case k > 13:
					d = Dot{1.68, "constant"}
				case k > 12:
					d = Dot{1.21, "median-image"}
				case k > 11:
					d = Dot{1.0, "mean-image"}
				case k > 10:
					d = Dot{0.55 + 0.2*rng.Float64(), "slow"}
				}
				r.Dots = append(r.Dots, d)
			}
			group.Rows = append(group.Rows, r)
		}
		c.Groups = append(c.Groups, group)
	}
	return c
}

// fakeIntervals is the share of five seeds that learned, as Wilson's intervals would be.
func fakeIntervals(groups, arms int) IntervalChart {
	c := IntervalChart{
		Title: "Share of seeds that learned", XLabel: "share, with 95% interval", Max: 1, NoteTitle: "seeds", Caption: "Wilson score intervals.",
	}
	bounds := [][2]float64{{0, 0.434}, {0.036, 0.624}, {0.118, 0.769}, {0.231, 0.882}, {0.376, 0.964}, {0.566, 1}}
	for g := range groups {
		group := IntervalGroup{Title: fmt.Sprintf("Group %d", g+1)}
		for a := range arms {
			k := (5 + a*a - g) % 6
			group.Rows = append(group.Rows, Interval{Name: fmt.Sprintf("activation %d", a), Control: a == 0, Low: bounds[k][0], Mid: float64(k) / 5, High: bounds[k][1], Note: fmt.Sprintf("%d/5", k)})
		}
		c.Groups = append(c.Groups, group)
	}
	c.Groups[0].Rows[1] = Interval{Name: "not run yet", Mid: math.NaN()}
	return c
}
