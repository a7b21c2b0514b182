package dataset

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

func treated(t testing.TB, set *Set, treatment Treatment, seed uint64) *Set {
	t.Helper()
	out, err := set.Treated(treatment, seed)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameValues(t *testing.T, what string, got, want *Images) {
	t.Helper()
	if !slices.Equal(values(got), values(want)) {
		t.Errorf("%s: values differ", what)
	}
}

// differing lists the places of the values in which two sets of images differ.
func differing(a, b *Images) []int {
	var places []int
	other := values(b)
	for i, v := range values(a) {
		if v != other[i] {
			places = append(places, i)
		}
	}
	return places
}

func TestUntreated(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(50, uniform), Options{Scale: ScaleStandardize})
	for _, treatment := range []Treatment{{}, {Multiply: 1}, {Scale: ScaleStandardize}, {OutlierValue: 5}} {
		same := treated(t, set, treatment, 1)
		if same.Name != set.Name || same.Checksum != set.Checksum || same.Scaling != set.Scaling {
			t.Errorf("%v: %+v", treatment, same)
		}
		sameValues(t, treatment.String(), same.Train, set.Train)
	}
}

func TestTreatmentScales(t *testing.T) {
	// Whatever it was opened with, the treated set reads as one opened with the other scale.
	for _, kind := range []struct {
		name string
		file []byte
	}{{"uint8", npyFileOf("|u1", "False", "(50, 4, 4)", counting(800))}, {"float32", floatFile(50, uniform)}} {
		set := mustOpen(t, "a.npy", kind.file, Options{Scale: ScaleUnit})
		for _, scale := range []Scale{ScaleNone, ScaleUnit, ScaleStandardize, ScaleMinMax} {
			want := mustOpen(t, "a.npy", kind.file, Options{Scale: scale})
			got := treated(t, set, Treatment{Scale: scale}, 1)
			if got.Scaling != want.Scaling {
				t.Errorf("%s %v: scaling %+v, want %+v", kind.name, scale, got.Scaling, want.Scaling)
			}
			sameValues(t, kind.name, got.Train, want.Train)
			sameValues(t, kind.name, got.Validation, want.Validation)
			sameValues(t, kind.name, got.Test, want.Test)
		}
		times := treated(t, set, Treatment{Multiply: 8}, 1)
		for i, v := range values(times.Test) {
			if want := 8 * values(set.Test)[i]; math.Abs(float64(v-want)) > 1e-6 {
				t.Fatalf("%s: value %d is %v, want %v", kind.name, i, v, want)
			}
		}
		if times.Name == set.Name || times.Checksum == set.Checksum {
			t.Errorf("%s: %s, %s", kind.name, times.Name, times.Checksum)
		}
	}
}

func TestOutliers(t *testing.T) {
	for _, descr := range []string{"|u1", "<f4"} {
		for _, set := range setsOf(t, descr) {
			raw := treated(t, set, Treatment{Scale: ScaleNone}, 1)
			largest := float64(slices.Max(values(raw.Train)))
			out := treated(t, set, Treatment{Scale: ScaleNone, Outliers: 0.05, OutlierValue: 20}, 7)
			places := differing(out.Train, raw.Train)
			if len(places) != 20 { // of 400 training images
				t.Fatalf("%s: %d outliers", descr, len(places))
			}
			images, pixels := make(map[int]bool), make(map[int]bool)
			for _, place := range places {
				images[place/64], pixels[place%64] = true, true
				if v := values(out.Train)[place]; v != float32(20*largest) {
					t.Errorf("%s: outlier of %v, want 20 times %v", descr, v, largest)
				}
			}
			if len(images) != 20 || len(pixels) < 10 {
				t.Errorf("%s: outliers in %d images, at %d pixels", descr, len(images), len(pixels))
			}
			sameValues(t, descr, out.Validation, raw.Validation)
			sameValues(t, descr, out.Test, raw.Test)

			// Part of the set, in any order, reads the same.
			image := make([]float32, 64)
			for _, i := range []int{399, 3, 399} {
				out.Train.Head(400).Read(image, []int{i})
				if !slices.Equal(image, values(out.Train)[64*i:64*i+64]) {
					t.Errorf("%s: image %d differs from one read to the next", descr, i)
				}
			}
			if again := treated(t, set, Treatment{Scale: ScaleNone, Outliers: 0.05, OutlierValue: 20}, 7); again.Checksum != out.Checksum || len(differing(again.Train, out.Train)) != 0 {
				t.Errorf("%s: the same seed gives another set", descr)
			}
			if other := treated(t, set, Treatment{Scale: ScaleNone, Outliers: 0.05, OutlierValue: 20}, 8); other.Checksum == out.Checksum || len(differing(other.Train, out.Train)) == 0 {
				t.Errorf("%s: another seed gives the same set", descr)
			}
		}
	}
}

