package dataset

import (
	"math"
	"testing"
)

// meanAndDeviation returns the mean and the standard deviation of all values of some images.
func meanAndDeviation(parts ...*Images) (mean, deviation float64) {
	var n, sum, squares float64
	for _, part := range parts {
		image := make([]float32, part.Shape().Size())
		for i := range part.Len() {
			part.Read(image, []int{i})
			for _, v := range image {
				n++
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
		}
	}
	mean = sum / n
	return mean, math.Sqrt(squares/n - mean*mean)
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func wantParts(t *testing.T, set *Set, train, validation, test int) {
	t.Helper()
	if set.Train.Len() != train || set.Validation.Len() != validation || set.Test.Len() != test {
		t.Errorf("%s has %d, %d and %d images, want %d, %d and %d", set.Name,
			set.Train.Len(), set.Validation.Len(), set.Test.Len(), train, validation, test)
	}
}

func TestMNIST(t *testing.T) {
	set, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, set, 55000, 5000, 10000)
	if set.Shape() != (Shape{28, 28, 1}) {
		t.Errorf("shape %v", set.Shape())
	}
	// The well-known mean and standard deviation of the 60,000 training images.
	if mean, deviation := meanAndDeviation(set.Train, set.Validation); !near(mean, 0.1307, 5e-5) || !near(deviation, 0.3081, 5e-5) {
		t.Errorf("mean %v, standard deviation %v", mean, deviation)
	}
}

func TestPneumonia(t *testing.T) {
	set, err := Pneumonia()
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, set, 3882, 524, 624)
	// numpy: x = train_images.astype("f8") / 255; x.mean(), x.std()
	if mean, deviation := meanAndDeviation(set.Train); !near(mean, 0.5766020, 1e-6) || !near(deviation, 0.1645820, 1e-6) {
		t.Errorf("mean %v, standard deviation %v", mean, deviation)
	}
	var sum float64
	for _, v := range set.Train.Mean() {
		sum += float64(v)
	}
	if !near(sum/784, 0.5766020, 1e-6) {
		t.Errorf("mean of the mean image %v", sum/784)
	}
}

func TestBuiltInFilesAreReadAlikeFromDisk(t *testing.T) {
	want, err := Pneumonia()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Open("pneumoniamnist/pneumoniamnist.npz", Options{Scale: ScaleUnit, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if got.Checksum != want.Checksum {
		t.Error("checksums differ")
	}
	digits, err := Open("mnist/t10k-images-idx3-ubyte.gz", Options{Scale: ScaleUnit, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	wantParts(t, digits, 8000, 1000, 1000)
	// The same 10,000 images as MNIST's test part: numpy gives 0.1325 and 0.3105.
	if mean, deviation := meanAndDeviation(digits.Train, digits.Validation, digits.Test); !near(mean, 0.1325, 5e-5) || !near(deviation, 0.3105, 5e-5) {
		t.Errorf("mean %v, standard deviation %v", mean, deviation)
	}
}
