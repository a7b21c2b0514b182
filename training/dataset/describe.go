package dataset

import (
	"hash/maphash"
	"math"
	"slices"
)

// Report is what [Describe] finds in a set. All values are those that training sees, after scaling.
type Report struct {
	Name                    string
	Shape                   Shape
	Scaling                 Scaling
	Train, Validation, Test PartReport

	// Center and Reach are what outliers are measured by. Center is the median of the training images' means. The
	// reach of an image is the largest distance of one of its values from Center; Reach is the median over the training
	// images. Both hold still while fewer than half of the images go astray.
	Center, Reach float64

	// Warnings has one sentence for each finding with which training on the set as it is would fail or mislead, and
	// what to do about it.
	Warnings []string

	// Targets is what is found in what the images are to become; nil where each is its own target.
	Targets *Report

	// magnitude is the median over the training images of the largest absolute value.
	magnitude float64
}

// PartReport is what [Describe] finds in one part.
type PartReport struct {
	Images         int
	Min, Max       float64 // over finite values, as are Mean and Deviation; not a number where there are none
	Mean           float64
	Deviation      float64 // standard deviation of all values
	NonFinite      int     // values that are infinite or NaN
	FirstNonFinite string  // name of the first image with one, as by Images.Name
	Constant       int     // images that have one and the same value everywhere
	Outliers       int     // images whose reach is over outlierReach times Report.Reach
	FirstOutlier   string  // name of the first of them
	InTrain        int     // images equal to a training image in every value, constant ones left out; 0 for Train
	Repeated       int     // images equal to an earlier one of the same part in every value
}

// outlierReach is how many times further than the median image's an image's farthest value must lie to count as an
// outlier: no bright or dark scene of ordinary pictures does, a stray 255 among values of 0 to 1 does.
const outlierReach = 10

// imageSummary is what of each image is remembered until all have been seen.
type imageSummary struct {
	low, high, mean float32 // over finite values
	hash            uint64
	constant        bool
}

// Describe reads all images once and reports what is in them.
func Describe(set *Set) Report {
	report := Report{Name: set.Name, Shape: set.Shape(), Scaling: set.Scaling}
	seed := maphash.MakeSeed()
	train, trainReport := summarize(set.Train, seed)
	report.Train = trainReport
	report.Center = upperMedian(train, func(s imageSummary) float64 { return float64(s.mean) })
	report.Reach = upperMedian(train, func(s imageSummary) float64 { return s.reach(report.Center) })
	report.magnitude = upperMedian(train, func(s imageSummary) float64 { return s.reach(0) })
	report.Train.countOutliers(set.Train, train, report)

	known := make([]uint64, 0, len(train))
	for _, s := range train {
		known = append(known, s.hash)
	}
	slices.Sort(known)
	for _, held := range []struct {
		images *Images
		report *PartReport
	}{{set.Validation, &report.Validation}, {set.Test, &report.Test}} {
		var summaries []imageSummary
		summaries, *held.report = summarize(held.images, seed)
		held.report.countOutliers(held.images, summaries, report)
		for _, s := range summaries {
			if _, found := slices.BinarySearch(known, s.hash); found && !s.constant {
				held.report.InTrain++
			}
		}
	}
	report.Warnings = report.warnings(set)
	if targets := set.Targets(); targets != nil {
		about := Describe(targets)
		report.Targets = &about
		report.Warnings = append(report.Warnings, report.pairWarnings(set)...)
	}
	return report
}

func summarize(images *Images, seed maphash.Seed) ([]imageSummary, PartReport) {
	var m moments
	report := PartReport{Images: images.Len()}
	summaries := make([]imageSummary, images.Len())
	raw := make([]byte, 4*images.Shape().Size())
	images.each(func(i int, image []float32) {
		one := m.add(image)
		putFloats(raw, image)
		summaries[i] = imageSummary{
			low: float32(one.min), high: float32(one.max), mean: float32(one.mean),
			hash:     maphash.Bytes(seed, raw),
			constant: one.nonFinite == 0 && one.min == one.max,
		}
		if summaries[i].constant {
			report.Constant++
		}
	})
	report.Min, report.Max, report.Mean, report.Deviation = m.min, m.max, m.mean, m.deviation()
	if m.nonFinite == images.Len()*images.Shape().Size() { // there is none to tell of
		report.Min, report.Max, report.Mean, report.Deviation = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	}
	report.Repeated = repeated(summaries)
	if report.NonFinite = m.nonFinite; report.NonFinite > 0 {
		report.FirstNonFinite = images.Name(m.firstNonFinite)
	}
	return summaries, report
}

// repeated counts images that are equal to an earlier one.
func repeated(summaries []imageSummary) int {
	seen, n := make(map[uint64]bool, len(summaries)), 0
	for _, s := range summaries {
		if seen[s.hash] {
			n++
		}
		seen[s.hash] = true
	}
	return n
}

// reach is the largest distance of a value of the image from center.
func (s imageSummary) reach(center float64) float64 {
	return max(float64(s.high)-center, center-float64(s.low))
}

// upperMedian is the middle of a figure of the images, the upper one of two middle ones; 0 of no images.
func upperMedian(summaries []imageSummary, of func(imageSummary) float64) float64 {
	if len(summaries) == 0 {
		return 0
	}
	values := make([]float64, len(summaries))
	for i, s := range summaries {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// countOutliers needs the set's Center and Reach. A Reach of 0 means that most images are blank: then nothing can be
// told.
func (p *PartReport) countOutliers(images *Images, summaries []imageSummary, set Report) {
	for i, s := range summaries {
		if set.Reach == 0 || s.reach(set.Center) <= outlierReach*set.Reach {
			continue
		}
		if p.Outliers == 0 {
			p.FirstOutlier = images.Name(i)
		}
		p.Outliers++
	}
}