func TestOutliersSpoilScaling(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(100, uniform), Options{Scale: ScaleMinMax})
	raw := treated(t, set, Treatment{Scale: ScaleNone}, 1)
	low, high := float64(slices.Min(values(raw.Train))), float64(slices.Max(values(raw.Train)))
	out := treated(t, set, Treatment{Outliers: 0.01}, 1) // of 80 images, one
	if got, want := out.Scaling.Divisor, 100*high-low; math.Abs(got-want) > 1e-4 {
		t.Errorf("minmax divides by %v, want %v", got, want)
	}
	if v := slices.Max(values(out.Train)); math.Abs(float64(v)-1) > 1e-6 {
		t.Errorf("the outlier is scaled to %v", v)
	}
	standardized := treated(t, set, Treatment{Scale: ScaleStandardize, Outliers: 0.5}, 1)
	mean, squares := 0.0, 0.0
	for _, v := range values(standardized.Train) {
		mean += float64(v) / 80 / 16
		squares += float64(v) * float64(v) / 80 / 16
	}
	if math.Abs(mean) > 1e-6 || math.Abs(squares-1) > 1e-5 {
		t.Errorf("mean %v and mean square %v of standardized values", mean, squares)
	}
	if unit := treated(t, set, Treatment{Scale: ScaleUnit, Outliers: 0.5}, 1); unit.Scaling.Divisor != 1 {
		t.Errorf("unit divides by %v", unit.Scaling.Divisor)
	}

	cured := treated(t, set, Treatment{Outliers: 0.01, Clip: Quantiles{0.001, 0.999}}, 1)
	if got := cured.Scaling.Divisor; got > high-low || got < 0.9*(high-low) {
		t.Errorf("clipped minmax divides by %v, clean values span %v", got, high-low)
	}
	if v := slices.Max(values(cured.Train)); math.Abs(float64(v)-1) > 1e-6 {
		t.Errorf("clipped and scaled, the largest value is %v", v)
	}
}

func TestClip(t *testing.T) {
	for _, descr := range []string{"|u1", "<f4"} {
		for _, set := range setsOf(t, descr) {
			raw := treated(t, set, Treatment{Scale: ScaleNone}, 1)
			sorted := values(raw.Train)
			slices.Sort(sorted)
			n := float64(len(sorted))
			q := Quantiles{0.1, 0.75}
			low, high := sorted[int(math.Ceil(q.Low*n))-1], sorted[int(math.Ceil(q.High*n))-1]
			clipped := treated(t, set, Treatment{Scale: ScaleNone, Clip: q}, 1)
			for _, part := range [][2]*Images{{clipped.Train, raw.Train}, {clipped.Validation, raw.Validation}, {clipped.Test, raw.Test}} {
				want := values(part[1])
				for i, v := range want {
					want[i] = min(max(v, low), high)
				}
				if !slices.Equal(values(part[0]), want) {
					t.Errorf("%s: values clipped at %v and %v differ", descr, low, high)
				}
			}
		}
	}
}

