package dataset

import (
	"math"

	"github.com/pkg/errors"
)

// moments are the range, mean and spread of values that came one image after another. Non-finite values are counted
// and left out.
type moments struct {
	count          int
	min, max       float64
	mean           float64
	squares        float64 // sum of squared differences from the mean
	images         int
	nonFinite      int // values that are not finite
	firstNonFinite int // the first image with one
}

// add takes in one image and returns the moments of it alone.
func (m *moments) add(image []float32) moments {
	one := momentsOf(image)
	if one.nonFinite > 0 {
		if m.nonFinite == 0 {
			m.firstNonFinite = m.images
		}
		m.nonFinite += one.nonFinite
	}
	m.images++
	if one.count == 0 {
		return one
	}
	if m.count == 0 {
		m.min, m.max = one.min, one.max
	}
	m.min, m.max = min(m.min, one.min), max(m.max, one.max)
	// Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", equation 2.1, which loses no
	// digits to a large mean.
	before, now := float64(m.count), float64(one.count)
	delta := one.mean - m.mean
	m.mean += delta * now / (before + now)
	m.squares += one.squares + delta*delta*before*now/(before+now)
	m.count += one.count
	return one
}

// momentsOf summarizes one image. Sums are of differences from its first finite value, which all others are near.
func momentsOf(image []float32) moments {
	one := moments{images: 1}
	var origin, sum, squares float64
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range image {
		if v-v != 0 { // infinite or not a number
			one.nonFinite++
			continue
		}
		if one.count == 0 {
			origin = float64(v)
		}
		one.count++
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
		d := float64(v) - origin
		sum += d
		squares += float64(d * d)
	}
	if one.count > 0 {
		mean := sum / float64(one.count)
		one.min, one.max = float64(low), float64(high)
		one.mean = origin + mean
		one.squares = max(squares-float64(sum*mean), 0)
	}
	return one
}

// deviation is the standard deviation of all values.
func (m *moments) deviation() float64 {
	return math.Sqrt(m.squares / float64(max(m.count, 1)))
}

// moments reads all images.
func (s *Images) moments() (moments, error) {
	var m moments
	s.each(func(_ int, image []float32) { m.add(image) })
	return m, s.Err()
}

// CheckFinite returns an error that names the first value of the set that is infinite or NaN, or nil.
func (s *Set) CheckFinite() error {
	for _, part := range []struct {
		name   string
		images *Images
	}{{"training", s.Train}, {"validation", s.Validation}, {"test", s.Test}} {
		image := make([]float32, part.images.Shape().Size())
		for i := range part.images.Len() {
			part.images.Read(image, []int{i})
			if err := part.images.Err(); err != nil {
				return errors.WithMessagef(err, "%s images", part.name)
			}
			for j, v := range image {
				if v-v != 0 {
					return errors.Errorf("data %s: of the %s images, %s is %v at row, column, channel %v: %s",
						s.Name, part.name, part.images.Name(i), v, s.Shape().pixel(j), nonFiniteAdvice)
				}
			}
		}
	}
	return nil
}
