package arithmetic

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// function is a portable form, that of package math, and how to draw an argument.
type function struct {
	name           string
	portable, gos  func(float64) float64
	argument       func(r *rand.Rand) float64
	portableDigest string
}

// functions have the digests of what the portable forms computed on amd64; every processor must come to them.
var functions = []function{
	{"exp", exp, math.Exp, func(r *rand.Rand) float64 { return float64(1450*r.Float64()) - 740 }, "130c7d7bfc07976f"},
	{"exp near 0", exp, math.Exp, func(r *rand.Rand) float64 { return float64(4*r.Float64()) - 2 }, "4906153a60f500c1"},
	{"expm1", expm1, math.Expm1, func(r *rand.Rand) float64 { return float64(60*r.Float64()) - 50 }, "0bae5fac3ae3bcff"},
	{"expm1 near 0", expm1, math.Expm1, small, "c35e3247a4dced3f"},
	{"tanh", tanh, math.Tanh, func(r *rand.Rand) float64 { return float64(50*r.Float64()) - 25 }, "8a36f6372ca438d8"},
	{"tanh near 0", tanh, math.Tanh, small, "1eb32c251bc73448"},
	{"log", log, math.Log, func(r *rand.Rand) float64 { return math.Ldexp(r.Float64(), r.IntN(2000)-1000) }, "bd1b58cf8623b7cb"},
	{"log near 1", log, math.Log, func(r *rand.Rand) float64 { return 1 + float64(0.5*small(r)) }, "6481aa29145ad158"},
	{"log1p", log1p, math.Log1p, func(r *rand.Rand) float64 { return math.Ldexp(r.Float64(), r.IntN(100)) }, "275ee05c61378bd0"},
	{"log1p near 0", log1p, math.Log1p, func(r *rand.Rand) float64 { return float64(0.999 * small(r)) }, "c15df6ad4dba4727"},
	{"cos", cos, math.Cos, func(r *rand.Rand) float64 { return float64(40*r.Float64()) - 20 }, "e5cd2433335996ff"},
	{"sin", sin, math.Sin, func(r *rand.Rand) float64 { return float64(40*r.Float64()) - 20 }, "583509c33696d539"},
	{"erf", erf, math.Erf, func(r *rand.Rand) float64 { return float64(14*r.Float64()) - 7 }, "cdd7f5c14d61bc5e"},
	{"erf near 0", erf, math.Erf, small, "51459ca786c24f79"},
	{"0.96^x", func(x float64) float64 { return pow(0.96, x) }, func(x float64) float64 { return math.Pow(0.96, x) },
		func(r *rand.Rand) float64 { return float64(r.IntN(1000)) / 4 }, "489934755c62ee20"},
}

// small is at most 1 in magnitude, of any size.
func small(r *rand.Rand) float64 { return math.Ldexp(float64(2*r.Float64())-1, -r.IntN(60)) }

func TestPortableFormsAgreeWithPackageMath(t *testing.T) {
	for _, f := range functions {
		r := rand.New(rand.NewPCG(1, 2))
		for range 100_000 {
			x := f.argument(r)
			got, want := f.portable(x), f.gos(x)
			place := math.Ldexp(1, max(math.Ilogb(want), -1022)-52) // unit in the last place
			switch f.name {
			case "cos", "sin":
				place = 0x1p-52 // near its zeros the argument's digits run out
			case "erf", "erf near 0":
				place *= 2
			case "0.96^x":
				place *= 4 // multiplying adds up what each factor lost, in package math as well
			}
			if got != want && !(math.Abs(got-want) <= 2*place) {
				t.Fatalf("%s of %v is %v instead of %v", f.name, x, got, want)
			}
		}
	}
}

