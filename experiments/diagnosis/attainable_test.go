package diagnosis

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"dcae/graph"
	"dcae/training"
	"dcae/training/dataset"
)

// normal are images of independent normal values, those of each pixel with a deviation of their own.
func normal(n int, seed uint64, deviations ...float64) samples {
	draw := graph.Random(seed, "test", "", 0)
	p := samples{size: len(deviations)}
	for range n {
		for _, d := range deviations {
			p.images = append(p.images, float32(d*draw.NormFloat64()))
		}
	}
	return p
}

func poolOf(train, held samples) *pool { return &pool{train: train, held: held, test: held} }

// Independent pixels of variance 16, 9, 4, 1, 1, 1, 1, 1: k components leave the k largest out.
func TestALinearCodeLeavesTheSmallVariances(t *testing.T) {
	deviations := []float64{1, 4, 1, 2, 1, 3, 1, 1}
	left := linearCode(normal(4000, 1, deviations...), normal(4000, 2, deviations...), 8)
	for k, want := range []float64{1, 18. / 34, 9. / 34, 5. / 34, 4. / 34, 3. / 34, 2. / 34, 1. / 34, 0} {
		if math.Abs(left[k]-want) > 0.01 {
			t.Errorf("%d components leave %.4f, want %.4f", k, left[k], want)
		}
	}
}

// The components are those that the exact decomposition gives.
func TestLeadingComponentsAreExact(t *testing.T) {
	set := smallImages(t, dataset.Treatment{})
	set.Test = set.Validation
	want, err := set.PCA([]int{0, 3, 12, 40})
	must(t, err)
	p := newPool(set, nil)
	left := linearCode(p.train, read(set.Validation, 1000, false), 40)
	for i, k := range []int{0, 3, 12, 40} {
		if math.Abs(left[k]-want[i]) > 0.002 {
			t.Errorf("%d components leave %.4f, the exact ones %.4f", k, left[k], want[i])
		}
	}
}

// Targets are the images' first two values, each times 2, beside noise that cannot be told from the image: a code of one value leaves the
// smaller one.
func TestReducedRankRegression(t *testing.T) {
	make := func(n int, seed uint64) samples {
		p := normal(n, seed, 3, 2, 1, 1)
		noise := graph.Random(seed, "noise", "", 0)
		p.targetSize, p.targets = 3, nil
		for i := range n {
			x := p.images[4*i:]
			p.targets = append(p.targets, 2*x[0], 2*x[1], float32(noise.NormFloat64()))
		}
		return p
	}
	left := linearCode(make(900, 1), make(2000, 2), 3)
	total := 36.0 + 16 + 1
	for k, want := range []float64{1, 17 / total, 1 / total} {
		if math.Abs(left[k]-want) > 0.01 {
			t.Errorf("%d values leave %.4f, want %.4f", k, left[k], want)
		}
	}
}

func TestTheMark(t *testing.T) {
	noise := make([]float64, 64)
	for i := range noise {
		noise[i] = 1
	}
	few := make([]float64, 64) // four values tell all, and one of them little
	few[3], few[10], few[20], few[40] = 1, 1, 1, 1
	for what, c := range map[string]struct {
		values int
		images *pool
		want   float64
		narrow bool
	}{
		"noise: 16 of 64 values explain a quarter":              {16, poolOf(normal(4000, 1, noise...), normal(2000, 2, noise...)), 1 - 0.5*0.25, false},
		"all is explained":                                      {4, poolOf(normal(400, 1, few...), normal(400, 2, few...)), 0.5, false},
		"three quarters are explained":                          {3, poolOf(normal(4000, 1, few...), normal(2000, 2, few...)), 0.625, false},
		"half is, where a sixteenth of the values explains all": {2, poolOf(normal(400, 1, few...), normal(400, 2, few...)), 0.5, true},
		"no bottleneck":                                         {0, poolOf(normal(400, 1, few...), normal(400, 2, few...)), 0.5, false},
		"as wide as the image":                                  {64, poolOf(normal(400, 1, noise...), normal(400, 2, noise...)), 0.5, false},
		"three images for a code's value":                       {16, poolOf(normal(48, 1, noise...), normal(400, 2, noise...)), 0.5, false},
	} {
		a := newAttainable(c.values, c.images, fitWork)
		if math.Abs(a.mark()-c.want) > 0.02 || a.Narrow != c.narrow {
			t.Errorf("%s: mark %.3f, want %.3f; %+v", what, a.mark(), c.want, a)
		}
	}
}

