package diagnosis

import (
	"fmt"
	"math"
)

// outlierFactor is how many times further out than nearly all values the farthest must lie to be taken for a mistake.
const outlierFactor = 5

const (
	usualRMS  = 0.3 // of images in 0..1
	usualBulk = 0.3 // mean of the values above the least, as share of nearly the largest
	heavyBulk = 0.15
)

// dataRestores bring values to 0..1, without outliers if there are any.
func (l *look) dataRestores() []change {
	v := l.values
	prepared := func(of func(values) preparation) func(setup) (setup, bool, error) {
		return func(s setup) (setup, bool, error) {
			s.prepare, s.aim = of(v), of(l.goals)
			return s, true, nil
		}
	}
	var out []change
	if v.heavyTailed() && l.goals.heavyTailed() {
		out = append(out, change{
			cause: DataScale, kind: Restore, what: "values -> log(1 + value), and brought to 0..1", departure: decades(usualBulk / v.Bulk), apply: prepared(values.logarithmic),
		})
	}
	if v.spoilt() {
		d, what := decades(v.OutlierFactor), fmt.Sprintf("values limited to %.4g..%.4g, and brought to 0..1", v.Low, v.High)
		if v.NonFinite > 0 {
			d, what = 9, fmt.Sprintf("values that are not a number -> %.4g, ", v.Low)+what
		}
		return append(out, change{cause: DataQuality, kind: Restore, what: what, departure: d, apply: prepared(values.limited)})
	}
	g := l.goals
	c := change{cause: DataScale, kind: Restore, what: fmt.Sprintf("values of %.4g..%.4g brought to 0..1", v.Min, v.Max), apply: prepared(values.toUnit)}
	switch name := "targets of %.4g..%.4g brought to 0..1"; {
	case !l.targets:
	case v.fillsUnit():
		c.what = fmt.Sprintf(name, g.Min, g.Max)
	case g.fillsUnit():
		c.what = fmt.Sprintf("images of %.4g..%.4g brought to 0..1", v.Min, v.Max)
	default:
		c.what = fmt.Sprintf("images of %.4g..%.4g and "+name, v.Min, v.Max, g.Min, g.Max)
	}
	switch {
	case v.fillsUnit() && g.fillsUnit():
		return out
	case !usualSize(g.RMS):
		c.departure = decades(g.RMS / usualRMS)
	case !usualSize(v.RMS):
		c.departure = decades(v.RMS / usualRMS)
	}
	return append(out, c)
}

// usualSize tells whether a root mean square is what layers, initial weights and learning rates are made for.
func usualSize(rms float64) bool { return rms > usualRMS/2.5 && rms < usualRMS*2.5 }

// heavyTailed tells whether most values are small beside the largest ones, and not because few pixels are bright.
func (v values) heavyTailed() bool { return v.Bulk > 0 && v.Bulk < heavyBulk }

// logarithmic brings the logarithms of values to 0..1.
func (v values) logarithmic() preparation {
	return preparation{log: true, origin: v.Min, divisor: math.Log1p(span(v.Min, v.Max))}
}

// fillsUnit tells whether values lie in 0..1 and use that range.
func (v values) fillsUnit() bool { return v.Min >= 0 && v.Max <= 1 && v.Max > 0.5 }

// limited brings values to 0..1, those that lie far out to its ends.
func (v values) limited() preparation {
	return preparation{clip: true, low: v.Low, high: v.High, shift: v.Low, divisor: span(v.Low, v.High)}
}

// toUnit brings values to 0..1, those of pixels by the division that everybody uses; values that use that range already stay.
func (v values) toUnit() preparation {
	switch {
	case v.fillsUnit():
		return preparation{}
	case v.Min >= 0 && v.Max > 200 && v.Max <= 255:
		return preparation{divisor: 255}
	case v.Min >= 0 && v.Max > 60000 && v.Max <= 65535:
		return preparation{divisor: 65535}
	}
	return preparation{shift: v.Min, divisor: span(v.Min, v.Max)}
}

func span(low, high float64) float64 {
	if high > low {
		return high - low
	}
	return 1
}
