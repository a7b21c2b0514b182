package arithmetic

import "math"

// OneNaN is v, and the same NaN for any: processors give those that they make different bits. These are amd64's.
func OneNaN(v float32) float32 {
	if v != v {
		return math.Float32frombits(0xffc00000)
	}
	return v
}
