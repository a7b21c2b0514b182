package corpus

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/pkg/errors"

	"dcae/training/dataset"
	"dcae/training/dataset/npz"
)

// Images used of each part. PneumoniaMNIST has fewer.
const (
	trainImages = 6000
	heldImages  = 1000
)

// Data is a built-in set and how it was spoilt, or brought into another range.
type Data struct {
	Source    string            // mnist or pneumonia
	Treatment dataset.Treatment // with outliers, images come from a file, as a user's would
}

// String tells of the set and its treatment.
func (d Data) String() string {
	if d.Treatment == (dataset.Treatment{}) {
		return d.Source
	}
	return fmt.Sprintf("%s: %v", d.Source, d.Treatment)
}

// epochs make about 950 steps of 32 images, or 370.
func (d Data) epochs(b Budget) int {
	full, short := 5, 2
	if d.Source == "pneumonia" {
		full, short = 8, 3
	}
	if b.Short {
		return short
	}
	return full
}

// Library opens each set once. Its methods may be called from several goroutines.
type Library struct {
	dir  string
	lock sync.Mutex
	sets map[Data]*opened
}

type opened struct {
	once sync.Once
	set  *dataset.Set
	err  error
}

// NewLibrary keeps files with spoilt images in a folder, which must exist.
func NewLibrary(dir string) *Library { return &Library{dir: dir, sets: map[Data]*opened{}} }

// Open gives the set: at most 6,000 images to train on, 1,000 for validation and 1,000 for test.
func (l *Library) Open(d Data) (*dataset.Set, error) {
	l.lock.Lock()
	o := l.sets[d]
	if o == nil {
		o = new(opened)
		l.sets[d] = o
	}
	l.lock.Unlock()
	o.once.Do(func() { o.set, o.err = l.open(d) })
	return o.set, errors.WithMessagef(o.err, "%v", d)
}

func (l *Library) open(d Data) (*dataset.Set, error) {
	set, err := dataset.Open(d.Source, dataset.Options{Images: trainImages})
	if err != nil {
		return nil, err
	}
	set.Train, set.Validation, set.Test = set.Train.Head(trainImages), set.Validation.Head(heldImages), set.Test.Head(heldImages)
	if d.Treatment.Outliers == 0 {
		return set.Treated(d.Treatment, 1)
	}
	return l.file(set, d)
}

// file spoils raw images and opens them again from a file, so that the set knows no more of it than one that a user brings.
func (l *Library) file(set *dataset.Set, d Data) (*dataset.Set, error) {
	scale := d.Treatment.Scale
	raw := d.Treatment
	raw.Scale = dataset.ScaleNone
	spoilt, err := set.Treated(raw, 1)
	if err != nil {
		return nil, err
	}
	name := filepath.Join(l.dir, fmt.Sprintf("%x.npz", sha256.Sum256([]byte(d.String())))[:16]+".npz")
	var arrays []npz.Array
	for _, part := range []struct {
		name   string
		images *dataset.Images
	}{{"x_train", spoilt.Train}, {"x_val", spoilt.Validation}, {"x_test", spoilt.Test}} {
		arrays = append(arrays, array(part.name, part.images))
	}
	if err := npz.Write(name, arrays); err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(name) }()
	if scale == dataset.ScaleDefault {
		scale = dataset.ScaleNone
	}
	return dataset.Open(name, dataset.Options{Scale: scale, CacheDir: l.dir})
}

func array(name string, images *dataset.Images) npz.Array {
	s := images.Shape()
	indices := make([]int, images.Len())
	for i := range indices {
		indices[i] = i
	}
	values := make([]float32, images.Len()*s.Size())
	images.Read(values, indices)
	return npz.Array{Name: name, Shape: []int{images.Len(), s.H, s.W, s.C}, Float32: values}
}
