package experiments

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"dcae/experiments/outcome"
	"dcae/plots"
)

// armPoint is an arm at its value of the setting that a chart is over.
type armPoint struct {
	arm   armSummary
	x     float64 // NaN where the value is no number
	label string
}

type laidOutGroup struct {
	name   string
	points []armPoint
}

// laidOut orders arms by a setting. It takes those that differ from their group's control in that setting alone. numeric tells whether all
// values are numbers.
func (d *Definition) laidOut(m Measure, arms []armSummary) (groups []laidOutGroup, numeric bool) {
	numeric = true
	for _, g := range d.Groups {
		if len(m.Groups) > 0 && !slices.Contains(m.Groups, g.Name) {
			continue
		}
		out := laidOutGroup{name: g.Name}
		for _, a := range arms {
			if a.group != g.Name || len(a.results) == 0 {
				continue
			}
			settings := d.settings(a.name())
			if !settings.alikeBut(m.Over, d.settings(g.Control)) {
				continue
			}
			p := armPoint{arm: a, x: math.NaN()}
			switch v := settings.value(m.Over).(type) {
			case nil:
				continue
			case int:
				p.x = float64(v)
			case float64:
				p.x = v
			default:
				p.label, numeric = fmt.Sprint(v), false
			}
			if p.label == "" {
				p.label = figure(p.x)
			}
			out.points = append(out.points, p)
		}
		if distinct(out.points) {
			groups = append(groups, out)
		}
	}
	if numeric {
		for _, g := range groups {
			sort.SliceStable(g.points, func(i, j int) bool { return g.points[i].x < g.points[j].x })
		}
	}
	return groups, numeric
}

// distinct tells whether the points differ at all in the setting.
func distinct(points []armPoint) bool {
	for _, p := range points {
		if p.label != points[0].label {
			return true
		}
	}
	return false
}

// settings are those of an arm of the plan.
func (d *Definition) settings(name string) Settings {
	for _, g := range d.Plan.Groups {
		if a := g.arm(name); a != nil {
			return a.Settings
		}
	}
	return Settings{}
}

// chart draws a measure.
func (d *Definition) chart(dir string, m Measure, arms []armSummary) (*plots.Figure, error) {
	switch {
	case m.Quantity == rangeTest:
		return d.rangeTest(dir, m, arms)
	case m.As == "map" || m.Quantity == outcomeMap:
		return d.outcomes(m, arms)
	}
	return d.lines(dir, m, arms)
}

// lines draws a quantity over the seeds, with its bounds.
func (d *Definition) lines(dir string, m Measure, arms []armSummary) (*plots.Figure, error) {
	q := quantityNamed(m.Quantity)
	groups, numeric := d.laidOut(m, arms)
	c := plots.Chart{
		Title: m.title(), XLabel: strings.ReplaceAll(m.Over, "_", " "), YLabel: q.label, Caption: m.Caption,
		XLog: strings.Contains(m.Log, "x") && numeric, YLog: strings.Contains(m.Log, "y"),
	}
	for _, g := range groups {
		l := plots.Line{Label: g.name, Markers: true}
		if m.Quantity == testFVU {
			c.YMax = 2
		}
		for i, p := range g.points {
			y, bounds, err := q.over(dir, p.arm)
			if err != nil {
				return nil, err
			}
			x := p.x
			if !numeric {
				x = float64(i)
			}
			l.Points = append(l.Points, plots.Point{X: x, Y: y})
			l.Low, l.High = append(l.Low, bounds.Low), append(l.High, bounds.High)
		}
		if !numeric && len(g.points) > len(c.XNames) {
			c.XNames = nil
			for _, p := range g.points {
				c.XNames = append(c.XNames, p.label)
			}
		}
		for _, p := range g.points {
			if numeric && !slices.Contains(c.XTicks, p.x) {
				c.XTicks = append(c.XTicks, p.x)
			}
		}
		c.Lines = append(c.Lines, l)
	}
	slices.Sort(c.XTicks)
	if m.Reference == "pca" {
		l := plots.Line{Label: "PCA", Dashed: true}
		for _, p := range d.PCA {
			l.Points = append(l.Points, plots.Point{X: float64(p.Components), Y: p.FVU})
		}
		c.Lines = append(c.Lines, l)
	}
	return plots.Lines(c)
}

// outcomes draws a map: a row for each group, a column for each value of the setting.
func (d *Definition) outcomes(m Measure, arms []armSummary) (*plots.Figure, error) {
	groups, numeric := d.laidOut(m, arms)
	var columns []armPoint
	for _, g := range groups {
		for _, p := range g.points {
			if !slices.ContainsFunc(columns, func(c armPoint) bool { return c.label == p.label }) {
				columns = append(columns, p)
			}
		}
	}
	if numeric {
		sort.SliceStable(columns, func(i, j int) bool { return columns[i].x < columns[j].x })
	}
	grid := plots.Grid{Title: m.title(), XLabel: strings.ReplaceAll(m.Over, "_", " "), Caption: m.Caption, Categories: outcomeNames()}
	if grid.Caption == "" {
		grid.Caption = "Each cell: how many seeds learned, the median FVU, and in its colour the most frequent outcome."
	}
	for _, c := range columns {
		grid.Columns = append(grid.Columns, c.label)
	}
	for _, g := range groups {
		row := make([]plots.Cell, len(columns))
		for i, c := range columns {
			for _, p := range g.points {
				if p.label == c.label {
					row[i] = plots.Cell{
						Category: string(mostFrequent(p.arm.results)),
						Text:     fmt.Sprintf("%d/%d\n%s", p.arm.learned, len(p.arm.results), figure(p.arm.fvu)),
					}
				}
			}
		}
		grid.Rows, grid.Cells = append(grid.Rows, g.name), append(grid.Cells, row)
	}
	return plots.OutcomeMap(grid)
}

// mostFrequent is the outcome that most runs had; of several the better one.
func mostFrequent(results []*Result) outcome.Outcome {
	var best outcome.Outcome
	most := 0
	for _, o := range outcome.All {
		n := 0
		for _, r := range results {
			if r.Outcome == o {
				n++
			}
		}
		if n > most {
			best, most = o, n
		}
	}
	return best
}

// rangeTest draws the loss of every step against its learning rate.
func (d *Definition) rangeTest(dir string, m Measure, arms []armSummary) (*plots.Figure, error) {
	c := plots.Chart{Title: m.title(), XLabel: "learning rate", YLabel: quantityNamed(m.Quantity).label, Caption: m.Caption, XLog: true}
	for _, a := range arms {
		if len(m.Groups) > 0 && !slices.Contains(m.Groups, a.group) {
			continue
		}
		for i, r := range a.results {
			steps, err := readTable(filepath.Join(runFolder(dir, r.Arm, r.Seed), stepsFile))
			if err != nil {
				return nil, err
			}
			rates, err := steps.numbers("learning_rate")
			if err != nil {
				return nil, err
			}
			losses, err := steps.numbers("loss")
			if err != nil {
				return nil, err
			}
			l := plots.Line{Label: a.name(), Thin: i > 0}
			for k, x := range rates {
				l.Points = append(l.Points, plots.Point{X: x, Y: losses[k]})
			}
			c.Lines = append(c.Lines, l)
		}
	}
	return plots.Lines(c)
}
