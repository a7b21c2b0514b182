package dataset

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// floatFile is a .npy file of n images of 4x4 values, each given by its image and place.
func floatFile(n int, value func(image, place int) float32) []byte {
	elements := make([]byte, n*16*4)
	for i := range n * 16 {
		putFloats(elements[4*i:], []float32{value(i/16, i%16)})
	}
	return npyFileOf("<f4", "False", fmt.Sprintf("(%d, 4, 4)", n), elements)
}

// uniform is a value of 0 to 1 that looks drawn at random.
func uniform(image, place int) float32 {
	return float32(mix(uint64(image*16+place))>>40) / (1 << 24)
}

func wantWarning(t *testing.T, report Report, parts ...string) {
	t.Helper()
	found := slices.ContainsFunc(report.Warnings, func(warning string) bool {
		for _, part := range parts {
			if !strings.Contains(warning, part) {
				return false
			}
		}
		return true
	})
	if !found {
		t.Errorf("no warning with %q in %q", parts, report.Warnings)
	}
}

func TestDescribeCleanSets(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(100, uniform), Options{})
	report := Describe(set)
	if len(report.Warnings) != 0 {
		t.Errorf("warnings %q", report.Warnings)
	}
	if report.Train.Images != 80 || !near(report.Train.Mean, 0.5, 0.05) || !near(report.Train.Deviation, math.Sqrt(1.0/12), 0.03) {
		t.Errorf("%+v", report.Train)
	}
	if err := set.CheckFinite(); err != nil {
		t.Error(err)
	}
	digits, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	digits.Train = digits.Train.Head(10000)
	if report := Describe(digits); len(report.Warnings) != 0 {
		t.Errorf("mnist: %q", report.Warnings)
	}
}

func TestDescribePneumonia(t *testing.T) {
	set, err := Pneumonia()
	if err != nil {
		t.Fatal(err)
	}
	report := Describe(set)
	// numpy: len(set(map(bytes, val_images)) & set(map(bytes, train_images))) is 8, and 0 for test_images.
	if report.Validation.InTrain != 8 || report.Test.InTrain != 0 {
		t.Errorf("%d validation and %d test images in training", report.Validation.InTrain, report.Test.InTrain)
	}
	if report.Train.Min != 0 || report.Train.Max != 1 || !near(report.Train.Deviation, 0.1645820, 1e-6) {
		t.Errorf("%+v", report.Train)
	}
}

func TestWarnings(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		name    string
		value   func(image, place int) float32
		warning []string // none when empty
	}{
		{"0..255", func(i, p int) float32 { return 255 * uniform(i, p) }, []string{"Training values go from", "unit"}},
		{"scaled twice", func(i, p int) float32 { return uniform(i, p) / 255 }, []string{"scaled twice"}},
		{"-1..1", func(i, p int) float32 { return 2*uniform(i, p) - 1 }, nil},
		{"dim images", func(i, p int) float32 { return uniform(i, p) * float32(i%5+1) / 5 }, nil},
		{"blank images", func(i, _ int) float32 { return uniform(i, 0) }, []string{"one and the same value"}},
		{"all equal", func(_, _ int) float32 { return 0.5 }, []string{"one and the same value"}},
		{"some blank", func(i, p int) float32 { return uniform(i, p) * float32(min(i%20, 1)) }, nil},
		{"nan", func(i, p int) float32 {
			if i == 50 && p == 3 {
				return nan
			}
			return uniform(i, p)
		}, []string{"1 values that are infinite or NaN, first in image 50", "nan_to_num"}},
		{"inf", func(i, p int) float32 {
			if p == 3 {
				return inf
			}
			return uniform(i, p)
		}, []string{"infinite or NaN, first in image "}},
		{"hot pixel", func(i, p int) float32 {
			if i%50 == 7 && p == 3 {
				return 255
			}
			return uniform(i, p)
		}, []string{"times as far from", "clip"}},
	} {
		report := Describe(mustOpen(t, "a.npy", floatFile(200, test.value), Options{}))
		if test.warning == nil {
			if len(report.Warnings) != 0 {
				t.Errorf("%s: warnings %q", test.name, report.Warnings)
			}
			continue
		}
		wantWarning(t, report, test.warning...)
		if test.name != "inf" && test.name != "hot pixel" && len(report.Warnings) != 1 { // those two are in several parts
			t.Errorf("%s: warnings %q", test.name, report.Warnings)
		}
	}
}

