package diagnosis

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// A run's course is extrapolated by a power law, FVU(t) = floor + gain * t^-power, as learning curves follow one (Hestness et al. 2017, "Deep
// learning scaling is predictable, empirically"; Viering and Loog 2022, "The shape of learning curves: a review"). The interval of what is
// foretold holds all powers that fit no worse than chance allows (profile likelihood at 95%), on the last half and on the last three quarters of
// the course: one that bends as no power law does gives a wide interval.
const (
	leastChecks = 6   // to fit three figures
	mostPower   = 3.0 // above, a course has ended
	powers      = 60
	stillFalls  = 0.02 // share of the FVU that must go in the next as many steps for a run to be falling
)

// powerLaw is one fit of it.
type powerLaw struct{ floor, gain, power float64 }

func (p powerLaw) at(step float64) float64 { return p.floor + p.gain*math.Pow(step, -p.power) }

// reaches is the step at which the FVU comes under a mark; infinite: never.
func (p powerLaw) reaches(mark float64) float64 {
	if !(p.gain > 0) || p.floor >= mark {
		return math.Inf(1)
	}
	return math.Pow(p.gain/(mark-p.floor), 1/p.power)
}

// course is what the fits foretell.
type course struct {
	best     powerLaw
	possible []powerLaw // that fit no worse than chance allows
	step     float64    // that has been reached
	fvu      float64    // there, by the best fit
}

// newCourse fits a run's checks; ok is false where there are too few, or some are not finite.
func newCourse(checks []check) (c course, ok bool) {
	n := len(checks)
	best := math.Inf(1)
	for _, from := range []int{n / 4, n / 2} {
		part := checks[from:]
		if len(part) < leastChecks {
			continue
		}
		fits, errors := fitPowers(part)
		if fits == nil {
			return c, false
		}
		least := math.Inf(1)
		for _, e := range errors {
			least = min(least, e)
		}
		freedom := float64(len(part) - 3)
		worst := least*(1+distuv.F{D1: 1, D2: freedom}.Quantile(0.95)/freedom) + 1e-12
		for i, f := range fits {
			if errors[i] <= worst {
				c.possible = append(c.possible, f)
			}
			if e := errors[i] / float64(len(part)); e < best {
				best, c.best = e, f
			}
		}
	}
	if len(c.possible) == 0 {
		return c, false
	}
	c.step = float64(checks[n-1].Step)
	c.fvu = c.best.at(c.step)
	return c, true
}

// fitPowers fits floor and gain for each power, by least squares; no floor lies below 0. errors are the sums of squares.
func fitPowers(checks []check) (fits []powerLaw, errors []float64) {
	for k := 1; k <= powers; k++ {
		p := powerLaw{power: mostPower * float64(k) / powers}
		n, sx, sy, sxx, sxy := float64(len(checks)), 0.0, 0.0, 0.0, 0.0
		scale := math.Pow(float64(checks[0].Step), p.power) // so that x is about 1
		for _, c := range checks {
			if math.IsNaN(c.FVU) || math.IsInf(c.FVU, 0) || c.Step <= 0 {
				return nil, nil
			}
			x := scale * math.Pow(float64(c.Step), -p.power)
			sx, sy, sxx, sxy = sx+x, sy+c.FVU, sxx+x*x, sxy+x*c.FVU
		}
		gain := (n*sxy - sx*sy) / (n*sxx - sx*sx)
		if p.floor = (sy - gain*sx) / n; p.floor < 0 {
			p.floor, gain = 0, sxy/sxx
		}
		p.gain = gain * scale
		e := 0.0
		for _, c := range checks {
			d := c.FVU - p.at(float64(c.Step))
			e += d * d
		}
		fits, errors = append(fits, p), append(errors, e)
	}
	return fits, errors
}

// learnsBetween is the interval of steps at which a run comes under a mark.
func (c course) learnsBetween(mark float64) (early, late float64) {
	early, late = math.Inf(1), 0
	for _, p := range c.possible {
		n := p.reaches(mark)
		early, late = min(early, n), max(late, n)
	}
	return max(early, c.step), max(late, c.step)
}

// falls tells whether the next as many steps bring the FVU down by a share that counts, whichever fit is right.
func (c course) falls() bool {
	for _, p := range c.possible {
		if p.at(2*c.step) > (1-stillFalls)*c.fvu {
			return false
		}
	}
	return true
}
