package arithmetic

import (
	"math"
	"math/rand/v2"
	"sync"
)

// Normal draws from the standard normal distribution. All families draw the same numbers from the same generator, but for rounding in one of 80.
func Normal(r *rand.Rand) float64 {
	if Chosen() == Portable {
		return normal(r)
	}
	return r.NormFloat64()
}

// ziggurat covers the right half of the normal distribution's density f(x) = e^(-x*x/2) by layers of equal area: the lowest holds the tail,
// the others are rectangles (Marsaglia and Tsang 2000, "The ziggurat method for generating random variables"). The tables are float32 as
// in math/rand, so that draws are those that it makes.
type ziggurat struct {
	inside [layers]uint32  // 31-bit numbers below it lie under the density, whatever the height
	width  [layers]float32 // of a layer, divided by 2^31
	height [layers]float32 // f at the layer's end
}

const (
	layers    = 128
	tail      = 3.442619855899      // where the tail begins
	layerArea = 9.91256303526217e-3 // with 128 layers
)

var layered = sync.OnceValue(func() *ziggurat {
	const whole = 1 << 31
	density := func(x float64) float64 { return exp(float64(-0.5 * float64(x*x))) }
	z := &ziggurat{}
	set := func(i int, width, inside float64) {
		z.width[i], z.height[i], z.inside[i] = float32(width/whole), float32(density(width)), uint32(inside/width*whole)
	}
	x := tail
	set(0, layerArea/density(x), x)
	z.height[0] = 1
	for i := layers - 1; i > 0; i-- {
		next := 0.0 // the end of the layer above
		if i > 1 {
			next = math.Sqrt(float64(-2 * log(layerArea/x+density(x))))
		}
		set(i, x, next)
		x = next
	}
	return z
})

// normal takes 31 bits and a sign for the place in a layer, and 7 bits for the layer.
func normal(r *rand.Rand) float64 {
	z := layered()
	for {
		bits := r.Uint64()
		place, i := int32(bits), bits>>32%layers
		x := float64(place) * float64(z.width[i])
		switch size := uint32(max(int64(place), -int64(place))); {
		case size < z.inside[i]:
			return x
		case i == 0:
			return math.Copysign(tail+beyondTail(r), float64(place))
		}
		at := z.height[i] + float32(float32(r.Float64())*(z.height[i-1]-z.height[i]))
		if at < float32(exp(float64(-0.5*float64(x*x)))) {
			return x
		}
	}
}

// beyondTail draws from the tail, less where it begins (Marsaglia 1964, "Generating a variable from the tail of the normal distribution").
func beyondTail(r *rand.Rand) float64 {
	for {
		x := -log(r.Float64()) * (1 / tail)
		y := -log(r.Float64())
		if y+y >= float64(x*x) {
			return x
		}
	}
}
