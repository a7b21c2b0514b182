package dataset

import (
	"fmt"
	"math"
)

const (
	pairImages  = 500 // training images that are looked at together with their targets
	farApart    = 20  // times as large: ranges of images and targets that were not scaled alike
	pairsAdvice = "check that both are in the same order"
)

// pairWarnings are about images together with their targets.
func (r Report) pairWarnings(set *Set) []string {
	var warnings []string
	if own, other := r.magnitude, r.Targets.magnitude; own > 0 && other > 0 && max(own/other, other/own) >= farApart {
		warnings = append(warnings, fmt.Sprintf("Images go from %.4g to %.4g, but their targets from %.4g to %.4g: scale both alike, unless they are different quantities.",
			r.Train.Min, r.Train.Max, r.Targets.Train.Min, r.Targets.Train.Max))
	}
	if own, others, ok := set.pairCorrelations(); ok && own <= 1.1*others {
		warnings = append(warnings, fmt.Sprintf("Images are no more like their own targets than like those of other images (mean correlation %.2f and %.2f): %s.", own, others, pairsAdvice))
	}
	return warnings
}

// pairCorrelations are the mean sizes of the correlations of training images with their own targets and with those of the next image, pixel
// by pixel, channels summed up, around the mean image and the mean target; ok is false where they have different sizes, or too few differ.
func (set *Set) pairCorrelations() (own, others float64, ok bool) {
	images := set.Train.Head(pairImages)
	shape, target := images.Shape(), images.Targets().Shape()
	if shape.H != target.H || shape.W != target.W || images.Len() < 8 {
		return 0, 0, false
	}
	x, y := centered(images), centered(images.targets)
	n := 0
	for i := range x {
		a, okA := correlation(x[i], y[i])
		b, okB := correlation(x[i], y[(i+1)%len(y)])
		if okA && okB {
			own, others, n = own+math.Abs(a), others+math.Abs(b), n+1
		}
	}
	if n < 8 {
		return 0, 0, false
	}
	return own / float64(n), others / float64(n), true
}

// centered are the images with their channels summed up, less their mean.
func centered(images *Images) [][]float64 {
	shape := images.Shape()
	out := make([][]float64, images.Len())
	mean := make([]float64, shape.H*shape.W)
	images.each(func(i int, image []float32) {
		out[i] = make([]float64, len(mean))
		for p := range mean {
			for _, v := range image[p*shape.C : (p+1)*shape.C] {
				out[i][p] += float64(v)
			}
			mean[p] += out[i][p] / float64(len(out))
		}
	})
	for _, image := range out {
		for p := range image {
			image[p] -= mean[p]
		}
	}
	return out
}

// correlation fails where one of the two is constant or holds values that are not finite.
func correlation(a, b []float64) (float64, bool) {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+float64(a[i]*b[i]), aa+float64(a[i]*a[i]), bb+float64(b[i]*b[i])
	}
	c := ab / math.Sqrt(aa*bb)
	return c, !math.IsNaN(c) && !math.IsInf(aa*bb, 0)
}
