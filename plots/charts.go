package plots

import _ "embed" // for the scripts

// The scripts draw charts in a browser, with the colours of the pictures: what charts do, and how they are drawn.
var (
	//go:embed charts.js
	chartsJS string
	//go:embed charts_draw.js
	chartsDrawJS string
)

// ChartsJS is a script that defines the class Charts: panels with one x axis in common, whose values can be read with a cursor. It needs
// nothing else.
func ChartsJS() string { return chartsJS + chartsDrawJS }

// PageCSS is how pages look.
func PageCSS() string { return pageCSS }
