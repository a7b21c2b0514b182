// Package outcome says in one word what a run came to, judged by plain numbers, and holds the version of the program.
package outcome

import (
	"fmt"
	"math"
)

// Outcome is how a run ended, in one word.
type Outcome string

// The outcomes, in the order in which they are tried.
const (
	Diverged  Outcome = "diverged"   // the loss is not finite, or the last epoch's is over 10 times the first step's
	MeanImage Outcome = "mean-image" // the output does not depend on the input and is as far off as the mean image
	Constant  Outcome = "constant"   // the output does not depend on the input: all black, all white
	Learned   Outcome = "learned"    // FVU under LearnedFVU
	Slow      Outcome = "slow"       // not learned, but the last epoch's training loss still fell by over 1%
	Stuck     Outcome = "stuck"      // none of these
)

// LearnedFVU is the FVU under which a model counts as one that learned.
const LearnedFVU = 0.5

// Evidence is what an outcome is judged by.
type Evidence struct {
	FirstLoss   float64   // of the first step
	LastLoss    float64   // of the last step
	EpochLosses []float64 // mean training loss of each completed epoch
	FVU         float64   // on the test images, moving statistics
	Spread      float64   // root mean square deviation of the outputs over the images, as share of the images' own
	Mean        float64   // of all output values
}

// Judge names a run's outcome and the numbers that decided it.
func Judge(e Evidence) (outcome Outcome, why string) {
	last, before := math.NaN(), math.NaN()
	if n := len(e.EpochLosses); n > 0 {
		last = e.EpochLosses[n-1]
		if n > 1 {
			before = e.EpochLosses[n-2]
		}
	}
	switch fall := (before - last) / before; {
	case !finite(e.LastLoss):
		return Diverged, "the loss is no longer finite"
	case !finite(e.FVU):
		return Diverged, "the outputs are no longer finite"
	case last > 10*e.FirstLoss:
		return Diverged, fmt.Sprintf("epoch loss %.3g is over 10 x the first step's %.3g", last, e.FirstLoss)
	case e.Spread < 0.01 && e.FVU >= 0.95 && e.FVU <= 1.05:
		return MeanImage, fmt.Sprintf("spread %.2g < 0.01, FVU %.3f in 0.95..1.05", e.Spread, e.FVU)
	case e.Spread < 0.01:
		return Constant, fmt.Sprintf("spread %.2g < 0.01, FVU %.3f, mean output %.3f", e.Spread, e.FVU, e.Mean)
	case e.FVU < LearnedFVU:
		return Learned, fmt.Sprintf("FVU %.3f < %g", e.FVU, LearnedFVU)
	case fall > 0.01:
		return Slow, fmt.Sprintf("FVU %.3f, the last epoch's loss fell by %.1f%%", e.FVU, 100*fall)
	case math.IsNaN(fall):
		return Stuck, fmt.Sprintf("FVU %.3f after a single epoch", e.FVU)
	default:
		return Stuck, fmt.Sprintf("FVU %.3f, the last epoch's loss fell by %.1f%%", e.FVU, 100*fall)
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
