package plots

import (
	"math"
	"slices"
)

// summary is one or several runs at rising x: the median, the range of the finite values other than zero (NaN where there are
// none), and where exact zeros are.
type summary struct {
	median, low, high Series
	zeros             Series // 0 where any value is zero, otherwise -1, which no logarithmic axis shows
}

func (s *summary) add(x, median, low, high float64, zero bool) {
	s.median = append(s.median, Point{x, median})
	s.low, s.high = append(s.low, Point{x, low}), append(s.high, Point{x, high})
	y := -1.0
	if zero {
		y = 0
	}
	s.zeros = append(s.zeros, Point{x, y})
}

// thin summarizes a run over stretches of x of the given width; the x of a stretch is its middle. Width 0 keeps every point.
// A stretch with a value that is not finite has an infinite median, so that the failure is not lost.
func thin(run Series, width float64) summary {
	var s summary
	stretch := func(x float64) float64 {
		if width <= 0 {
			return x
		}
		return (math.Floor(x/width) + 0.5) * width
	}
	var values []float64
	for i := 0; i < len(run); {
		x := stretch(run[i].X)
		values = values[:0]
		low, high, zero := math.NaN(), math.NaN(), false
		for ; i < len(run) && stretch(run[i].X) == x; i++ {
			y := run[i].Y
			if !isFinite(y) {
				values = append(values, math.Inf(1))
				continue
			}
			values = append(values, y)
			zero = zero || y == 0
			if y != 0 {
				low, high = widen(low, high, y, y)
			}
		}
		m := logMedian(values)
		if slices.Contains(values, math.Inf(1)) {
			m = math.Inf(1)
		}
		s.add(x, m, low, high, zero)
	}
	return s
}

// combine takes the median over runs, at each x that any of them has. A run that became infinite counts as that from there on,
// so that the median of runs of which most diverged ends; a run that merely ended does not count after its end.
func combine(runs []summary) summary {
	if len(runs) == 1 {
		return runs[0]
	}
	var s summary
	next := make([]int, len(runs))
	failed := make([]bool, len(runs))
	var values []float64
	for {
		x := math.Inf(1)
		for i, run := range runs {
			if next[i] < len(run.median) {
				x = math.Min(x, run.median[next[i]].X)
			}
		}
		if math.IsInf(x, 1) {
			return s
		}
		values = values[:0]
		low, high, zero := math.NaN(), math.NaN(), false
		for i, run := range runs {
			at := next[i]
			here := at < len(run.median) && run.median[at].X == x
			if here {
				next[i]++
				failed[i] = failed[i] || !isFinite(run.median[at].Y)
				low, high = widen(low, high, run.low[at].Y, run.high[at].Y)
				zero = zero || run.zeros[at].Y == 0
			}
			switch {
			case failed[i]:
				values = append(values, math.Inf(1))
			case here:
				values = append(values, run.median[at].Y)
			}
		}
		s.add(x, logMedian(values), low, high, zero)
	}
}

// summarize is the median and range of runs at every x.
func summarize(runs []Series) summary { return summarizeOver(runs, 0) }

// summarizeOver is the median and range of runs over stretches of x of the given width.
func summarizeOver(runs []Series, width float64) summary {
	thinned := make([]summary, len(runs))
	for i, run := range runs {
		thinned[i] = thin(run, width)
	}
	return combine(thinned)
}

// widen extends the range low to high, NaN if empty, by another one.
func widen(low, high, otherLow, otherHigh float64) (float64, float64) {
	if math.IsNaN(otherLow) {
		return low, high
	}
	if math.IsNaN(low) {
		return otherLow, otherHigh
	}
	return math.Min(low, otherLow), math.Max(high, otherHigh)
}

// logMedian sorts values, which must not be NaN, and returns their median; NaN for none. Of the middle two of an even number it takes
// the geometric mean, which is what lies halfway between them on the logarithmic axes that all of this is drawn on; their mean if one is negative.
func logMedian(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	a, b := values[(n-1)/2], values[n/2]
	switch {
	case a == b || math.IsInf(b, 1):
		return b
	case a < 0:
		return a/2 + b/2
	default:
		return math.Sqrt(a) * math.Sqrt(b)
	}
}
