package kernel
import ("math";"testing")
func TestZZSweep(t *testing.T) {
	err := func(y float32, w float64) float64 {
		f := math.Abs(w)
		e := math.Ilogb(math.Max(f, 0x1p-126))
		return math.Abs(float64(y)-w) / math.Ldexp(1, e-23)
	}
	var ws, wt float64; var as, at float32
	for b := uint64(0x33000000); b < 0x42d20000; b += 5 {
		for _, x := range []float32{math.Float32frombits(uint32(b)), -math.Float32frombits(uint32(b))} {
			if e := err(sigmoid32(x), 1/(1+math.Exp(-float64(x)))); e > ws { ws, as = e, x }
			if x>0 {if e := err(tanh32(x), math.Tanh(float64(x))); e > wt { wt, at = e, x }}
		}
	}
	t.Log(ws, as, wt, at)
}
