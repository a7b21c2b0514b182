package statistics

import "math"

// Wilson is the score interval for a proportion of which k of n were seen (Wilson 1927, "Probable inference, the law of
// succession, and statistical inference"). It goes from 0 to 1 when n is 0: nothing is known then.
func Wilson(k, n int) Interval {
	if n == 0 {
		return Interval{0, 1}
	}
	size, p := float64(n), float64(k)/float64(n)
	scale := 1 + z*z/size
	center := (p + z*z/(2*size)) / scale
	half := float64(z / scale * math.Sqrt(p*(1-p)/size+z*z/(4*size*size)))
	interval := Interval{center - half, center + half}
	if k == 0 {
		interval.Low = 0 // but for rounding
	}
	if k == n {
		interval.High = 1
	}
	return interval
}

// Pairs counts pairs of runs, the control's and the arm's with one seed, by whether each learned.
type Pairs struct{ Both, ControlOnly, ArmOnly, Neither int }

// CountPairs counts the pairs (control[i], arm[i]). It panics when the lengths differ.
func CountPairs(control, arm []bool) Pairs {
	sameLength(len(control), len(arm))
	var p Pairs
	for i, c := range control {
		switch a := arm[i]; {
		case c && a:
			p.Both++
		case c:
			p.ControlOnly++
		case a:
			p.ArmOnly++
		default:
			p.Neither++
		}
	}
	return p
}

// N is the number of pairs.
func (p Pairs) N() int { return p.Both + p.ControlOnly + p.ArmOnly + p.Neither }

// Difference is the arm's proportion of learned runs minus the control's, with Newcombe's interval (Newcombe 1998, "Improved
// confidence intervals for the difference between binomial proportions based on paired data", method 10: Wilson's
// intervals of both, squared and added, less what the pairs have in common, which is corrected for continuity). The
// difference is NaN, and the interval from -1 to 1, when there is no pair.
func (p Pairs) Difference() (float64, Interval) {
	if p.N() == 0 {
		return math.NaN(), Interval{-1, 1}
	}
	n := float64(p.N())
	arm, control := float64(p.Both+p.ArmOnly)/n, float64(p.Both+p.ControlOnly)/n
	armBounds, controlBounds := Wilson(p.Both+p.ArmOnly, p.N()), Wilson(p.Both+p.ControlOnly, p.N())
	phi := p.correlation()
	distance := func(a, b float64) float64 {
		return math.Sqrt(max(float64(a*a)-float64(2*phi*a*b)+float64(b*b), 0))
	}
	difference := float64(p.ArmOnly-p.ControlOnly) / n
	return difference, Interval{
		difference - distance(arm-armBounds.Low, controlBounds.High-control),
		difference + distance(armBounds.High-arm, control-controlBounds.Low),
	}
}

// correlation is the phi coefficient of the pairs, moved towards 0 by half a pair when it is positive; 0 when one side
// learned always or never.
func (p Pairs) correlation() float64 {
	both, armOnly, controlOnly, neither := float64(p.Both), float64(p.ArmOnly), float64(p.ControlOnly), float64(p.Neither)
	margins := (both + armOnly) * (controlOnly + neither) * (both + controlOnly) * (armOnly + neither)
	if margins == 0 {
		return 0
	}
	cross := float64(both*neither) - float64(armOnly*controlOnly)
	if cross > 0 {
		cross = max(cross-float64(float64(p.N())/2), 0)
	}
	return cross / math.Sqrt(margins)
}

func sameLength(control, arm int) {
	if control != arm {
		panic("statistics: control and arm have different numbers of runs")
	}
}
