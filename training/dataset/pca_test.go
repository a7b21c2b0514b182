package dataset

import (
	"encoding/json"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func pca(t *testing.T, set *Set, dims []int) []float64 {
	t.Helper()
	fvu, err := set.PCA(dims)
	if err != nil {
		t.Fatal(err)
	}
	return fvu
}

func TestPCA(t *testing.T) {
	file, err := os.ReadFile("testdata/pca/pca.json")
	if err != nil {
		t.Fatal(err)
	}
	var numpy struct {
		Dims     []int
		All, Few []float64
	}
	if err := json.Unmarshal(file, &numpy); err != nil {
		t.Fatal(err)
	}
	set := smallPneumonia(t)
	check := func(what string, got, want []float64) {
		t.Helper()
		for i := range want {
			// Values are float32, and so is the mean image.
			if !near(got[i], want[i], 1e-6) {
				t.Errorf("%s: FVU of %d components is %v, numpy says %v", what, numpy.Dims[i], got[i], want[i])
			}
		}
	}
	check("covariance", pca(t, set, numpy.Dims), numpy.All)

	few := *set
	few.Train = set.Train.Head(100)
	check("covariance of few images", pca(t, &few, numpy.Dims), numpy.Few)
	// Every pixel repeated, which changes no FVU, gives images of over 1,024 values.
	large := resampled(&few, Shape{42, 42, 1}, func(i int) int { return i / 3 })
	check("inner products", pca(t, large, numpy.Dims), numpy.Few)

	// Scaling is affine, so that it changes no FVU.
	check("standardized", pca(t, treated(t, &few, Treatment{Scale: ScaleStandardize}, 1), numpy.Dims), numpy.Few)
}

// smallPneumonia is every second pixel of the built-in X-rays, 14x14x1.
func smallPneumonia(t *testing.T) *Set {
	t.Helper()
	set, err := Pneumonia()
	if err != nil {
		t.Fatal(err)
	}
	return resampled(set, Shape{14, 14, 1}, func(i int) int { return 2 * i })
}

// resampled is a set of images of one channel whose rows and columns are those that pick chooses from the given set's.
func resampled(set *Set, to Shape, pick func(i int) int) *Set {
	part := func(images *Images) *Images {
		s := &store{format: format{n: images.Len(), shape: to, kind: kindFloat32}, memory: make([]byte, 4*images.Len()*to.Size())}
		images.each(func(n int, image []float32) {
			for i := range to.Size() {
				at := to.pixel(i)
				putFloats(s.memory[4*(n*to.Size()+i):], []float32{image[pick(at[0])*images.Shape().W+pick(at[1])]})
			}
		})
		return newImages(s, s.all(), Scaling{})
	}
	return &Set{Name: set.Name, Train: part(set.Train), Validation: part(set.Validation), Test: part(set.Test)}
}

// low is a .npy file of images that are combinations of three pictures.
func low() []byte {
	return floatFile(100, func(image, place int) float32 {
		v := float32(0)
		for k := range 3 {
			v += uniform(1000+image, k) * uniform(k, place)
		}
		return v
	})
}

func TestPCAOfImagesOfRankThree(t *testing.T) {
	set := mustOpen(t, "a.npy", low(), Options{})
	set.Test = set.Train
	fvu := pca(t, set, []int{0, 1, 2, 3, 4, 16, 1000})
	for i := range fvu[1:] {
		if fvu[i+1] > fvu[i] {
			t.Errorf("FVU %v rises", fvu)
		}
	}
	if fvu[0] != 1 || fvu[2] < 1e-3 || fvu[3] > 1e-12 || fvu[6] > 1e-12 {
		t.Errorf("FVU %v: three components are needed and enough", fvu)
	}
}

func TestPCAIsTheSameOnAnyNumberOfProcessors(t *testing.T) {
	set := smallPneumonia(t)
	set.Train, set.Test = set.Train.Head(700), set.Test.Head(100)
	dims := []int{1, 16}
	before := runtime.GOMAXPROCS(1)
	one := pca(t, set, dims)
	runtime.GOMAXPROCS(4)
	four := pca(t, set, dims)
	runtime.GOMAXPROCS(before)
	if !slices.Equal(one, four) {
		t.Errorf("%v with one processor, %v with four", one, four)
	}
}

func TestPCAErrors(t *testing.T) {
	constant := mustOpen(t, "a.npy", floatFile(20, func(int, int) float32 { return 2 }), Options{})
	infinite := mustOpen(t, "a.npy", floatFile(20, func(_, place int) float32 { return float32(math.Inf(place)) }), Options{})
	for _, test := range []struct {
		set     *Set
		dims    []int
		message string
	}{
		{constant, []int{1}, "mean training image"},
		{infinite, []int{1}, "infinite or NaN"},
		{constant, []int{-1}, "0 or more"},
	} {
		if _, err := test.set.PCA(test.dims); err == nil || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%v: error %v, want %q", test.dims, err, test.message)
		}
	}
	if fvu, err := constant.PCA(nil); len(fvu) != 0 || err != nil {
		t.Errorf("%v, %v", fvu, err)
	}
}

func TestEvenly(t *testing.T) {
	for _, test := range []struct {
		n, most int
		want    []int
	}{{3, 5, []int{0, 1, 2}}, {3, 3, []int{0, 1, 2}}, {10, 4, []int{0, 2, 5, 7}}, {0, 4, []int{}}} {
		if got := evenly(test.n, test.most); !slices.Equal(got, test.want) {
			t.Errorf("%d of %d: %v, want %v", test.most, test.n, got, test.want)
		}
	}
}
