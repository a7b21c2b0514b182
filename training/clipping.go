package training

import (
	"math"

	"dcae/graph"
)

// clip writes gradient g, limited as the settings say, to dst. all is the sum of squares of all variables' gradients. A
// gradient that is not finite stays so.
func (b Base) clip(dst, g []float32, all float64) {
	switch {
	case b.ClipNorm > 0:
		limit := float32(b.ClipNorm)
		norm := max(float32(math.Sqrt(sumOfSquares(g))), limit)
		for i, x := range g {
			dst[i] = float32(x*limit) / norm
		}
	case b.GlobalClipNorm > 0:
		norm := math.Sqrt(all)
		scale := float32(float64(b.GlobalClipNorm*min(1/norm, 1/b.GlobalClipNorm)) + (norm - norm)) // not a number if the norm is not finite
		for i, x := range g {
			dst[i] = x * scale
		}
	case b.ClipValue > 0:
		limit := float32(b.ClipValue)
		for i, x := range g {
			dst[i] = max(-limit, min(x, limit))
		}
	}
}

func (b Base) clips() bool { return b.ClipNorm > 0 || b.GlobalClipNorm > 0 || b.ClipValue > 0 }

// decay is the weight decay of one variable.
type decay struct {
	by   float64
	rate float64 // times the learning rate
}

// decays are those of variables; nil if none of them has one.
func (b Base) decays(variables []*graph.Variable) []decay {
	out, some := make([]decay, len(variables)), false
	for i, v := range variables {
		out[i] = decay{b.WeightDecay, 1}
		if k := groupOf(b.Groups, v); k >= 0 {
			out[i] = decay{b.Groups[k].WeightDecay, b.Groups[k].Rate}
		}
		some = some || out[i].by != 0
	}
	if !some {
		return nil
	}
	return out
}

// shrink takes its share, times the learning rate, off each value.
func (d decay) shrink(w []float32, rate float64) {
	decay, by := float32(d.by), float32(rate*d.rate)
	for i, x := range w {
		w[i] = x - float32(float32(x*decay)*by)
	}
}

// couple adds its share of each value to the gradient by it.
func (d decay) couple(dst, g, w []float32) {
	decay := float32(d.by)
	for i, x := range w {
		dst[i] = g[i] + float32(decay*x)
	}
}

// sumOfSquares adds in four chains, always the same ones, since one would wait for each addition.
func sumOfSquares(values []float32) float64 {
	var s [4]float64
	for ; len(values) >= 4; values = values[4:] {
		a, b, c, d := float64(values[0]), float64(values[1]), float64(values[2]), float64(values[3])
		s[0] += float64(a * a)
		s[1] += float64(b * b)
		s[2] += float64(c * c)
		s[3] += float64(d * d)
	}
	for i, x := range values {
		s[i] += float64(float64(x) * float64(x))
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// limited takes one variable's step where the gradient is clipped or the weights decay. Its sums are of the gradient before
// clipping, the weights before decay, and the whole step.
func (u *updates) limited(threads *graph.Threads, i int, all, rate float64) {
	w, g := u.variables[i].Float32s(), u.gradients[i]
	before := u.before[:len(w)]
	copy(before, w)
	sums := graph.UpdateSums{Gradient: sumOfSquares(g), Weight: sumOfSquares(w)}
	if u.base.clips() {
		clipped := u.clipped[:len(g)]
		u.base.clip(clipped, g, all)
		u.gradients[i] = clipped
	}
	switch {
	case u.decays == nil || u.decays[i].by == 0:
	case u.coupled:
		u.decays[i].couple(u.clipped[:len(g)], u.gradients[i], w)
		u.gradients[i] = u.clipped[:len(g)]
	default:
		u.decays[i].shrink(w, rate)
	}
	u.take(threads, i, i+1)
	for k, x := range w {
		before[k] = x - before[k]
	}
	sums.Step = sumOfSquares(before)
	u.sums[i] = sums
}
