package kernel

import "dcae/graph/arithmetic"

// LimitedCrossEntropy is -target*log(y) - (1-target)*log(1-y) as PyTorch has it: logarithms below -100 count as -100, and the slope,
// (y-target)/(y*(1-y)), has a denominator of at least 1e-12.
func LimitedCrossEntropy() Distance {
	return Distance{
		Value: func(y, target float64) float64 {
			log, other := limitedLogs(y)
			return -float64(target*log) - float64((1-target)*other)
		},
		Slope: func(y, target float64) float64 { return (y - target) / max(float64(y*(1-y)), 1e-12) },
	}
}

// limitedLogs are log(y) and log(1-y), at least -100.
func limitedLogs(y float64) (log, other float64) {
	const least = -100
	return max(arithmetic.Log(y), least), max(arithmetic.Log1p(-y), least)
}

// CrossEntropies are the values of LimitedCrossEntropy for each y.
func CrossEntropies[T Float](p *Pool, out, y, target []T) {
	of := LimitedCrossEntropy().Value
	p.forElements(len(out)).run(blockCount(len(out)), each(func(i int) {
		from, to := blockRange(len(out), i)
		for k := from; k < to; k++ {
			out[k] = T(of(float64(y[k]), float64(target[k])))
		}
	}))
}

// CrossEntropiesGradient computes dy from the gradient dout by the values of CrossEntropies.
func CrossEntropiesGradient[T Float](p *Pool, dy, y, target, dout []T) {
	slope := LimitedCrossEntropy().Slope
	p.forElements(len(dy)).run(blockCount(len(dy)), each(func(i int) {
		from, to := blockRange(len(dy), i)
		for k := from; k < to; k++ {
			dy[k] = T(float64(dout[k]) * slope(float64(y[k]), float64(target[k])))
		}
	}))
}

// CrossEntropiesTargetGradient computes the gradient by the targets.
func CrossEntropiesTargetGradient[T Float](p *Pool, dtarget, y, dout []T) {
	p.forElements(len(dtarget)).run(blockCount(len(dtarget)), each(func(i int) {
		from, to := blockRange(len(dtarget), i)
		for k := from; k < to; k++ {
			log, other := limitedLogs(float64(y[k]))
			dtarget[k] = T(float64(dout[k]) * (other - log))
		}
	}))
}
