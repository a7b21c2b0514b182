package diagnosis

import (
	"math"
	"slices"
	"sync"

	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

const (
	poolBytes    = 64 << 20 // of training images that are held in memory
	poolImages   = 6000
	scoredImages = 200 // held-out images that a trial is scored on
	fewHeld      = 100 // validation images, under which test images help out
	testedImages = 1000
	meanImages   = 1000 // training images that the mean is taken over
)

// pool is a share of the images, in memory and as they are.
type pool struct {
	train samples
	held  samples // held-out images, which decide
	test  samples // which nothing is decided by

	kept *graph.Params // values of the subject's file; nil: there are none

	goals values                    // of the training images
	means map[preparation][]float32 // mean training target, as it is prepared
	lock  sync.Mutex
}

// samples are images, and what they are to become.
type samples struct {
	images []float32
	size   int // values of an image

	targets    []float32 // nil: each image is its own
	targetSize int
}

// n is how many images there are.
func (s samples) n() int { return len(s.images) / s.size }

// goals are what the images are to become, and how many values one has.
func (s samples) goals() (values []float32, size int) {
	if s.targets == nil {
		return s.images, s.size
	}
	return s.targets, s.targetSize
}

// slice is the images from one index up to another.
func (s samples) slice(from, to int) samples {
	s.images = s.images[from*s.size : to*s.size]
	if s.targets != nil {
		s.targets = s.targets[from*s.targetSize : to*s.targetSize]
	}
	return s
}

// newPool takes images evenly from the whole set and puts the training images into a random order, always the same one.
//
// Validation images decide. Where there are few of them, the first half of the test images decides, too, and the other half is the test. Parts
// that are known to be of another kind than the training images decide nothing: then a tenth of the training images does. Where single values lie far
// out, the images without any decide: what a model makes of the others says nothing of how it copies images.
func newPool(set *dataset.Set, known findings) *pool {
	p := &pool{means: map[preparation][]float32{}}
	size := set.Shape().Size() + set.Train.TargetSize()
	most := min(poolImages, max(64, poolBytes/(4*size)))
	p.train = read(set.Train, most, true)
	p.held = read(set.Validation, scoredImages, false)
	p.test = read(set.Test, min(testedImages, max(scoredImages, poolBytes/(4*size))), false)
	more := min(scoredImages-p.held.n(), p.test.n()/2)
	switch {
	case known.splits("validation"):
		n := p.train.n() - max(1, min(scoredImages, p.train.n()/10))
		p.train, p.held = p.train.slice(0, n), p.train.slice(n, p.train.n())
	case p.held.n() < fewHeld && more > 0 && !known.splits("test"):
		p.held, p.test = joined(p.held, p.test.slice(0, more)), p.test.slice(more, p.test.n())
	}
	goals, _ := p.train.goals()
	p.goals = describe(goals)
	p.held, p.test = p.held.usual(p.goals), p.test.usual(p.goals)
	if p.goals.NonFinite == 0 {
		p.held, p.test = p.held.finite(), p.test.finite()
	}
	return p
}

// usual are the images that are to become values which do not lie far out, where single values of others do, or all where these are not even half.
func (s samples) usual(v values) samples {
	if !v.spoilt() {
		return s
	}
	out := s.without(func(one samples) bool {
		goals, _ := one.goals()
		return slices.ContainsFunc(goals, func(x float32) bool { return !v.near(float64(x)) })
	})
	if 2*out.n() < s.n() {
		return s
	}
	return out
}

// finite are the images of which all values are finite, or all where none is; a finding tells of the others.
func (s samples) finite() samples {
	strange := func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) }
	if !slices.ContainsFunc(s.images, strange) && !slices.ContainsFunc(s.targets, strange) {
		return s
	}
	out := s.without(func(one samples) bool {
		return slices.ContainsFunc(one.images, strange) || slices.ContainsFunc(one.targets, strange)
	})
	if out.n() == 0 {
		return s
	}
	return out
}

