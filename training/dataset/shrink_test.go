package dataset

import (
	"math"
	"testing"

	"dcae/training/dataset/npz"
)

// smooth is 40 images of 64x64, of values by image, row and column.
func smooth(name string, value func(i, y, x int) float32) npz.Array {
	const n, side = 40, 64
	a := npz.Array{Name: name, Shape: []int{n, side, side}, Float32: make([]float32, n*side*side)}
	for k := range a.Float32 {
		a.Float32[k] = value(k/(side*side), k/side%side, k%side)
	}
	return a
}

func wave(i, y, x int) float32 {
	return float32(math.Sin(float64(i) + float64(y)/9 + float64(i%3)*float64(x)/11))
}

func TestShrunkTakesBlockMeans(t *testing.T) {
	set, err := openArrays(t, Options{}, smooth("x", wave))
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []int{16, 24} { // whole blocks, and blocks with shared pixels
		small, err := set.Shrunk(side, side, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if small.Shape() != (Shape{side, side, 1}) || small.Train.Len() != set.Train.Len() || small.Test.Len() != set.Test.Len() {
			t.Fatalf("%d images of %v", small.Train.Len(), small.Shape())
		}
		large, mean := readOne(set.Train, 5), 0.0
		for _, v := range large {
			mean += float64(v) / float64(len(large))
		}
		for _, v := range readOne(small.Train, 5) {
			mean -= float64(v) / float64(side*side)
		}
		if math.Abs(mean) > 1e-6 {
			t.Errorf("%d pixels: the image's mean is off by %g", side, mean)
		}
	}
	small, err := set.Shrunk(16, 16, 10)
	if err != nil {
		t.Fatal(err)
	}
	if small.Train.Len() != 10 {
		t.Errorf("%d images, want 10", small.Train.Len())
	}
	sum := float32(0)
	for y := range 4 {
		for x := range 4 {
			sum += readOne(set.Train, 0)[y*64+x] / 16
		}
	}
	if got := readOne(small.Train, 0)[0]; math.Abs(float64(got-sum)) > 1e-6 {
		t.Errorf("the first block's mean is %v, want %v", got, sum)
	}
}

// Means would take noise away: a denoiser's twin must see it.
func TestShrunkCropsWhereMeansLoseVariance(t *testing.T) {
	noisy := func(i, y, x int) float32 {
		return wave(i, y, x) + 2*float32(mix(uint64(i*4096+y*64+x))%1000)/1000
	}
	set, err := openArrays(t, Options{}, smooth("x", noisy), smooth("y", wave))
	if err != nil {
		t.Fatal(err)
	}
	small, err := set.Shrunk(16, 16, 1000)
	if err != nil {
		t.Fatal(err)
	}
	clean, image := readOne(small.Train.Targets(), 3), readOne(set.Train.Targets(), 3)
	top, left := -1, -1
	for y := range 49 {
		for x := range 49 {
			if image[y*64+x] == clean[0] && image[(y+15)*64+x+15] == clean[255] && image[y*64+x+1] == clean[1] {
				top, left = y, x
			}
		}
	}
	if top < 0 {
		t.Fatal("the small target is no crop of the large one")
	}
	if got, want := readOne(small.Train, 3)[17], readOne(set.Train, 3)[(top+1)*64+left+1]; got != want {
		t.Errorf("the image has %v where its target is, want %v: crops of the same place", got, want)
	}
}

func TestShrunkTakesMasksAtTheNearestPixel(t *testing.T) {
	mask := func(i, y, x int) float32 {
		if (y-32)*(y-32)+(x-32)*(x-32) < 10*i {
			return 1
		}
		return 0
	}
	set, err := openArrays(t, Options{}, smooth("x", wave), smooth("y", mask))
	if err != nil {
		t.Fatal(err)
	}
	small, err := set.Shrunk(16, 16, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range readOne(small.Train.Targets(), 20) {
		if v != 0 && v != 1 {
			t.Fatalf("a mask has the value %v", v)
		}
	}
}

func TestShrunkKeepsWhatIsNotANumber(t *testing.T) {
	x := smooth("x", wave)
	for i := range 40 {
		x.Float32[i*4096+130] = float32(math.NaN())
	}
	set, err := openArrays(t, Options{}, x)
	if err != nil {
		t.Fatal(err)
	}
	small, err := set.Shrunk(32, 32, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if v := readOne(small.Train, 1)[1*32+1]; !math.IsNaN(float64(v)) {
		t.Errorf("the block's mean is %v", v)
	}
	if _, err := set.Shrunk(65, 65, 10); err == nil {
		t.Error("larger images: no error")
	}
}
