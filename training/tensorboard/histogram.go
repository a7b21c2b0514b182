package tensorboard

import "math"

// bucketCount is how many buckets a histogram has, as many as tf.summary.histogram makes unless told otherwise.
const bucketCount = 30

// bucket counts the values from left up to right, which is outside of it except in the last one.
type bucket struct {
	left, right float64
	count       int
}

// histogramOf counts finite values in buckets of equal width from the smallest to the largest, and those that are infinite
// or NaN. Where all are equal the last bucket holds them; where none is finite, all edges are 0.
func histogramOf(values []float32) (buckets []bucket, notFinite int) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if x := float64(v); finite(x) {
			low, high = min(low, x), max(high, x)
		} else {
			notFinite++
		}
	}
	if notFinite == len(values) {
		low, high = 0, 0
	}
	buckets = make([]bucket, bucketCount)
	for i := range buckets {
		buckets[i].left, buckets[i].right = edge(low, high, i), edge(low, high, i+1)
	}
	for _, v := range values {
		x := float64(v)
		if !finite(x) {
			continue
		}
		i := bucketCount - 1
		if low < high {
			i = min(int((x-low)/(high-low)*bucketCount), i)
		}
		// rounding may have put a value that lies on an edge to the wrong side of it
		for i > 0 && x < buckets[i].left {
			i--
		}
		for i < bucketCount-1 && x >= buckets[i].right {
			i++
		}
		buckets[i].count++
	}
	return buckets, notFinite
}

// edge is the i-th of the bucketCount+1 edges; the outer ones are exactly low and high.
func edge(low, high float64, i int) float64 {
	share := float64(i) / bucketCount
	return low*(1-share) + high*share
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