// Values are those of log(1 + value - least), brought to 0..1, in held-out images too, where smaller ones become 0.
func TestLogarithms(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(50, func(image, place int) float32 { return float32((16*image+place)%97) * 10 }), Options{})
	out := treated(t, set, Treatment{Log: true, Scale: ScaleMinMax}, 1)
	least, most := slices.Min(values(set.Train)), slices.Max(values(set.Train))
	for _, part := range [][2]*Images{{set.Train, out.Train}, {set.Test, out.Test}} {
		got := values(part[1])
		for i, v := range values(part[0]) {
			want := math.Log1p(max(0, float64(v-least))) / math.Log1p(float64(most-least))
			if math.Abs(float64(got[i])-want) > 1e-6 {
				t.Fatalf("%v becomes %v, want %v", v, got[i], want)
			}
		}
	}
	if out.Name != "a (log, scale minmax)" {
		t.Error(out.Name)
	}
}

func TestQuantilesOfSignedValues(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(100, func(image, place int) float32 {
		if image%10 == 3 && place < 4 { // in several images, so that some are for training
			return []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0}[place]
		}
		return uniform(image, place) - 0.5
	}), Options{})
	var sorted []float32
	for _, v := range values(set.Train) {
		if v-v == 0 {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	last := len(sorted) - 1
	for _, q := range []Quantiles{{0, 1}, {0.25, 0.5}, {0.01, 0.99}} {
		low, high, err := set.Train.quantiles(q)
		at := func(share float64) float64 {
			return float64(sorted[max(int(math.Ceil(share*float64(last+1)))-1, 0)])
		}
		if err != nil || low != at(q.Low) || high != at(q.High) {
			t.Errorf("%v: %v and %v, want %v and %v, error %v", q, low, high, at(q.Low), at(q.High), err)
		}
	}
	if _, err := set.Treated(Treatment{Scale: ScaleMinMax}, 1); err == nil || !strings.Contains(err.Error(), "infinite or NaN") {
		t.Errorf("error %v", err)
	}
	for _, v := range values(treated(t, set, Treatment{Scale: ScaleMinMax, Clip: Quantiles{0.01, 0.99}}, 1).Train) {
		if !(v >= 0 && v <= 1) {
			t.Fatalf("%g after clipping", v)
		}
	}
}

func TestNoise(t *testing.T) {
	for _, descr := range []string{"|u1", "<f4"} {
		for _, set := range setsOf(t, descr) {
			clean := treated(t, set, Treatment{Multiply: 3}, 1)
			noisy := treated(t, set, Treatment{Multiply: 3, Noise: 0.25}, 1)
			sameValues(t, descr, noisy.Validation, clean.Validation)
			sameValues(t, descr, noisy.Test, clean.Test)
			mean, squares, tails, between := 0.0, 0.0, 0, 0.0
			want := values(clean.Train)
			got := values(noisy.Train)
			n := float64(len(want)) // 25,600
			for i, v := range got {
				d := float64(v) - float64(want[i])
				mean += d / n
				squares += d * d / n
				if math.Abs(d) > 2*0.25 {
					tails++
				}
				if i >= 64 {
					between += d * (float64(got[i-64]) - float64(want[i-64])) / n
				}
			}
			// Five standard errors each; float32 loses some of the noise on values of up to 765.
			if math.Abs(mean) > 5*0.25/math.Sqrt(n) || math.Abs(math.Sqrt(squares)-0.25) > 5*0.25/math.Sqrt(2*n) {
				t.Errorf("%s: mean %v, deviation %v", descr, mean, math.Sqrt(squares))
			}
			if share := float64(tails) / n; math.Abs(share-math.Erfc(math.Sqrt2)) > 5*math.Sqrt(0.0455/n) {
				t.Errorf("%s: a share of %v is beyond two deviations", descr, share)
			}
			if math.Abs(between) > 5*0.25*0.25/math.Sqrt(n) {
				t.Errorf("%s: the noise of one image goes with the next one's: %v", descr, between)
			}
			sameValues(t, descr, treated(t, set, Treatment{Multiply: 3, Noise: 0.25}, 1).Train, noisy.Train)
			if places := differing(treated(t, set, Treatment{Multiply: 3, Noise: 0.25}, 2).Train, noisy.Train); len(places) < 25000 {
				t.Errorf("%s: another seed changes %d values", descr, len(places))
			}
		}
	}
}

func TestTreatedReadDoesNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector sync.Pool drops buffers on purpose")
	}
	for _, set := range setsOf(t, "|u1") {
		all := treated(t, set, Treatment{Noise: 0.1, Outliers: 0.5, Clip: Quantiles{0.1, 0.9}}, 1)
		dst, indices := make([]float32, 3*64), []int{5, 2, 300}
		all.Train.Read(dst, indices)
		if n := testing.AllocsPerRun(100, func() { all.Train.Read(dst, indices) }); n >= 1 {
			t.Errorf("Read allocates %v times", n)
		}
	}
}

