package training

import (
	"slices"

	"dcae/graph"
)

const (
	constantImages  = 1000 // on which a loss's best constant is found
	constantHalving = 12   // halvings of the range of the targets: 1/4096 of it is left
)

// BestConstant is the output that a loss likes best of those that are the same for every input: for each value of a target the c with
// the least mean loss against the targets of the first 1,000 images. That is their mean under mse and binary cross-entropy (which
// label smoothing draws to one half), their median under mae, and in between under huber (Huber 1964, Robust estimation of a location
// parameter) and log_cosh. size is the number of values in an image. It fails if the source cannot be read.
//
// A loss is convex, so that the sign of its mean slope says on which side of c the best one lies; all values are halved in together.
func BestConstant(loss graph.Loss, images Source, size int) ([]float32, error) {
	n := min(constantImages, images.Len())
	values := targetSize(images, size)
	indices := make([]int, min(EvaluationBatch, n))
	x, target := make([]float32, len(indices)*size), make([]float32, len(indices)*values)
	each := func(f func(value int, target float32)) error {
		for first := 0; first < n; first += len(indices) {
			batch := indices[:min(len(indices), n-first)]
			for i := range batch {
				batch[i] = first + i
			}
			images.Read(x[:len(batch)*size], batch)
			readTargets(images, target[:len(batch)*values], x[:len(batch)*size], batch)
			for i, t := range target[:len(batch)*values] {
				f(i%values, t)
			}
		}
		return readError(images)
	}
	low, high := make([]float32, values), make([]float32, values)
	seen := make([]bool, values)
	if err := each(func(i int, t float32) {
		if !seen[i] {
			low[i], high[i], seen[i] = t, t, true
		}
		low[i], high[i] = min(low[i], t), max(high[i], t)
	}); err != nil {
		return nil, err
	}
	if loss.Function == graph.BinaryCrossentropy { // smoothed labels lie within 0..1, but not between the targets
		clear(low)
		high = slices.Repeat([]float32{1}, values)
	}
	slope := loss.Slope()
	middle, sum := make([]float32, values), make([]float64, values)
	for range constantHalving {
		for i := range middle {
			middle[i], sum[i] = float32(low[i]/2)+float32(high[i]/2), 0
		}
		if err := each(func(i int, t float32) { sum[i] += slope(float64(middle[i]), float64(t)) }); err != nil {
			return nil, err
		}
		for i, s := range sum {
			if s < 0 {
				low[i] = middle[i]
			} else {
				high[i] = middle[i]
			}
		}
	}
	for i := range middle {
		middle[i] = float32(low[i]/2) + float32(high[i]/2)
	}
	return middle, nil
}
