package kernel

import (
	"math"
	"testing"
)

// The faster forms for float32 against the definitions in float64, from values that nearly vanish to ones that saturate.
func TestCurvesInFloat32(t *testing.T) {
	var z []float32
	for v := -30.0; v <= 30; v += 0.0113 {
		z = append(z, float32(v))
	}
	z = append(z, 0, 1e-20, -1e-20, 1e-6, -1e-6, 80, -80, 1e4, -1e4)
	y := make([]float32, len(z))
	ones := make([]float32, len(z))
	for i := range ones {
		ones[i] = 1
	}
	for _, c := range []struct {
		name string
		f    Curve
	}{{"elu", ELU(1)}, {"elu 0.3", ELU(0.3)}, {"selu", SELU()}, {"gelu", GELU()}, {"silu", SiLU()}, {"mish", Mish()}, {"softplus", Softplus()}} {
		if c.f.values == nil || c.f.slopes == nil {
			t.Errorf("%s has no form for float32", c.name)
			continue
		}
		compare := func(what string, of func(float64) float64) {
			for i, v := range z {
				want := of(float64(v))
				if e := math.Abs(float64(y[i]) - want); !(e <= 1e-6*max(math.Abs(want), 0.3)) {
					t.Errorf("%s%s at %g is %g, not %g", what, c.name, v, y[i], want)
				}
			}
		}
		Pointwise(nil, c.f, y, z)
		compare("", c.f.Value)
		PointwiseGradient(nil, c.f, y, z, ones)
		compare("slope of ", c.f.Slope)
	}
}

// A NaN must not be hidden by a layer.
func TestCurvesPassNaNOn(t *testing.T) {
	nan := []float32{float32(math.NaN())}
	y := make([]float32, 1)
	for i, f := range []Curve{ELU(1), SELU(), CELU(), GELU(), SiLU(), Mish(), Softplus(), LogSigmoid(), Softsign(), Squareplus(), TanhShrink(), Exponential(), ReLU6(), HardSigmoid(), HardSiLU(), HardTanh(), Rectifier{Max: 2, Slope: 0.1, Threshold: 0.5}.Curve()} {
		if Pointwise(nil, f, y, nan); y[0] == y[0] {
			t.Errorf("function %d makes %g of NaN", i, y[0])
		}
	}
}

func TestLogarithmNearOne(t *testing.T) {
	for u := 0.0; u <= 1; u += 1.0 / 4096 {
		got, want := float64(log1p32(float32(u))), math.Log1p(u)
		if math.Abs(got-want) > 2e-7*want {
			t.Errorf("log(1+%g) is %g, not %g", u, got, want)
		}
	}
}
