package dataset

import (
	"crypto/sha256"
	"fmt"
	"math"

	"github.com/pkg/errors"
)

// keptVariance is the share of the images' variance that block means must keep; with less, crops are taken.
const keptVariance = 0.9

// Shrunk is a set of smaller images of the same kind: means of blocks of pixels, in float32, or, where these lose over a tenth of the
// variance, as of noise or fine texture, crops, of an image and its target at the same place. Targets of two values, as masks have them, are taken
// at the nearest pixel. Values are those that Read gives, so that the set's scaling is the identity. Of each part at most so many images are
// taken, evenly. It fails if images or targets are not larger than height x width, or cannot be read.
func (set *Set) Shrunk(height, width, most int) (*Set, error) {
	shape, target := set.Shape(), set.Train.Targets().Shape()
	if height < 1 || width < 1 || height > shape.H || width > shape.W {
		return nil, errors.Errorf("images of %v cannot be brought to fewer pixels as %dx%d", shape, height, width)
	}
	if target.H != shape.H || target.W != shape.W {
		return nil, errors.Errorf("targets of %v have other pixels than images of %v", target, shape)
	}
	s := shrinking{to: Size{height, width}}
	if s.crops = set.keptByMeans(s.to) < keptVariance; !s.crops {
		s.nearest = set.Train.HasTargets() && twoValues(set.Train.targets)
	}
	small := &Set{Name: set.Name, Checksum: fmt.Sprintf("%s at %dx%d", set.Checksum, height, width), Scaling: Scaling{Divisor: 1}}
	for _, part := range []struct {
		from *Images
		to   **Images
	}{{set.Train, &small.Train}, {set.Validation, &small.Validation}, {set.Test, &small.Test}} {
		*part.to = s.images(part.from, most, false)
		if part.from.HasTargets() {
			(*part.to).targets = s.images(part.from.targets, most, true)
		}
		if err := part.from.Err(); err != nil {
			return nil, err
		}
	}
	return small, nil
}

// shrinking is how images are made smaller.
type shrinking struct {
	to      Size
	crops   bool
	nearest bool // for targets
}

// images makes small images of a part.
func (s shrinking) images(from *Images, most int, target bool) *Images {
	shape := from.Shape()
	n := min(from.Len(), most)
	f := format{n: n, shape: Shape{s.to.H, s.to.W, shape.C}, kind: kindFloat32}
	memory := make([]byte, f.bytes())
	large, small := make([]float32, shape.Size()), make([]float32, f.shape.Size())
	rows, columns := blocks(shape.H, s.to.H), blocks(shape.W, s.to.W)
	for k := range n {
		i := k * from.Len() / n
		from.Read(large, []int{i})
		switch {
		case s.crops:
			place := mix(uint64(i))
			crop(small, large, shape, s.to, int(place>>32)%(shape.H-s.to.H+1), int(place&0xffffffff)%(shape.W-s.to.W+1))
		case target && s.nearest:
			nearest(small, large, shape, s.to)
		default:
			blockMeans(small, large, shape, rows, columns)
		}
		putFloats(memory[k*f.imageBytes():], small)
	}
	store := &store{format: f, sum: sha256.Sum256(memory), memory: memory}
	return newImages(store, store.all(), Scaling{Divisor: 1})
}

// block is the pixels of a side that one pixel of the smaller side is the mean of: all from first on, the first and the last of them in
// part.
type block struct {
	first   int
	weights []float64 // they sum up to 1
}

func blocks(from, to int) []block {
	out := make([]block, to)
	for i := range out {
		start, end := float64(i*from)/float64(to), float64((i+1)*from)/float64(to)
		b := block{first: int(start)}
		for p := b.first; float64(p) < end-1e-9; p++ {
			b.weights = append(b.weights, (min(end, float64(p+1))-max(start, float64(p)))/(end-start))
		}
		out[i] = b
	}
	return out
}

// blockMeans writes the means of blocks of rows and columns of an image, [H, W, C]. What is not a number stays so.
func blockMeans(dst, src []float32, shape Shape, rows, columns []block) {
	for y, row := range rows {
		for x, column := range columns {
			for c := range shape.C {
				sum := 0.0
				for dy, v := range row.weights {
					at := ((row.first+dy)*shape.W+column.first)*shape.C + c
					for dx, w := range column.weights {
						sum += float64(v * w * float64(src[at+dx*shape.C]))
					}
				}
				dst[(y*len(columns)+x)*shape.C+c] = float32(sum)
			}
		}
	}
}

func crop(dst, src []float32, shape Shape, to Size, top, left int) {
	for y := range to.H {
		copy(dst[y*to.W*shape.C:(y+1)*to.W*shape.C], src[((top+y)*shape.W+left)*shape.C:])
	}
}

func nearest(dst, src []float32, shape Shape, to Size) {
	for y := range to.H {
		for x := range to.W {
			at := ((2*y+1)*shape.H/(2*to.H)*shape.W + (2*x+1)*shape.W/(2*to.W)) * shape.C
			copy(dst[(y*to.W+x)*shape.C:][:shape.C], src[at:])
		}
	}
}

// shrinkImages are those that are looked at to choose how to make images smaller.
const shrinkImages = 64

// keptByMeans is the share of the variance around the mean image, of images or targets whichever keep less, that block means keep.
func (set *Set) keptByMeans(to Size) float64 {
	kept := 1.0
	for _, images := range []*Images{set.Train, set.Train.Targets()} {
		if images != set.Train && twoValues(images) {
			continue
		}
		shape := images.Shape()
		n := min(images.Len(), shrinkImages)
		rows, columns := blocks(shape.H, to.H), blocks(shape.W, to.W)
		large, small := newVariance(shape.Size()), newVariance(to.H*to.W*shape.C)
		image, mean := make([]float32, shape.Size()), make([]float32, to.H*to.W*shape.C)
		for k := range n {
			images.Read(image, []int{k * images.Len() / n})
			blockMeans(mean, image, shape, rows, columns)
			large.add(image)
			small.add(mean)
		}
		if v := large.mean(); v > 0 {
			kept = min(kept, small.mean()/v)
		}
	}
	return kept
}

// variance is that of each pixel over images.
type variance struct {
	n               int
	sum, sumSquares []float64
}

func newVariance(size int) *variance {
	return &variance{sum: make([]float64, size), sumSquares: make([]float64, size)}
}

func (v *variance) add(image []float32) {
	v.n++
	for i, x := range image {
		if x-x == 0 { // finite
			v.sum[i] += float64(x)
			v.sumSquares[i] += float64(float64(x) * float64(x))
		}
	}
}

// mean is the mean of the pixels' variances.
func (v *variance) mean() float64 {
	total := 0.0
	for i, s := range v.sum {
		total += max(0, v.sumSquares[i]/float64(v.n)-s*s/float64(v.n*v.n))
	}
	return total / float64(len(v.sum))
}

// twoValues tells whether the first images have two different values in all, as masks have.
func twoValues(images *Images) bool {
	image := make([]float32, images.Shape().Size())
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for pass := range 2 {
		for i := range min(images.Len(), shrinkImages) {
			images.Read(image, []int{i})
			for _, v := range image {
				if pass == 0 {
					low, high = min(low, v), max(high, v)
				} else if v != low && v != high {
					return false
				}
			}
		}
	}
	return low < high
}
