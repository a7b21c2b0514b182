package diagnosis

import (
	"fmt"
	"math"
	"slices"

	"dcae/training"
	"dcae/training/dataset"
)

const (
	describedASecond = 16 << 20  // bytes of them for each second of an examination
	describedBytes   = 512 << 20 // of images that are searched for single wrong values and for copies; of more only the first
	comparedImages   = 1000      // of each part whose values are compared
	beyondChance     = 6.0       // standard errors; by chance one comparison in 10^9 differs by as much
	otherMean        = 0.5       // deviations of training values by which the mean of other images must be off to prove a fault
	otherSpread      = 1.7       // times larger or smaller, the same for the deviation
	leastCompared    = 4         // images, with which a difference can be proven
	equalVariance    = 1e-10     // share of the mean square under which nothing tells the images apart
	copiesMentioned  = 0.01      // share of images that are copies
)

// lookAtData finds what is certain about the images, of very many as far as it can in a time that so many seconds are for.
func lookAtData(set *dataset.Set, seconds float64) findings {
	var f findings
	report := dataset.Describe(headOf(set, min(describedBytes, describedASecond*seconds)))
	what := "images"
	f.nonFinite(report, what, "x")
	f.emptyPlaces(set.Train)
	if report.Targets != nil {
		what = "targets"
		f.nonFinite(*report.Targets, what, "y")
	}
	if f.untrainable() {
		return f
	}
	if allEqual(set.Train.Targets()) {
		f.add(equalImages, "training", fmt.Sprintf("All training %s are equal, so that there is nothing to tell apart; the FVU has no meaning.", what), fmt.Sprintf("Bring %s that differ.", what)).blames(DataQuality, true)
		return f
	}
	f.copies(report)
	f.otherwise(set.Train, set.Validation, "validation")
	f.otherwise(set.Train, set.Test, "test")
	return f
}

// headOf is the set, or of a very large one as much as can be searched.
func headOf(set *dataset.Set, bytes float64) *dataset.Set {
	few := *set
	most := max(1, int(bytes)/(4*max(1, set.Shape().Size())))
	few.Train, few.Validation, few.Test = set.Train.Head(most), set.Validation.Head(most), set.Test.Head(most)
	return &few
}

// nonFinite finds values that are infinite or not a number, of images or their targets; array is what the code for them calls these.
func (f *findings) nonFinite(r dataset.Report, what, array string) {
	for _, p := range []struct {
		name string
		part dataset.PartReport
	}{{"training", r.Train}, {"validation", r.Validation}, {"test", r.Test}} {
		if p.part.NonFinite == 0 {
			continue
		}
		one := f.add(nonFinite, p.name, fmt.Sprintf("The %s %s hold %s infinite or not a number, the first in %s.", p.name, what, number(p.part.NonFinite, "value that is", "values that are"), p.part.FirstNonFinite),
			fmt.Sprintf("Replace them, for example %s = np.nan_to_num(%[1]s, nan=0, posinf=1, neginf=0), or leave these images out.", array))
		switch {
		case p.name == "training":
			if one.blames(DataQuality, true); p.part.NonFinite == p.part.Images*r.Shape.Size() {
				one.Name, one.Text = noValues, fmt.Sprintf("No value of the training %s is a finite number.", what)
			}
		case r.Train.NonFinite == 0:
			one.blames(DataSplit, true)
		}
	}
}

// emptyPlaces finds values that no training image has: then leaving images out, or a single value for all of them, is no help.
func (f *findings) emptyPlaces(images *dataset.Images) {
	at := slices.IndexFunc(*f, func(one Finding) bool { return one.Name == nonFinite && one.Where == "training" })
	if at < 0 {
		return
	}
	p := read(images, comparedImages, false)
	finite := make([]bool, p.size)
	for i, x := range p.images {
		if !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) {
			finite[i%p.size] = true
		}
	}
	var empty []int
	for place, ok := range finite {
		if !ok {
			empty = append(empty, place)
		}
	}
	if len(empty) == 0 {
		return
	}
	one := &(*f)[at]
	of := fmt.Sprintf(" of %d in an image ", p.size)
	one.Text += fmt.Sprintf(" %s so in all of them (the first is number %d, counted from 0).", capitalNumber(len(empty), "value"+of+"is", "values"+of+"are"), empty[0])
	one.Do = "What is the same in all images gives 0/0 where it is divided by its range or deviation: leave it as it is, or out of the images (x = np.nan_to_num(x))."
}

// copies finds images that are there more than once. They are warnings: a model can learn from them.
func (f *findings) copies(r dataset.Report) {
	if n := r.Train.Repeated; float64(n) > copiesMentioned*float64(r.Train.Images) {
		f.add("copies", "training", fmt.Sprintf("%d of %d training images are copies of others: there are fewer images to learn from than it seems.", n, r.Train.Images), "Leave the copies out.")
	}
	for _, p := range []struct {
		name string
		part dataset.PartReport
	}{{"validation", r.Validation}, {"test", r.Test}} {
		if n := p.part.InTrain; n > 0 && float64(n) > copiesMentioned*float64(p.part.Images) {
			f.add("copies", p.name, fmt.Sprintf("%d of %d %s images are training images, too: the held-out error is better than it will be with new images.", n, p.part.Images, p.name),
				"Divide the images into parts before any is copied or augmented.")
		}
	}
}