// TestSpecialValues holds the portable forms to what package math documents.
func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, f := range functions {
		for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, inf, -inf, nan, 1e300, -1e300, 1e-300, 0x1p-1022, -0.5} {
			if (f.name == "cos" || f.name == "sin" || f.name == "0.96^x") && !(math.Abs(x) < 1e6) {
				continue
			}
			got, want := f.portable(x), f.gos(x)
			same := got == want && math.Signbit(got) == math.Signbit(want) || math.Abs(got-want) <= 0x1p-52*math.Abs(want)
			if !same && (got == got || want == want) {
				t.Errorf("%s of %v is %v instead of %v", f.name, x, got, want)
			}
		}
	}
	if got, want := log(math.SmallestNonzeroFloat64), -1074*math.Ln2; got != want { // package math is 35 off on amd64
		t.Errorf("the logarithm of the smallest number is %v instead of %v", got, want)
	}
	for x := 1e6; x < 1e300; x *= -7 { // the digits that are left
		if got, want := sin(x), math.Sin(x); math.Abs(got-want) > 1e-16*math.Abs(x) || !(math.Abs(got) <= 1) {
			t.Errorf("the sine of %v is %v instead of %v", x, got, want)
		}
	}
	for _, x := range []float64{0, 0.5, 1, 2, -3, inf, nan} {
		for _, y := range []float64{0, 1, -1, 2, 3, 0.5, -0.5, 1e20, inf, nan} {
			got, want := pow(x, y), math.Pow(x, y)
			if x < 0 && math.Abs(y) > 1<<53 {
				continue // out of what it is for
			}
			if math.Abs(got-want) > 1e-15*math.Abs(want) || got != want && (math.IsInf(want, 0) || got == got && want != want || got != got && want == want) {
				t.Errorf("%v^%v is %v instead of %v", x, y, got, want)
			}
		}
	}
}

// TestNormalDrawsWhatPackageRandDraws: all families begin with the same weights, but for the last places of rare draws.
func TestNormalDrawsWhatPackageRandDraws(t *testing.T) {
	r, s := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 2))
	different := 0
	for i := range 3_000_000 {
		got, want := normal(r), s.NormFloat64()
		if !(math.Abs(got-want) <= 0x1p-51*math.Abs(want)) {
			t.Fatalf("draw %d is %v instead of %v", i, got, want)
		}
		if got != want {
			different++
		}
	}
	if different > 100 { // on amd64 none, on arm64 57: package rand draws other bits there
		t.Errorf("%d draws differ in their last places", different)
	}
}

// TestPortableFormsHaveTheSameBitsEverywhere is of use where it runs on another kind of processor than amd64: see make check-arm64.
func TestPortableFormsHaveTheSameBitsEverywhere(t *testing.T) {
	functions := append(functions, function{name: "normal", argument: normal, portable: func(x float64) float64 { return x }, portableDigest: "fdf1f38ed3207e84"})
	for _, f := range functions {
		r := rand.New(rand.NewPCG(3, 4))
		digest := sha256.New()
		for range 50_000 {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(f.portable(f.argument(r))))
			digest.Write(b[:])
		}
		if got := fmt.Sprintf("%x", digest.Sum(nil)[:8]); got != f.portableDigest {
			t.Errorf("%s: the digest is %s instead of %q", f.name, got, f.portableDigest)
		}
	}
}

func TestOneNaN(t *testing.T) {
	zero, inf := float32(0), float32(math.Inf(1))
	for _, v := range []float32{inf - inf, zero * inf, float32(math.NaN()), math.Float32frombits(0xffc00001), -float32(math.NaN())} {
		if bits := math.Float32bits(OneNaN(v)); bits != 0xffc00000 {
			t.Errorf("a NaN became %x", bits)
		}
	}
	for _, v := range []float32{0, float32(math.Copysign(0, -1)), -1.5, inf, math.SmallestNonzeroFloat32} {
		if got := OneNaN(v); math.Float32bits(got) != math.Float32bits(v) {
			t.Errorf("%v became %v", v, got)
		}
	}
}