// setsOf is the same 500 images, 8x8x1, from a file and from memory.
func setsOf(t *testing.T, descr string) []*Set {
	t.Helper()
	if descr == "|u1" {
		inFile, inMemory := fileAndMemory(t, descr, 1)
		return []*Set{inFile, inMemory}
	}
	floats := make([]byte, 4*500*64)
	for i := range 500 * 64 {
		putFloats(floats[4*i:], []float32{uniform(i/16, i%16)})
	}
	file := npyFileOf(descr, "False", "(500, 8, 8)", floats)
	return []*Set{mustOpen(t, "a.npy", file, Options{Memory: 100}), mustOpen(t, "a.npy", file, Options{})}
}

func TestTreatmentErrors(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(50, uniform), Options{})
	for _, test := range []struct {
		treatment Treatment
		message   string
	}{
		{Treatment{Scale: 99}, "unknown scale"},
		{Treatment{Multiply: -1}, "factor above 0"},
		{Treatment{Multiply: math.Inf(1)}, "factor above 0"},
		{Treatment{Outliers: 1.5}, "from 0 to 1"},
		{Treatment{Outliers: math.NaN()}, "from 0 to 1"},
		{Treatment{OutlierValue: math.NaN()}, "not finite"},
		{Treatment{Clip: Quantiles{0.9, 0.1}}, "low one first"},
		{Treatment{Clip: Quantiles{High: 1.1}}, "low one first"},
		{Treatment{Noise: -0.1}, "0 or more"},
	} {
		if _, err := set.Treated(test.treatment, 1); err == nil || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%v: error %v, want %q", test.treatment, err, test.message)
		}
	}
	if _, err := treated(t, set, Treatment{Noise: 1}, 1).Treated(Treatment{Noise: 1}, 1); err == nil {
		t.Error("a set was treated twice")
	}
}

func TestTreatmentAsText(t *testing.T) {
	full := Treatment{Scale: ScaleMinMax, Multiply: 2, Outliers: 0.01, OutlierValue: 50, Clip: Quantiles{0.001, 0.999}, Noise: 0.1}
	for _, treatment := range []Treatment{{}, full} {
		inJSON, err := json.Marshal(treatment)
		if err != nil {
			t.Fatal(err)
		}
		inYAML, err := yaml.Marshal(treatment)
		if err != nil {
			t.Fatal(err)
		}
		var fromJSON, fromYAML Treatment
		if err := json.Unmarshal(inJSON, &fromJSON); err != nil || fromJSON != treatment {
			t.Errorf("%s: %+v, %v", inJSON, fromJSON, err)
		}
		if err := yaml.UnmarshalWithOptions(inYAML, &fromYAML, yaml.Strict()); err != nil || fromYAML != treatment {
			t.Errorf("%s: %+v, %v", inYAML, fromYAML, err)
		}
		if treatment == (Treatment{}) && (string(inJSON) != "{}" || treatment.String() != "as opened") {
			t.Errorf("%s, %v", inJSON, treatment)
		}
	}
	if got, want := full.String(), "outliers 0.01 of 50, clip 0.001 to 0.999, scale minmax, times 2, noise 0.1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