func TestDuplicatesAcrossTypes(t *testing.T) {
	// The test part repeats two training images, as float32 instead of uint8.
	train := counting(100 * 16)
	for i := range train {
		train[i] = byte(mix(uint64(i))) & 1
	}
	held := floatFile(4, func(i, p int) float32 {
		if i < 2 {
			return float32(train[(i+3)*16+p])
		}
		return uniform(i, p)
	})
	set := mustOpen(t, "a.npz", npzFileOf(t, "x.npy", npyFileOf("|u1", "False", "(100, 4, 4)", train), "xt.npy", held,
		"x_val.npy", floatFile(4, uniform)), Options{})
	report := Describe(set)
	if report.Test.InTrain != 2 || report.Validation.InTrain != 0 {
		t.Errorf("%d test and %d validation images in training", report.Test.InTrain, report.Validation.InTrain)
	}
	wantWarning(t, report, "2 of 4 test images are training images too")
}

func TestCheckFiniteNamesTheValue(t *testing.T) {
	set := mustOpen(t, "a.npz", npzFileOf(t, "x.npy", floatFile(10, uniform), "xt.npy", floatFile(3, func(i, p int) float32 {
		if i == 2 && p == 6 {
			return float32(math.Inf(-1))
		}
		return 0
	})), Options{})
	err := set.CheckFinite()
	if err == nil || !strings.Contains(err.Error(), "of the test images, image 2 is -Inf at row, column, channel [1 2 0]") {
		t.Errorf("error %v", err)
	}
}

func TestReportText(t *testing.T) {
	set := mustOpen(t, "sprites.npy", floatFile(100, uniform), Options{Scale: ScaleMinMax})
	var text bytes.Buffer
	n, err := Describe(set).WriteTo(&text)
	if err != nil || n != int64(text.Len()) {
		t.Errorf("%d bytes, error %v", n, err)
	}
	lines := strings.Split(text.String(), "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[0], "sprites: images of 4x4x1 (height x width x channels), scale minmax: (value - ") ||
		!strings.HasPrefix(strings.TrimSpace(lines[3]), "training      80          0       1     0.5  0.2908           0         0         0            0") {
		t.Errorf("%s", text.String())
	}
}

func TestMomentsOfShiftedValues(t *testing.T) {
	// A large mean must not swallow a small spread.
	var m moments
	for i := range 100 {
		m.add([]float32{1e6 + float32(i%2), 1e6 + float32(i%2)})
	}
	if !near(m.mean, 1e6+0.5, 1e-9) || !near(m.deviation(), 0.5, 1e-9) || m.count != 200 {
		t.Errorf("mean %v, deviation %v of %d values", m.mean, m.deviation(), m.count)
	}
}

func TestNoFiniteValueHasNoSmallest(t *testing.T) {
	set := mustOpen(t, "a.npy", floatFile(20, func(int, int) float32 { return float32(math.NaN()) }), Options{})
	if r := Describe(set).Train; !math.IsNaN(r.Min) || !math.IsNaN(r.Mean) || r.NonFinite != r.Images*16 {
		t.Errorf("%+v", r)
	}
}

// TestHeldOutImagesHaveTheirPlaceInTheArray: whichever part an image went to, a user finds it in the array that was given.
func TestHeldOutImagesHaveTheirPlaceInTheArray(t *testing.T) {
	for k := range 10 {
		spoilt := floatFile(10, func(i, p int) float32 {
			if i == k && p == 6 {
				return float32(math.NaN())
			}
			return uniform(i, p)
		})
		err := mustOpen(t, "a.npz", npzFileOf(t, "x.npy", spoilt), Options{}).CheckFinite()
		if want := fmt.Sprintf("images, x[%d] is NaN at row", k); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, not %s", err, want)
		}
	}
}