// without are the images without those that are left out.
func (s samples) without(left func(one samples) bool) samples {
	out := samples{size: s.size, targetSize: s.targetSize}
	for i := range s.n() {
		if one := s.slice(i, i+1); !left(one) {
			out.images, out.targets = append(out.images, one.images...), append(out.targets, one.targets...)
		}
	}
	return out
}

// isUsual tells whether no value that an image is to become lies far out.
func (s samples) isUsual(v values) bool {
	goals, _ := s.goals()
	return !slices.ContainsFunc(goals, func(x float32) bool { return !v.near(float64(x)) })
}

// limited are the images with values that are far off brought to the ends of the usual ones, where there are such: by few of them, squares would go.
// Held-out targets stay: they are what is measured.
func (p *pool) limited(v, goals values) *pool {
	out := &pool{train: p.train, held: p.held}
	if limit := (preparation{clip: true, low: v.Low, high: v.High}); v.spoilt() {
		out.train.images = limit.all(out.train.images)
		if out.held.targets != nil {
			out.held.images = limit.all(out.held.images)
		}
	}
	if limit := (preparation{clip: true, low: goals.Low, high: goals.High}); goals.spoilt() && out.train.targets != nil {
		out.train.targets = limit.all(out.train.targets)
	}
	return out
}

func joined(a, b samples) samples {
	a.images = slices.Concat(a.images, b.images)
	if a.targets != nil {
		a.targets = slices.Concat(a.targets, b.targets)
	}
	return a
}

func read(images *dataset.Images, most int, shuffled bool) samples {
	n := min(images.Len(), most)
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i * images.Len() / n
	}
	if shuffled {
		graph.Random(0, "diagnosis", "images", 0).Shuffle(n, func(i, j int) { indices[i], indices[j] = indices[j], indices[i] })
	}
	s := samples{size: images.Shape().Size()}
	s.images = make([]float32, n*s.size)
	images.Read(s.images, indices)
	if images.HasTargets() {
		s.targetSize = images.TargetSize()
		s.targets = make([]float32, n*s.targetSize)
		images.ReadTargets(s.targets, indices)
	}
	return s
}

