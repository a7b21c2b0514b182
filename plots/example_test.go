package plots_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"dcae/plots"
)

// A run that diverges is drawn up to its last finite loss, with a cross there.
func ExampleLoss() {
	study := plots.Study{
		LossName:   "MSE",
		References: []plots.Reference{{Label: "mean image", Y: 0.0677}},
		Arms: []plots.Arm{
			{Name: "rate 0.001", Runs: []plots.Run{{Seed: 1, Train: plots.Series{{X: 1, Y: 0.09}, {X: 2, Y: 0.04}, {X: 3, Y: 0.02}}}}},
			{Name: "rate 10", Runs: []plots.Run{{Seed: 1, Train: plots.Series{{X: 1, Y: 0.3}, {X: 2, Y: 0.9}, {X: 3, Y: math.Inf(1)}}}}},
		},
	}
	figure, err := plots.Loss(study)
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "plots")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Println(figure.SavePNG(filepath.Join(dir, "loss.png")))
	fmt.Println(figure.Image().Bounds().Dx(), "pixels wide")
	// Output:
	// <nil>
	// 2000 pixels wide
}

func ExampleLines() {
	figure, err := plots.Lines(plots.Chart{
		Title:  "Error against the size of the bottleneck",
		XLabel: "bottleneck dimension", YLabel: "FVU",
		XLog: true, YLog: true,
		Lines: []plots.Line{{
			Label: "autoencoder", Markers: true,
			Points: plots.Series{{X: 2, Y: 0.7}, {X: 8, Y: 0.5}, {X: 32, Y: 0.3}},
			Low:    []float64{0.65, 0.45, 0.28}, High: []float64{0.8, 0.6, 0.9},
		}},
		References: []plots.Reference{{Label: "mean image", Y: 1}},
	})
	fmt.Println(figure != nil, err)
	// Output: true <nil>
}

func ExampleOutcomeMap() {
	grid := plots.Grid{
		Title: "Outcome by rate and optimizer", XLabel: "learning rate", YLabel: "optimizer",
		Columns: []string{"0.001", "0.1"}, Rows: []string{"SGD", "Adam"},
		Cells: [][]plots.Cell{
			{{Category: "slow"}, {Category: "learned", Text: "learned\nFVU 0.31"}},
			{{Category: "learned"}, {Category: "dead"}},
		},
		Categories: []string{"learned", "slow", "constant", "diverged"},
	}
	_, err := plots.OutcomeMap(grid)
	fmt.Println(err)
	// Output: row 1: category "dead" is not in the list of categories
}

func ExampleDots() {
	figure, err := plots.Dots(plots.DotChart{
		Title: "Test error of every run", XLabel: "test FVU", XLog: true, XMax: 10,
		Groups: []plots.DotGroup{{Title: "activation", Rows: []plots.DotRow{
			{Name: "ReLU", Control: true, Dots: []plots.Dot{{Value: 0.31, Category: "learned"}, {Value: 1.68, Category: "constant"}}},
			{Name: "sigmoid", Dots: []plots.Dot{{Value: 1, Category: "mean-image"}, {Value: math.NaN(), Category: "diverged"}}},
		}}},
	})
	fmt.Println(figure != nil, err)
	// Output: true <nil>
}

func ExampleIntervals() {
	_, err := plots.Intervals(plots.IntervalChart{
		Title: "Share of seeds that learned", XLabel: "share, with 95% interval", Max: 1,
		Groups: []plots.IntervalGroup{{Rows: []plots.Interval{{Name: "ReLU", Low: 0.23, Mid: 0.1, High: 0.88, Note: "3/5"}}}},
	})
	fmt.Println(err)
	// Output: row "ReLU": the estimate 0.1 is not within 0.23 and 0.88
}

func ExamplePage() {
	page := plots.Page{
		Question: "Why does it not learn?",
		Answer:   "The learning rate is too high.",
		Tables:   []plots.Table{{Title: "Runs", Columns: []plots.Column{{Name: "seed", Numeric: true}, {Name: "outcome"}}, Rows: [][]string{{"1"}}}},
	}
	fmt.Println(page.Render(os.Stdout))
	// Output: table 0 "Runs": row 0 has 1 cells for 2 columns
}
