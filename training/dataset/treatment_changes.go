package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"dcae/graph/arithmetic"
)

// changes are what a [Treatment] does to values besides scaling. The zero value does nothing.
type changes struct {
	outliers *outliers
	clip     *limits
	log      *float64 // value of which the logarithm is 0
	noise    *gaussian
}

// with is the same images with another scaling and other changes.
func (s *Images) with(scaling Scaling, c changes) *Images {
	other := *s
	other.scaling, other.changes = scaling, c
	other.fillTable()
	return &other
}

// change does to a scaled image, [H, W, C], what can't be done value by value.
func (s *Images) change(dst []float32, place uint32) {
	if o := s.changes.outliers; o != nil {
		if i, hit := o.in(place, len(dst)); hit {
			dst[i] = s.scaled(o.value)
		}
	}
	if n := s.changes.noise; n != nil {
		n.add(dst, place)
	}
}

// scaled clips one raw value, takes its logarithm and scales it, as far as that is wanted.
func (s *Images) scaled(raw float64) float32 {
	if l := s.changes.clip; l != nil {
		raw = l.clip(raw)
	}
	if origin := s.changes.log; origin != nil {
		raw = arithmetic.Log1p(max(0, raw-*origin))
	}
	return s.scaling.Apply(raw)
}

// limits are raw values.
type limits struct{ low, high float64 }

// clip makes what is not a number the lower limit.
func (l limits) clip(v float64) float64 {
	if math.IsNaN(v) {
		return l.low
	}
	return max(l.low, min(v, l.high))
}

// outliers replaces one value in some images: in those whose place in the store hashes to last or less.
type outliers struct {
	image, pixel uint64 // keys of the two hashes
	last         uint64
	value        float64 // raw
}

func newOutliers(images *Images, share, value float64, seed uint64) *outliers {
	o := &outliers{image: key(seed, "outlier image"), pixel: key(seed, "outlier pixel"), value: float64(float32(value))}
	hashes := make([]uint64, images.Len())
	for i, place := range images.index {
		hashes[i] = mix(o.image ^ uint64(place))
	}
	slices.Sort(hashes)
	n := max(1, int(math.Round(share*float64(len(hashes)))))
	o.last = hashes[n-1] // no two hashes are equal, so that n images are hit
	return o
}

// in tells which of size values is an outlier in the image at a place, if any.
func (o *outliers) in(place uint32, size int) (int, bool) {
	if mix(o.image^uint64(place)) > o.last {
		return 0, false
	}
	return int(mix(o.pixel^uint64(place)) % uint64(size)), true
}

// gaussian adds Gaussian noise; each place in the store has a generator of its own.
type gaussian struct {
	key        uint64
	deviation  float64
	generators sync.Pool
}

// generator is a random generator that can be seeded again without allocating.
type generator struct {
	source rand.PCG
	random *rand.Rand
}

func newNoise(deviation float64, seed uint64) *gaussian {
	n := &gaussian{key: key(seed, "noise"), deviation: deviation}
	n.generators.New = func() any {
		g := new(generator)
		g.random = rand.New(&g.source)
		return g
	}
	return n
}

func (n *gaussian) add(dst []float32, place uint32) {
	g := n.generators.Get().(*generator)
	g.source.Seed(n.key, uint64(place))
	for i := range dst {
		dst[i] += float32(n.deviation * arithmetic.Normal(g.random))
	}
	n.generators.Put(g)
}

// key makes one number of a seed and what it is for.
func key(seed uint64, purpose string) uint64 {
	k := mix(seed)
	for _, b := range []byte(purpose) {
		k = mix(k ^ uint64(b))
	}
	return k
}