// spread is how the values of a part are spread, single ones that are far out brought to low and high.
type spread struct {
	n                int
	low, high        float64 // that a thousandth of the values do not exceed, or exceed
	mean, deviation  float64
	byMean, bySquare float64 // deviation of the images' own means, and of their mean squares around the mean of all values
}

func spreadOf(images *dataset.Images) spread {
	p := read(images, comparedImages, false)
	v := describe(p.images)
	s := spread{n: p.n(), low: v.Low, high: v.High}
	limited := preparation{clip: true, low: v.Low, high: v.High}
	square, total := 0.0, float64(len(p.images))
	for i, x := range p.images {
		p.images[i] = limited.value(x)
		y := float64(p.images[i])
		s.mean += y / total
		square += y * y / total
	}
	s.deviation = math.Sqrt(max(0, square-s.mean*s.mean))
	means, squares := make([]float64, s.n), make([]float64, s.n)
	for i, x := range p.images {
		d := float64(x) - s.mean
		means[i/p.size] += float64(x) / float64(p.size)
		squares[i/p.size] += d * d / float64(p.size)
	}
	s.byMean, s.bySquare = deviation(means), deviation(squares)
	return s
}

// allEqual tells whether nothing tells images apart: their variance around the mean image is nothing beside their mean square.
func allEqual(images *dataset.Images) bool {
	p := read(images, comparedImages, false)
	mean := training.MeanTarget(newWindow(p, setup{}, p.n()), p.size)
	variance, square := 0.0, 0.0
	for i, x := range p.images {
		d := float64(x) - float64(mean[i%p.size])
		variance += d * d
		square += float64(x) * float64(x)
	}
	return variance <= equalVariance*square
}

func deviation(values []float64) float64 {
	mean, sum := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return math.Sqrt(sum / float64(max(1, len(values)-1)))
}

// otherwise finds held-out images whose values are spread otherwise than those of the training images, beyond what chance allows: what
// is learned with the ones cannot be used with the others.
func (f *findings) otherwise(train, held *dataset.Images, name string) {
	a, b := spreadOf(train), spreadOf(held)
	if b.n < leastCompared || a.deviation == 0 {
		return
	}
	scale := math.Sqrt(1/float64(a.n) + 1/float64(b.n)) // of a standard error, if both were of one kind
	off := math.Abs(b.mean-a.mean) / a.deviation
	wider := (b.deviation*b.deviation + (b.mean-a.mean)*(b.mean-a.mean)) / (a.deviation * a.deviation)
	ratio := b.deviation / a.deviation
	sureMean := math.Abs(b.mean-a.mean) > beyondChance*scale*a.byMean
	sureSpread := math.Abs(wider-1)*a.deviation*a.deviation > beyondChance*scale*a.bySquare
	if !(sureMean && off > otherMean || sureSpread && (ratio > otherSpread || ratio < 1/otherSpread)) {
		return
	}
	f.add("other_values", name, fmt.Sprintf("The %s images have other values than the training images: %.3g to %.3g with mean %.3g and deviation %.3g, instead of %.3g to %.3g with %.3g and %.3g. Chance does not do that.",
		name, b.low, b.high, b.mean, b.deviation, a.low, a.high, a.mean, a.deviation), alike(a, b, name)).blames(DataSplit, true)
}

// alike says how values are brought to those of the training images.
func alike(train, held spread, name string) string {
	near := func(x, y float64) bool { return math.Abs(x-y) <= 0.1*(train.high-train.low)+1e-12 }
	matches := func(scale, shift float64) bool {
		return near(held.low*scale+shift, train.low) && near(held.high*scale+shift, train.high) && math.Abs(held.mean*scale+shift-train.mean) < 0.5*train.deviation
	}
	for _, known := range []struct {
		scale, shift float64
		code         string
	}{
		{1. / 255, 0, "x / 255"}, {255, 0, "x * 255"}, {0.5, 0.5, "(x + 1) / 2"}, {2, -1, "2 * x - 1"}, {-1, 1, "1 - x"}, {1 / 127.5, -1, "x / 127.5 - 1"}, {127.5, 127.5, "(x + 1) * 127.5"}, {-1, 255, "255 - x"},
	} {
		if matches(known.scale, known.shift) {
			return fmt.Sprintf("Prepare the %s images as the training images were: %s brings them there.", name, known.code)
		}
	}
	return fmt.Sprintf("Prepare the %s images as the training images were: the same division, shift and order, with figures that come from the training images.", name)
}