// mean is the mean training target, as a setup prepares it. A few values that lie far out would move it away from all images, so that any output were
// better than it: they are limited.
func (p *pool) mean(s setup) []float32 {
	by := &s.prepare
	if p.train.targets != nil {
		by = &s.aim
	}
	if v := p.goals; *by == (preparation{}) && v.spoilt() {
		*by = preparation{clip: true, low: v.Low, high: v.High}
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.means[*by] == nil {
		p.means[*by] = training.MeanTarget(newWindow(p.train, s, meanImages), p.train.size)
	}
	return p.means[*by]
}

// preparation is what is done to each value before the model sees it: limits, then log(1 + value - origin), then (value - shift) / divisor.
// The zero value does nothing.
type preparation struct {
	clip           bool
	low, high      float64
	log            bool
	origin         float64
	shift, divisor float64
}

func (p preparation) value(v float32) float32 {
	x := float64(v)
	if p.clip {
		if math.IsNaN(x) {
			x = p.low
		}
		x = max(p.low, min(x, p.high))
	}
	if p.log {
		x = math.Log1p(max(0, x-p.origin))
	}
	if p.divisor != 0 {
		x = (x - p.shift) / p.divisor
	}
	return float32(x)
}

// all are prepared values.
func (p preparation) all(from []float32) []float32 {
	out := make([]float32, len(from))
	for i, v := range from {
		out[i] = p.value(v)
	}
	return out
}

// window is a part of images that training sees as an epoch; it moves on from epoch to epoch.
type window struct {
	samples
	prepare, aim preparation
	first, n     int
}

func newWindow(images samples, s setup, n int) *window {
	return &window{samples: images, prepare: s.prepare, aim: s.aim, n: min(n, images.n())}
}

// Len is the number of images in the window.
func (w *window) Len() int { return w.n }

// Read writes images of the window to dst, prepared.
func (w *window) Read(dst []float32, indices []int) {
	w.read(dst, w.images, w.size, w.prepare, indices)
}

// TargetSize is the number of values of a target; 0 if each image is its own.
func (w *window) TargetSize() int { return w.targetSize }

// ReadTargets writes targets of the window to dst, prepared.
func (w *window) ReadTargets(dst []float32, indices []int) {
	w.read(dst, w.targets, w.targetSize, w.aim, indices)
}

func (w *window) read(dst, from []float32, size int, p preparation, indices []int) {
	all := w.samples.n()
	for k, i := range indices {
		at := (w.first + i) % all
		out := dst[k*size : (k+1)*size]
		copy(out, from[at*size:(at+1)*size])
		if p != (preparation{}) {
			for j, v := range out {
				out[j] = p.value(v)
			}
		}
	}
}

func (w *window) move() { w.first = (w.first + w.n) % w.samples.n() }

// values are what is known of the training images' values.
type values struct {
	Min, Max      float64 // of finite ones
	Mean, RMS     float64 // of those between Low and High
	Low, High     float64 // that a thousandth of them do not exceed, or exceed
	Bulk          float64 // mean of those above Low, above it, as share of High - Low
	NonFinite     int
	OutlierFactor float64 // how many times further than Low and High the farthest value lies from their middle
}

const outlierShare = 0.001

func describe(images []float32) values {
	v := values{Min: math.Inf(1), Max: math.Inf(-1)}
	step := max(1, len(images)/150_000)
	if step%2 == 0 {
		step++ // so that all columns of an image come up
	}
	var sample []float64
	for i, x := range images {
		f := float64(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			v.NonFinite++
			continue
		}
		v.Min, v.Max = min(v.Min, f), max(v.Max, f)
		if i%step == 0 {
			sample = append(sample, f)
		}
	}
	if len(sample) == 0 {
		return values{NonFinite: v.NonFinite}
	}
	slices.Sort(sample)
	at := func(share float64) float64 { return sample[int(share*float64(len(sample)-1))] }
	v.Low, v.High = at(outlierShare), at(1-outlierShare)
	n, above := 0.0, 0.0
	for _, f := range sample {
		if f < v.Low || f > v.High {
			continue
		}
		v.Mean += f
		v.RMS += f * f
		n++
		if f > v.Low {
			v.Bulk += (f - v.Low) / (v.High - v.Low)
			above++
		}
	}
	v.Bulk /= max(1, above)
	v.Mean, v.RMS = v.Mean/n, math.Sqrt(v.RMS/n)
	v.OutlierFactor = 1
	if v.High > v.Low {
		v.OutlierFactor = max(1, v.distance(v.Max), v.distance(v.Min))
	}
	return v
}

// distance is how many times further out than Low and High a value lies.
func (v values) distance(x float64) float64 {
	return math.Abs(x-(v.High+v.Low)/2) / ((v.High - v.Low) / 2)
}

// near tells whether a value is a number that does not lie far out.
func (v values) near(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0) && (v.High == v.Low || v.distance(x) < outlierFactor)
}

// after are the values' limits once prepared.
func (v values) after(p preparation) (low, high float64) {
	return float64(p.value(float32(v.Min))), float64(p.value(float32(v.Max)))
}

// treatment is the same for a whole set.
func (p preparation) treatment() dataset.Treatment {
	switch {
	case p.clip:
		return dataset.Treatment{Scale: dataset.ScaleMinMax, Clip: dataset.Quantiles{Low: outlierShare, High: 1 - outlierShare}}
	case p.log:
		return dataset.Treatment{Log: true, Scale: dataset.ScaleMinMax}
	case p.divisor != 0:
		return dataset.Treatment{Scale: dataset.ScaleMinMax}
	}
	return dataset.Treatment{}
}
