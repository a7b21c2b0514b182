package statistics

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// student is the 97.5% quantile of Student's t distribution.
func student(freedom int) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: float64(freedom)}.Quantile(0.975)
}

// Ratio is the sum of the parts over the sum of the wholes, part by part of one thing each, with the interval of the ratio estimator
// (Cochran 1977, "Sampling Techniques", section 6.4, for a large population; Student's t with n-1 degrees of freedom). The interval is
// everything for fewer than 2 things; the ratio is NaN where the wholes sum to 0. It panics when the lengths differ.
func Ratio(parts, wholes []float64) (float64, Interval) {
	sameLength(len(parts), len(wholes))
	part, whole := 0.0, 0.0
	for i, p := range parts {
		part, whole = part+p, whole+wholes[i]
	}
	ratio, n := part/whole, len(parts)
	if n < 2 {
		return ratio, Interval{math.Inf(-1), math.Inf(1)}
	}
	squares := 0.0
	for i, p := range parts {
		d := p - float64(ratio*wholes[i])
		squares += float64(d * d)
	}
	half := student(n-1) * math.Sqrt(squares*float64(n)/float64(n-1)) / math.Abs(whole)
	return ratio, Interval{ratio - half, ratio + half}
}

// MeanDifference is the mean of a[i] - b[i] with Student's interval for pairs. The interval is everything for fewer than 2 pairs. It
// panics when the lengths differ.
func MeanDifference(a, b []float64) (float64, Interval) {
	sameLength(len(a), len(b))
	n, mean := len(a), 0.0
	for i := range a {
		mean += (a[i] - b[i]) / float64(n)
	}
	if n == 0 {
		mean = math.NaN()
	}
	if n < 2 {
		return mean, Interval{math.Inf(-1), math.Inf(1)}
	}
	squares := 0.0
	for i := range a {
		d := a[i] - b[i] - mean
		squares += float64(d * d)
	}
	half := float64(student(n-1) * math.Sqrt(squares/float64(n-1)/float64(n)))
	return mean, Interval{mean - half, mean + half}
}
