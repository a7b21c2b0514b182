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
	Diverged Outcome = "diverged" // the loss is not finite, or the last epoch's is over 10 times the first step's

	// The output does not depend on the input. The constant output that a loss likes best follows from the loss: the mean image under mse
	// and binary cross-entropy, the median image under mae, an image between these two under huber and log_cosh.
	MeanImage    Outcome = "mean-image"    // as far off as the mean image
	MedianImage  Outcome = "median-image"  // trained with mae, and near the median image
	BestConstant Outcome = "best-constant" // trained with another loss, and near what that likes best, which is not near the mean image
	Constant     Outcome = "constant"      // any other image: all black, all white

	Learned Outcome = "learned" // FVU under LearnedFVU
	Slow    Outcome = "slow"    // not learned, but the last epoch's training loss still fell by over 1%
	Stuck   Outcome = "stuck"   // none of these
)

// All are the outcomes from best to worst.
var All = []Outcome{Learned, Slow, Stuck, MeanImage, MedianImage, BestConstant, Constant, Diverged}

// LearnedFVU is the FVU under which a model counts as one that learned.
const LearnedFVU = 0.5

// ConstantSpread is the spread under which an output does not depend on the input, and Near the squared distance, in the unit of FVU,
// within which two images count as the same.
const (
	ConstantSpread = 0.01
	Near           = 0.05
)

// Evidence is what an outcome is judged by.
type Evidence struct {
	FirstLoss   float64   // of the first step
	LastLoss    float64   // of the last step
	EpochLosses []float64 // mean training loss of each completed epoch
	FVU         float64   // on the test images, moving statistics
	Spread      float64   // root mean square deviation of the outputs over the images, as share of the images' own
	Mean        float64   // of all output values
	Alike       bool      // the outputs are finite, but the test images are all the mean training image: FVU and Spread have no meaning

	// Of an output that does not depend on the input: what the constant image is called that the loss likes best, and the squared distance
	// from it in the unit of FVU. "" and MeanImage need no distance, since FVU says it.
	Best     Outcome
	FromBest float64
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
	constant := e.Spread < ConstantSpread
	switch fall := (before - last) / before; {
	case !finite(e.LastLoss):
		return Diverged, "the loss is no longer finite"
	case !finite(e.FVU) && !e.Alike:
		return Diverged, "the outputs are no longer finite"
	case last > 10*e.FirstLoss:
		return Diverged, fmt.Sprintf("epoch loss %.3g is over 10 x the first step's %.3g", last, e.FirstLoss)
	case e.Alike:
		return Stuck, "all test images are equal to the mean training image: there is nothing to learn, and FVU has no meaning"
	case constant && (e.Best == MedianImage || e.Best == BestConstant) && e.FromBest <= Near:
		return e.Best, fmt.Sprintf("spread %.2g < %g, squared distance from the %s %.3f <= %g of the variance", e.Spread, ConstantSpread, bestNames[e.Best], e.FromBest, Near)
	case constant && e.FVU >= 1-Near && e.FVU <= 1+Near:
		return MeanImage, fmt.Sprintf("spread %.2g < %g, FVU %.3f in %g..%g", e.Spread, ConstantSpread, e.FVU, 1-Near, 1+Near)
	case constant:
		return Constant, fmt.Sprintf("spread %.2g < %g, FVU %.3f, mean output %.3f", e.Spread, ConstantSpread, e.FVU, e.Mean)
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

var bestNames = map[Outcome]string{MedianImage: "median image", BestConstant: "constant that the loss likes best"}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
