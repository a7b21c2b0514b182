package kernel

import (
	"math"
	"testing"
)

// lastPlace is the distance of float32 numbers in the power of two that v lies in.
func lastPlace(v float64) float64 {
	return math.Ldexp(1, math.Ilogb(max(math.Abs(v), 0x1p-126))-23)
}

// TestSigmoidTanhAccuracy goes over all of float32 in strides, and all float32 near where the form of the result changes.
func TestSigmoidTanhAccuracy(t *testing.T) {
	const stride = 9973 // prime
	for _, f := range []struct {
		name     string
		act      Activation
		function func(float64) float64
	}{
		{"sigmoid", Activation{Function: Sigmoid}, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
		{"tanh", Activation{Function: Tanh}, math.Tanh},
	} {
		everyFamily(t, func(t *testing.T) {
			var x, y [1024]float32
			worst, at := 0.0, float32(0)
			n := 0
			flush := func() {
				copy(y[:], x[:n])
				activate32(f.act, y[:n])
				for i, v := range x[:n] {
					want := f.function(float64(v))
					if v != v {
						if y[i] == y[i] {
							t.Fatalf("%s of NaN is %v", f.name, y[i])
						}
						continue
					}
					if d := math.Abs(float64(y[i])-want) / lastPlace(want); !(d <= worst) {
						worst, at = d, v
					}
				}
				n = 0
			}
			add := func(bits uint32) {
				x[n] = math.Float32frombits(bits)
				if n++; n == len(x) {
					flush()
				}
			}
			for bits := uint64(0); bits < 1<<32; bits += stride {
				add(uint32(bits))
			}
			for _, edge := range []float32{0, 1e-38, 0.17328, 0.34657, 0.51986, 1, 8.6, 9.01, 16.6, 20, 87.3, 88.7, 103.2, 104} {
				for d := range uint32(400) {
					add(math.Float32bits(edge) + d)
					add(math.Float32bits(-edge) + d)
				}
			}
			flush()
			if !(worst <= 2) {
				t.Errorf("%s is off by %.3f units in the last place at %v", f.name, worst, at)
			}
		})
	}
}