// Targets that are products of two values have nothing to do with any linear map of them: that says nothing about the code's width.
func TestTargetsOfNoLinearMap(t *testing.T) {
	products := func(n int, seed uint64) samples {
		p := normal(n, seed, 1, 1, 1, 1)
		p.targetSize = 2
		for i := range n {
			x := p.images[4*i:]
			p.targets = append(p.targets, x[0]*x[1], x[2]*x[3])
		}
		return p
	}
	l := &look{attainable: newAttainable(4, poolOf(products(900, 1), products(900, 2)), fitWork)}
	if got := l.attainable.told().Text; !strings.HasPrefix(got, "A linear map of rank 2 from images to targets leaves a share of 1.0") {
		t.Error(got)
	}
	if a := l.attainable; math.Abs(a.mark()-0.9) > 1e-9 || math.Abs(a.share()-0.2) > 1e-9 {
		t.Errorf("mark %.3f, share %.3f: a model that prints the mean target has not learned", a.mark(), a.share())
	}
	l.lookAtAttainable()
	if len(l.findings) != 1 || l.findings[0].Name != "no_linear_map" {
		t.Errorf("%+v", l.findings)
	}
	l = &look{attainable: attainable{Values: 4, FVU: 0.97}}
	l.lookAtAttainable()
	if len(l.findings) != 1 || l.findings[0].Name != "nothing_to_learn" {
		t.Errorf("%+v", l.findings)
	}
}

func TestAFitIsLimited(t *testing.T) {
	for _, c := range [][5]int{{6000, 784, 32, 2000, 32}, {6000, 784, 300, 2000, 128}, {100, 784, 300, 100, 25}} {
		if n, k := fitSize(c[0], c[1], c[2], fitWork); n != c[3] || k != c[4] {
			t.Errorf("%v: %d images, %d components", c, n, k)
		}
	}
	n, k := fitSize(6000, 256*256*3, 4096, fitWork)
	if work := float64(7*n*256*256*3) * float64(k+spareComponents); work > fitWork || n < imagesPerValue*k || k < 8 {
		t.Errorf("%d images, %d components", n, k)
	}
}

func TestOrthonormalRows(t *testing.T) {
	rows := mat.NewDense(3, 3, []float64{1, 1, 0, 2, 2, 0, 0, 1, 1})
	out := orthonormal(rows)
	if n, _ := out.Dims(); n != 2 {
		t.Fatalf("%d rows of rank 2", n)
	}
	var products mat.Dense
	products.Mul(out, out.T())
	if !mat.EqualApprox(&products, mat.NewDiagDense(2, []float64{1, 1}), 1e-12) {
		t.Errorf("%v", mat.Formatted(&products))
	}
}

// A value in every fortieth training image that lies far out changes nothing about what is attainable, and values of held-out images that do leave nothing to
// compare with.
func TestFarValuesDoNotHideWhatIsAttainable(t *testing.T) {
	noise := make([]float64, 64)
	for i := range noise {
		noise[i] = 1
	}
	train, held := normal(4000, 1, noise...), normal(2000, 2, noise...)
	m := graph.Sequential("s", graph.Shape{64}, graph.Dense{Units: 16}, graph.Dense{Units: 64})
	look := func(train, held samples) *look {
		p := &pool{train: train, held: held, test: held, goals: describe(train.images), means: map[preparation][]float32{}}
		l, err := thoroughLook(setup{model: m, optimizer: training.Adam{}, batch: 16}, p)
		must(t, err)
		return l
	}
	far := samples{images: slices.Clone(train.images), size: 64}
	for i := 0; i < far.n(); i += 40 {
		far.images[64*i+i%64] = 1000
	}
	clean, spoilt := look(train, held).attainable, look(far, held).attainable
	if want := 1 - 0.5*0.25; math.Abs(clean.mark()-want) > 0.02 || math.Abs(spoilt.mark()-clean.mark()) > 0.01 {
		t.Errorf("mark %.3f, without far values %.3f, want %.3f", spoilt.mark(), clean.mark(), want)
	}
	if a := look(far, far).attainable; a.mark() != 0.5 || a.Values != 0 {
		t.Errorf("%+v", a)
	}
}
