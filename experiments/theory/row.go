// Package theory holds what the literature predicts about networks of this kind against what this program measures: signals and gradients
// at initialization, linear autoencoders after training, dead networks, transposed convolutions, variational autoencoders. Every row is a
// prediction with its source, and is measured with several seeds; whether both agree is told by an interval over these, never by eye.
package theory

import (
	"math"

	"dcae/experiments/statistics"
)

// Row is a prediction, and how it is measured.
type Row struct {
	Name   string // in records and files' names
	Claim  string // what is predicted
	Source string // whose prediction it is, and how it was checked
	Unit   string // what is measured, on the axis of pictures
	X      string // what the points differ in, on the other axis; "" where they have only names
	Regime string // what the theory assumes

	// Outside says that the measurement leaves the regime on purpose: then what is predicted is not expected, and Why tells what the measured
	// difference shows.
	Outside bool
	Why     string

	// points are what is measured, with the predictions, which are the same for every seed.
	points func(*lab) ([]Point, error)
	// measure gives a value for each of the points. NaN says that there is none with this seed.
	measure func(l *lab, points []Point, seed uint64) ([]float64, error)
}

// Point is one number that is predicted.
type Point struct {
	Label     string  `json:"label"`
	X         float64 `json:"x"`
	Predicted float64 `json:"predicted"`
}

// Rows are all of the study, in the order of the report.
func Rows() []Row {
	var rows []Row
	for _, some := range [][]Row{atStart(), atStartOutside(), convolutional(), deep(), dead(), linear()} {
		rows = append(rows, some...)
	}
	return rows
}

// tolerance is the share of a prediction within which a measured mean agrees with it; nothing is what counts as zero where that is predicted.
const (
	tolerance = 0.05
	nothing   = 0.01
)

// Verdict is what came of a point.
type Verdict struct {
	Mean     float64
	Interval statistics.Interval // Student's at 95%, over seeds
	Agrees   bool                // the mean is within 5% of what is predicted (0.01 of 0), or the interval holds that
}

// judge compares the values of all seeds with a prediction. Of a single value the interval is everything, which is no agreement.
func judge(predicted float64, values []float64) Verdict {
	var there []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			there = append(there, v)
		}
	}
	v := Verdict{Mean: math.NaN()}
	v.Mean, v.Interval = statistics.MeanDifference(there, make([]float64, len(there)))
	off := math.Abs(v.Mean - predicted)
	allowed := tolerance * math.Abs(predicted)
	if predicted == 0 {
		allowed = nothing
	}
	v.Agrees = off <= allowed || len(there) > 1 && v.Interval.Low <= predicted && predicted <= v.Interval.High
	return v
}
